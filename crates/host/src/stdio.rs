//! Standard streams.

mod capture;
mod input;
mod output;

pub use capture::Capture;
pub(crate) use input::HostInput;
pub(crate) use output::HostOutput;

use std::sync::Arc;

/// What a program reads as its standard input.
#[derive(Debug, Clone, Default)]
pub enum Source {
    /// Nothing: it is at its end at once.
    #[default]
    Empty,
    /// This process's standard input.
    Inherit,
    /// These bytes.
    Bytes(Arc<[u8]>),
}

/// Where a program's standard output or standard error goes.
#[derive(Debug, Clone, Default)]
pub enum Sink {
    /// To this process's stream of the same name.
    #[default]
    Inherit,
    /// Nowhere.
    Discard,
    /// Into memory.
    Capture(Capture),
}

impl From<&[u8]> for Source {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.into())
    }
}
