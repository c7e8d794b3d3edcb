//! From a pool's errors to SQLite's codes and the host's error numbers.

use std::ffi::c_int;

use tarbox_pool::{Error, ErrorKind, Operation};

use crate::ffi;

/// The result code that tells SQLite what to do about an error, and its user what happened.
pub(crate) fn result_code(error: &Error) -> c_int {
    match (error.operation(), error.kind()) {
        (_, ErrorKind::NoSpace) => ffi::SQLITE_FULL,
        (_, ErrorKind::Busy) => ffi::SQLITE_BUSY,
        (Operation::Open | Operation::Create, kind) => match kind {
            ErrorKind::IsDirectory => ffi::SQLITE_CANTOPEN_ISDIR,
            ErrorKind::InvalidName => ffi::SQLITE_CANTOPEN_FULLPATH,
            ErrorKind::Io | ErrorKind::PowerLost => ffi::SQLITE_IOERR,
            _ => ffi::SQLITE_CANTOPEN,
        },
        (Operation::Delete, ErrorKind::NotFound) => ffi::SQLITE_IOERR_DELETE_NOENT,
        (_, ErrorKind::ReadOnly) => ffi::SQLITE_READONLY,
        (Operation::Read, _) => ffi::SQLITE_IOERR_READ,
        (Operation::Write, _) => ffi::SQLITE_IOERR_WRITE,
        (Operation::Truncate, _) => ffi::SQLITE_IOERR_TRUNCATE,
        (Operation::Sync, _) => ffi::SQLITE_IOERR_FSYNC,
        (Operation::SyncNames, _) => ffi::SQLITE_IOERR_DIR_FSYNC,
        (Operation::Len, _) => ffi::SQLITE_IOERR_FSTAT,
        (Operation::Delete, _) => ffi::SQLITE_IOERR_DELETE,
        (Operation::Exists, _) => ffi::SQLITE_IOERR_ACCESS,
        _ => ffi::SQLITE_IOERR,
    }
}

/// The POSIX number of an error, as Linux has them, for `sqlite3_system_errno`.
pub(crate) fn errno(kind: ErrorKind) -> c_int {
    match kind {
        ErrorKind::NotFound => 2,
        ErrorKind::PermissionDenied => 13,
        ErrorKind::Busy => 16,
        ErrorKind::Exists => 17,
        ErrorKind::NotDirectory => 20,
        ErrorKind::IsDirectory => 21,
        ErrorKind::InvalidName | ErrorKind::InvalidArgument => 22,
        ErrorKind::FileTooLarge => 27,
        ErrorKind::NoSpace => 28,
        ErrorKind::ReadOnly => 30,
        ErrorKind::Unsupported => 95,
        _ => 5,
    }
}
