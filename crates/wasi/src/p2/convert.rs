//! Functions between the types here and those that were generated from the interface.

/// Defines `code`, `file_kind`, `flags`, `open`, `follow`, `stat`, `metadata_hash` and `new_times`, which convert between the
/// types of [`p2`](crate::p2) and generated ones: `ErrorCode`, `DescriptorType`, `DescriptorFlags`, `OpenFlags`, `PathFlags`,
/// `DescriptorStat`, `MetadataHashValue`, `NewTimestamp` and `Datetime`, which have to be in scope. What would have to wait gets
/// the code that is named: 0.3 has none of its own for it.
#[macro_export]
macro_rules! p2_conversions {
    ($would_block:ident) => {
        /// The code of the interface for a failure.
        pub(crate) fn code(failure: $crate::p2::Failure) -> ErrorCode {
            use $crate::ErrorKind;
            let kind = match failure {
                $crate::p2::Failure::Kind(kind) => kind,
                $crate::p2::Failure::IllegalByteSequence => return ErrorCode::IllegalByteSequence,
            };
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
                ErrorKind::WouldBlock => ErrorCode::$would_block,
                ErrorKind::Deadlock => ErrorCode::Deadlock,
                ErrorKind::NoSuchAddress => ErrorCode::NoSuchDevice,
                ErrorKind::Overflow => ErrorCode::Overflow,
                ErrorKind::TooManyOpen => ErrorCode::InsufficientMemory,
                // Corruption and failures of the device, and kinds that a later store may add.
                _ => ErrorCode::Io,
            }
        }

        pub(crate) fn file_kind(kind: $crate::FileKind) -> DescriptorType {
            use $crate::FileKind;
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

        pub(crate) fn flags(descriptor: &$crate::p2::Descriptor) -> DescriptorFlags {
            use $crate::p2::{Descriptor, Sync};
            let when = |flag, set| if set { flag } else { DescriptorFlags::empty() };
            match descriptor {
                Descriptor::File(open) => {
                    when(DescriptorFlags::READ, open.readable())
                        | when(DescriptorFlags::WRITE, open.writable())
                        | when(
                            DescriptorFlags::DATA_INTEGRITY_SYNC,
                            open.sync() == Sync::Data,
                        )
                        | when(
                            DescriptorFlags::FILE_INTEGRITY_SYNC,
                            open.sync() == Sync::Everything,
                        )
                }
                Descriptor::Dir(dir) => {
                    let writable = dir.volume().capability() == $crate::Capability::ReadWrite;
                    DescriptorFlags::READ | when(DescriptorFlags::MUTATE_DIRECTORY, writable)
                }
            }
        }

        pub(crate) fn open(open: OpenFlags, flags: DescriptorFlags) -> $crate::p2::Open {
            use $crate::p2::Sync;
            $crate::p2::Open {
                how: $crate::OpenHow {
                    read: flags.contains(DescriptorFlags::READ),
                    write: flags.contains(DescriptorFlags::WRITE),
                    create: open.contains(OpenFlags::CREATE),
                    exclusive: open.contains(OpenFlags::EXCLUSIVE),
                    truncate: open.contains(OpenFlags::TRUNCATE),
                    directory: open.contains(OpenFlags::DIRECTORY),
                },
                sync: if flags.contains(DescriptorFlags::FILE_INTEGRITY_SYNC) {
                    Sync::Everything
                } else if flags.contains(DescriptorFlags::DATA_INTEGRITY_SYNC) {
                    Sync::Data
                } else {
                    Sync::Nothing
                },
            }
        }

        pub(crate) fn follow(flags: PathFlags) -> $crate::Follow {
            match flags.contains(PathFlags::SYMLINK_FOLLOW) {
                true => $crate::Follow::Yes,
                false => $crate::Follow::No,
            }
        }

        pub(crate) fn stat(attr: &$crate::Attr) -> DescriptorStat {
            // 0.2 cannot tell times before 1970.
            let datetime = |time: $crate::Timestamp| {
                Some(Datetime {
                    seconds: time.seconds().try_into().ok()?,
                    nanoseconds: time.nanos(),
                })
            };
            DescriptorStat {
                type_: file_kind(attr.kind),
                link_count: u64::from(attr.nlink),
                size: attr.size,
                data_access_timestamp: datetime(attr.atime),
                data_modification_timestamp: datetime(attr.mtime),
                status_change_timestamp: datetime(attr.ctime),
            }
        }

        pub(crate) fn metadata_hash(hash: $crate::p2::MetadataHash) -> MetadataHashValue {
            MetadataHashValue {
                lower: hash.lower,
                upper: hash.upper,
            }
        }

        pub(crate) fn new_times(access: NewTimestamp, modification: NewTimestamp) -> $crate::NewTimes {
            let new = |time| match time {
                NewTimestamp::NoChange => $crate::NewTime::Keep,
                NewTimestamp::Now => $crate::NewTime::Now,
                NewTimestamp::Timestamp(time) => {
                    let nanos = i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanoseconds);
                    $crate::NewTime::At($crate::Timestamp::from_nanos(nanos))
                }
            };
            $crate::NewTimes {
                access: new(access),
                modification: new(modification),
            }
        }
    };
}
