//! How an operation ends: with an answer, with an error, or because a row is not in memory.

use tarbox_store::{Error, ErrorKind};

/// Why an operation did not end. Nothing has changed.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Rows are missing; the operation has said which. It runs again when they are loaded.
    Missing,
    /// It cannot be done.
    Failed(Error),
}

/// What one step of an operation answers.
pub(crate) type Step<R> = std::result::Result<R, Stop>;

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<ErrorKind> for Stop {
    fn from(kind: ErrorKind) -> Self {
        Self::Failed(kind.into())
    }
}

impl Stop {
    /// Whether it failed for this reason. Missing rows are no failure.
    pub(crate) fn is(&self, kind: ErrorKind) -> bool {
        matches!(self, Self::Failed(error) if error.kind() == kind)
    }

    /// The same with more said about the error.
    pub(crate) fn map(self, f: impl FnOnce(Error) -> Error) -> Self {
        match self {
            Self::Missing => Self::Missing,
            Self::Failed(error) => Self::Failed(f(error)),
        }
    }
}

/// Takes failures for answers, where one is as good; missing rows are still missing.
pub(crate) fn settled<R>(step: Step<R>) -> Step<Result<R, Error>> {
    match step {
        Ok(answer) => Ok(Ok(answer)),
        Err(Stop::Failed(error)) => Ok(Err(error)),
        Err(Stop::Missing) => Err(Stop::Missing),
    }
}

/// A row that breaks a rule of the format.
pub fn damaged(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Corrupt).because(format!("{}; run 'tarbox fsck'", what.into()))
}
