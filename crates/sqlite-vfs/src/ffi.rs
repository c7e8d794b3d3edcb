//! SQLite itself: the build that `rusqlite` links on this target.

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub(crate) use libsqlite3_sys::*;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub(crate) use sqlite_wasm_rs::*;
