//! A store in which somebody else does something at the very moment before a change: after it was decided, and before it is made.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tarbox_store::*;

/// What somebody else does; answers whether they do so again before the next change.
type Meddler<S> = Box<dyn FnMut(&S) -> bool + Send>;

pub(crate) struct Meddled<S> {
    store: S,
    meddler: Mutex<Option<Meddler<S>>>,
    /// Changes that were tried since.
    tried: AtomicUsize,
}

impl<S: Store> Meddled<S> {
    pub(crate) fn new(store: S) -> Self {
        Self {
            store,
            meddler: Mutex::new(None),
            tried: AtomicUsize::new(0),
        }
    }

    /// From the next change on, this is done before.
    pub(crate) fn before_changes(&self, meddler: impl FnMut(&S) -> bool + Send + 'static) {
        *self.meddler.lock().unwrap() = Some(Box::new(meddler));
        self.tried.store(0, Ordering::Relaxed);
    }

    /// How often a change was tried since, counting those that its conditions refused.
    pub(crate) fn tried(&self) -> usize {
        self.tried.load(Ordering::Relaxed)
    }

    fn meddle(&self) {
        self.tried.fetch_add(1, Ordering::Relaxed);
        let meddler = self.meddler.lock().unwrap().take();
        if let Some(mut meddler) = meddler
            && meddler(&self.store)
        {
            *self.meddler.lock().unwrap() = Some(meddler);
        }
    }
}

/// Calls that are passed on, and before which of them somebody meddles.
macro_rules! passed_on {
    ($($(#[$meddled:ident])? fn $name:ident($($arg:ident: $ty:ty),*) -> $answer:ty;)*) => {
        impl<S: Store> Store for Meddled<S> {
            $(#[allow(clippy::too_many_arguments)]
            async fn $name(&self, $($arg: $ty),*) -> Result<$answer> {
                $(self.$meddled();)?
                self.store.$name($($arg),*).await
            })*

            async fn apply(&self, by: &dyn By, mutations: &[Mutation<'_>]) -> Result<Vec<Outcome>, Refused> {
                self.meddle();
                self.store.apply(by, mutations).await
            }
        }
    };
}

passed_on! {
    fn lookup(view: View, dir: Ino, name: &[u8]) -> Attr;
    fn walk(view: View, start: Ino, names: &[&[u8]]) -> Vec<Attr>;
    fn list(view: View, dir: Ino, after: Cookie, limit: usize) -> Vec<DirEntry>;
    fn list_names(view: View, dir: Ino, after: Cookie, limit: usize) -> Vec<DirName>;
    fn parent(view: View, dir: Ino) -> Ino;
    fn path_of(view: View, ino: Ino) -> Vec<u8>;
    #[meddle] fn create(by: &dyn By, dir: Ino, name: &[u8], new: &NewInode<'_>) -> Attr;
    #[meddle] fn link(by: &dyn By, ino: Ino, dir: Ino, name: &[u8]) -> Attr;
    #[meddle] fn unlink(by: &dyn By, dir: Ino, name: &[u8], what: Unlink) -> Attr;
    #[meddle] fn rename(by: &dyn By, from: (Ino, &[u8]), to: (Ino, &[u8]), mode: RenameMode) -> ();
    fn attr(view: View, ino: Ino) -> Attr;
    #[meddle] fn set_attr(by: &dyn By, ino: Ino, set: &SetAttr) -> Attr;
    fn xattr(view: View, ino: Ino, name: &[u8]) -> Vec<u8>;
    fn xattrs(view: View, ino: Ino) -> Vec<Vec<u8>>;
    #[meddle] fn set_xattr(by: &dyn By, ino: Ino, name: &[u8], value: &[u8], mode: XattrMode) -> ();
    #[meddle] fn remove_xattr(by: &dyn By, ino: Ino, name: &[u8]) -> ();
    fn read(view: View, ino: Ino, offset: u64, buffer: &mut [u8], access: Access) -> usize;
    fn read_link(view: View, ino: Ino) -> Vec<u8>;
    #[meddle] fn write(by: &dyn By, ino: Ino, at: WriteAt, data: &[u8], clear_setid: bool) -> Written;
    #[meddle] fn allocate(by: &dyn By, ino: Ino, how: Allocate, offset: u64, len: u64, clear_setid: bool) -> ();
    #[meddle] fn copy_range(by: &dyn By, view: View, source: Ino, source_offset: u64, target: Ino, target_offset: u64, len: u64) -> u64;
    fn seek(view: View, ino: Ino, offset: u64, to: SeekTo) -> u64;
    fn hold(ino: Ino) -> ();
    fn release(ino: Ino) -> ();
    fn is_held(ino: Ino) -> bool;
    fn sync() -> ();
    fn flush() -> ();
    fn position() -> Position;
    fn layers() -> Vec<LayerInfo>;
    fn find_layer(name: &str) -> LayerInfo;
    fn checkpoint(by: &Actor, name: &str, description: Option<&str>, later: LaterLayers) -> LayerInfo;
    fn switch(by: &Actor, layer: LayerId) -> ();
    fn drop_layer(by: &Actor, layer: LayerId) -> ();
    fn squash(by: &Actor, first: LayerId, last: LayerId) -> ();
    fn tag(by: &Actor, tag: &str, layer: Option<LayerId>) -> ();
    fn diff(from: LayerId, to: LayerId) -> Vec<Change>;
    fn last_seq() -> Seq;
    fn changed(after: Seq, patience: Duration) -> Seq;
    fn log(query: &LogQuery) -> Vec<LogRecord>;
    fn log_refusal(by: &Actor, operation: Operation, path: &[u8], kind: ErrorKind) -> ();
    fn tenant() -> TenantInfo;
    fn device_free() -> Option<u64>;
    fn performance() -> Performance;
    fn gc() -> GcReport;
}
