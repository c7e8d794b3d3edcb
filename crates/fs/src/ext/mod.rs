//! Paths for everyone: conveniences on top of any [`FilesystemInterface`].

mod copy;
mod describe;
mod open;
mod place;
mod pool;
mod replace;
mod restore;
mod traits;
mod tree;
mod walk;
mod whole;

pub use copy::{Copier, CopyAttributes, CopyOptions};
pub use describe::{data_map, xattrs};
pub use place::{NewFile, Place, Placed, Placer, refuse_control};
pub use pool::{DirectoryLock, FsPool, PoolAccess};
pub use replace::{nameless, put_content, share_content, unfinished};
pub use restore::{Attributes, Owners, restore};
pub use traits::FilesystemExt;
pub use walk::{Step, Walk, WalkEntry};
