//! Tar archives in both directions: ustar, pax and GNU, with nanosecond times, extended attributes and holes.
//!
//! Both sides are streams of bounded memory. An archive is never trusted: every number in it is checked, and what its
//! names may reach is decided where they are resolved, not here.

mod header;
mod importer;
mod item;
mod pax;
mod reader;
mod sparse;
mod writer;

pub(crate) use importer::TarImporter;
pub(crate) use item::TarItem;
pub(crate) use reader::TarReader;
pub(crate) use writer::{OwnerNames, TarWriter};

/// The unit of an archive, bytes.
const BLOCK: usize = 512;

/// What is wrong with an archive, and where.
#[derive(Debug)]
pub(crate) enum TarError {
    /// It could not be read.
    Io(std::io::Error),
    /// It is not an archive, or is damaged: a sentence.
    Damaged(String),
}

impl From<std::io::Error> for TarError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

fn damaged<T>(what: impl Into<String>) -> Result<T, TarError> {
    Err(TarError::Damaged(what.into()))
}
