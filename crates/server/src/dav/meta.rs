//! Attributes as WebDAV has them.

use std::time::{Duration, SystemTime};

use dav_server::fs::{DavDirEntry, DavMetaData, FsError, FsFuture, FsResult};
use tarbox_store::{Attr, ErrorKind, Timestamp};

use crate::conditions;

/// The attributes of a file.
#[derive(Clone, Debug)]
pub(super) struct Meta(pub(super) Attr);

impl DavMetaData for Meta {
    fn len(&self) -> u64 {
        if self.0.is_file() { self.0.size } else { 0 }
    }

    fn modified(&self) -> FsResult<SystemTime> {
        time(self.0.mtime)
    }

    fn accessed(&self) -> FsResult<SystemTime> {
        time(self.0.atime)
    }

    fn created(&self) -> FsResult<SystemTime> {
        time(self.0.btime)
    }

    fn status_changed(&self) -> FsResult<SystemTime> {
        time(self.0.ctime)
    }

    fn is_dir(&self) -> bool {
        self.0.is_dir()
    }

    fn is_symlink(&self) -> bool {
        self.0.is_symlink()
    }

    fn executable(&self) -> FsResult<bool> {
        Ok(self.0.is_file() && self.0.mode & 0o111 != 0)
    }

    /// The one that the other ways in give, too.
    fn etag(&self) -> Option<String> {
        Some(conditions::tag(&self.0).trim_matches('"').to_owned())
    }
}

fn time(time: Timestamp) -> FsResult<SystemTime> {
    let distance = Duration::from_nanos(time.0.unsigned_abs());
    let found = match time.0 {
        0.. => SystemTime::UNIX_EPOCH.checked_add(distance),
        _ => SystemTime::UNIX_EPOCH.checked_sub(distance),
    };
    found.ok_or(FsError::GeneralFailure)
}

/// An entry of a directory.
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) attr: Attr,
}

impl DavDirEntry for Entry {
    fn name(&self) -> Vec<u8> {
        self.name.clone()
    }

    fn metadata(&'_ self) -> FsFuture<'_, Box<dyn DavMetaData>> {
        let meta: Box<dyn DavMetaData> = Box::new(Meta(self.attr));
        Box::pin(std::future::ready(Ok(meta)))
    }
}

/// The one translation of errors.
pub(super) fn error(error: &tarbox_store::Error) -> FsError {
    use ErrorKind::*;
    match error.kind() {
        NotFound => FsError::NotFound,
        Exists | NotEmpty => FsError::Exists,
        NoSpace | QuotaExceeded => FsError::InsufficientStorage,
        FileTooLarge | TooBig => FsError::TooLarge,
        NameTooLong => FsError::PathTooLong,
        Loop => FsError::LoopDetected,
        Access | NotPermitted | ReadOnly | Suspended | NotDirectory | IsDirectory | Invalid | Busy => {
            FsError::Forbidden
        }
        Unsupported => FsError::NotImplemented,
        _ => {
            tracing::error!(%error, "a WebDAV operation failed");
            FsError::GeneralFailure
        }
    }
}
