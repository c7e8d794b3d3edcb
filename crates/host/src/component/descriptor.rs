//! Descriptors, and how their operations fail.

use std::sync::Arc;

use tarbox_store::{Attr, FileKind, Timestamp};
use tarbox_wasi::{Capability, Dir, ErrorKind, File, NewTime, NewTimes};
use wasmtime::component::ResourceTableError;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;

use super::bindings::types::{
    DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, MetadataHashValue, NewTimestamp,
};

/// An open file or directory of a component.
#[expect(unreachable_pub, reason = "generated code exports it")]
pub enum Descriptor {
    File(OpenFile),
    Dir(Arc<Dir>),
}

/// An open file. Streams share it, so that it stays open while one of them lives.
#[derive(Clone)]
#[expect(unreachable_pub, reason = "part of `Descriptor`")]
pub struct OpenFile {
    pub(super) file: Arc<File>,
    pub(super) sync: Sync,
}

/// What a write waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sync {
    Nothing,
    Data,
    Everything,
}

/// A failed operation: the component is told a code, or it ends.
#[derive(Debug)]
pub(crate) enum Failure {
    Code(ErrorCode),
    Trap(wasmtime::Error),
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Descriptor {
    pub(super) fn file(&self) -> Result<&OpenFile> {
        match self {
            Self::File(file) => Ok(file),
            Self::Dir(_) => Err(ErrorCode::BadDescriptor.into()),
        }
    }

    /// As [`file`](Self::file), where what was meant is content: a directory has none.
    pub(super) fn content(&self) -> Result<&OpenFile> {
        match self {
            Self::File(file) => Ok(file),
            Self::Dir(_) => Err(ErrorCode::IsDirectory.into()),
        }
    }

    pub(super) fn dir(&self) -> Result<&Arc<Dir>> {
        match self {
            Self::File(_) => Err(ErrorCode::NotDirectory.into()),
            Self::Dir(dir) => Ok(dir),
        }
    }

    pub(super) fn stat(&self) -> Result<Attr> {
        Ok(match self {
            Self::File(open) => open.file.stat()?,
            Self::Dir(dir) => dir.stat()?,
        })
    }

    pub(super) fn device(&self) -> u64 {
        match self {
            Self::File(open) => open.file.volume().device(),
            Self::Dir(dir) => dir.volume().device(),
        }
    }

    pub(super) fn flags(&self) -> DescriptorFlags {
        let when = |flag, set| if set { flag } else { DescriptorFlags::empty() };
        match self {
            Self::File(open) => {
                when(DescriptorFlags::READ, open.file.readable())
                    | when(DescriptorFlags::WRITE, open.file.writable())
                    | when(DescriptorFlags::DATA_INTEGRITY_SYNC, open.sync == Sync::Data)
                    | when(
                        DescriptorFlags::FILE_INTEGRITY_SYNC,
                        open.sync == Sync::Everything,
                    )
            }
            Self::Dir(dir) => {
                let writable = dir.volume().capability() == Capability::ReadWrite;
                DescriptorFlags::READ | when(DescriptorFlags::MUTATE_DIRECTORY, writable)
            }
        }
    }

    pub(super) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(a), Self::File(b)) => a.file.same(&b.file),
            (Self::Dir(a), Self::Dir(b)) => a.same(b),
            _ => false,
        }
    }
}

impl OpenFile {
    /// Waits for what was written, if it was opened to.
    pub(super) fn written(&self) -> tarbox_wasi::Result<()> {
        match self.sync {
            Sync::Nothing => Ok(()),
            Sync::Data => self.file.sync(true),
            Sync::Everything => self.file.sync(false),
        }
    }
}

impl From<DescriptorFlags> for Sync {
    fn from(flags: DescriptorFlags) -> Self {
        if flags.contains(DescriptorFlags::FILE_INTEGRITY_SYNC) {
            Self::Everything
        } else if flags.contains(DescriptorFlags::DATA_INTEGRITY_SYNC) {
            Self::Data
        } else {
            Self::Nothing
        }
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Self::Code(code)
    }
}

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Self {
        Self::Code(code(kind))
    }
}

