//! New times of files.

use tarbox_store::{SetAttr, SetTime, Timestamp};

/// What becomes of one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NewTime {
    /// It stays.
    #[default]
    Keep,
    /// The clock of the file system.
    Now,
    /// This moment.
    At(Timestamp),
}

/// What becomes of the times of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NewTimes {
    /// The last access.
    pub access: NewTime,
    /// The last change of content.
    pub modification: NewTime,
}

impl NewTime {
    fn set(self) -> Option<SetTime> {
        match self {
            Self::Keep => None,
            Self::Now => Some(SetTime::Now),
            Self::At(time) => Some(SetTime::At(time)),
        }
    }
}

impl From<NewTimes> for SetAttr {
    fn from(times: NewTimes) -> Self {
        Self {
            atime: times.access.set(),
            mtime: times.modification.set(),
            ..Self::default()
        }
    }
}
