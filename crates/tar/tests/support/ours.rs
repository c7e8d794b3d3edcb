//! An archive unpacked into a workspace in memory.

use std::collections::BTreeMap;

use tarbox_fs::{Credentials, FilesystemExt, FilesystemInterface, Fs, Owners, blocking};
use tarbox_store::{Database, FileKind, Ino, Quota};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};
use tarbox_tar::{Collision, Counts, Problem, Severity, Told, Unpacker};

use super::listing::{Listing, Seen, join, time};

/// A workspace in memory.
pub(crate) struct Ours {
    pub(crate) fs: Fs<SqliteStore>,
    pub(crate) me: Credentials,
    pub(crate) database: SqliteDatabase,
}

/// What became of an archive.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) counts: Counts,
    /// What could not be unpacked: paths and reasons.
    pub(crate) failed: Vec<(Vec<u8>, String)>,
    pub(crate) problems: Vec<Problem>,
}

impl Outcome {
    /// Whether it would be a success for whoever unpacked it.
    pub(crate) fn is_ok(&self) -> bool {
        self.failed.is_empty()
            && self
                .problems
                .iter()
                .all(|problem| problem.severity == Severity::Note)
    }

    pub(crate) fn is_fatal(&self) -> bool {
        self.problems
            .iter()
            .any(|problem| problem.severity == Severity::Fatal)
    }

    /// Everything that was said, for a look at it.
    pub(crate) fn text(&self) -> String {
        let failed = self
            .failed
            .iter()
            .map(|(path, why)| format!("{}: {why}", path.escape_ascii()));
        let problems = self.problems.iter().map(|p| format!("{:?}: {p}", p.severity));
        failed.chain(problems).collect::<Vec<_>>().join("\n")
    }
}

impl Ours {
    pub(crate) fn new() -> Self {
        let database = SqliteDatabase::in_memory(&Options::new().background(false)).unwrap();
        blocking(database.create_tenant("default", Quota::default())).unwrap();
        Self {
            fs: blocking(Fs::open_tenant(&database, "default")).unwrap(),
            me: Credentials::root("test"),
            database,
        }
    }

    /// Unpacks into a directory, which is made; the archive comes in pieces of this size.
    pub(crate) fn unpack(&self, path: &str, archive: &[u8], piece: usize, collision: Collision) -> Outcome {
        let root = blocking(self.fs.create_dir_all(&self.me, path)).unwrap();
        let mut unpacker = Unpacker::new((root.ino, path.as_bytes()), collision, Owners::Keep);
        let mut outcome = Outcome::default();
        let (failed, problems) = (&mut outcome.failed, &mut outcome.problems);
        let mut tell = |told| match told {
            Told::Failed { path, error } => failed.push((path, error.to_string())),
            Told::Problem(problem) => problems.push(problem),
        };
        for piece in archive.chunks(piece.max(1)) {
            unpacker.feed((&self.fs, &self.me), piece, &mut tell).unwrap();
        }
        unpacker.finish((&self.fs, &self.me), &mut tell).unwrap();
        outcome.counts = unpacker.counts();
        outcome
    }

    /// What is below a directory.
    pub(crate) fn listing(&self, path: &str) -> Listing {
        let root = blocking(self.fs.stat(&self.me, path)).unwrap();
        let mut listing = Listing::new();
        let mut names: BTreeMap<Ino, Vec<Vec<u8>>> = BTreeMap::new();
        let mut waiting = vec![(path.to_owned().into_bytes(), root.ino)];
        while let Some((directory, _)) = waiting.pop() {
            for entry in blocking(self.fs.read_dir(&self.me, &directory)).unwrap() {
                if directory == b"/" && entry.name == b".tarbox" {
                    continue;
                }
                let whole = [directory.as_slice(), b"/", &entry.name].concat();
                let name = whole[path.len() + 1..].to_vec();
                let attr = entry.attr;
                let kind = match attr.kind {
                    FileKind::File => 'f',
                    FileKind::Directory => 'd',
                    FileKind::Symlink => 'l',
                    FileKind::Fifo => 'p',
                    FileKind::Socket => 's',
                    FileKind::CharDevice => 'c',
                    FileKind::BlockDevice => 'b',
                };
                let content = match kind {
                    'f' => blocking(self.fs.read_file(&self.me, &whole)).unwrap(),
                    'l' => blocking(self.fs.readlink(attr.ino)).unwrap(),
                    _ => Vec::new(),
                };
                if kind == 'd' {
                    waiting.push((whole, attr.ino));
                } else {
                    names.entry(attr.ino).or_default().push(name.clone());
                }
                let seen = Seen {
                    kind,
                    mode: attr.mode,
                    owner: (attr.uid, attr.gid),
                    mtime: time(attr.mtime.seconds(), i64::from(attr.mtime.nanos())),
                    content,
                    same_as: None,
                };
                listing.insert(name, seen);
            }
        }
        join(&mut listing, names.into_values());
        listing
    }
}
