//! Inode rows.

use tarbox_store::{Attr, FileKind, Ino, LayerId, Seq, Timestamp};

/// Files to this length live in the inode row. Two such rows and their attributes share a 4-KiB page.
pub const INLINE_MAX: u64 = 1_900;

/// Where the bytes of an inode are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Here; its length is the inode's size. Also the target of a symbolic link.
    Inline(Vec<u8>),
    /// In the committed row, unchanged; its length is the inode's size.
    Stored,
    /// In chunks.
    Chunked,
}

/// One version of an inode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inode {
    /// Never changes.
    pub kind: FileKind,
    /// Permissions, setuid, setgid and sticky: 12 bits.
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// Names; of a directory, 2 and its subdirectories.
    pub nlink: u32,
    /// Bytes; of a directory, 32 for each entry, so that 0 means empty.
    pub size: u64,
    /// Bytes that chunks hold, as of the last commit.
    pub stored: u64,
    /// Of a device.
    pub rdev: u64,
    /// How many extended attributes it has.
    pub xattrs: u32,
    /// The last access that was noted.
    pub atime: Timestamp,
    /// The last change of content.
    pub mtime: Timestamp,
    /// The last change of anything.
    pub ctime: Timestamp,
    /// When it was made.
    pub btime: Timestamp,
    /// The directory of one of its names, which [`cookie`](Self::cookie) finds there. For a directory this is `..`.
    pub parent: Ino,
    /// Where that name is in the directory.
    pub cookie: u64,
    /// Its bytes.
    pub content: Content,
    /// The layer in which this version began.
    pub born: LayerId,
    /// The position of the log record of the last change.
    pub version: Seq,
}

/// What a directory's size counts for one entry.
const ENTRY_SIZE: u64 = 32;

impl Inode {
    /// The root directory of a new tenant.
    pub fn root(now: Timestamp) -> Self {
        Self {
            kind: FileKind::Directory,
            mode: 0o755,
            uid: 0,
            gid: 0,
            nlink: 2,
            size: 0,
            stored: 0,
            rdev: 0,
            xattrs: 0,
            atime: now,
            mtime: now,
            ctime: now,
            btime: now,
            parent: Ino::ROOT,
            cookie: 0,
            content: Content::Inline(Vec::new()),
            born: LayerId(1),
            version: Self::unversioned(LayerId(1)),
        }
    }

    /// The version of a row that was stored without one, because it is older than versions are. Each layer but the first began
    /// with a log record, so this is a position before that of every change made since, and another one in each layer.
    pub fn unversioned(born: LayerId) -> Seq {
        Seq(born.0.saturating_sub(1))
    }

    /// The attributes, with the bytes of content by which the next commits will change what chunks hold.
    pub fn attr(&self, ino: Ino, uncommitted: i64) -> Attr {
        let held = match &self.content {
            Content::Inline(_) | Content::Stored => self.inline_len(),
            Content::Chunked => self
                .stored
                .saturating_add_signed(uncommitted)
                .min(self.size.next_multiple_of(4096)),
        };
        Attr {
            ino,
            kind: self.kind,
            mode: self.mode,
            uid: self.uid,
            gid: self.gid,
            nlink: self.nlink,
            size: self.size,
            blocks: held.div_ceil(512),
            rdev: self.rdev,
            xattrs: self.xattrs,
            atime: self.atime,
            mtime: self.mtime,
            ctime: self.ctime,
            btime: self.btime,
            version: self.version,
        }
    }

    /// Bytes that are stored with the row.
    pub fn inline_len(&self) -> u64 {
        match &self.content {
            Content::Inline(data) => data.len() as u64,
            // The size of a directory counts entries, and no kind but these has data.
            Content::Stored if matches!(self.kind, FileKind::File | FileKind::Symlink) => self.size,
            Content::Stored | Content::Chunked => 0,
        }
    }

    /// Whether it is a directory.
    pub fn is_dir(&self) -> bool {
        self.kind == FileKind::Directory
    }

    /// Counts `delta` entries more in a directory, whose times follow.
    pub fn count_entries(&mut self, delta: i64, now: Timestamp) {
        self.size = self.size.saturating_add_signed(delta * ENTRY_SIZE as i64);
        self.mtime = now;
        self.ctime = now;
    }

    /// Drops setuid, and setgid where the group may execute: what a write by an ordinary user does.
    pub fn clear_setid(&mut self) {
        self.mode &= !0o4000;
        if self.mode & 0o010 != 0 {
            self.mode &= !0o2000;
        }
    }
}
