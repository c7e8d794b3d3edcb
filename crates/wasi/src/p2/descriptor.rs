//! Descriptors, and what each function of the interface does with one.

use std::sync::Arc;

use tarbox_store::{Attr, FileKind, WriteAt};

use super::{Entries, Failure, FileInput, FileOutput, Result};
use crate::{Dir, ErrorKind, File, Follow, NewTimes, OpenHow, Opened};

/// The most bytes of one read: what a program asks for has to be allocated.
const READ_MAX: u64 = 1 << 20;

/// An open file or directory.
#[derive(Debug, Clone)]
pub enum Descriptor {
    /// A regular file.
    File(OpenFile),
    /// A directory.
    Dir(Arc<Dir>),
}

/// An open file. Streams share it, so that it stays open while one of them lives.
#[derive(Debug, Clone)]
pub struct OpenFile {
    file: Arc<File>,
    sync: Sync,
}

/// What a write waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// Nothing.
    Nothing,
    /// The content is on the device.
    Data,
    /// All of it is on the device.
    Everything,
}

/// How to open a file: what `open-at` is asked.
#[derive(Debug, Clone, Copy)]
pub struct Open {
    /// What is to be opened, or made.
    pub how: OpenHow,
    /// What each write will wait for.
    pub sync: Sync,
}

/// Equal for equal files, and nothing else: programs use it as device and inode number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetadataHash {
    /// The inode.
    pub lower: u64,
    /// The device.
    pub upper: u64,
}

/// Each method is the function of `wasi:filesystem/types` of that name, and fails as that does.
#[expect(missing_docs, reason = "the interface documents them")]
impl Descriptor {
    pub fn read_via_stream(&self, offset: u64) -> Result<FileInput> {
        let open = self.content()?;
        if !open.file.readable() {
            return Err(ErrorKind::BadHandle.into());
        }
        Ok(FileInput::new(open.clone(), offset))
    }

    /// `write-via-stream` or, at the end, `append-via-stream`.
    pub fn write_via_stream(&self, at: WriteAt) -> Result<FileOutput> {
        let open = self.file()?;
        if !open.file.writable() {
            return Err(ErrorKind::BadHandle.into());
        }
        Ok(FileOutput::new(open.clone(), at))
    }

    /// Nothing that is advised changes anything.
    pub fn advise(&self) -> Result<()> {
        self.file().map(drop)
    }

    pub fn sync(&self, data_only: bool) -> Result<()> {
        match self {
            Self::File(open) => open.file.sync(data_only)?,
            Self::Dir(dir) => dir.sync()?,
        }
        Ok(())
    }

    pub fn kind(&self) -> FileKind {
        match self {
            Self::File(_) => FileKind::File,
            Self::Dir(_) => FileKind::Directory,
        }
    }

    pub fn set_size(&self, size: u64) -> Result<()> {
        Ok(self.file()?.file.set_size(size)?)
    }

    pub fn set_times(&self, times: NewTimes) -> Result<()> {
        match self {
            Self::File(open) => open.file.set_times(times)?,
            Self::Dir(dir) => dir.set_times(times)?,
        }
        Ok(())
    }

    /// Up to `len` bytes from `offset`, and whether the end was reached: nothing was there any more.
    pub fn read(&self, len: u64, offset: u64) -> Result<(Vec<u8>, bool)> {
        let bytes = self.content()?.read(len, offset)?;
        let end = bytes.is_empty() && len > 0;
        Ok((bytes, end))
    }

    pub fn write(&self, bytes: &[u8], offset: u64) -> Result<u64> {
        self.file()?.write(WriteAt::Offset(offset), bytes)?;
        Ok(bytes.len() as u64)
    }

    pub fn read_directory(&self) -> Result<Entries> {
        Entries::begin(Arc::clone(self.dir()?))
    }

    pub fn create_directory_at(&self, path: &str) -> Result<()> {
        Ok(self.dir()?.create_directory_at(path.as_bytes())?)
    }

    pub fn stat(&self) -> Result<Attr> {
        Ok(match self {
            Self::File(open) => open.file.stat()?,
            Self::Dir(dir) => dir.stat()?,
        })
    }

    pub fn stat_at(&self, follow: Follow, path: &str) -> Result<Attr> {
        Ok(self.dir()?.stat_at(path.as_bytes(), follow)?)
    }

    pub fn set_times_at(&self, follow: Follow, path: &str, times: NewTimes) -> Result<()> {
        Ok(self.dir()?.set_times_at(path.as_bytes(), follow, times)?)
    }

