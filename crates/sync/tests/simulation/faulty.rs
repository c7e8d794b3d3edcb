//! A store between a replica and what it reaches, at which something may happen before each call and after.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tarbox_store::*;

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Passes,
    /// It does not arrive.
    IsLost,
    /// It arrives, and its answer does not.
    AnswerIsLost,
}

/// Is asked before each call.
pub(crate) type Decide = Arc<dyn Fn() -> Fate + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Faulty<S> {
    inner: S,
    decide: Decide,
    /// Bytes of content, and of hashes, that went either way.
    pub(crate) bytes: Arc<AtomicU64>,
}

impl<S> Faulty<S> {
    pub(crate) fn new(inner: S, decide: Decide) -> Self {
        Self {
            inner,
            decide,
            bytes: Arc::default(),
        }
    }

    fn count(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    async fn pass<R>(&self, call: impl Future<Output = Result<R>>) -> Result<R> {
        let cut = || Err(Error::new(ErrorKind::Io).because("the connection was cut"));
        match (self.decide)() {
            Fate::Passes => call.await,
            Fate::IsLost => cut(),
            Fate::AnswerIsLost => {
                call.await?;
                cut()
            }
        }
    }
}

macro_rules! pass {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(async fn $name(&self, $($argument: $type),*) -> Result<$answer> {
            self.pass(self.inner.$name($($argument),*)).await
        })*
    };
}

impl<S: Store> Store for Faulty<S> {
    async fn apply(&self, by: &dyn By, mutations: &[Mutation<'_>]) -> Result<Vec<Outcome>, Refused> {
        let mut refused = None;
        let call = async {
            self.inner.apply(by, mutations).await.map_err(|e| {
                refused = e.at;
                e.error
            })
        };
        let made = self.pass(call).await;
        made.map_err(|error| Refused { at: refused, error })
    }

    async fn read(
        &self,
        view: View,
        ino: Ino,
        offset: u64,
        buffer: &mut [u8],
        access: Access,
    ) -> Result<usize> {
        let read = self
            .pass(self.inner.read(view, ino, offset, buffer, access))
            .await;
        read.inspect(|bytes| self.count(*bytes))
    }

    async fn write(
        &self,
        by: &dyn By,
        ino: Ino,
        at: WriteAt,
        data: &[u8],
        clear_setid: bool,
    ) -> Result<Written> {
        self.count(data.len());
        self.pass(self.inner.write(by, ino, at, data, clear_setid)).await
    }

    async fn digests(&self, view: View, ino: Ino, from: u64, size: u32, count: u32) -> Result<Vec<Digest>> {
        let digests = self.pass(self.inner.digests(view, ino, from, size, count)).await;
        digests.inspect(|digests| self.count(digests.len() * size_of::<Digest>()))
    }

    pass! {
        lookup(view: View, dir: Ino, name: &[u8]) -> Attr;
        list(view: View, dir: Ino, after: Cookie, limit: usize) -> Vec<DirEntry>;
        list_names(view: View, dir: Ino, after: Cookie, limit: usize) -> Vec<DirName>;
        parent(view: View, dir: Ino) -> Ino;
        path_of(view: View, ino: Ino) -> Vec<u8>;
        create(by: &dyn By, dir: Ino, name: &[u8], new: &NewInode<'_>) -> Attr;
        link(by: &dyn By, ino: Ino, dir: Ino, name: &[u8]) -> Attr;
        unlink(by: &dyn By, dir: Ino, name: &[u8], what: Unlink) -> Attr;
        rename(by: &dyn By, from: (Ino, &[u8]), to: (Ino, &[u8]), mode: RenameMode) -> ();
        attr(view: View, ino: Ino) -> Attr;
        set_attr(by: &dyn By, ino: Ino, set: &SetAttr) -> Attr;
        xattr(view: View, ino: Ino, name: &[u8]) -> Vec<u8>;
        xattrs(view: View, ino: Ino) -> Vec<Vec<u8>>;
        set_xattr(by: &dyn By, ino: Ino, name: &[u8], value: &[u8], mode: XattrMode) -> ();
        remove_xattr(by: &dyn By, ino: Ino, name: &[u8]) -> ();
        read_link(view: View, ino: Ino) -> Vec<u8>;
        allocate(by: &dyn By, ino: Ino, how: Allocate, offset: u64, len: u64, clear_setid: bool) -> ();
        copy_range(by: &dyn By, view: View, from: Ino, from_at: u64, to: Ino, to_at: u64, len: u64) -> u64;
        seek(view: View, ino: Ino, offset: u64, to: SeekTo) -> u64;
        hold(ino: Ino) -> ();
        release(ino: Ino) -> ();
        sync() -> ();
        flush() -> ();
        position() -> Position;
        layers() -> Vec<LayerInfo>;
        find_layer(name: &str) -> LayerInfo;
        checkpoint(by: &Actor, name: &str, description: Option<&str>, later: LaterLayers) -> LayerInfo;
        switch(by: &Actor, layer: LayerId) -> ();
        drop_layer(by: &Actor, layer: LayerId) -> ();
        squash(by: &Actor, first: LayerId, last: LayerId) -> ();
        tag(by: &Actor, tag: &str, layer: Option<LayerId>) -> ();
        diff(from: LayerId, to: LayerId) -> Vec<Change>;
        last_seq() -> Seq;
        standing(after: Seq) -> Standing;
        last_seq_by_others(agent: &str) -> Seq;
        log(query: &LogQuery) -> Vec<LogRecord>;
        log_refusal(by: &Actor, operation: Operation, path: &[u8], kind: ErrorKind) -> ();
        tenant() -> TenantInfo;
        device_free() -> Option<u64>;
        performance() -> Performance;
        gc() -> GcReport;
    }
}
