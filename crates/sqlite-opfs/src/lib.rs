//! The module behind `packages/sqlite-opfs`: SQLite's C interface (see `build.rs`), and what would cost too much if each
//! value crossed the boundary by itself: binding a row of values, reading one, reading a page of them.
//!
//! # Unsafe
//! Every argument is an address or a handle that the package's TypeScript got from this module; it keeps the rules that a C
//! program would have to keep.
#![cfg(all(target_family = "wasm", target_os = "unknown"))]

mod bind;
mod functions;
mod hooks;
mod rows;
mod value;
mod vfs;
