//! What every Tarbox module in a browser shares: the file handles of its origin as a [`SahPool`](tarbox_pool::SahPool),
//! and the clock and the randomness of the page.
//!
//! The JavaScript side opens `FileSystemSyncAccessHandle`s (or stand-ins of the same shape, for browsers without them),
//! numbers them, and hands the numbers over; from then on every call is synchronous. It is the package
//! `packages/device`.
//!
//! On targets other than a browser's the crate is empty.
//!
//! # Unsafe
//! Calls across the boundary carry addresses in this module's memory. They are made from and turned into slices here,
//! and nowhere else.
#![cfg(all(target_family = "wasm", target_os = "unknown"))]
#![deny(unsafe_op_in_unsafe_fn)]
#![allow(clippy::arc_with_non_send_sync)] // a browser's handles belong to one worker; `Arc` is the seam's type there too

pub mod exchange;
mod handle;
mod host;
mod imports;
mod pools;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use handle::OpfsHandle;
pub use host::{log, now_ms};
pub use pools::{pool, with_pool};
