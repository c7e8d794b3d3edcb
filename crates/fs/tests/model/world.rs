//! The file system and the reference, side by side.

use std::sync::Arc;

use tarbox_fs::{Credentials, FilesystemInterface, Fs, Handle, blocking};
use tarbox_pool::{MemoryPool, Pool};
use tarbox_store::{Database, ErrorKind, LaterLayers, LayerId, Quota, Store};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

use crate::operation::{LayerStep, Operation};
use crate::reference::{Id, State};

pub(crate) type Outcome = Result<(), String>;

/// A sealed layer, and what it has to say for ever.
pub(crate) struct Sealed {
    pub(crate) id: LayerId,
    pub(crate) name: String,
    pub(crate) state: State,
}

/// An open handle: whose, on which inode.
pub(crate) struct Opened {
    pub(crate) handle: Handle,
    pub(crate) user: u32,
    pub(crate) id: Id,
}

pub(crate) struct World {
    pool: Arc<dyn Pool>,
    database: Option<SqliteDatabase>,
    pub(crate) fs: Option<Fs<SqliteStore>>,
    pub(crate) head: State,
    pub(crate) sealed: Vec<Sealed>,
    /// The sealed layer in view, if it is not the head.
    pub(crate) past: Option<usize>,
    pub(crate) open: Vec<Opened>,
    checkpoints: usize,
}

pub(crate) fn who(user: u32) -> Credentials {
    Credentials::new(user, user, "model")
}

impl World {
    pub(crate) fn new() -> Self {
        let pool: Arc<dyn Pool> = Arc::new(MemoryPool::new());
        let mut world = Self {
            pool,
            database: None,
            fs: None,
            head: State::new(),
            sealed: Vec::new(),
            past: None,
            open: Vec::new(),
            checkpoints: 0,
        };
        world.open_database();
        let root = who(0);
        let open = tarbox_store::SetAttr {
            mode: Some(0o777),
            ..Default::default()
        };
        blocking(world.fs().setattr(&root, tarbox_store::Ino::ROOT, &open)).expect("root may");
        world
    }

    fn open_database(&mut self) {
        let options = Options::new().create(true).background(false).cache_bytes(1 << 20);
        let database = SqliteDatabase::on_pool(self.pool.clone(), "model.db", &options).expect("it opens");
        match blocking(database.create_tenant("t", Quota::default())) {
            Err(e) if e.kind() != ErrorKind::Exists => panic!("{e}"),
            _ => {}
        }
        self.fs = Some(blocking(Fs::open_tenant(&database, "t")).expect("the tenant is there"));
        self.database = Some(database);
    }

    pub(crate) fn fs(&self) -> &Fs<SqliteStore> {
        self.fs.as_ref().expect("it is open")
    }

    /// What is in view.
    pub(crate) fn view(&self) -> &State {
        self.past.map_or(&self.head, |layer| &self.sealed[layer].state)
    }

    pub(crate) fn step(&mut self, operation: &Operation) -> Outcome {
        match operation {
            Operation::File(user, step) => self.file_step(*user, step),
            Operation::Layer(step) => self.layer_step(step),
            Operation::Sync => blocking(self.fs().syncfs()).map_err(|e| format!("sync: {e}")),
            Operation::Gc => blocking(self.fs().store().gc())
                .map(drop)
                .map_err(|e| format!("gc: {e}")),
            Operation::Reopen => {
                self.close_handles()?;
                self.fs = None;
                let database = self.database.take().expect("it is open");
                database.close().map_err(|e| format!("close: {e}"))?;
                self.open_database();
                Ok(())
            }
        }?;
        self.sweep();
        Ok(())
    }

    /// Forgets inodes without names or handles, in the reference.
    fn sweep(&mut self) {
        let held: Vec<Id> = self.open.iter().map(|open| open.id).collect();
        self.head.sweep(&held);
    }

