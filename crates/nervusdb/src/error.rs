//! The one error of the engine.

use std::fmt;

/// What the engine returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failed call. Nothing that was acknowledged is lost by it.
///
/// One pointer, so that results stay small on their way through the engine.
#[derive(Clone)]
pub struct Error(Box<ErrorKind>);

/// Why a call failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The pool failed: which call, on which file, and why.
    Pool(tarbox_pool::Error),
    /// A file does not hold what was written to it. [`repair`](crate::repair()) keeps what is readable.
    Corrupt {
        /// The file.
        file: String,
        /// Where in it, in bytes.
        offset: u64,
        /// What is wrong there.
        what: &'static str,
    },
    /// A file of a version this engine does not know.
    Version {
        /// The file.
        file: String,
        /// The version it declares.
        found: u32,
        /// The newest version that can be opened.
        supported: u32,
    },
    /// There are files of a graph, but none that says how they belong together.
    NoManifest {
        /// The directory of the graph in its pool.
        directory: String,
    },
    /// There is no graph, and it was not to be created.
    NotFound {
        /// The directory of the graph in its pool.
        directory: String,
    },
    /// The graph was opened for reading only.
    ReadOnly,
    /// A term, a property set or a transaction id is too long, or there are too many terms.
    TooLarge {
        /// What is.
        what: &'static str,
        /// The limit, in bytes (for terms: in terms).
        limit: u64,
    },
    /// A fact names a term id that was never given.
    UnknownTerm {
        /// The id.
        id: u32,
    },
}

impl Error {
    /// Why the call failed.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    /// A short stable name, for programs.
    pub fn code(&self) -> &'static str {
        self.0.code()
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn corrupt(file: &str, offset: u64, what: &'static str) -> Self {
        ErrorKind::Corrupt {
            file: file.to_owned(),
            offset,
            what,
        }
        .into()
    }
}

impl ErrorKind {
    const fn code(&self) -> &'static str {
        match self {
            Self::Pool(_) => "POOL",
            Self::Corrupt { .. } => "CORRUPT",
            Self::Version { .. } => "VERSION",
            Self::NoManifest { .. } => "NO_MANIFEST",
            Self::NotFound { .. } => "NOT_FOUND",
            Self::ReadOnly => "READ_ONLY",
            Self::TooLarge { .. } => "TOO_LARGE",
            Self::UnknownTerm { .. } => "UNKNOWN_TERM",
        }
    }
}

impl From<ErrorKind> for Error {
    #[cold]
    #[inline(never)]
    fn from(kind: ErrorKind) -> Self {
        Self(Box::new(kind))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&*self.0, f)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pool(error) => fmt::Display::fmt(error, f),
            Self::Corrupt { file, offset, what } => {
                write!(
                    f,
                    "{file} is damaged at byte {offset}: {what}; repair the graph to keep the rest"
                )
            }
            Self::Version {
                file,
                found,
                supported,
            } => write!(
                f,
                "{file} has format version {found}, and this engine reads up to {supported}; use a newer one"
            ),
            Self::NoManifest { directory } => write!(
                f,
                "{directory} holds data of a graph but no readable manifest; repair the graph"
            ),
            Self::NotFound { directory } => write!(f, "there is no graph in {directory}"),
            Self::ReadOnly => f.write_str("the graph was opened for reading only"),
            Self::TooLarge { what, limit } => write!(f, "{what} beyond the limit of {limit}"),
            Self::UnknownTerm { id } => write!(f, "no term has the id {id}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.kind() {
            ErrorKind::Pool(error) => Some(error),
            _ => None,
        }
    }
}

impl From<tarbox_pool::Error> for Error {
    #[cold]
    #[inline(never)]
    fn from(error: tarbox_pool::Error) -> Self {
        ErrorKind::Pool(error).into()
    }
}
