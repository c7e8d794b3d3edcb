//! Standard input: read by a thread where there are threads, so that timers run meanwhile.

#[cfg(not(target_family = "wasm"))]
mod thread;
#[cfg(not(target_family = "wasm"))]
pub(crate) use thread::Input;

#[cfg(target_family = "wasm")]
mod alone;
#[cfg(target_family = "wasm")]
pub(crate) use alone::Input;

/// The most that is read at once.
const PIECE: usize = 64 << 10;
