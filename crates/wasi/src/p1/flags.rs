//! The flags and small enumerations of the interface.

use tarbox_store::FileKind;

use super::{Errno, Failure, Result};

bitflags::bitflags! {
    /// `fdflags`: how a descriptor reads and writes.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct FdFlags: u16 {
        /// Every write goes to the end.
        const APPEND = 1;
        /// A write waits until its data is on the device.
        const DSYNC = 2;
        /// Do not wait for input; files are always ready.
        const NONBLOCK = 4;
        /// A read waits for writes that `DSYNC` or `SYNC` would have waited for.
        const RSYNC = 8;
        /// A write waits until data and attributes are on the device.
        const SYNC = 16;
    }

    /// `oflags`: how a path is opened.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct OpenFlags: u16 {
        /// Make a file if nothing is there.
        const CREAT = 1;
        /// Only a directory will do.
        const DIRECTORY = 2;
        /// With `CREAT`: only a new file will do.
        const EXCL = 4;
        /// Cut the file to nothing.
        const TRUNC = 8;
    }

    /// `lookupflags`: how a path is resolved.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct LookupFlags: u32 {
        /// Follow a symbolic link in the last place.
        const SYMLINK_FOLLOW = 1;
    }

    /// `fstflags`: which times are set, and to what.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct SetTimesFlags: u16 {
        /// The time of the last access to the one given.
        const ATIM = 1;
        /// The time of the last access to now.
        const ATIM_NOW = 2;
        /// The time of the last change to the one given.
        const MTIM = 4;
        /// The time of the last change to now.
        const MTIM_NOW = 8;
    }
}

/// Decodes flags that came as a wasm `i32`: `EINVAL` for a bit that means nothing.
macro_rules! decode {
    ($($name:ident: $bits:ty;)*) => {
        $(impl $name {
            pub(crate) fn decode(raw: u32) -> Result<Self> {
                <$bits>::try_from(raw)
                    .ok()
                    .and_then(Self::from_bits)
                    .ok_or(Failure::Errno(Errno::Inval))
            }
        })*
    };
}

decode! {
    FdFlags: u16;
    OpenFlags: u16;
    LookupFlags: u32;
    SetTimesFlags: u16;
}

/// `filetype`: what a descriptor or a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum FileType {
    /// Something else, or not known: a pipe, for one.
    Unknown = 0,
    /// A block device.
    BlockDevice = 1,
    /// A character device, as a terminal is.
    CharacterDevice = 2,
    /// A directory.
    Directory = 3,
    /// A regular file.
    RegularFile = 4,
    /// A stream socket.
    SocketStream = 6,
    /// A symbolic link.
    SymbolicLink = 7,
}

impl From<FileKind> for FileType {
    fn from(kind: FileKind) -> Self {
        match kind {
            FileKind::File => Self::RegularFile,
            FileKind::Directory => Self::Directory,
            FileKind::Symlink => Self::SymbolicLink,
            FileKind::Fifo => Self::Unknown,
            FileKind::Socket => Self::SocketStream,
            FileKind::CharDevice => Self::CharacterDevice,
            FileKind::BlockDevice => Self::BlockDevice,
        }
    }
}
