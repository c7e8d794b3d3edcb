//! What an archive says.

use std::fmt;

use tarbox_fs::Attributes;
use tarbox_store::{FileKind, Timestamp};

/// One thing in an archive, before its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its path as the archive has it: nothing about it has been checked.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Permission bits, 12 of them.
    pub mode: u32,
    /// The owner; none if the archive names one that no system has.
    pub uid: Option<u32>,
    /// The group, in the same way.
    pub gid: Option<u32>,
    /// The length of a file with its holes, bytes.
    pub size: u64,
    /// The time of the last change of content.
    pub mtime: Timestamp,
    /// The time of the last read; that of the last change if the archive does not say.
    pub atime: Timestamp,
    /// Names and values of extended attributes.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Member {
    /// Another name of a member: all else is said there.
    pub fn hard_link(path: Vec<u8>, target: Vec<u8>) -> Self {
        Self {
            path,
            kind: Kind::HardLink(target),
            mode: 0o644,
            uid: None,
            gid: None,
            size: 0,
            mtime: Timestamp(0),
            atime: Timestamp(0),
            xattrs: Vec::new(),
        }
    }

    /// All of it that a file of a workspace can have.
    pub(crate) fn attributes(&self) -> Attributes<'_> {
        Attributes {
            kind: self.kind.inode().unwrap_or(FileKind::File),
            mode: self.mode,
            uid: self.uid,
            gid: self.gid,
            atime: self.atime,
            mtime: self.mtime,
            xattrs: &self.xattrs,
        }
    }
}

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A regular file; its content follows.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, and what it says.
    Symlink(Vec<u8>),
    /// Another name of a member that came before, by its path.
    HardLink(Vec<u8>),
    /// A named pipe.
    Fifo,
    /// A character device, and its number as Linux packs it.
    CharDevice(u64),
    /// A block device, and its number.
    BlockDevice(u64),
}

impl Kind {
    /// The kind of inode it makes; a hard link makes none.
    pub fn inode(&self) -> Option<FileKind> {
        Some(match self {
            Self::File => FileKind::File,
            Self::Directory => FileKind::Directory,
            Self::Symlink(_) => FileKind::Symlink,
            Self::HardLink(_) => return None,
            Self::Fifo => FileKind::Fifo,
            Self::CharDevice(_) => FileKind::CharDevice,
            Self::BlockDevice(_) => FileKind::BlockDevice,
        })
    }
}

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something was understood in the most likely way: worth saying, and no failure.
    Note,
    /// Something is not as it was meant to be; reading goes on behind it.
    Fault,
    /// Nothing more can be read.
    Fatal,
}

/// What is wrong with an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How much it matters.
    pub severity: Severity,
    /// The path it is about, as the archive has it, if it is about one.
    pub path: Option<Vec<u8>>,
    /// A sentence without a full stop.
    pub what: String,
}

impl Problem {
    pub(crate) fn new(severity: Severity, what: impl Into<String>) -> Self {
        let what = what.into();
        Self {
            severity,
            path: None,
            what,
        }
    }

    pub(crate) fn about(mut self, path: &[u8]) -> Self {
        self.path.get_or_insert_with(|| path.to_vec());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// What comes next in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// All bytes were taken: more are needed.
    More,
    /// A member begins. For a file, `Data` and then `EndFile` follow.
    Member(Box<Member>),
    /// The next `len` bytes of the input belong into the file, from `offset` on. They stay in the input until
    /// [`Reader::took`](crate::Reader::took) says that they were taken.
    Data {
        /// Where they belong, bytes from the file's beginning.
        offset: u64,
        /// How many there are, at least one.
        len: usize,
    },
    /// The file is complete.
    EndFile,
    /// Something is wrong. If it is fatal, nothing follows.
    Problem(Problem),
    /// The archive is complete. What the input has behind it is nobody's.
    End,
}
