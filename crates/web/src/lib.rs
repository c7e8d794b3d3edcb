//! A workspace in a browser, as the npm package `tarbox` drives it: the operations of `tarbox-calls` on a database in a pool.
//! Everything but the few exports builds and tests natively.

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub mod exports;
#[cfg(feature = "sync")]
mod platform;
#[cfg(feature = "sync")]
pub mod sync;
mod workspace;

pub use tarbox_calls::{CODES, Effect, OPERATIONS, Request, reply};
pub use workspace::{Local, Redo, Workspace, client, open};
