//! Reading ahead: one side of a transfer works while the other does.

#[cfg(not(target_family = "wasm"))]
#[path = "pump/threads.rs"]
mod way;
#[cfg(target_family = "wasm")]
#[path = "pump/inline.rs"]
mod way;

pub(crate) use way::pump;

/// What can wait between the two sides.
pub(crate) trait Weigh: Send {
    /// About how much memory it takes, bytes.
    #[cfg_attr(
        target_family = "wasm",
        allow(dead_code, reason = "nothing waits where there are no threads")
    )]
    fn weight(&self) -> usize;
}
