//! What the store and everything above it speak of: inodes, attributes, entries, times.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// An inode number, unique within a tenant and never used twice; below 2^44.
    Ino
}
number! {
    /// A layer's number: 1 is the first; they only grow and are never used twice.
    LayerId
}
number! {
    /// The position of a record in a tenant's log: 1 is the first.
    Seq
}
number! {
    /// Where an entry stands in its directory. It stays the same for as long as the entry lives,
    /// whatever else is added or removed. 0 comes before every entry; all are below 2^63.
    Cookie
}

impl Ino {
    /// The root directory of every tenant.
    pub const ROOT: Self = Self(1);
    /// All inode numbers are below this.
    pub const LIMIT: u64 = 1 << 44;
}

/// Nanoseconds since 1970-01-01T00:00:00Z; years 1678 to 2262.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The earliest, 1677-09-21T00:12:43.145224192Z.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest, 2262-04-11T23:47:16.854775807Z.
    pub const MAX: Self = Self(i64::MAX);

    /// From nanoseconds since 1970. A time beyond the ends of the range becomes the nearest of them.
    pub fn from_nanos(nanos: i128) -> Self {
        Self(nanos.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    }
    /// The time of the system's clock.
    pub fn of_system() -> Self {
        let now = std::time::SystemTime::now();
        Self::from_nanos(match now.duration_since(std::time::SystemTime::UNIX_EPOCH) {
            Ok(since) => since.as_nanos() as i128,
            Err(before) => -(before.duration().as_nanos() as i128),
        })
    }
    /// From whole seconds and nanoseconds. A time beyond the ends of the range becomes the nearest of them.
    pub fn from_parts(seconds: i64, nanos: u32) -> Self {
        Self::from_nanos(i128::from(seconds) * 1_000_000_000 + i128::from(nanos))
    }
    /// Whole seconds, rounded down.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }
    /// The nanoseconds beyond [`seconds`](Self::seconds), 0 to 999,999,999.
    pub fn nanos(self) -> u32 {
        self.0.rem_euclid(1_000_000_000) as u32
    }
}

/// What an inode is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum FileKind {
    /// A regular file.
    File = 1,
    /// A directory.
    Directory = 2,
    /// A symbolic link.
    Symlink = 3,
    /// A named pipe; only its inode is kept.
    Fifo = 4,
    /// A socket; only its inode is kept.
    Socket = 5,
    /// A character device; only its inode is kept.
    CharDevice = 6,
    /// A block device; only its inode is kept.
    BlockDevice = 7,
}

impl FileKind {
    /// The kind with this number in stored rows.
    pub fn from_number(number: u8) -> Option<Self> {
        use FileKind::*;
        [File, Directory, Symlink, Fifo, Socket, CharDevice, BlockDevice]
            .into_iter()
            .find(|k| *k as u8 == number)
    }
    /// The `S_IFMT` bits of `st_mode`.
    pub const fn mode_bits(self) -> u32 {
        match self {
            Self::File => 0o100_000,
            Self::Directory => 0o040_000,
            Self::Symlink => 0o120_000,
            Self::Fifo => 0o010_000,
            Self::Socket => 0o140_000,
            Self::CharDevice => 0o020_000,
            Self::BlockDevice => 0o060_000,
        }
    }
}

/// The attributes of an inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Attr {
    /// The inode.
    pub ino: Ino,
    /// What it is.
    pub kind: FileKind,
    /// Permission bits with setuid, setgid and sticky: 12 bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Names it has; a directory counts 2 and one for each subdirectory.
    pub nlink: u32,
    /// Bytes of a file or of a link's target; of a directory, its number of entries times 32.
    pub size: u64,
    /// 512-byte units that hold data; holes count nothing.
    pub blocks: u64,
    /// Device number of a device node.
    pub rdev: u64,
    /// How many extended attributes it has.
    pub xattrs: u32,
    /// Last read.
    pub atime: Timestamp,
    /// Last change of the content.
    pub mtime: Timestamp,
    /// Last change of content or attributes.
    pub ctime: Timestamp,
    /// Creation.
    pub btime: Timestamp,
    /// Which state this is: the position of the log record of the last change, of a directory also of its entries. A read that is
    /// noted in `atime` is none.
    ///
    /// Two states of one inode for which attributes were ever answered have different versions, across layers, switches, discarded
    /// history and restarts; and of two states in the line of one history the later has the higher one. A crash takes back what was
    /// not synced, with its versions: who keeps a version beyond the life of the process syncs before.
    ///
    /// What has not changed since before there were versions has one that is lower than that of every later change, and differs
    /// from layer to layer. So has a root directory without changes.
    pub version: Seq,
}

