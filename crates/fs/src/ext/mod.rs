//! Paths for everyone: conveniences on top of any [`FilesystemInterface`].

mod copy;
mod open;
mod traits;
mod tree;
mod walk;
mod whole;

pub use copy::{Copier, CopyAttributes, CopyOptions};
pub use traits::FilesystemExt;
pub use walk::{Step, Walk, WalkEntry};
