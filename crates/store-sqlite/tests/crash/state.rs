//! An open database on a disk that fails, and all that can be seen of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tarbox_pool::FaultPool;
use tarbox_store::conformance::{Tree, tree};
use tarbox_store::*;
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

use crate::workload::TENANTS;

const NAME: &str = "t.db";

/// The time of everything one action does, and whether there is a redo log.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    time: Arc<AtomicI64>,
    redo: bool,
}

impl Clock {
    pub(crate) fn at(action: usize, redo: bool) -> Self {
        let clock = Self {
            time: Arc::default(),
            redo,
        };
        clock.set(action);
        clock
    }

    pub(crate) fn set(&self, action: usize) {
        self.time.store(1_000 + action as i64, Ordering::Relaxed);
    }

    fn options(self) -> Options {
        Options::new()
            .background(false)
            .redo(self.redo)
            .clock(move || Timestamp(self.time.load(Ordering::Relaxed)))
    }
}

pub(crate) struct Open {
    pub(crate) database: SqliteDatabase,
    pub(crate) stores: Vec<SqliteStore>,
    pub(crate) by: Actor,
}

impl Open {
    /// Makes the database; it holds no tenants yet.
    pub(crate) fn create(disk: &FaultPool, clock: Clock) -> Self {
        Self::try_create(disk, clock).unwrap()
    }

    pub(crate) fn try_create(disk: &FaultPool, clock: Clock) -> Result<Self> {
        let options = clock.options().create(true);
        Self::of(SqliteDatabase::on_pool(crate::shared(disk), NAME, &options)?)
    }

    pub(crate) fn on(disk: &FaultPool, clock: Clock) -> Result<Self> {
        Self::of(SqliteDatabase::on_pool(
            crate::shared(disk),
            NAME,
            &clock.options(),
        )?)
    }

    fn of(database: SqliteDatabase) -> Result<Self> {
        let mut stores = Vec::new();
        for tenant in TENANTS {
            match pollster::block_on(database.open_tenant(tenant)) {
                Ok(store) => stores.push(store),
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
        }
        let by = Actor {
            uid: 0,
            gid: 0,
            agent: "crash".into(),
        };
        Ok(Self { database, stores, by })
    }

    /// After a crash the database must not only be read.
    pub(crate) fn check_usable(&self, what: &str) {
        let new = NewInode {
            kind: FileKind::File,
            mode: 0o600,
            uid: 0,
            gid: 0,
            rdev: 0,
            target: b"",
        };
        for s in &self.stores {
            let used = pollster::block_on(async {
                let head = s.position().await?.head;
                s.switch(&self.by, head).await?;
                s.gc().await?;
                let file = s.create(&self.by, Ino::ROOT, b"after the crash", &new).await?.ino;
                s.write(&self.by, file, WriteAt::End, &[7; 50_000], false).await?;
                s.sync().await?;
                let mut buffer = [0; 100];
                s.read(View::Current, file, 40_000, &mut buffer, Access::Quiet)
                    .await?;
                assert_eq!(buffer, [7; 100]);
                s.unlink(&self.by, Ino::ROOT, b"after the crash", Unlink::File)
                    .await?;
                s.checkpoint(&self.by, "after the crash", None, LaterLayers::Keep)
                    .await
            });
            used.unwrap_or_else(|e| panic!("{what}: {e}"));
        }
    }
}

/// What one tenant shows.
#[derive(PartialEq, Eq)]
pub(crate) struct TenantState {
    current: Tree,
    layers: Vec<(LayerInfo, Tree)>,
    position: Position,
    inodes: u64,
    last_seq: Seq,
}

/// What all tenants show.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct State(Vec<TenantState>);

impl State {
    /// What one of them shows.
    pub(crate) fn of_tenant(&self, tenant: usize) -> &TenantState {
        &self.0[tenant]
    }

    /// Looks without committing anything.
    pub(crate) fn of(open: &Open) -> Self {
        let all = open
            .stores
            .iter()
            .map(|s| pollster::block_on(TenantState::of(s)).unwrap());
        Self(all.collect())
    }
}

impl TenantState {
    async fn of(s: &SqliteStore) -> Result<Self> {
        let mut layers = Vec::new();
        for layer in s.layers().await? {
            let state = tree(s, View::Layer(layer.id)).await?;
            layers.push((layer, state));
        }
        Ok(Self {
            current: tree(s, View::Current).await?,
            layers,
            position: s.position().await?,
            inodes: s.tenant().await?.usage.inodes,
            last_seq: s.last_seq().await?,
        })
    }
}

impl std::fmt::Debug for TenantState {
    /// Without contents, which are long.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines = |tree: &Tree| -> Vec<String> {
            let line = |(path, node): (&Vec<u8>, &conformance::Node)| {
                let a = node.attr;
                format!(
                    "{} {} {:?} size {} times {} {} {} hash {}",
                    String::from_utf8_lossy(path),
                    a.ino,
                    a.kind,
                    a.size,
                    a.atime.0,
                    a.mtime.0,
                    a.ctime.0,
                    &blake3::hash(&node.content).to_hex()[..8]
                )
            };
            tree.iter().map(line).collect()
        };
        let layers: Vec<_> = self
            .layers
            .iter()
            .map(|(l, t)| (l.id, &l.name, &l.tags, lines(t)))
            .collect();
        f.debug_struct("TenantState")
            .field("current", &lines(&self.current))
            .field("layers", &layers)
            .field("position", &self.position)
            .field("inodes", &self.inodes)
            .field("last_seq", &self.last_seq)
            .finish()
    }
}
