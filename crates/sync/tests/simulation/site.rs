//! A database in memory that one process has open, and that process may end, or the machine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use pollster::block_on;
use tarbox_store::*;
use tarbox_store_core::Settings;
use tarbox_test_engine::{MemoryDatabase, MemoryEngine, MemoryStore, Server};

/// Bytes that are told apart by how they begin and how long they are.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Text(pub(crate) Vec<u8>);

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let start = &self.0[..self.0.len().min(40)];
        write!(f, "{:?} ({})", String::from_utf8_lossy(start), self.0.len())
    }
}

/// What can be seen of an entry: kind, mode, owner, content, extended attributes, time, and the first of its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: FileKind,
    pub(crate) mode: u32,
    pub(crate) owner: (u32, u32),
    pub(crate) content: Text,
    pub(crate) xattrs: BTreeMap<Text, Text>,
    pub(crate) mtime: Timestamp,
    pub(crate) first: String,
}

pub(crate) type Seen = BTreeMap<String, Entry>;

/// A tenant in a database of its own.
#[derive(Clone)]
pub(crate) struct Site {
    machine: Server,
    db: MemoryDatabase,
    pub(crate) store: MemoryStore,
    clock: Arc<AtomicI64>,
}

impl Site {
    pub(crate) fn new(clock: &Arc<AtomicI64>) -> Self {
        let machine = Server::new();
        let db = open(&machine, clock);
        block_on(db.create_tenant("t", Quota::default())).unwrap();
        Self::on(machine, clock)
    }

    fn on(machine: Server, clock: &Arc<AtomicI64>) -> Self {
        let db = open(&machine, clock);
        let store = block_on(db.open_tenant("t")).unwrap();
        block_on(store.sync()).unwrap();
        Self {
            machine,
            db,
            store,
            clock: clock.clone(),
        }
    }

    /// The process ends as it should, and begins again.
    pub(crate) fn restart(&mut self) {
        block_on(self.store.sync()).unwrap();
        self.machine.kill(self.db.core().engine().process());
        *self = Self::on(self.machine.clone(), &self.clock);
    }

    /// The machine loses its power: what was not durable is lost but for the first `kept` commits.
    pub(crate) fn crash(&mut self, kept: usize) {
        self.machine.kill(self.db.core().engine().process());
        self.machine.crash(kept);
        *self = Self::on(self.machine.clone(), &self.clock);
    }

    pub(crate) fn at_risk(&self) -> usize {
        self.machine.at_risk()
    }

    pub(crate) fn limit(&self, bytes: Option<u64>) {
        let quota = Quota {
            bytes,
            ..Quota::default()
        };
        block_on(self.db.set_quota("t", quota)).unwrap();
    }

    pub(crate) fn backup(&self) -> Server {
        block_on(self.store.sync()).unwrap();
        self.machine.backup()
    }

    pub(crate) fn restore(&mut self, backup: &Server) {
        *self = Self::on(backup.backup(), &self.clock);
    }

    pub(crate) fn at(&self, path: &str) -> Option<Attr> {
        let names: Vec<&[u8]> = path
            .split('/')
            .filter(|name| !name.is_empty())
            .map(str::as_bytes)
            .collect();
        let found = block_on(self.store.walk(View::Current, Ino::ROOT, &names)).unwrap();
        match names.is_empty() {
            true => Some(block_on(self.store.attr(View::Current, Ino::ROOT)).unwrap()),
            false => found.get(names.len() - 1).copied(),
        }
    }

