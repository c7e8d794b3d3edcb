//! Open files and directories.

use tarbox_store::{FileKind, Ino};

/// An open file or directory of one file system object; never used twice. A handle that was released is `BadHandle`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(pub u64);

/// How to open. The default opens nothing; begin with one of the constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenFlags {
    /// Read content or list a directory; needs read permission.
    pub read: bool,
    /// Write content; needs write permission, and is `IsDirectory` on a directory.
    pub write: bool,
    /// `O_APPEND`: every write goes to the end, found in the same atomic step.
    pub append: bool,
    /// `O_TRUNC`: cut the file to nothing; needs write permission. Ignored with [`path_only`](Self::path_only).
    pub truncate: bool,
    /// `O_EXCL`, where a file may be made: `Exists` if the name is taken, be it by a dangling symbolic link.
    pub exclusive: bool,
    /// `O_DIRECTORY`: `NotDirectory` for anything else.
    pub directory: bool,
    /// `O_NOFOLLOW`, where a path is opened: a symbolic link in the last place is `Loop` (with
    /// [`path_only`](Self::path_only) it is opened itself).
    pub no_follow: bool,
    /// `O_PATH`: a place, not its content. Needs no permission on the inode itself; only attributes may be asked and
    /// paths begun there.
    pub path_only: bool,
    /// `O_NOATIME`: reading leaves the access time alone; only for the owner and root (`NotPermitted`).
    pub no_atime: bool,
    /// What each write waits for.
    pub durability: Durability,
}

/// What a write waits for before it returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Nothing; `fsync` does.
    #[default]
    None,
    /// `O_DSYNC`: the data and what is needed to read it back are on the device.
    Data,
    /// `O_SYNC`: the data and all attributes are on the device.
    Full,
}

impl OpenFlags {
    /// `O_RDONLY`.
    pub const READ: Self = Self {
        read: true,
        ..Self::NONE
    };
    /// `O_WRONLY`.
    pub const WRITE: Self = Self {
        write: true,
        ..Self::NONE
    };
    /// `O_RDWR`.
    pub const READ_WRITE: Self = Self {
        read: true,
        write: true,
        ..Self::NONE
    };
    /// `O_RDONLY | O_DIRECTORY`.
    pub const DIRECTORY: Self = Self {
        read: true,
        directory: true,
        ..Self::NONE
    };
    /// `O_PATH`.
    pub const PATH_ONLY: Self = Self {
        path_only: true,
        ..Self::NONE
    };

    const NONE: Self = Self {
        read: false,
        write: false,
        append: false,
        truncate: false,
        exclusive: false,
        directory: false,
        no_follow: false,
        path_only: false,
        no_atime: false,
        durability: Durability::None,
    };

    /// The same with `O_TRUNC`.
    #[must_use]
    pub const fn truncated(self) -> Self {
        Self {
            truncate: true,
            ..self
        }
    }

    /// The same with `O_APPEND`.
    #[must_use]
    pub const fn appending(self) -> Self {
        Self { append: true, ..self }
    }

    /// The same with `O_EXCL`.
    #[must_use]
    pub const fn exclusively(self) -> Self {
        Self {
            exclusive: true,
            ..self
        }
    }

    /// The same with `O_NOFOLLOW`.
    #[must_use]
    pub const fn not_following(self) -> Self {
        Self {
            no_follow: true,
            ..self
        }
    }
}

/// What a handle is open on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandleInfo {
    /// The inode.
    pub ino: Ino,
    /// What it is.
    pub kind: FileKind,
    /// How it was opened.
    pub flags: OpenFlags,
}
