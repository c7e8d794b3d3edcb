//! What a hostile program does, taken from bytes: any calls, with any arguments, in any order.
//!
//! Whatever it does ends in an error code, or in a fault that ends the program; nothing outside its directory changes, and the
//! store is whole. The fuzzers and a test share this.

pub(crate) mod p1;
pub(crate) mod p2;

use std::sync::Arc;

use tarbox_fs::{Credentials, FilesystemExt, Fs, blocking};
use tarbox_store::{Database as _, Quota, Store as _};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};
use tarbox_wasi::{Capability, Dir, Volume};

/// Calls of one sequence at most.
pub(crate) const CALLS_MAX: usize = 300;

/// Names and paths that mean something, good and bad.
pub(crate) const PATHS: &[&str] = &[
    "a",
    "b",
    "d",
    "d/a",
    "d/e",
    "d/e/f",
    "a/",
    "d/",
    ".",
    "..",
    "../secret",
    "d/../../secret",
    "/",
    "/a",
    "",
    "link",
    "link/a",
    "out",
    "out/secret",
    "d//e",
    "./a",
    "missing/a",
    "ä",
    "a\0b",
    "-",
    "loop",
];

/// Bytes that decide.
pub(crate) struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte; 0 where there is none.
    pub(crate) fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// One of so many.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count.max(1)
    }

    /// A number, often one at which something changes.
    pub(crate) fn number(&mut self) -> u64 {
        const EDGES: [u64; 12] = [
            0,
            1,
            2,
            7,
            8,
            4095,
            4096,
            65_536,
            1 << 20,
            u32::MAX as u64,
            i64::MAX as u64,
            u64::MAX,
        ];
        match self.byte() {
            edge @ 0..=191 => EDGES[usize::from(edge) % EDGES.len()],
            _ => u64::from_le_bytes([(); 8].map(|()| self.byte())),
        }
    }

    pub(crate) fn path(&mut self) -> &'static str {
        PATHS[self.below(PATHS.len())]
    }
}

/// A workspace of which the program has a part.
pub(crate) struct World {
    database: SqliteDatabase,
    fs: Arc<Fs<SqliteStore>>,
    volume: Arc<Volume>,
}

impl World {
    pub(crate) fn new() -> Self {
        let options = Options::new().background(false);
        let database = SqliteDatabase::in_memory(&options).unwrap();
        let quota = Quota {
            bytes: Some(64 << 20),
            inodes: Some(10_000),
            ..Quota::default()
        };
        let store = blocking(database.create_tenant("test", quota))
            .and_then(|_| blocking(database.open_tenant("test")))
            .unwrap();
        let fs = Arc::new(Fs::new(store));
        let root = Credentials::root("test");
        blocking(fs.write_file(&root, "/secret", b"kept")).unwrap();
        blocking(fs.create_dir_all(&root, "/inside/d/e")).unwrap();
        blocking(fs.write_file(&root, "/inside/a", b"content")).unwrap();
        for (target, path) in [
            ("d", "/inside/link"),
            ("..", "/inside/out"),
            ("loop", "/inside/loop"),
        ] {
            blocking(fs.symlink_path(&root, target.as_bytes(), path)).unwrap();
        }
        let files: Arc<dyn tarbox_wasi::Files> = fs.clone();
        let volume = Volume::new(files, Credentials::root("guest"), Capability::ReadWrite, 1);
        Self { database, fs, volume }
    }

    /// The directory of the program.
    pub(crate) fn dir(&self) -> Dir {
        self.volume.dir(b"/inside").unwrap()
    }

    /// What is to hold after whatever the program did, which has let go of everything.
    pub(crate) fn check(self) {
        let root = Credentials::root("test");
        let names = blocking(self.fs.read_dir(&root, "/")).unwrap();
        let mut names: Vec<_> = names.into_iter().map(|entry| entry.name).collect();
        names.sort();
        assert_eq!(names, [b"inside".to_vec(), b"secret".to_vec()]);
        assert_eq!(blocking(self.fs.read_file(&root, "/secret")).unwrap(), b"kept");
        blocking(self.fs.store().sync()).unwrap();
        let report = blocking(self.database.fsck(false, &|_, _| {})).unwrap();
        assert!(report.problems.is_empty(), "{:?}", report.problems);
    }
}