    fn place<'p>(&self, path: &'p str) -> Option<(Ino, &'p [u8])> {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        Some((self.at(dir).filter(Attr::is_dir)?.ino, name.as_bytes()))
    }

    pub(crate) fn write(&self, path: &str, content: &[u8]) -> Option<()> {
        let by = user();
        let ino = match self.at(path) {
            Some(attr) => attr.is_file().then_some(attr.ino)?,
            None => {
                let (dir, name) = self.place(path)?;
                block_on(self.store.create(&by, dir, name, &new(FileKind::File)))
                    .ok()?
                    .ino
            }
        };
        let cut = SetAttr {
            size: Some(0),
            ..SetAttr::default()
        };
        block_on(self.store.set_attr(&by, ino, &cut)).ok()?;
        block_on(self.store.write(&by, ino, WriteAt::Offset(0), content, false))
            .ok()
            .map(drop)
    }

    /// Whether a file is so large that it is not copied whole when it changes.
    pub(crate) fn is_large(&self, path: &str) -> bool {
        self.at(path)
            .is_some_and(|attr| attr.is_file() && attr.size > 600_000)
    }

    /// Writes somewhere in a file, or behind its end.
    pub(crate) fn poke(&self, path: &str, at: u64, content: &[u8]) -> Option<()> {
        let ino = self.at(path).filter(Attr::is_file)?.ino;
        let at = WriteAt::Offset(at);
        block_on(self.store.write(&user(), ino, at, content, false))
            .ok()
            .map(drop)
    }

    pub(crate) fn truncate(&self, path: &str, size: u64) -> Option<()> {
        let set = SetAttr {
            size: Some(size),
            ..SetAttr::default()
        };
        block_on(self.store.set_attr(&user(), self.at(path)?.ino, &set))
            .ok()
            .map(drop)
    }

    /// Writes as editors do.
    pub(crate) fn save(&self, path: &str, content: &[u8]) -> Option<()> {
        self.at(path).filter(Attr::is_file)?;
        self.write(".save~", content)?;
        self.rename(".save~", path)
    }

    pub(crate) fn mkdir(&self, path: &str) -> Option<()> {
        let (dir, name) = self.place(path)?;
        block_on(self.store.create(&user(), dir, name, &new(FileKind::Directory)))
            .ok()
            .map(drop)
    }

    pub(crate) fn symlink(&self, path: &str, target: &[u8]) -> Option<()> {
        let (dir, name) = self.place(path)?;
        let new = NewInode {
            target,
            ..new(FileKind::Symlink)
        };
        block_on(self.store.create(&user(), dir, name, &new))
            .ok()
            .map(drop)
    }

    pub(crate) fn link(&self, from: &str, to: &str) -> Option<()> {
        let ((dir, name), ino) = (self.place(to)?, self.at(from)?.ino);
        block_on(self.store.link(&user(), ino, dir, name)).ok().map(drop)
    }

    pub(crate) fn rename(&self, from: &str, to: &str) -> Option<()> {
        let (from, to) = (self.place(from)?, self.place(to)?);
        block_on(self.store.rename(&user(), from, to, RenameMode::Replace)).ok()
    }

    pub(crate) fn remove(&self, path: &str) -> Option<()> {
        let ((dir, name), attr) = (self.place(path)?, self.at(path)?);
        let what = if attr.is_dir() {
            Unlink::Directory
        } else {
            Unlink::File
        };
        block_on(self.store.unlink(&user(), dir, name, what))
            .ok()
            .map(drop)
    }

    pub(crate) fn chmod(&self, path: &str, mode: u32) -> Option<()> {
        let set = SetAttr {
            mode: Some(mode),
            ..SetAttr::default()
        };
        block_on(self.store.set_attr(&user(), self.at(path)?.ino, &set))
            .ok()
            .map(drop)
    }

    pub(crate) fn set_xattr(&self, path: &str, value: &[u8]) -> Option<()> {
        let ino = self.at(path)?.ino;
        block_on(
            self.store
                .set_xattr(&user(), ino, b"user.k", value, XattrMode::Any),
        )
        .ok()
    }

    /// All that its users see.
    pub(crate) fn seen(&self) -> Seen {
        let (mut seen, mut first) = (Seen::new(), BTreeMap::new());
        self.see(Ino::ROOT, "", &mut seen, &mut first);
        seen
    }

    fn see(&self, dir: Ino, path: &str, seen: &mut Seen, first: &mut BTreeMap<Ino, String>) {
        let mut entries = block_on(self.store.list(View::Current, dir, Cookie(0), 10_000)).unwrap();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        for entry in entries {
            let name = String::from_utf8_lossy(&entry.name).into_owned();
            if dir == Ino::ROOT && name == ".tarbox" {
                continue;
            }
            let path = format!("{path}/{name}");
            let attr = entry.attr;
            let xattrs = block_on(self.store.xattrs(View::Current, attr.ino)).unwrap();
            let value = |name: Vec<u8>| {
                let value = block_on(self.store.xattr(View::Current, attr.ino, &name)).unwrap();
                (Text(name), Text(value))
            };
            let what = Entry {
                kind: attr.kind,
                mode: attr.mode,
                owner: (attr.uid, attr.gid),
                content: Text(self.content(&attr)),
                xattrs: xattrs.into_iter().map(value).collect(),
                mtime: if attr.is_dir() { Timestamp(0) } else { attr.mtime },
                first: first.entry(attr.ino).or_insert_with(|| path.clone()).clone(),
            };
            seen.insert(path.clone(), what);
            if attr.is_dir() {
                self.see(attr.ino, &path, seen, first);
            }
        }
    }

    fn content(&self, attr: &Attr) -> Vec<u8> {
        match attr.kind {
            FileKind::File => {
                let mut bytes = vec![0; attr.size as usize];
                let n = self
                    .store
                    .read(View::Current, attr.ino, 0, &mut bytes, Access::Quiet);
                assert_eq!(block_on(n).unwrap(), bytes.len());
                bytes
            }
            FileKind::Symlink => block_on(self.store.read_link(View::Current, attr.ino)).unwrap(),
            _ => Vec::new(),
        }
    }

    /// The contents of all files.
    pub(crate) fn contents(&self) -> BTreeSet<Vec<u8>> {
        let files = self
            .seen()
            .into_values()
            .filter(|entry| entry.kind == FileKind::File);
        files.map(|entry| entry.content.0).collect()
    }

    /// The contents of all files, and how many files have each.
    pub(crate) fn copies(&self) -> BTreeMap<Vec<u8>, usize> {
        let mut copies = BTreeMap::new();
        for (path, entry) in self.seen() {
            if entry.kind == FileKind::File && entry.first == path {
                *copies.entry(entry.content.0).or_default() += 1;
            }
        }
        copies
    }

    pub(crate) fn check(&self) {
        let report = block_on(self.db.fsck(false, &|_, _| ())).unwrap();
        assert_eq!(report.problems, [], "fsck");
    }
}

fn open(machine: &Server, clock: &Arc<AtomicI64>) -> MemoryDatabase {
    let clock = clock.clone();
    let settings = Settings {
        cache_bytes: 1 << 20,
        listing_max: 1_000,
        clock: Arc::new(move || Timestamp(clock.fetch_add(1_000_000, Ordering::Relaxed))),
        background: false,
    };
    MemoryDatabase::new(MemoryEngine::new(machine), &settings).unwrap()
}

fn user() -> Actor {
    Actor {
        uid: 1000,
        gid: 100,
        agent: "user".into(),
    }
}

fn new(kind: FileKind) -> NewInode<'static> {
    let mode = if kind == FileKind::Directory { 0o755 } else { 0o644 };
    NewInode {
        kind,
        mode,
        uid: 1000,
        gid: 100,
        rdev: 0,
        target: b"",
    }
}
