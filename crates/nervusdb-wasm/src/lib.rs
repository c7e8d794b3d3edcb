//! nervusdb for JavaScript: the engine behind a small surface of numbers and packed buffers.
//!
//! One instance of the module serves one opened database of `packages/nervusdb`, which is the only caller; its
//! `src/engine` is the other half of this contract.
//!
//! - **In**: the caller asks `input` for so many bytes, writes them, and calls. Words are little-endian `u32`.
//! - **Out**: calls that give data return a pointer to words whose first is their count, or 0 for an error. Bytes that
//!   belong to them are at `bytes`. Both stay valid until the next call.
//! - **Errors**: the call returns its error value, and `error` says what happened: `CODE message`.
//! - **Handles** of graphs, snapshots and scans are small numbers, never 0. A wrong one is an error, not a crash.
//! - **Storage** is imported: the functions of `host`, as `crates/pool` describes a pool.
//!
//! Offsets, lengths of files and counts of facts are `f64`, exact up to 2⁵³, so that JavaScript needs no big
//! integers for them.
#![cfg(all(target_family = "wasm", target_os = "unknown"))]

mod batch;
mod facts;
mod graph;
mod host;
mod pool;
mod properties;
mod slab;
mod state;
mod terms;
#[cfg(feature = "tools")]
mod tools;
