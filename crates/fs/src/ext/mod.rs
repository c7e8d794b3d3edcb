//! Paths for everyone: conveniences on top of any [`FilesystemInterface`].

mod copy;
mod open;
mod traits;
mod tree;
mod whole;

pub use traits::FilesystemExt;
pub use tree::{Walk, WalkEntry};
