//! Errors are POSIX-named once, here, and translated once per way in.

use std::fmt;

/// The result of every store and file system operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal, $errno:literal, $text:literal;)*) => {
        /// What went wrong, by the name POSIX gives it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind { $($(#[$doc])* $kind,)* }

        impl ErrorKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),*];
            /// The symbolic name, such as `ENOENT`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }
            /// The number Linux gives the error.
            pub const fn errno(self) -> i32 {
                match self { $(Self::$kind => $errno,)* }
            }
            /// A few words for people, without a final stop.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$kind => $text,)* }
            }
        }
    };
}

impl ErrorKind {
    /// The kind with this symbolic name.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }
}

kinds! {
    /// No such entry, inode, layer or tenant.
    NotFound = "ENOENT", 2, "no such file or directory";
    /// The name is taken.
    Exists = "EEXIST", 17, "file exists";
    /// A component that must be a directory is not.
    NotDirectory = "ENOTDIR", 20, "not a directory";
    /// The operation does not work on directories.
    IsDirectory = "EISDIR", 21, "is a directory";
    /// The directory still has entries.
    NotEmpty = "ENOTEMPTY", 39, "directory not empty";
    /// An argument makes no sense here.
    Invalid = "EINVAL", 22, "invalid argument";
    /// A name over 255 bytes or a path over 4096.
    NameTooLong = "ENAMETOOLONG", 36, "file name too long";
    /// Too many symbolic links on the way.
    Loop = "ELOOP", 40, "too many levels of symbolic links";
    /// The device is full.
    NoSpace = "ENOSPC", 28, "no space left on device";
    /// The tenant's quota is used up.
    QuotaExceeded = "EDQUOT", 122, "quota exceeded";
    /// A read-only view, mount or medium.
    ReadOnly = "EROFS", 30, "read-only file system";
    /// Permission bits deny it.
    Access = "EACCES", 13, "permission denied";
    /// Only the owner or root may do it.
    NotPermitted = "EPERM", 1, "operation not permitted";
    /// The handle is closed or was opened for something else.
    BadHandle = "EBADF", 9, "bad file descriptor";
    /// The inode has as many names as it can.
    TooManyLinks = "EMLINK", 31, "too many links";
    /// Beyond the largest file size.
    FileTooLarge = "EFBIG", 27, "file too large";
    /// The two places are in different file systems.
    CrossDevice = "EXDEV", 18, "invalid cross-device link";
    /// No such extended attribute.
    NoData = "ENODATA", 61, "no data available";
    /// The buffer is too small, or a number out of range.
    Range = "ERANGE", 34, "numerical result out of range";
    /// Not supported on this object.
    Unsupported = "EOPNOTSUPP", 95, "operation not supported";
    /// In use.
    Busy = "EBUSY", 16, "device or resource busy";
    /// A lock is held by someone else.
    WouldBlock = "EAGAIN", 11, "resource temporarily unavailable";
    /// Waiting for the lock would wait for ever.
    Deadlock = "EDEADLK", 35, "resource deadlock avoided";
    /// The offset is past the end for `SEEK_DATA` / `SEEK_HOLE`.
    NoSuchAddress = "ENXIO", 6, "no such device or address";
    /// The value does not fit.
    Overflow = "EOVERFLOW", 75, "value too large for defined data type";
    /// What the decision for a change rested on has changed meanwhile: to be decided again. Nobody outside sees it.
    Changed = "ECHANGED", 11, "changed meanwhile";
    /// Too many handles are open.
    TooManyOpen = "EMFILE", 24, "too many open files";
    /// The argument list or value is too big.
    TooBig = "E2BIG", 7, "argument list too long";
    /// The tenant is suspended.
    Suspended = "EKEYREVOKED", 128, "tenant is suspended";
    /// The inode is gone.
    Stale = "ESTALE", 116, "stale file handle";
    /// What is stored contradicts itself or its hash.
    Corrupt = "EUCLEAN", 117, "structure needs cleaning";
    /// The device or the engine below failed.
    Io = "EIO", 5, "input/output error";
}

/// One failed operation: what POSIX calls it, what it was about, and what lay underneath.
///
/// Boxed inside, so that the hot paths' `Result`s stay one word of error.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    /// What it was about: a path, a layer name, a quota.
    subject: Option<String>,
    /// A sentence of detail beyond the kind's text: what to do about it.
    detail: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this kind, with nothing more to say.
    pub fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            subject: None,
            detail: None,
            source: None,
        }))
    }

    /// Adds what it was about; a path is given as it was named, escaped where it is not UTF-8.
    #[must_use]
    pub fn about(mut self, subject: impl AsRef<[u8]>) -> Self {
        self.0
            .subject
            .get_or_insert_with(|| subject.as_ref().escape_text());
        self
    }

    /// Adds a sentence of detail: what was expected, or what to do.
    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds the error underneath.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What it was about, if that is known.
    pub fn subject(&self) -> Option<&str> {
        self.0.subject.as_deref()
    }

    /// The sentence of detail, if there is one.
    pub fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(subject) = &self.0.subject {
            write!(f, "{subject}: ")?;
        }
        f.write_str(self.0.kind.text())?;
        if let Some(detail) = &self.0.detail {
            write!(f, " ({detail})")?;
        }
        if let Some(source) = &self.0.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {self}", self.0.kind.code())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|s| &**s as _)
    }
}

/// Text for people from bytes that need not be UTF-8, safe to print on a terminal.
trait EscapeText {
    fn escape_text(&self) -> String;
}

impl EscapeText for [u8] {
    fn escape_text(&self) -> String {
        match std::str::from_utf8(self) {
            Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
            _ => self.escape_ascii().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_subject_kind_and_what_to_do() {
        let e = Error::new(ErrorKind::ReadOnly)
            .about("/a\x1b[31m")
            .because("switch back first");
        assert_eq!(
            e.to_string(),
            "/a\\x1b[31m: read-only file system (switch back first)"
        );
        assert_eq!(e.kind().code(), "EROFS");
    }
}
