//! Clock, waiting and randomness, which browsers do not have where programs do.

#[cfg_attr(all(target_family = "wasm", target_os = "unknown"), path = "page.rs")]
mod system;

pub(crate) use system::{Instant, fill_random, sleep};
