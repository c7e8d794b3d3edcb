//! What SQLite and the pool say, by POSIX's names.

use rusqlite::{ErrorCode, ffi};
use tarbox_store::{Error, ErrorKind};

/// The one translation of SQLite's errors.
pub(crate) fn engine(error: rusqlite::Error) -> Error {
    let (kind, detail) = match error.sqlite_error_code() {
        _ if is_without_room(&error) => (ErrorKind::NoSpace, NO_ROOM),
        Some(ErrorCode::ReadOnly) => (ErrorKind::ReadOnly, "the database cannot be written"),
        Some(ErrorCode::CannotOpen) => (ErrorKind::NotFound, "the database file cannot be opened"),
        Some(ErrorCode::PermissionDenied) => (ErrorKind::Access, "the database file cannot be opened"),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            (ErrorKind::Busy, "another process holds the database; try again")
        }
        Some(ErrorCode::NotADatabase) => (ErrorKind::Invalid, "the file is not a Tarbox database"),
        Some(ErrorCode::DatabaseCorrupt) => (
            ErrorKind::Corrupt,
            "the database is damaged; run 'tarbox fsck --repair' on a copy",
        ),
        None if is_conversion(&error) => (
            ErrorKind::Corrupt,
            "a row breaks the format; run 'tarbox fsck --repair' on a copy",
        ),
        _ => (ErrorKind::Io, "the database engine failed"),
    };
    Error::new(kind).because(detail).caused_by(error)
}

/// What to do about a full device.
pub(crate) const NO_ROOM: &str =
    "the database's device is full: free some space there, or remove files and run 'tarbox gc'";

/// Whether the device had no room for the log, or for the index of it that processes share.
fn is_without_room(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|e| e.extended_code);
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
        || matches!(code, Some(ffi::SQLITE_IOERR_SHMSIZE | ffi::SQLITE_IOERR_SHMMAP))
}

/// Whether a column holds what it never should.
fn is_conversion(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, QueryReturnedNoRows, Utf8Error,
    };
    matches!(
        error,
        FromSqlConversionFailure(..)
            | IntegralValueOutOfRange(..)
            | InvalidColumnType(..)
            | QueryReturnedNoRows
            | Utf8Error(..)
    )
}

/// The one translation of the pool's errors.
pub(crate) fn device(error: tarbox_pool::Error) -> Error {
    use tarbox_pool::ErrorKind as Pool;
    let kind = match error.kind() {
        Pool::NotFound => ErrorKind::NotFound,
        Pool::NoSpace => ErrorKind::NoSpace,
        Pool::ReadOnly => ErrorKind::ReadOnly,
        _ => ErrorKind::Io,
    };
    let error = Error::new(kind).caused_by(error);
    match kind {
        ErrorKind::NoSpace => error.because(NO_ROOM),
        _ => error,
    }
}

/// A row that breaks a rule of the format.
pub(crate) fn damaged(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Corrupt).because(format!("{}; run 'tarbox fsck'", what.into()))
}
