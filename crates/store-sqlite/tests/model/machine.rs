//! The store and the reference side by side.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use tarbox_store::conformance::{Node, Tree, bytes, tree};
use tarbox_store::*;

use crate::op::{Name, Op, Pick};
use crate::place::{Opened, Place, Store as StoreFiles};
use crate::reference::Files;

type Check = Result<(), TestCaseError>;

/// What passes between two operations, so that a day passes within a case.
const STEP: i64 = 3 * 3_600_000_000_000;

pub(crate) struct Machine {
    place: Place,
    cache_bytes: u64,
    /// The time of all that an operation does.
    clock: Arc<AtomicI64>,
    /// `None` only while it is being opened again.
    open: Option<(Opened, StoreFiles)>,
    by: Actor,
    head: Files,
    layers: BTreeMap<LayerId, Files>,
    /// The sealed layer in view, if it is not the head.
    past: Option<LayerId>,
    holds: Vec<Ino>,
    /// What each inode was at each of its versions, but for `atime`.
    versions: RefCell<BTreeMap<(Ino, Seq), Node>>,
    /// Every inode there ever was.
    known: Vec<Ino>,
    names: u32,
}

fn block<T>(future: impl Future<Output = T>) -> T {
    pollster::block_on(future)
}

/// Both sides have to say the same, or fail for the same reason.
fn same<T: PartialEq + Debug>(got: tarbox_store::Result<T>, expected: Result<T, ErrorKind>) -> Check {
    match (got, expected) {
        (Ok(got), Ok(expected)) => {
            prop_assert_eq!(got, expected);
            Ok(())
        }
        (Err(got), Err(expected)) => {
            prop_assert_eq!(got.kind(), expected, "{}", got);
            Ok(())
        }
        (got, expected) => Err(TestCaseError::fail(format!(
            "the store says {got:?}, the reference {expected:?}"
        ))),
    }
}

impl Machine {
    pub(crate) fn new(cache_bytes: u64) -> Self {
        let clock = Arc::new(AtomicI64::new(STEP));
        let mut machine = Self {
            place: Place::new(),
            cache_bytes,
            clock,
            open: None,
            by: Actor {
                uid: 0,
                gid: 0,
                agent: "model".into(),
            },
            head: Files::new(Timestamp(STEP)),
            layers: BTreeMap::new(),
            past: None,
            holds: Vec::new(),
            versions: RefCell::default(),
            known: vec![Ino::ROOT, Ino(1 << 40)],
            names: 0,
        };
        machine.reopen(true);
        machine
    }

    fn reopen(&mut self, create: bool) {
        self.open = None;
        let clock = self.clock.clone();
        let clock = move || Timestamp(clock.load(Ordering::Relaxed));
        let database = self.place.open(create, self.cache_bytes, clock);
        if create {
            block(database.create_tenant("default", Quota::default())).unwrap();
        }
        let store = block(database.open_tenant("default")).unwrap();
        self.open = Some((database, store));
        self.holds.clear();
    }

