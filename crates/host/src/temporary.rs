//! A file system in memory, for what a run leaves behind and nobody wants.

use std::sync::{Arc, OnceLock};

use tarbox_fs::{Credentials, Follow, Fs, FsOptions, Handle, Hooks, NewNode, OpenFlags, PathAt, blocking};
use tarbox_store::{
    Allocate, Attr, Cookie, Database, DirName, Ino, Quota, RenameMode, Result, SetAttr, WriteAt, Written,
};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};
use tarbox_wasi::Files;

/// The tenant of its database.
const TENANT: &str = "temporary";

/// An empty file system, made when it is first looked into: most programs never do.
struct Temporary(OnceLock<Fs<SqliteStore>>);

/// A file system in memory that is gone with its last user. Its root may be written by everybody.
pub fn temporary() -> Arc<dyn Files> {
    Arc::new(Temporary(OnceLock::new()))
}

impl Temporary {
    fn files(&self) -> Result<&Fs<SqliteStore>> {
        match self.0.get() {
            Some(files) => Ok(files),
            None => {
                let made = make()?;
                Ok(self.0.get_or_init(|| made))
            }
        }
    }
}

fn make() -> Result<Fs<SqliteStore>> {
    // Nobody waits for its commits, so no thread need make them.
    let database = SqliteDatabase::in_memory(&Options::new().background(false))?;
    blocking(database.create_tenant(TENANT, Quota::default()))?;
    let store = blocking(database.open_tenant(TENANT))?;
    let options = FsOptions {
        hooks: Hooks::Off,
        ..FsOptions::default()
    };
    let files = Fs::with_options(store, options);
    let mode = SetAttr {
        mode: Some(0o1777),
        ..SetAttr::default()
    };
    Files::setattr(&files, &Credentials::root("run"), Ino::ROOT, &mode)?;
    Ok(files)
}

macro_rules! pass_on {
    ($(fn $name:ident(&self $(, $arg:ident: $ty:ty)*) -> $out:ty;)*) => {
        impl Files for Temporary {
            $(
                fn $name(&self $(, $arg: $ty)*) -> Result<$out> {
                    Files::$name(self.files()? $(, $arg)*)
                }
            )*

            fn root(&self) -> Ino {
                Ino::ROOT
            }
        }
    };
}

pass_on! {
    fn resolve(&self, who: &Credentials, path: PathAt<'_>, follow: Follow) -> Attr;
    fn open_path(&self, who: &Credentials, path: PathAt<'_>, flags: OpenFlags, create: Option<u32>) -> (Attr, Handle);
    fn make_node(&self, who: &Credentials, path: PathAt<'_>, node: NewNode<'_>) -> Attr;
    fn read_link(&self, who: &Credentials, path: PathAt<'_>) -> Vec<u8>;
    fn hard_link(&self, who: &Credentials, existing: PathAt<'_>, new: PathAt<'_>, follow: Follow) -> Attr;
    fn set_attr(&self, who: &Credentials, path: PathAt<'_>, set: &SetAttr, follow: Follow) -> Attr;
    fn remove_file(&self, who: &Credentials, path: PathAt<'_>) -> ();
    fn remove_dir(&self, who: &Credentials, path: PathAt<'_>) -> ();
    fn rename_path(&self, who: &Credentials, from: PathAt<'_>, to: PathAt<'_>, mode: RenameMode) -> ();
    fn parent(&self, who: &Credentials, dir: Ino) -> Attr;
    fn getattr(&self, ino: Ino) -> Attr;
    fn setattr(&self, who: &Credentials, ino: Ino, set: &SetAttr) -> Attr;
    fn open(&self, who: &Credentials, ino: Ino, flags: OpenFlags) -> Handle;
    fn read(&self, handle: Handle, offset: u64, buffer: &mut [u8]) -> usize;
    fn write(&self, handle: Handle, at: WriteAt, data: &[u8]) -> Written;
    fn truncate(&self, handle: Handle, size: u64) -> Attr;
    fn fallocate(&self, handle: Handle, how: Allocate, offset: u64, len: u64) -> ();
    fn readdir_names(&self, handle: Handle, after: Cookie, limit: usize) -> Vec<DirName>;
    fn fsync(&self, handle: Handle, data_only: bool) -> ();
    fn release(&self, handle: Handle) -> ();
    fn syncfs(&self) -> ();
}