impl From<ResourceTableError> for Failure {
    fn from(error: ResourceTableError) -> Self {
        Self::Trap(error.into())
    }
}

/// The code of WASI 0.2 for what POSIX calls by `kind`.
pub(super) fn code(kind: ErrorKind) -> ErrorCode {
    match kind {
        ErrorKind::NotFound | ErrorKind::NoData | ErrorKind::Stale => ErrorCode::NoEntry,
        ErrorKind::Exists => ErrorCode::Exist,
        ErrorKind::NotDirectory => ErrorCode::NotDirectory,
        ErrorKind::IsDirectory => ErrorCode::IsDirectory,
        ErrorKind::NotEmpty => ErrorCode::NotEmpty,
        ErrorKind::Invalid | ErrorKind::Range | ErrorKind::TooBig => ErrorCode::Invalid,
        ErrorKind::NameTooLong => ErrorCode::NameTooLong,
        ErrorKind::Loop => ErrorCode::Loop,
        ErrorKind::NoSpace => ErrorCode::InsufficientSpace,
        ErrorKind::QuotaExceeded => ErrorCode::Quota,
        ErrorKind::ReadOnly => ErrorCode::ReadOnly,
        ErrorKind::Access | ErrorKind::Suspended => ErrorCode::Access,
        ErrorKind::NotPermitted => ErrorCode::NotPermitted,
        ErrorKind::BadHandle => ErrorCode::BadDescriptor,
        ErrorKind::TooManyLinks => ErrorCode::TooManyLinks,
        ErrorKind::FileTooLarge => ErrorCode::FileTooLarge,
        ErrorKind::CrossDevice => ErrorCode::CrossDevice,
        ErrorKind::Unsupported => ErrorCode::Unsupported,
        ErrorKind::Busy => ErrorCode::Busy,
        ErrorKind::WouldBlock => ErrorCode::WouldBlock,
        ErrorKind::Deadlock => ErrorCode::Deadlock,
        ErrorKind::NoSuchAddress => ErrorCode::NoSuchDevice,
        ErrorKind::Overflow => ErrorCode::Overflow,
        ErrorKind::TooManyOpen => ErrorCode::InsufficientMemory,
        // Corruption and failures of the device, and kinds that a later store may add.
        _ => ErrorCode::Io,
    }
}

pub(super) fn kind(kind: FileKind) -> DescriptorType {
    match kind {
        FileKind::File => DescriptorType::RegularFile,
        FileKind::Directory => DescriptorType::Directory,
        FileKind::Symlink => DescriptorType::SymbolicLink,
        FileKind::Fifo => DescriptorType::Fifo,
        FileKind::Socket => DescriptorType::Socket,
        FileKind::CharDevice => DescriptorType::CharacterDevice,
        FileKind::BlockDevice => DescriptorType::BlockDevice,
    }
}

pub(super) fn stat(attr: &Attr) -> DescriptorStat {
    DescriptorStat {
        type_: kind(attr.kind),
        link_count: u64::from(attr.nlink),
        size: attr.size,
        data_access_timestamp: datetime(attr.atime),
        data_modification_timestamp: datetime(attr.mtime),
        status_change_timestamp: datetime(attr.ctime),
    }
}

/// Equal for equal files, and nothing else: programs use it as device and inode number.
pub(super) fn metadata_hash(device: u64, attr: &Attr) -> MetadataHashValue {
    MetadataHashValue {
        lower: attr.ino.0,
        upper: device,
    }
}

/// Times before 1970 cannot be told.
fn datetime(time: Timestamp) -> Option<Datetime> {
    Some(Datetime {
        seconds: u64::try_from(time.seconds()).ok()?,
        nanoseconds: time.nanos(),
    })
}

pub(super) fn new_times(access: NewTimestamp, modification: NewTimestamp) -> NewTimes {
    NewTimes {
        access: new_time(access),
        modification: new_time(modification),
    }
}

fn new_time(time: NewTimestamp) -> NewTime {
    match time {
        NewTimestamp::NoChange => NewTime::Keep,
        NewTimestamp::Now => NewTime::Now,
        NewTimestamp::Timestamp(time) => {
            let nanos = i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanoseconds);
            NewTime::At(Timestamp::from_nanos(nanos))
        }
    }
}
