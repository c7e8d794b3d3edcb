//! A workspace in what a runtime of WASI 0.2 lends to a component: settings from its environment, and a database in one of
//! its directories, or in memory.
//!
//! WASI has no locks, so a component holds a lease on the database for as long as it has it open (`Opened`).
#![cfg(all(target_family = "wasm", target_os = "unknown"))]
#![deny(unsafe_code)]
#![allow(clippy::arc_with_non_send_sync)] // one thread; `Arc` is the type of the seam

mod bindings;
pub mod clocks;
mod complain;
mod image;
mod opened;
mod pool;
mod settings;
mod sqlite;

pub use complain::complain;
pub use opened::{Files, Opened, TenantStore};
pub use pool::HostPool;
pub use settings::{Place, Settings, variable};
