//! What every way in is written against: [`FilesystemInterface`], and the types it speaks.

mod blocking;
mod credentials;
mod event;
mod handle;
mod lock;
mod node;
mod space;
mod traits;

pub use blocking::blocking;
pub use credentials::{Checks, Credentials};
pub use event::{ChangeEvent, Changes, EventKind};
pub use handle::{Durability, Handle, HandleInfo, OpenFlags};
pub use lock::{FlockKind, LockKind, LockOwner, LockRange, LockedRange, Wait};
pub use node::{AccessMask, NewNode, device, major_minor};
pub use space::StatFs;
pub use traits::FilesystemInterface;
