//! The file system as this crate sees it: synchronous, and one type whatever lies behind.

use std::sync::Arc;
use std::time::Duration;

use tarbox_fs::{
    AccessMask, Changes, Credentials, DirectoryLock, FilesystemExt, FilesystemInterface, Follow, FsPool,
    Handle, NewNode, OpenFlags, PathAt, PoolAccess, StatFs, blocking,
};
use tarbox_pool::Pool;
use tarbox_store::{
    Allocate, Attr, Cookie, DirName, ErrorKind, Ino, MaybeSend, MaybeSync, RenameMode, Result, Seq, SetAttr,
    WriteAt, Written,
};

/// Calls `$callback!` with every operation of [`Files`] but `root`: its documentation, its signature, and the method of
/// [`FilesystemInterface`] or [`FilesystemExt`] behind it. The types are named as in `tarbox-fs` and `tarbox-store`.
///
/// Each takes `&self` and answers a `Result` of what stands behind the arrow.
#[macro_export]
macro_rules! file_operations {
    ($callback:ident) => {
        $callback! {
            /// What a path leads to.
            fn resolve(&self, who: &Credentials, path: PathAt<'_>, follow: Follow) -> Attr = FilesystemExt::resolve;
            /// Opens what a path leads to, or makes a file.
            fn open_path(&self, who: &Credentials, path: PathAt<'_>, flags: OpenFlags, create: Option<u32>) -> (Attr, Handle)
                = FilesystemExt::open_path;
            /// Makes a directory or a symbolic link.
            fn make_node(&self, who: &Credentials, path: PathAt<'_>, node: NewNode<'_>) -> Attr = FilesystemExt::make_node;
            /// What a symbolic link says.
            fn read_link(&self, who: &Credentials, path: PathAt<'_>) -> Vec<u8> = FilesystemExt::read_link;
            /// Gives what is at a path another name.
            fn hard_link(&self, who: &Credentials, existing: PathAt<'_>, new: PathAt<'_>, follow: Follow) -> Attr
                = FilesystemExt::hard_link;
            /// Changes attributes of what a path leads to.
            fn set_attr(&self, who: &Credentials, path: PathAt<'_>, set: &SetAttr, follow: Follow) -> Attr
                = FilesystemExt::set_attr;
            /// Removes a name that is not a directory's.
            fn remove_file(&self, who: &Credentials, path: PathAt<'_>) -> () = FilesystemExt::remove_file;
            /// Removes an empty directory.
            fn remove_dir(&self, who: &Credentials, path: PathAt<'_>) -> () = FilesystemExt::remove_dir;
            /// Moves what one path names to another.
            fn rename_path(&self, who: &Credentials, from: PathAt<'_>, to: PathAt<'_>, mode: RenameMode) -> ()
                = FilesystemExt::rename_path;

            /// The directory that holds the directory `dir`.
            fn parent(&self, who: &Credentials, dir: Ino) -> Attr = FilesystemInterface::parent;
            /// The attributes of an inode.
            fn getattr(&self, ino: Ino) -> Attr = FilesystemInterface::getattr;
            /// Changes attributes of an inode.
            fn setattr(&self, who: &Credentials, ino: Ino, set: &SetAttr) -> Attr = FilesystemInterface::setattr;
            /// Opens an inode.
            fn open(&self, who: &Credentials, ino: Ino, flags: OpenFlags) -> Handle = FilesystemInterface::open;
            /// Reads from an offset.
            fn read(&self, handle: Handle, offset: u64, buffer: &mut [u8]) -> usize = FilesystemInterface::read;
            /// Writes all of `data`.
            fn write(&self, handle: Handle, at: WriteAt, data: &[u8]) -> Written = FilesystemInterface::write;
            /// Sets the length of an open file.
            fn truncate(&self, handle: Handle, size: u64) -> Attr = FilesystemInterface::truncate;
            /// Allocates a range of an open file.
            fn fallocate(&self, handle: Handle, how: Allocate, offset: u64, len: u64) -> () = FilesystemInterface::fallocate;
            /// Lists an open directory.
            fn readdir_names(&self, handle: Handle, after: Cookie, limit: usize) -> Vec<DirName>
                = FilesystemInterface::readdir_names;
            /// Returns when what was written to the file is on the device.
            fn fsync(&self, handle: Handle, data_only: bool) -> () = FilesystemInterface::fsync;
            /// Closes the handle.
            fn release(&self, handle: Handle) -> () = FilesystemInterface::release;
            /// Returns when everything done so far is on the device.
            fn syncfs(&self) -> () = FilesystemInterface::syncfs;
            /// Whether `who` may do all of `mask`.
            fn access(&self, who: &Credentials, ino: Ino, mask: AccessMask) -> () = FilesystemInterface::access;
            /// Copies between two open files.
            fn copy_range(&self, source: (Handle, u64), target: (Handle, u64), len: u64) -> u64
                = FilesystemInterface::copy_range;
            /// How full the file system is.
            fn statfs(&self) -> StatFs = FilesystemInterface::statfs;
            /// The position of the last change.
            fn last_change(&self) -> Seq = FilesystemInterface::last_change;
            /// Changes below a path, behind a position.
            fn changes(&self, path: &[u8], after: Seq, limit: usize) -> Changes = FilesystemInterface::changes;
            /// Waits for a change.
            fn changed(&self, after: Seq, patience: Duration) -> Seq = FilesystemInterface::changed;
        }
    };
}

macro_rules! files {
    ($($(#[$doc:meta])* fn $name:ident(&self $(, $arg:ident: $ty:ty)*) -> $out:ty = $trait:ident::$method:ident;)*) => {
        /// The operations of [`FilesystemInterface`] and [`FilesystemExt`] that programs need, as a trait that can be an
        /// object: the directories lent to one program may belong to different file systems.
        ///
        /// Every [`FilesystemInterface`] implements it. The extra call costs a nanosecond or two, and each operation is
        /// driven to its end before it returns.
        pub trait Files: MaybeSend + MaybeSync {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                #[doc = concat!("Those of [`", stringify!($method), "`](", stringify!($trait), "::", stringify!($method), ").")]
                fn $name(&self $(, $arg: $ty)*) -> Result<$out>;
            )*

            /// The root directory.
            fn root(&self) -> Ino;

            /// A pool in a directory, for what is built on pools: see [`FsPool`].
            ///
            /// # Errors
            /// Those of [`FsPool::in_directory`]; `Unsupported` where there are no pools, which is the default.
            fn pool(
                self: Arc<Self>,
                _who: &Credentials,
                _directory: Ino,
                _access: PoolAccess,
            ) -> tarbox_pool::Result<Arc<dyn Pool>> {
                let (kind, operation) = (tarbox_pool::ErrorKind::Unsupported, tarbox_pool::Operation::OpenPool);
                Err(tarbox_pool::Error::new(kind, operation, ""))
            }

            /// Keeps out all others who take the lock of this name in a directory: see [`DirectoryLock`].
            ///
            /// # Errors
            /// Those of [`DirectoryLock::take`]; `Unsupported` where there are no such locks, which is the default.
            fn lock(
                self: Arc<Self>,
                _who: &Credentials,
                _directory: Ino,
                _name: &[u8],
                _owner: &str,
            ) -> Result<Box<dyn Held>> {
                Err(ErrorKind::Unsupported.into())
            }
        }

        impl<F: FilesystemInterface + 'static> Files for F {
            $(
                fn $name(&self $(, $arg: $ty)*) -> Result<$out> {
                    blocking($trait::$method(self $(, $arg)*))
                }
            )*

            fn root(&self) -> Ino {
                FilesystemInterface::root(self)
            }

            fn pool(
                self: Arc<Self>,
                who: &Credentials,
                directory: Ino,
                access: PoolAccess,
            ) -> tarbox_pool::Result<Arc<dyn Pool>> {
                Ok(Arc::new(FsPool::in_directory(self, who.clone(), directory, access)?))
            }

            fn lock(
                self: Arc<Self>,
                who: &Credentials,
                directory: Ino,
                name: &[u8],
                owner: &str,
            ) -> Result<Box<dyn Held>> {
                Ok(Box::new(DirectoryLock::take(self, who.clone(), (directory, name), owner)?))
            }
        }
    };
}

file_operations!(files);

/// A lock, for as long as this lives.
pub trait Held: MaybeSend + MaybeSync {}

impl<F: FilesystemInterface> Held for DirectoryLock<F> {}
