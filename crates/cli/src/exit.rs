//! The numbers `tarbox` ends with: a script can tell apart what it has to treat differently.

use tarbox_store::ErrorKind;

/// What the process ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exit(pub(crate) u8);

impl Exit {
    /// Everything asked for was done.
    pub(crate) const DONE: Self = Self(0);
    /// Something failed that has no number of its own.
    pub(crate) const FAILED: Self = Self(1);
    /// The command line makes no sense.
    pub(crate) const USAGE: Self = Self(2);
    /// A file, layer, tenant, attribute or database is not there.
    pub(crate) const NOT_FOUND: Self = Self(3);
    /// Permissions, a read-only view, a suspended tenant or a missing confirmation forbid it.
    pub(crate) const REFUSED: Self = Self(4);
    /// The quota or the device is full.
    pub(crate) const NO_ROOM: Self = Self(5);
    /// The database is none, is damaged or is of a newer version.
    pub(crate) const CORRUPT: Self = Self(6);
    /// Something that is there is in the way.
    pub(crate) const IN_THE_WAY: Self = Self(7);
    /// The reader of our output went away: what the shell reports of a program that died of `SIGPIPE`.
    pub(crate) const CLOSED_PIPE: Self = Self(141);
}

impl From<ErrorKind> for Exit {
    fn from(kind: ErrorKind) -> Self {
        use ErrorKind::*;
        match kind {
            NotFound | NoData => Self::NOT_FOUND,
            Access | NotPermitted | ReadOnly | Suspended | Busy | WouldBlock => Self::REFUSED,
            NoSpace | QuotaExceeded => Self::NO_ROOM,
            Corrupt => Self::CORRUPT,
            Exists | NotEmpty => Self::IN_THE_WAY,
            _ => Self::FAILED,
        }
    }
}

/// The table in `tarbox --help`.
pub(crate) const HELP: &[(&str, &str)] = &[
    ("0", "success"),
    ("1", "failed for a reason not listed here"),
    ("2", "invalid command line"),
    ("3", "not found: a file, layer, tenant, attribute or the database"),
    (
        "4",
        "refused: permissions, a read-only view, a suspended tenant, a missing confirmation",
    ),
    ("5", "out of space: the quota or the device is full"),
    (
        "6",
        "not a database, damaged, or of a newer version; or fsck found problems that remain",
    ),
    ("7", "already exists, or a directory is not empty"),
    ("run", "exits with the code of the program"),
];
