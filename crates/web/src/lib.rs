//! A workspace in a browser, as the npm package `tarbox` drives it: one call an operation, bytes in, bytes out.
//!
//! What crosses the boundary is in [`Request`] and [`reply`]; what an operation does is in `tarbox-fs`. Everything but
//! the few exports builds and tests natively.
//!
//! An operation is visible to the next one at once, and durable after [`Workspace::sync`]: the package calls that once
//! for all operations that arrived together.

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod exports;
mod ops;
pub mod reply;
mod request;
mod workspace;

pub use ops::{CODES, Effect, OPERATIONS};
pub use request::Request;
pub use workspace::{Redo, Workspace};
