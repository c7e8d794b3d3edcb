//! Errors of a file system as those of a pool.

use tarbox_pool::{Error, ErrorKind, Operation};
use tarbox_store::ErrorKind as Store;

/// The error of a pool that stands for this one, with it as the cause.
pub(super) fn map(operation: Operation, name: &str, error: tarbox_store::Error) -> Error {
    Error::new(kind_of(error.kind()), operation, name).because(error)
}

fn kind_of(kind: Store) -> ErrorKind {
    match kind {
        Store::NotFound => ErrorKind::NotFound,
        Store::Exists => ErrorKind::Exists,
        Store::IsDirectory => ErrorKind::IsDirectory,
        Store::NotDirectory => ErrorKind::NotDirectory,
        Store::NameTooLong => ErrorKind::InvalidName,
        Store::Invalid => ErrorKind::InvalidArgument,
        Store::FileTooLarge => ErrorKind::FileTooLarge,
        Store::NoSpace | Store::QuotaExceeded => ErrorKind::NoSpace,
        Store::ReadOnly => ErrorKind::ReadOnly,
        Store::Access | Store::NotPermitted | Store::Suspended => ErrorKind::PermissionDenied,
        Store::Busy | Store::WouldBlock => ErrorKind::Busy,
        Store::Unsupported => ErrorKind::Unsupported,
        _ => ErrorKind::Io,
    }
}
