//! Why an operation fails.

use tarbox_store::ErrorKind;

/// What a program is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// What POSIX calls by this kind.
    Kind(ErrorKind),
    /// A name or a target is not text, and so cannot be told at all.
    IllegalByteSequence,
}

/// The result of an operation.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Self {
        Self::Kind(kind)
    }
}
