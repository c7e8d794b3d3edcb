//! A workspace and JavaScript on it in one module for browsers and Node.js: everything that `tarbox-web` exports, and one call more, for
//! engines whose `fs` is the files of the workspace. A call of `fs` stays inside the module down to the device.

mod engines;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod exports;

pub use engines::{Engines, OPERATIONS};
