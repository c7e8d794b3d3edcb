//! What every case starts from, and the few words it is written in.

use crate::*;

/// A database with one tenant, and somebody to act.
pub struct Fixture<D: Database> {
    /// The database.
    pub database: D,
    /// The store of its tenant `default`.
    pub store: D::Store,
    /// Who acts.
    pub me: Actor,
}

impl<D: Database> Fixture<D> {
    /// Makes the tenant `default` in an empty database.
    ///
    /// # Panics
    /// If that fails.
    pub async fn new(database: D) -> Self {
        database
            .create_tenant("default", Quota::default())
            .await
            .expect("a tenant can be made");
        Self::of(database, "default").await
    }

    /// Acts on a tenant that is there.
    ///
    /// # Panics
    /// If it is not.
    pub async fn of(database: D, tenant: &str) -> Self {
        let store = database.open_tenant(tenant).await.expect("the tenant opens");
        let me = Actor {
            uid: 1000,
            gid: 100,
            agent: "conformance".into(),
        };
        Self { database, store, me }
    }

    pub(super) async fn make(&self, dir: Ino, name: &str, kind: FileKind) -> Result<Attr> {
        let new = NewInode {
            kind,
            mode: if kind == FileKind::Directory { 0o755 } else { 0o644 },
            uid: 1000,
            gid: 100,
            rdev: 0,
            target: if kind == FileKind::Symlink { b"target" } else { b"" },
        };
        self.store.create(&self.me, dir, name.as_bytes(), &new).await
    }

    pub(super) async fn dir(&self, dir: Ino, name: &str) -> Ino {
        self.make(dir, name, FileKind::Directory).await.unwrap().ino
    }

    pub(super) async fn file(&self, dir: Ino, name: &str, content: &[u8]) -> Ino {
        let ino = self.make(dir, name, FileKind::File).await.unwrap().ino;
        if !content.is_empty() {
            self.write(ino, 0, content).await;
        }
        ino
    }

    pub(super) async fn write(&self, ino: Ino, offset: u64, data: &[u8]) -> Written {
        let at = WriteAt::Offset(offset);
        self.store.write(&self.me, ino, at, data, false).await.unwrap()
    }

    pub(super) async fn truncate(&self, ino: Ino, size: u64) -> Attr {
        let set = SetAttr {
            size: Some(size),
            ..SetAttr::default()
        };
        self.store.set_attr(&self.me, ino, &set).await.unwrap()
    }

    pub(super) async fn read_at(&self, view: View, ino: Ino, offset: u64, len: usize) -> Vec<u8> {
        // What a read does not fill must not look like a hole.
        let mut buffer = vec![0xA5; len];
        let n = self
            .store
            .read(view, ino, offset, &mut buffer, Access::Quiet)
            .await
            .unwrap();
        buffer.truncate(n);
        buffer
    }

    /// The whole content of a file that is not too large for memory.
    pub(super) async fn content(&self, view: View, ino: Ino) -> Vec<u8> {
        let size = self.store.attr(view, ino).await.unwrap().size;
        let content = self.read_at(view, ino, 0, size as usize + 7).await;
        assert_eq!(content.len() as u64, size, "a read ends where the file does");
        content
    }

    pub(super) async fn attr(&self, ino: Ino) -> Attr {
        self.store.attr(View::Current, ino).await.unwrap()
    }

    pub(super) async fn find(&self, dir: Ino, name: &str) -> Result<Attr> {
        self.store.lookup(View::Current, dir, name.as_bytes()).await
    }

    pub(super) async fn link(&self, ino: Ino, dir: Ino, name: &str) -> Result<Attr> {
        self.store.link(&self.me, ino, dir, name.as_bytes()).await
    }

    pub(super) async fn unlink(&self, dir: Ino, name: &str) -> Result<Attr> {
        self.store
            .unlink(&self.me, dir, name.as_bytes(), Unlink::File)
            .await
    }

    pub(super) async fn rmdir(&self, dir: Ino, name: &str) -> Result<Attr> {
        self.store
            .unlink(&self.me, dir, name.as_bytes(), Unlink::Directory)
            .await
    }

    pub(super) async fn rename(&self, from: (Ino, &str), to: (Ino, &str), mode: RenameMode) -> Result<()> {
        let (from, to) = ((from.0, from.1.as_bytes()), (to.0, to.1.as_bytes()));
        self.store.rename(&self.me, from, to, mode).await
    }

    /// The names of a directory, sorted.
    pub(super) async fn names(&self, view: View, dir: Ino) -> Vec<String> {
        let entries = self.store.list(view, dir, Cookie(0), 1_000_000).await.unwrap();
        let mut names: Vec<String> = entries
            .into_iter()
            .map(|e| String::from_utf8_lossy(&e.name).into_owned())
            .collect();
        names.sort();
        names
    }

    pub(super) async fn path(&self, ino: Ino) -> String {
        let path = self.store.path_of(View::Current, ino).await.unwrap();
        String::from_utf8_lossy(&path).into_owned()
    }

    pub(super) async fn checkpoint(&self, name: &str) -> LayerId {
        self.store
            .checkpoint(&self.me, name, None, LaterLayers::Keep)
            .await
            .unwrap()
            .id
    }

    pub(super) async fn switch_to_head(&self) {
        let head = self.store.position().await.unwrap().head;
        self.store.switch(&self.me, head).await.unwrap();
    }

    pub(super) async fn usage(&self) -> Usage {
        self.store.flush().await.unwrap();
        self.store.tenant().await.unwrap().usage
    }

    /// The log records after `seq`, as `word path`.
    pub(super) async fn log_after(&self, seq: Seq) -> Vec<String> {
        let query = LogQuery {
            after: Some(seq),
            ..LogQuery::default()
        };
        let records = self.store.log(&query).await.unwrap();
        records.iter().map(line).collect()
    }
}

/// A log record in one line: word, old path if any, path.
fn line(r: &LogRecord) -> String {
    let text = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
    match &r.from {
        Some(from) => format!("{} {} {}", r.operation.word(), text(from), text(&r.path)),
        None => format!("{} {}", r.operation.word(), text(&r.path)),
    }
}

/// Panics unless the result is this error.
#[track_caller]
pub fn assert_fails<T>(result: Result<T>, expected: ErrorKind) -> Error {
    match result {
        Ok(_) => panic!("succeeded, but should fail with {expected:?}"),
        Err(error) => {
            assert_eq!(error.kind(), expected, "{error}");
            error
        }
    }
}

/// Bytes that differ from seed to seed and do not repeat within a file.
pub fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut out = Vec::with_capacity(len + 8);
    while out.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(&state.wrapping_mul(0x2545_F491_4F6C_DD1D).to_le_bytes());
    }
    out.truncate(len);
    out
}
