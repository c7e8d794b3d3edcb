//! Databases to break and to look at.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use pollster::block_on;
use tarbox_store::*;
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

/// The user of all tests.
pub(crate) fn me() -> Actor {
    Actor {
        uid: 1000,
        gid: 1000,
        agent: "test".into(),
    }
}

/// What a new inode is made from.
pub(crate) fn new(kind: FileKind, target: &[u8]) -> NewInode<'_> {
    NewInode {
        kind,
        mode: 0o755,
        uid: 1000,
        gid: 1000,
        rdev: 0,
        target,
    }
}

/// Options that replay: no thread, and a clock that ticks when it is looked at.
pub(crate) fn replayable() -> Options {
    let clock = Arc::new(AtomicI64::new(1_700_000_000_000_000_000));
    Options::new()
        .create(true)
        .background(false)
        .clock(move || Timestamp(clock.fetch_add(1_000_000, Ordering::Relaxed)))
}

/// A database file in a directory of its own.
pub(crate) struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.directory.path().join("t.db")
    }

    pub(crate) fn open(&self) -> SqliteDatabase {
        SqliteDatabase::open(self.file(), &replayable()).unwrap()
    }

    /// An independent copy; nobody has this one open.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::new();
        copy_tree(self.directory.path(), copy.directory.path());
        copy
    }

    /// Direct access to the rows; nobody has the database open.
    pub(crate) fn sql(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.file()).unwrap()
    }

    /// The directory beside the database.
    pub(crate) fn blocks(&self) -> PathBuf {
        self.directory.path().join("t.db-blocks")
    }

    /// The file of a segment of the first tenant.
    pub(crate) fn segment(&self, id: u64) -> PathBuf {
        self.directory.path().join(format!("t.db-blocks/t1/{id:08}"))
    }
}

fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The store of a tenant, made if need be.
pub(crate) fn tenant(db: &SqliteDatabase, name: &str) -> SqliteStore {
    block_on(async {
        if db.tenant(name).await.is_err() {
            db.create_tenant(name, Quota::default()).await.unwrap();
        }
        db.open_tenant(name).await.unwrap()
    })
}

/// What a check finds.
pub(crate) fn check(db: &SqliteDatabase) -> FsckReport {
    block_on(db.fsck(false, &|_, _| {})).unwrap()
}

/// Fails with everything that is wrong.
#[track_caller]
pub(crate) fn assert_clean(db: &SqliteDatabase, when: &str) {
    let report = check(db);
    assert!(report.problems.is_empty(), "{when}:\n{}", lines(&report.problems));
}

/// Problems, one a line.
pub(crate) fn lines(problems: &[Problem]) -> String {
    let lines = problems
        .iter()
        .map(|p| format!("{} {} [{}] {}", p.tenant, p.invariant, p.repaired, p.what));
    lines.collect::<Vec<_>>().join("\n")
}

/// Everything that can be seen in a layer: paths, attributes that matter, contents, attributes.
pub(crate) fn snapshot(s: &SqliteStore, view: View) -> Vec<String> {
    let mut seen = Vec::new();
    block_on(walk(s, view, Ino::ROOT, "", &mut seen));
    seen
}

async fn walk(s: &SqliteStore, view: View, dir: Ino, path: &str, seen: &mut Vec<String>) {
    let mut after = Cookie(0);
    let mut entries = Vec::new();
    loop {
        let page = s.list(view, dir, after, 100).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.cookie;
        entries.extend(page);
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    for entry in entries {
        let path = format!("{path}/{}", entry.name.escape_ascii());
        seen.push(describe(s, view, &path, &entry.attr).await);
        if entry.attr.is_dir() {
            Box::pin(walk(s, view, entry.attr.ino, &path, seen)).await;
        }
    }
}

async fn describe(s: &SqliteStore, view: View, path: &str, attr: &Attr) -> String {
    let mut line = format!(
        "{path} {:?} {:o} n{} s{} b{}",
        attr.kind, attr.mode, attr.nlink, attr.size, attr.blocks
    );
    match attr.kind {
        FileKind::File => line.push_str(&format!(" {}", content_hash(s, view, attr.ino).await)),
        FileKind::Symlink => {
            let target = s.read_link(view, attr.ino).await;
            let target = target.unwrap_or_else(|e| e.kind().code().into());
            line.push_str(&format!(" -> {}", target.escape_ascii()));
        }
        _ => {}
    }
    for name in s.xattrs(view, attr.ino).await.unwrap() {
        let value = s.xattr(view, attr.ino, &name).await.unwrap();
        line.push_str(&format!(" {}={}", name.escape_ascii(), value.escape_ascii()));
    }
    line
}

async fn content_hash(s: &SqliteStore, view: View, ino: Ino) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 200_000];
    let mut offset = 0;
    loop {
        let n = s.read(view, ino, offset, &mut buffer, Access::Quiet).await;
        match n {
            Ok(0) => return hasher.finalize().to_hex()[..16].to_owned(),
            Ok(n) => {
                hasher.update(&buffer[..n]);
                offset += n as u64;
            }
            Err(e) => return format!("{e}@{offset}"),
        }
    }
}
