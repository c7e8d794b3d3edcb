//! What travels between the host, an archive and the workspace: a tree, told from its root downwards, in pieces of
//! at most 1 MiB.

use tarbox_fs::Attributes;
use tarbox_store::{FileKind, Timestamp};

use crate::failure::Failure;
use crate::transfer::pump::Weigh;

/// The largest piece of content that travels at once.
pub(crate) const PIECE: usize = 1 << 20;

/// Everything about a file but its name and content.
#[derive(Debug, Clone)]
pub(crate) struct Meta {
    pub(crate) kind: FileKind,
    /// 12 permission bits.
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) rdev: u64,
    /// Bytes of content, as far as that is known beforehand.
    pub(crate) size: u64,
    pub(crate) atime: Timestamp,
    pub(crate) mtime: Timestamp,
    pub(crate) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Names the same file wherever it turns up again under another name: device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct LinkId(pub(crate) u64, pub(crate) u64);

/// One step through a tree.
///
/// Directories nest: what stands between `Enter` and its `Leave` is in that directory. Content follows its `File`
/// and ends with `EndFile`.
#[derive(Debug)]
pub(crate) enum Item {
    /// A directory begins.
    Enter { name: Vec<u8>, meta: Meta },
    /// The innermost directory is complete: its times can be set.
    Leave { meta: Meta },
    /// A regular file begins. With an id it has other names, which may follow as `Again`. With a map (offsets and lengths,
    /// ascending) exactly these pieces of it are data; without one that shows as it is told.
    File {
        name: Vec<u8>,
        meta: Meta,
        id: Option<LinkId>,
        map: Option<Vec<(u64, u64)>>,
    },
    /// Content of the file that began last; what lies between two pieces is a hole.
    Data { offset: u64, bytes: Vec<u8> },
    /// The file is complete and this long.
    EndFile { size: u64 },
    /// The file cannot be completed; what there is of it goes.
    Abandon,
    /// A symbolic link.
    Symlink {
        name: Vec<u8>,
        meta: Meta,
        target: Vec<u8>,
        id: Option<LinkId>,
    },
    /// A pipe, socket or device.
    Special {
        name: Vec<u8>,
        meta: Meta,
        id: Option<LinkId>,
    },
    /// Another name of something that came before.
    Again { name: Vec<u8>, id: LinkId },
    /// Something could not be read; the rest goes on.
    Trouble(Failure),
}

impl Meta {
    /// All of it that a file of a workspace can have.
    pub(crate) fn attributes(&self) -> Attributes<'_> {
        Attributes {
            kind: self.kind,
            mode: self.mode,
            uid: Some(self.uid),
            gid: Some(self.gid),
            atime: self.atime,
            mtime: self.mtime,
            xattrs: &self.xattrs,
        }
    }
}

impl Weigh for Item {
    fn weight(&self) -> usize {
        match self {
            Self::Data { bytes, .. } => bytes.len() + 64,
            Self::File { map: Some(map), .. } => 256 + 16 * map.len(),
            _ => 256,
        }
    }
}

impl Item {
    /// The same under another name, if it has one.
    #[must_use]
    pub(crate) fn renamed(mut self, new: &[u8]) -> Self {
        match &mut self {
            Self::File { name, .. } | Self::Symlink { name, .. } | Self::Special { name, .. } => {
                *name = new.to_vec()
            }
            _ => {}
        }
        self
    }
}