    pub(crate) fn close_handles(&mut self) -> Outcome {
        for open in std::mem::take(&mut self.open) {
            blocking(self.fs().release(open.handle)).map_err(|e| format!("close: {e}"))?;
        }
        self.sweep();
        Ok(())
    }

    fn layer_step(&mut self, step: &LayerStep) -> Outcome {
        // A view that changes under an open handle is not what this test is about.
        if !matches!(step, LayerStep::Checkpoint) {
            self.close_handles()?;
        }
        let root = who(0);
        let by = &root.actor;
        let told = |what: &str, e: tarbox_store::Error| Err(format!("{what}: {e:?}"));
        match *step {
            LayerStep::Checkpoint => {
                self.checkpoints += 1;
                let name = format!("layer {}", self.checkpoints);
                let made = blocking(self.fs().store().checkpoint(by, &name, None, LaterLayers::Keep));
                match (made, self.past) {
                    (Ok(layer), None) => {
                        let mut state = self.head.clone();
                        // What only handles keep alive is not part of a layer.
                        state.sweep(&[]);
                        self.sealed.push(Sealed {
                            id: layer.id,
                            name,
                            state,
                        });
                        Ok(())
                    }
                    (Err(e), Some(_)) if e.kind() == ErrorKind::Busy => Ok(()),
                    (Err(e), _) => told("checkpoint", e),
                    (Ok(_), Some(_)) => Err("a layer in the past was made without a confirmation".into()),
                }
            }
            LayerStep::Switch(layer) => match self.sealed.get(layer) {
                Some(sealed) => match blocking(self.fs().store().switch(by, sealed.id)) {
                    Ok(()) => {
                        self.past = Some(layer);
                        Ok(())
                    }
                    Err(e) => told("switch", e),
                },
                None => Ok(()),
            },
            LayerStep::SwitchToHead => {
                let head = blocking(self.fs().store().position())
                    .map_err(|e| e.to_string())?
                    .head;
                self.past = None;
                blocking(self.fs().store().switch(by, head)).or_else(|e| told("switch to head", e))
            }
            LayerStep::Discard => {
                let Some(layer) = self.past else { return Ok(()) };
                let made = blocking(self.fs().store().checkpoint(by, "", None, LaterLayers::Discard));
                self.sealed.truncate(layer + 1);
                let next = self.head.next;
                self.head = State {
                    next,
                    ..self.sealed[layer].state.clone()
                };
                self.past = None;
                made.map(drop).or_else(|e| told("discard", e))
            }
            LayerStep::Drop(layer) => {
                let Some(sealed) = self.sealed.get(layer) else {
                    return Ok(());
                };
                match (blocking(self.fs().store().drop_layer(by, sealed.id)), self.past) {
                    (Err(e), Some(past)) if past == layer && e.kind() == ErrorKind::Busy => Ok(()),
                    (Ok(()), past) if past != Some(layer) => {
                        self.sealed.remove(layer);
                        self.past = past.map(|past| past - usize::from(past > layer));
                        Ok(())
                    }
                    (Ok(()), _) => Err("the layer in view was dropped".into()),
                    (Err(e), _) => told("drop", e),
                }
            }
            LayerStep::Squash(first, last) => {
                if first >= last || last >= self.sealed.len() || self.past.is_some() {
                    return Ok(());
                }
                let (from, to) = (self.sealed[first].id, self.sealed[last].id);
                blocking(self.fs().store().squash(by, from, to)).or_else(|e| told("squash", e))?;
                self.sealed.drain(first..last);
                Ok(())
            }
        }
    }

    /// No invariant of the store is broken.
    pub(crate) fn check_store(&self) -> Outcome {
        let database = self.database.as_ref().expect("it is open");
        let report = blocking(database.fsck(false, &|_, _| {})).map_err(|e| format!("fsck: {e}"))?;
        match report.problems.as_slice() {
            [] => Ok(()),
            problems => Err(format!("fsck found {problems:#?}")),
        }
    }
}
