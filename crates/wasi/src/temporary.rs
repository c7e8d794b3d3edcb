//! A file system in memory, for what a program leaves behind and nobody wants.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tarbox_fs::{
    AccessMask, Changes, Credentials, Follow, Fs, FsOptions, Handle, Hooks, NewNode, OpenFlags, PathAt,
    PoolAccess, StatFs, blocking,
};
use tarbox_pool::Pool;
use tarbox_store::{
    Allocate, Attr, Cookie, Database, DirName, Ino, Quota, RenameMode, Result, Seq, SetAttr, WriteAt, Written,
};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

use crate::{Files, Held, file_operations};

/// The tenant of its database.
const TENANT: &str = "temporary";

/// An empty file system, made when it is first looked into: most programs never do.
struct Temporary(OnceLock<Arc<Fs<SqliteStore>>>);

/// A file system in memory that is gone with its last user. Its root may be written by everybody.
pub fn temporary() -> Arc<dyn Files> {
    Arc::new(Temporary(OnceLock::new()))
}

impl Temporary {
    fn files(&self) -> Result<&Arc<Fs<SqliteStore>>> {
        match self.0.get() {
            Some(files) => Ok(files),
            None => {
                let made = Arc::new(make()?);
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
    Files::setattr(&files, &Credentials::root("temporary"), Ino::ROOT, &mode)?;
    Ok(files)
}

macro_rules! pass_on {
    ($($(#[$doc:meta])* fn $name:ident(&self $(, $arg:ident: $ty:ty)*) -> $out:ty = $trait:ident::$method:ident;)*) => {
        impl Files for Temporary {
            $(
                fn $name(&self $(, $arg: $ty)*) -> Result<$out> {
                    Files::$name(&**self.files()? $(, $arg)*)
                }
            )*

            fn root(&self) -> Ino {
                Ino::ROOT
            }

            fn pool(
                self: Arc<Self>,
                who: &Credentials,
                directory: Ino,
                access: PoolAccess,
            ) -> tarbox_pool::Result<Arc<dyn Pool>> {
                let files = self.files().map_err(|error| {
                    let (kind, operation) = (tarbox_pool::ErrorKind::Io, tarbox_pool::Operation::OpenPool);
                    tarbox_pool::Error::new(kind, operation, "").because(error)
                })?;
                Files::pool(Arc::clone(files), who, directory, access)
            }

            fn lock(
                self: Arc<Self>,
                who: &Credentials,
                directory: Ino,
                name: &[u8],
                owner: &str,
            ) -> Result<Box<dyn Held>> {
                Files::lock(Arc::clone(self.files()?), who, directory, name, owner)
            }
        }
    };
}

file_operations!(pass_on);
