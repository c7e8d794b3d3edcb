//! Errors of WASI as errors of a file system.

use rustix::io::Errno;
use tarbox_store::{Error, ErrorKind};

/// WASI's numbers are its own.
pub(crate) fn error(errno: Errno) -> Error {
    let kind = match errno {
        Errno::NOENT => ErrorKind::NotFound,
        Errno::EXIST => ErrorKind::Exists,
        Errno::NOTDIR => ErrorKind::NotDirectory,
        Errno::ISDIR => ErrorKind::IsDirectory,
        Errno::NOTEMPTY => ErrorKind::NotEmpty,
        Errno::INVAL => ErrorKind::Invalid,
        Errno::NAMETOOLONG => ErrorKind::NameTooLong,
        Errno::LOOP => ErrorKind::Loop,
        Errno::NOSPC => ErrorKind::NoSpace,
        Errno::DQUOT => ErrorKind::QuotaExceeded,
        Errno::ROFS => ErrorKind::ReadOnly,
        Errno::ACCESS => ErrorKind::Access,
        // What no directory that was lent leads to, and what was lent for reading alone.
        Errno::PERM | Errno::NOTCAPABLE => ErrorKind::NotPermitted,
        Errno::BADF => ErrorKind::BadHandle,
        Errno::MLINK => ErrorKind::TooManyLinks,
        Errno::FBIG => ErrorKind::FileTooLarge,
        Errno::XDEV => ErrorKind::CrossDevice,
        Errno::MFILE | Errno::NFILE => ErrorKind::TooManyOpen,
        Errno::NOSYS | Errno::NOTSUP => ErrorKind::Unsupported,
        _ => ErrorKind::Io,
    };
    Error::new(kind)
}