    fn store(&self) -> &StoreFiles {
        &self.open.as_ref().expect("it is open").1
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.clock.load(Ordering::Relaxed))
    }

    /// Mostly an inode of the head, sometimes any that ever was.
    fn pick(&self, pick: Pick) -> Ino {
        let (which, any) = (usize::from(pick / 8), pick.is_multiple_of(8));
        if any {
            return self.known[which % self.known.len()];
        }
        let live = &self.head.inodes;
        *live.keys().nth(which % live.len()).expect("the root is there")
    }

    /// Mostly a directory.
    fn pick_dir(&self, pick: Pick) -> Ino {
        let dirs: Vec<Ino> = self.of_kind(FileKind::Directory);
        match pick % 8 {
            0 => self.pick(pick),
            _ => dirs[usize::from(pick / 8) % dirs.len()],
        }
    }

    /// Mostly a file.
    fn pick_file(&self, pick: Pick) -> Ino {
        let files: Vec<Ino> = self.of_kind(FileKind::File);
        match pick % 16 {
            1.. if !files.is_empty() => files[usize::from(pick / 16) % files.len()],
            _ => self.pick(pick),
        }
    }

    fn of_kind(&self, kind: FileKind) -> Vec<Ino> {
        let all = self.head.inodes.iter();
        all.filter(|(_, i)| i.kind == kind).map(|(ino, _)| *ino).collect()
    }

    fn pick_layer(&self, which: u8) -> Option<LayerId> {
        let count = self.layers.len();
        let nth = usize::from(which).checked_rem(count)?;
        self.layers.keys().nth(nth).copied()
    }

    /// What the view shows.
    fn view(&self) -> &Files {
        self.past.map_or(&self.head, |layer| &self.layers[&layer])
    }

    /// Runs a change on the reference, unless the past is in view.
    fn change<T>(
        &mut self,
        f: impl FnOnce(&mut Files, Timestamp) -> Result<T, ErrorKind>,
    ) -> Result<T, ErrorKind> {
        let now = self.now();
        if self.past.is_some() {
            return Err(ErrorKind::ReadOnly);
        }
        f(&mut self.head, now)
    }

    /// An inode without names goes, unless it is held.
    fn orphan(&mut self, ino: Option<Ino>) {
        if let Some(ino) = ino.filter(|ino| !self.holds.contains(ino)) {
            self.head.inodes.remove(&ino);
        }
    }

    pub(crate) fn step(&mut self, op: &Op) -> Check {
        self.clock.fetch_add(STEP, Ordering::Relaxed);
        match op {
            Op::Create(dir, name, kind) => self.create(self.pick_dir(*dir), *name, *kind),
            Op::Link(ino, dir, name) => {
                let (ino, dir, name) = (self.pick(*ino), self.pick_dir(*dir), name_of(*name));
                let got = block(self.store().link(&self.by, ino, dir, &name)).map(|attr| attr.ino);
                let expected = self
                    .change(|files, now| files.link(ino, (dir, &name), now))
                    .map(|()| ino);
                same(got, expected)
            }
            Op::Unlink(dir, name) => self.unlink(self.pick_dir(*dir), *name, Unlink::File),
            Op::Rmdir(dir, name) => self.unlink(self.pick_dir(*dir), *name, Unlink::Directory),
            Op::Rename((from, n), (to, m), mode) => {
                let (from, to) = (self.pick_dir(*from), self.pick_dir(*to));
                let (n, m) = (name_of(*n), name_of(*m));
                let got = block(self.store().rename(&self.by, (from, &n), (to, &m), *mode));
                let expected = self.change(|files, now| files.rename((from, &n), (to, &m), *mode, now));
                same(got, expected.map(|gone| self.orphan(gone)))
            }
            Op::Write {
                file,
                offset,
                len,
                seed,
            } => self.write(self.pick_file(*file), WriteAt::Offset(*offset), *len, *seed),
            Op::Append { file, len, seed } => self.write(self.pick_file(*file), WriteAt::End, *len, *seed),
            Op::Truncate { file, size } => {
                let (ino, set) = (
                    self.pick_file(*file),
                    SetAttr {
                        size: Some(*size),
                        ..SetAttr::default()
                    },
                );
                let got = block(self.store().set_attr(&self.by, ino, &set)).map(|attr| attr.size);
                let expected = self.change(|files, now| files.truncate(ino, *size, now));
                same(got, expected.map(|()| *size))
            }
            Op::Allocate {
                file,
                how,
                offset,
                len,
            } => {
                let ino = self.pick_file(*file);
                let got = block(self.store().allocate(&self.by, ino, *how, *offset, *len, false));
                same(
                    got,
                    self.change(|files, now| files.allocate(ino, *how, *offset, *len, now)),
                )
            }
            Op::Copy { from, to, len, past } => self.copy(
                (self.pick_file(from.0), from.1),
                (self.pick_file(to.0), to.1),
                *len,
                past.and_then(|p| self.pick_layer(p)),
            ),
            Op::Mode(ino, mode) => {
                let (ino, set) = (
                    self.pick(*ino),
                    SetAttr {
                        mode: Some(*mode),
                        ..SetAttr::default()
                    },
                );
                let got = block(self.store().set_attr(&self.by, ino, &set)).map(|attr| attr.mode);
                same(
                    got,
                    self.change(|files, now| files.set_mode(ino, *mode, now))
                        .map(|()| *mode),
                )
            }
            Op::SetXattr(ino, name, len) => {
                let (ino, name, value) = (
                    self.pick(*ino),
                    name_of(*name),
                    bytes(u64::from(*len), usize::from(*len)),
                );
                let got = block(
                    self.store()
                        .set_xattr(&self.by, ino, &name, &value, XattrMode::Any),
                );
                same(
                    got,
                    self.change(|files, now| files.set_xattr(ino, &name, &value, now)),
                )
            }
            Op::RemoveXattr(ino, name) => {
                let (ino, name) = (self.pick(*ino), name_of(*name));
                let got = block(self.store().remove_xattr(&self.by, ino, &name));
                same(got, self.change(|files, now| files.remove_xattr(ino, &name, now)))
            }
            Op::Read(ino, offset, len) => self.read(self.pick_file(*ino), *offset, *len),
            Op::Hold(ino) => {
                let ino = self.pick(*ino);
                let expected = self
                    .view()
                    .inodes
                    .get(&ino)
                    .map(|_| ())
                    .ok_or(ErrorKind::NotFound);
                if expected.is_ok() {
                    self.holds.push(ino);
                }
                same(block(self.store().hold(ino)), expected)
            }
            Op::Release(which) => self.release(*which),
            Op::Flush => same(block(self.store().flush()), Ok(())),
            Op::Sync => same(block(self.store().sync()), Ok(())),
            Op::Reopen => {
                self.reopen(false);
                Ok(())
            }
            Op::Gc => self.gc(),
            Op::Checkpoint => self.checkpoint(),
            Op::Switch(layer) => self.switch(layer.and_then(|l| self.pick_layer(l))),
            Op::Discard => self.discard(),
            Op::DropLayer(which) => self.drop_layer(*which),
            Op::Squash(a, b) => self.squash(*a, *b),
        }
    }

    fn create(&mut self, dir: Ino, name: Name, kind: FileKind) -> Check {
        let name = name_of(name);
        let new = NewInode {
            kind,
            mode: 0o640,
            uid: 0,
            gid: 0,
            rdev: 0,
            target: if kind == FileKind::Symlink { b"target" } else { b"" },
        };
        let got = block(self.store().create(&self.by, dir, &name, &new)).map(|attr| attr.ino);
        let ino = got.as_ref().copied().unwrap_or_default();
        let expected = self.change(|files, now| {
            files.check_free(dir, &name)?;
            files.create((dir, &name), ino, kind, 0o640, now);
            Ok(ino)
        });
        if expected.is_ok() {
            prop_assert!(!self.known.contains(&ino), "inode {} is used twice", ino);
            self.known.push(ino);
        }
        same(got, expected)
    }

    fn unlink(&mut self, dir: Ino, name: Name, what: Unlink) -> Check {
        let name = name_of(name);
        let got = block(self.store().unlink(&self.by, dir, &name, what)).map(|attr| attr.nlink == 0);
        let expected = self.change(|files, now| files.unlink((dir, &name), what, now));
        let gone = expected.map(|gone| {
            self.orphan(gone);
            gone.is_some()
        });
        same(got, gone)
    }

    fn write(&mut self, ino: Ino, at: WriteAt, len: usize, seed: u8) -> Check {
        // Few seeds, so that content repeats and blocks are shared.
        let data = bytes(u64::from(seed % 4), len);
        let got = block(self.store().write(&self.by, ino, at, &data, false));
        same(got, self.change(|files, now| files.write(ino, at, &data, now)))
    }

    fn read(&mut self, ino: Ino, offset: u64, len: usize) -> Check {
        let mut buffer = vec![0xA5; len];
        let got = block(
            self.store()
                .read(View::Current, ino, offset, &mut buffer, Access::Touch),
        )
        .map(|n| {
            buffer.truncate(n);
            buffer
        });
        let expected = self.view().file(ino).map(|inode| {
            let part = inode.data.get(offset as usize..).unwrap_or_default();
            part[..part.len().min(len)].to_vec()
        });
        let now = self.now();
        if expected.is_ok() && self.past.is_none() {
            self.head.touch(ino, now);
        }
        same(got, expected)
    }

    fn copy(&mut self, from: (Ino, u64), to: (Ino, u64), len: u64, past: Option<LayerId>) -> Check {
        let view = past.map_or(View::Current, View::Layer);
        let copied = self
            .store()
            .copy_range(&self.by, view, from.0, from.1, to.0, to.1, len);
        let got = block(copied);
        let state = past.map_or(self.view(), |layer| &self.layers[&layer]);
        let exists = state.inodes.contains_key(&from.0);
        let source = state.file(from.0).map(|inode| inode.data.clone());
        let same_from = (past.is_none() && from.0 == to.0).then_some(from.1);
        let expected = match exists {
            false => Err(ErrorKind::NotFound),
            true => self.change(|files, now| files.copy(source?, same_from, from.1, to, len, now)),
        };
        same(got, expected)
    }

    fn release(&mut self, which: u8) -> Check {
        let Some(nth) = usize::from(which).checked_rem(self.holds.len()) else {
            return Ok(());
        };
        let ino = self.holds.swap_remove(nth);
        if self.head.inodes.get(&ino).is_some_and(|inode| inode.nlink == 0) {
            self.orphan(Some(ino));
        }
        same(block(self.store().release(ino)), Ok(()))
    }

    fn gc(&mut self) -> Check {
        block(self.store().gc()).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let holds = self.holds.clone();
        self.head
            .inodes
            .retain(|ino, inode| inode.nlink > 0 || holds.contains(ino));
        self.check()
    }

    fn checkpoint(&mut self) -> Check {
        self.names += 1;
        let name = format!("layer{}", self.names);
        let got = block(self.store().checkpoint(&self.by, &name, None, LaterLayers::Keep));
        if self.past.is_some() {
            let later = got.map(|info| info.id);
            // What is refused is named; the last sealed layer has only unsealed changes behind it.
            return same(later, Err(ErrorKind::Busy));
        }
        let info = got.map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert!(self.layers.keys().all(|id| *id < info.id));
        self.layers.insert(info.id, self.head.clone());
        Ok(())
    }

    fn switch(&mut self, layer: Option<LayerId>) -> Check {
        let head = block(self.store().position()).unwrap().head;
        let got = block(self.store().switch(&self.by, layer.unwrap_or(head)));
        self.past = layer;
        same(got, Ok(()))
    }

    /// Goes on from the past that is in view.
    fn discard(&mut self) -> Check {
        let Some(layer) = self.past else { return Ok(()) };
        let got = block(self.store().checkpoint(&self.by, "", None, LaterLayers::Discard));
        self.layers.retain(|id, _| *id <= layer);
        self.head = self.layers[&layer].clone();
        self.past = None;
        same(got.map(|info| info.id), Ok(layer))
    }

    fn drop_layer(&mut self, which: u8) -> Check {
        let Some(layer) = self.pick_layer(which) else {
            return Ok(());
        };
        let got = block(self.store().drop_layer(&self.by, layer));
        if self.past == Some(layer) {
            return same(got, Err(ErrorKind::Busy));
        }
        self.layers.remove(&layer);
        same(got, Ok(()))
    }

    fn squash(&mut self, a: u8, b: u8) -> Check {
        let (Some(first), Some(last)) = (self.pick_layer(a), self.pick_layer(b)) else {
            return Ok(());
        };
        let got = block(self.store().squash(&self.by, first, last));
        let expected = match () {
            () if first >= last => Err(ErrorKind::Invalid),
            () if self.past.is_some_and(|p| (first..last).contains(&p)) => Err(ErrorKind::Busy),
            () => {
                self.layers.retain(|id, _| *id < first || *id >= last);
                Ok(())
            }
        };
        same(got, expected)
    }

    /// Everything in a view. Wherever and whenever an inode is seen at a version, it is the same; the reference knows none.
    fn tree(&self, view: View) -> Result<Tree, TestCaseError> {
        let mut seen = block(tree(self.store(), view)).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let mut versions = self.versions.borrow_mut();
        for node in seen.values_mut() {
            let mut state = node.clone();
            state.attr.atime = Timestamp(0);
            let known = versions
                .entry((node.attr.ino, node.attr.version))
                .or_insert_with(|| state.clone());
            prop_assert_eq!(&*known, &state, "one version is one state");
            node.attr.version = Seq(0);
        }
        Ok(seen)
    }

    /// Compares everything that can be seen, and the counters.
    fn check(&self) -> Check {
        let store = self.store();
        let current = self.tree(View::Current)?;
        prop_assert_eq!(&current, &self.view().tree(), "in the current view");
        for (layer, files) in &self.layers {
            let seen = self.tree(View::Layer(*layer))?;
            prop_assert_eq!(&seen, &files.tree(), "in layer {}", layer);
        }
        let listed: Vec<LayerId> = block(store.layers()).unwrap().iter().map(|l| l.id).collect();
        let expected: Vec<LayerId> = self.layers.keys().copied().collect();
        prop_assert_eq!(&listed[..listed.len() - 1], &expected[..]);
        let usage = block(store.tenant()).unwrap().usage;
        prop_assert_eq!(usage.inodes, self.head.inodes.len() as u64);
        prop_assert_eq!(usage.layers, self.layers.len() as u64 + 1);
        Ok(())
    }

    /// Compares everything as it is, stored, and after another start; and has every invariant checked.
    pub(crate) fn finish(&mut self) -> Check {
        self.check()?;
        block(self.store().flush()).unwrap();
        self.check()?;
        self.reopen(false);
        self.check()?;
        let (database, _) = self.open.as_ref().expect("it is open");
        let report = block(database.fsck(false, &|_, _| {})).unwrap();
        prop_assert!(report.problems.is_empty(), "{:#?}", report.problems);
        Ok(())
    }
}

fn name_of(name: Name) -> Vec<u8> {
    vec![b'a' + name]
}
