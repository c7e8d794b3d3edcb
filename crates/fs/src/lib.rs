#![doc = "POSIX meaning, once: paths, permissions, handles, locks, layers and the `/.tarbox` hooks on any store."]
#![forbid(unsafe_code)]

mod ext;
mod interface;
mod path;

pub use ext::*;
pub use interface::*;
pub use path::*;
