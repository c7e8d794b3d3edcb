//! Why a transfer ended before its end, and what becomes of what has arrived.

use tarbox_store::{Error, ErrorKind};

/// See the variants.
#[derive(Debug)]
pub(crate) enum Fault {
    /// What arrives breaks a rule: nothing of it is kept.
    Damaged(Error),
    /// Something failed that may go well another time: what has arrived is kept.
    Failed(Error),
    /// Not what has arrived before: it is to arrive anew.
    Changed,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Fault {
    /// Damage at a place.
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(Error::new(ErrorKind::Corrupt).because(what))
    }

    /// The error for whoever asked, who loses nothing.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Damaged(error) | Self::Failed(error) => error,
            Self::Changed => Error::new(ErrorKind::Corrupt).because("it is not what has arrived before"),
        }
    }
}

pub(crate) type Result<T, E = Fault> = std::result::Result<T, E>;
