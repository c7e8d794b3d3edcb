//! The one error of the seam, named as POSIX names it.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

/// What a pool returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, by its POSIX name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `ENOENT`: no file of that name.
    NotFound,
    /// `EEXIST`: a file of that name is there already.
    Exists,
    /// `EISDIR`: files are below that name.
    IsDirectory,
    /// `ENOTDIR`: a leading part of the name is a file.
    NotDirectory,
    /// `EINVAL`: a name no pool accepts.
    InvalidName,
    /// `EINVAL`: options that contradict each other.
    InvalidArgument,
    /// `EFBIG`: a file would pass 2⁶³ − 1 bytes, or what the device can address.
    FileTooLarge,
    /// `ENOSPC` or `EDQUOT`: the device is full.
    NoSpace,
    /// `EROFS`: the pool or the handle only reads.
    ReadOnly,
    /// `EACCES` or `EPERM`: the host forbids it.
    PermissionDenied,
    /// `EBUSY`: another owner holds the pool or the file.
    Busy,
    /// `ENOTSUP`: this device cannot do that.
    Unsupported,
    /// A [`FaultPool`](crate::FaultPool) has reached the step at which the power fails.
    PowerLost,
    /// `EIO` and everything else.
    Io,
}

impl ErrorKind {
    const fn text(self) -> &'static str {
        match self {
            Self::NotFound => "no such file",
            Self::Exists => "the file already exists",
            Self::IsDirectory => "the name is a directory",
            Self::NotDirectory => "a parent of the name is a file",
            Self::InvalidName => "invalid name",
            Self::InvalidArgument => "invalid argument",
            Self::FileTooLarge => "the file would be too large",
            Self::NoSpace => "no space left on the device",
            Self::ReadOnly => "opened read-only",
            Self::PermissionDenied => "permission denied",
            Self::Busy => "in use by another owner",
            Self::Unsupported => "not supported by this device",
            Self::PowerLost => "the power failed (injected)",
            Self::Io => "input/output error",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// Which call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Opening the pool itself.
    OpenPool,
    /// [`Pool::open`](crate::Pool::open) of an existing file.
    Open,
    /// [`Pool::open`](crate::Pool::open) that creates the file.
    Create,
    /// [`Pool::exists`](crate::Pool::exists).
    Exists,
    /// [`Pool::delete`](crate::Pool::delete).
    Delete,
    /// [`Pool::list`](crate::Pool::list).
    List,
    /// [`Pool::sync_names`](crate::Pool::sync_names).
    SyncNames,
    /// [`PoolFile::read_at`](crate::PoolFile::read_at).
    Read,
    /// [`PoolFile::write_at`](crate::PoolFile::write_at).
    Write,
    /// [`PoolFile::truncate`](crate::PoolFile::truncate).
    Truncate,
    /// [`PoolFile::sync`](crate::PoolFile::sync).
    Sync,
    /// [`PoolFile::len`](crate::PoolFile::len).
    Len,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenPool => "open pool",
            Self::Open => "open",
            Self::Create => "create",
            Self::Exists => "look up",
            Self::Delete => "delete",
            Self::List => "list",
            Self::SyncNames => "sync names",
            Self::Read => "read",
            Self::Write => "write",
            Self::Truncate => "truncate",
            Self::Sync => "sync",
            Self::Len => "get length of",
        })
    }
}

/// A failed call: what was tried, on which file, and why it failed.
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    operation: Operation,
    name: Box<str>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error without a deeper cause.
    pub fn new(kind: ErrorKind, operation: Operation, name: &str) -> Self {
        Self {
            kind,
            operation,
            name: name.into(),
            source: None,
        }
    }

    /// Adds the cause: another error, or a sentence.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// Maps what the host's file system reports.
    pub fn from_io(operation: Operation, name: &str, source: io::Error) -> Self {
        Self::new(kind_of(&source), operation, name).because(source)
    }

    /// What went wrong.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Which call failed.
    pub const fn operation(&self) -> Operation {
        self.operation
    }

    /// The file (or pool, or prefix) it failed on.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {:?}: {}", self.operation, self.name, self.kind)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error.kind {
            ErrorKind::NotFound => io::ErrorKind::NotFound,
            ErrorKind::Exists => io::ErrorKind::AlreadyExists,
            ErrorKind::IsDirectory => io::ErrorKind::IsADirectory,
            ErrorKind::NotDirectory => io::ErrorKind::NotADirectory,
            ErrorKind::InvalidName | ErrorKind::InvalidArgument => io::ErrorKind::InvalidInput,
            ErrorKind::FileTooLarge => io::ErrorKind::FileTooLarge,
            ErrorKind::NoSpace => io::ErrorKind::StorageFull,
            ErrorKind::ReadOnly => io::ErrorKind::ReadOnlyFilesystem,
            ErrorKind::PermissionDenied => io::ErrorKind::PermissionDenied,
            ErrorKind::Busy => io::ErrorKind::ResourceBusy,
            ErrorKind::Unsupported => io::ErrorKind::Unsupported,
            ErrorKind::PowerLost | ErrorKind::Io => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

fn kind_of(error: &io::Error) -> ErrorKind {
    match error.kind() {
        io::ErrorKind::NotFound => ErrorKind::NotFound,
        io::ErrorKind::AlreadyExists => ErrorKind::Exists,
        io::ErrorKind::IsADirectory => ErrorKind::IsDirectory,
        io::ErrorKind::NotADirectory => ErrorKind::NotDirectory,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::NoSpace,
        io::ErrorKind::FileTooLarge => ErrorKind::FileTooLarge,
        io::ErrorKind::ReadOnlyFilesystem => ErrorKind::ReadOnly,
        io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
        io::ErrorKind::ResourceBusy | io::ErrorKind::WouldBlock => ErrorKind::Busy,
        io::ErrorKind::Unsupported => ErrorKind::Unsupported,
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidFilename => ErrorKind::InvalidArgument,
        _ => ErrorKind::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_call_the_file_and_the_reason() {
        let error = Error::new(ErrorKind::NoSpace, Operation::Write, "a/b").because("quota of 5 MB");
        assert_eq!(
            error.to_string(),
            r#"cannot write "a/b": no space left on the device"#
        );
        assert_eq!(error.source().unwrap().to_string(), "quota of 5 MB");
    }

    #[test]
    fn host_errors_keep_their_posix_meaning() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(
            Error::from_io(Operation::Write, "a", full).kind(),
            ErrorKind::NoSpace
        );
        let unknown = io::Error::other("gremlins");
        assert_eq!(
            Error::from_io(Operation::Read, "a", unknown).kind(),
            ErrorKind::Io
        );
    }
}