    pub fn link_at(&self, follow: Follow, path: &str, to: &Self, new_path: &str) -> Result<()> {
        let (from, to) = (self.dir()?, to.dir()?);
        if follow == Follow::Yes {
            return Err(ErrorKind::Invalid.into());
        }
        Ok(from.link_at(path.as_bytes(), to, new_path.as_bytes())?)
    }

    pub fn open_at(&self, follow: Follow, path: &str, open: Open) -> Result<Self> {
        Ok(match self.dir()?.open_at(path.as_bytes(), follow, open.how)? {
            Opened::File(file) => Self::File(OpenFile {
                file: Arc::new(file),
                sync: open.sync,
            }),
            Opened::Dir(dir) => Self::Dir(Arc::new(dir)),
        })
    }

    pub fn readlink_at(&self, path: &str) -> Result<String> {
        let target = self.dir()?.readlink_at(path.as_bytes())?;
        String::from_utf8(target).map_err(|_| Failure::IllegalByteSequence)
    }

    pub fn remove_directory_at(&self, path: &str) -> Result<()> {
        Ok(self.dir()?.remove_directory_at(path.as_bytes())?)
    }

    pub fn rename_at(&self, path: &str, to: &Self, new_path: &str) -> Result<()> {
        let (from, to) = (self.dir()?, to.dir()?);
        Ok(from.rename_at(path.as_bytes(), to, new_path.as_bytes())?)
    }

    pub fn symlink_at(&self, target: &str, path: &str) -> Result<()> {
        Ok(self.dir()?.symlink_at(target.as_bytes(), path.as_bytes())?)
    }

    pub fn unlink_file_at(&self, path: &str) -> Result<()> {
        Ok(self.dir()?.unlink_file_at(path.as_bytes())?)
    }

    pub fn is_same_object(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(a), Self::File(b)) => a.file.same(&b.file),
            (Self::Dir(a), Self::Dir(b)) => a.same(b),
            _ => false,
        }
    }

    pub fn metadata_hash(&self) -> Result<MetadataHash> {
        let device = match self {
            Self::File(open) => open.file.volume().device(),
            Self::Dir(dir) => dir.volume().device(),
        };
        Ok(MetadataHash {
            lower: self.stat()?.ino.0,
            upper: device,
        })
    }

    pub fn metadata_hash_at(&self, follow: Follow, path: &str) -> Result<MetadataHash> {
        Ok(MetadataHash {
            lower: self.stat_at(follow, path)?.ino.0,
            upper: self.dir()?.volume().device(),
        })
    }
}

impl Descriptor {
    fn file(&self) -> Result<&OpenFile> {
        match self {
            Self::File(file) => Ok(file),
            Self::Dir(_) => Err(ErrorKind::BadHandle.into()),
        }
    }

    /// As [`file`](Self::file), where what was meant is content: a directory has none.
    fn content(&self) -> Result<&OpenFile> {
        match self {
            Self::File(file) => Ok(file),
            Self::Dir(_) => Err(ErrorKind::IsDirectory.into()),
        }
    }

    fn dir(&self) -> Result<&Arc<Dir>> {
        match self {
            Self::File(_) => Err(ErrorKind::NotDirectory.into()),
            Self::Dir(dir) => Ok(dir),
        }
    }
}

impl OpenFile {
    /// Whether it was opened to be read.
    pub fn readable(&self) -> bool {
        self.file.readable()
    }

    /// Whether it was opened to be written.
    pub fn writable(&self) -> bool {
        self.file.writable()
    }

    /// What a write waits for.
    pub fn sync(&self) -> Sync {
        self.sync
    }

    /// Its attributes.
    pub(super) fn stat(&self) -> Result<Attr, ErrorKind> {
        self.file.stat()
    }

    /// Up to `len` bytes from `offset`, and at most 1 MiB.
    pub(super) fn read(&self, len: u64, offset: u64) -> Result<Vec<u8>, ErrorKind> {
        let mut bytes = vec![0; len.min(READ_MAX) as usize];
        let count = self.file.read(offset, &mut bytes)?;
        bytes.truncate(count);
        Ok(bytes)
    }

    /// Writes all of it, waits for the device if the file was opened so, and answers where it ended.
    pub(super) fn write(&self, at: WriteAt, bytes: &[u8]) -> Result<u64, ErrorKind> {
        let end = self.file.write(at, bytes)?;
        match self.sync {
            Sync::Nothing => {}
            Sync::Data => self.file.sync(true)?,
            Sync::Everything => self.file.sync(false)?,
        }
        Ok(end)
    }
}
