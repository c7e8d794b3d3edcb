#![doc = "POSIX meaning, once: paths, permissions, handles, locks, layers and the `/.tarbox` hooks on any store."]
#![forbid(unsafe_code)]

mod interface;

pub use interface::*;
