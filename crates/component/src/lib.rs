//! A workspace as a component of WASI 0.2: it *provides* `wasi:filesystem`, and is given by the runtime at most a directory to
//! keep its database in.
//!
//! In a component, import and export names do not clash, so the same interfaces stand on both sides: the program's files are
//! the workspace's, and everything that hands out a stream or a pollable (`wasi:io`, standard streams, the monotonic clock)
//! goes through here, where streams of files and of the host become one type (`io`).
//!
//! What a file operation means is in `tarbox-wasi`, shared with the host of `tarbox run`.
//!
//! # What is left when the program ends
//! WebAssembly has no background thread, and nothing runs after a trap. So changes are committed while the program runs
//! (`pace`), and the rest by `life.finish`, which whoever runs the program calls at its end.
#![cfg(all(target_family = "wasm", target_os = "unknown"))]
#![deny(unsafe_code)]
#![allow(clippy::arc_with_non_send_sync)] // one thread; `Arc` is the type of the seam

mod bindings;
mod clocks;
mod filesystem;
mod io;
mod network;
mod pace;
mod stdio;
mod workspace;

/// What the exports are implemented for.
struct Provider;
