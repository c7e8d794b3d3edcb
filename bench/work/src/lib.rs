//! The work that Tarbox and its rivals are measured with.
//!
//! It is a crate of its own because heavy rivals run in another process with dependencies of their own
//! (`bench/rivals`): both sides compile these very loops, so both do the same and time it the same way. What
//! differs is [`Files`], a thin adapter for each.
#![forbid(unsafe_code)]

mod content;
mod files;
mod run;
mod shape;

pub use content::{Content, Random};
pub use files::Files;
pub use run::{Sample, Work, run};
pub use shape::Shape;

/// Any error of any rival; a benchmark reports it and ends.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The result of an adapter's operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;