impl Attr {
    /// Whether it is a directory.
    pub fn is_dir(&self) -> bool {
        self.kind == FileKind::Directory
    }
    /// Whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.kind == FileKind::File
    }
    /// Whether it is a symbolic link.
    pub fn is_symlink(&self) -> bool {
        self.kind == FileKind::Symlink
    }
}

/// One entry of a directory, with the attributes of what it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirEntry {
    /// The name: 1 to 255 bytes, no `/`, no NUL, not `.` or `..`.
    pub name: Vec<u8>,
    /// Pass it to `list` to go on behind this entry.
    pub cookie: Cookie,
    /// What it names.
    pub attr: Attr,
}

/// One entry of a directory, without more than the directory knows by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirName {
    /// The name, as in [`DirEntry`].
    pub name: Vec<u8>,
    /// Pass it to `list` or `list_names` to go on behind this entry.
    pub cookie: Cookie,
    /// Which inode it names.
    pub ino: Ino,
    /// What that is.
    pub kind: FileKind,
}

impl From<DirEntry> for DirName {
    fn from(entry: DirEntry) -> Self {
        Self {
            name: entry.name,
            cookie: entry.cookie,
            ino: entry.attr.ino,
            kind: entry.attr.kind,
        }
    }
}

/// Who did something, for the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Effective user id.
    pub uid: u32,
    /// Effective group id.
    pub gid: u32,
    /// The way in and, where known, the program: `cli`, `run:python.wasm`, `fuse`.
    pub agent: Arc<str>,
}

/// Which state of the tenant is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum View {
    /// The layer the tenant is switched to; the only view that can be written.
    Current,
    /// The state at the end of this layer, read-only.
    Layer(LayerId),
}

/// An inode about to be made.
#[derive(Debug, Clone)]
pub struct NewInode<'a> {
    /// What it is.
    pub kind: FileKind,
    /// Permission bits, the umask already applied.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Device number of a device node, else 0.
    pub rdev: u64,
    /// The target of a symbolic link, 1 to 4095 bytes; else empty.
    pub target: &'a [u8],
}

/// A new value for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetTime {
    /// The store's own clock.
    Now,
    /// This moment.
    At(Timestamp),
}

/// Attributes to change; what is `None` stays. `ctime` follows by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SetAttr {
    /// Permission bits, 12 bits.
    pub mode: Option<u32>,
    /// Owner.
    pub uid: Option<u32>,
    /// Group.
    pub gid: Option<u32>,
    /// New length: cuts, or extends by a hole. `mtime` follows.
    pub size: Option<u64>,
    /// Last read.
    pub atime: Option<SetTime>,
    /// Last content change.
    pub mtime: Option<SetTime>,
    /// Clear setuid, and setgid where the group may execute, in the same step.
    pub clear_setid: bool,
}

/// What `unlink` is to remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlink {
    /// Anything but a directory; a directory is `IsDirectory`.
    File,
    /// An empty directory; else `NotDirectory` or `NotEmpty`.
    Directory,
}

/// What `rename` does with a target that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenameMode {
    /// Replace it, as `rename(2)` does.
    Replace,
    /// Fail with `Exists`.
    NoReplace,
    /// Swap the two; both must exist.
    Exchange,
}

/// Where a write goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteAt {
    /// At this byte.
    Offset(u64),
    /// At the end, found in the same atomic step.
    End,
}

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The byte the data went to.
    pub offset: u64,
    /// The length of the file afterwards.
    pub size: u64,
}

/// What `allocate` does with a byte range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allocate {
    /// Make sure the file is at least this long.
    Extend,
    /// Nothing visible: room is promised by the quota, not by blocks.
    KeepSize,
    /// Turn the range into a hole.
    PunchHole,
    /// Zero the range; extend the file to its end.
    ZeroRange,
    /// Zero the range, never extend.
    ZeroKeepSize,
    /// Cut the range out; what is behind moves down.
    Collapse,
    /// Open a hole of the range's length; what is behind moves up.
    Insert,
}

/// What `seek` looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeekTo {
    /// The next byte that is stored.
    Data,
    /// The next byte that is not; the end of the file counts.
    Hole,
}

/// Whether a read counts as an access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// `atime` follows the relative rule: updated if it is not after `mtime` and `ctime`, or a day old.
    Touch,
    /// `atime` stays.
    Quiet,
}

/// What `set_xattr` does about an attribute that does or does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum XattrMode {
    /// Make or replace.
    Any,
    /// Fail with `Exists` if it is there.
    Create,
    /// Fail with `NoData` if it is not.
    Replace,
}
