//! A guest that is no program: a piece of memory, and calls with addresses in it.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use tarbox_fs::{Credentials, Fs, blocking};
use tarbox_store::{Database, Quota};
use tarbox_store_sqlite::{Options, SqliteDatabase};
use tarbox_wasi::p1::{self, Builder, Clock, Context, Errno, Failure, Memory, Output, Rights, System};
use tarbox_wasi::{Capability, Files, Volume};

/// The first preopen.
pub(crate) const ROOT: u32 = 3;
/// Where results of calls go.
const OUT: u32 = 8;
/// Where paths and buffers go; far more than any test needs follows.
const ARENA: u32 = 4096;
const MEMORY: usize = 4 << 20;

/// Flags of the interface.
pub(crate) const CREAT: u32 = 1;
pub(crate) const DIRECTORY: u32 = 2;
pub(crate) const EXCL: u32 = 4;
pub(crate) const TRUNC: u32 = 8;
pub(crate) const APPEND: u32 = 1;

pub(crate) type Answer<T = ()> = Result<T, Errno>;

pub(crate) struct Guest {
    pub(crate) context: Context,
    pub(crate) memory: Vec<u8>,
    next: u32,
}

/// A system whose time passes only by sleeping.
#[derive(Default)]
pub(crate) struct Clockwork(u64);

impl System for Clockwork {
    fn now(&mut self, _: Clock) -> u64 {
        self.0
    }

    fn resolution(&mut self, _: Clock) -> u64 {
        1
    }

    fn sleep(&mut self, duration: Duration) -> p1::Result {
        if duration == Duration::MAX {
            return Err(Failure::Interrupted);
        }
        self.0 += duration.as_nanos() as u64;
        Ok(())
    }

    fn random(&mut self, buffer: &mut [u8]) -> p1::Result {
        buffer.fill(7);
        Ok(())
    }
}

/// Keeps what was written.
#[derive(Clone, Default)]
pub(crate) struct Kept(pub(crate) Arc<Mutex<Vec<u8>>>);

impl Output for Kept {
    fn write(&mut self, bytes: &[u8]) -> p1::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
}

/// A file system with nothing in it.
pub(crate) fn files() -> Arc<dyn Files> {
    let database = SqliteDatabase::in_memory(&Options::new().background(false)).unwrap();
    blocking(database.create_tenant("default", Quota::default())).unwrap();
    Arc::new(blocking(Fs::open_tenant(&database, "default")).unwrap())
}

pub(crate) fn volume(files: &Arc<dyn Files>, capability: Capability, device: u64) -> Arc<Volume> {
    Volume::new(
        Arc::clone(files),
        Credentials::root("run:test"),
        capability,
        device,
    )
}

pub(crate) fn builder() -> Builder {
    Context::builder(Box::new(Clockwork::default()))
}

impl Guest {
    /// A guest with one directory, the root of an empty file system.
    pub(crate) fn new() -> Self {
        let root = volume(&files(), Capability::ReadWrite, 1).dir(b"/").unwrap();
        Self::of(builder().preopen("/", root))
    }

    pub(crate) fn of(builder: Builder) -> Self {
        Self {
            context: builder.build().unwrap(),
            memory: vec![0; MEMORY],
            next: ARENA,
        }
    }

    /// One call, with whatever it ends in.
    pub(crate) fn raw(
        &mut self,
        call: impl FnOnce(&mut Context, &mut Memory<'_>) -> p1::Result,
    ) -> p1::Result {
        call(&mut self.context, &mut Memory::new(&mut self.memory))
    }

    /// One call that a well-behaved guest makes.
    pub(crate) fn call(&mut self, call: impl FnOnce(&mut Context, &mut Memory<'_>) -> p1::Result) -> Answer {
        self.raw(call).map_err(|failure| match failure {
            Failure::Errno(errno) => errno,
            other => panic!("{other}"),
        })
    }

    /// Puts bytes into memory, and answers where and how many.
    pub(crate) fn put(&mut self, bytes: impl AsRef<[u8]>) -> (u32, u32) {
        let bytes = bytes.as_ref();
        let at = self.next;
        self.memory[at as usize..at as usize + bytes.len()].copy_from_slice(bytes);
        self.next = (at + bytes.len() as u32).next_multiple_of(8);
        (at, bytes.len() as u32)
    }

    pub(crate) fn u32_at(&self, at: u32) -> u32 {
        u32::from_le_bytes(self.memory[at as usize..at as usize + 4].try_into().unwrap())
    }

    pub(crate) fn u64_at(&self, at: u32) -> u64 {
        u64::from_le_bytes(self.memory[at as usize..at as usize + 8].try_into().unwrap())
    }

    /// `path_open` with the rights of an ordinary `open`.
    pub(crate) fn open(&mut self, path: &str, flags: u32, write: bool) -> Answer<u32> {
        let mut base = Rights::FILE | Rights::DIRECTORY;
        if !write {
            base &= !(Rights::FD_WRITE | Rights::FD_ALLOCATE | Rights::FD_FILESTAT_SET_SIZE);
        }
        self.open_with(ROOT, path, 1, flags, base, 0)
    }

    pub(crate) fn open_with(
        &mut self,
        fd: u32,
        path: &str,
        lookup: u32,
        flags: u32,
        base: Rights,
        fd_flags: u32,
    ) -> Answer<u32> {
        let (at, len) = self.put(path);
        let (base, inheriting) = (base.bits(), Rights::all().bits());
        self.call(|c, m| c.path_open(m, fd, lookup, at, len, flags, base, inheriting, fd_flags, OUT))?;
        Ok(self.u32_at(OUT))
    }

    pub(crate) fn close(&mut self, fd: u32) -> Answer {
        self.call(|c, m| c.fd_close(m, fd))
    }

    /// Puts a vector of buffers of these lengths into memory: where it is, and where the first buffer is.
    pub(crate) fn vector(&mut self, lens: &[u32]) -> (u32, u32) {
        let total: u32 = lens.iter().sum();
        let (first, _) = self.put(vec![0; total as usize]);
        let mut raw = Vec::new();
        let mut at = first;
        for len in lens {
            raw.extend_from_slice(&at.to_le_bytes());
            raw.extend_from_slice(&len.to_le_bytes());
            at += len;
        }
        (self.put(raw).0, first)
    }

    pub(crate) fn write(&mut self, fd: u32, bytes: &[u8]) -> Answer<u32> {
        self.write_vector(fd, &[bytes])
    }

    pub(crate) fn write_vector(&mut self, fd: u32, parts: &[&[u8]]) -> Answer<u32> {
        let lens: Vec<_> = parts.iter().map(|part| part.len() as u32).collect();
        let (vector, first) = self.vector(&lens);
        let all = parts.concat();
        self.memory[first as usize..first as usize + all.len()].copy_from_slice(&all);
        self.call(|c, m| c.fd_write(m, fd, vector, lens.len() as u32, OUT))?;
        Ok(self.u32_at(OUT))
    }

    pub(crate) fn read(&mut self, fd: u32, len: u32) -> Answer<Vec<u8>> {
        let (vector, first) = self.vector(&[len]);
        self.call(|c, m| c.fd_read(m, fd, vector, 1, OUT))?;
        let count = self.u32_at(OUT) as usize;
        Ok(self.memory[first as usize..first as usize + count].to_vec())
    }

    pub(crate) fn seek(&mut self, fd: u32, offset: i64, whence: u32) -> Answer<u64> {
        self.call(|c, m| c.fd_seek(m, fd, offset, whence, OUT))?;
        Ok(self.u64_at(OUT))
    }

    /// Makes a file with content.
    pub(crate) fn file(&mut self, path: &str, content: &[u8]) {
        let fd = self.open(path, CREAT | TRUNC, true).unwrap();
        assert_eq!(self.write(fd, content), Ok(content.len() as u32));
        self.close(fd).unwrap();
    }

    /// The content of a file.
    pub(crate) fn content(&mut self, path: &str) -> Answer<Vec<u8>> {
        let fd = self.open(path, 0, false)?;
        let content = self.read(fd, 64 * 1024);
        self.close(fd).unwrap();
        content
    }

    pub(crate) fn mkdir(&mut self, path: &str) -> Answer {
        let (at, len) = self.put(path);
        self.call(|c, m| c.path_create_directory(m, ROOT, at, len))
    }

    pub(crate) fn rmdir(&mut self, path: &str) -> Answer {
        let (at, len) = self.put(path);
        self.call(|c, m| c.path_remove_directory(m, ROOT, at, len))
    }

    pub(crate) fn unlink(&mut self, path: &str) -> Answer {
        let (at, len) = self.put(path);
        self.call(|c, m| c.path_unlink_file(m, ROOT, at, len))
    }

    pub(crate) fn symlink(&mut self, target: &str, path: &str) -> Answer {
        let (old, old_len) = self.put(target);
        let (at, len) = self.put(path);
        self.call(|c, m| c.path_symlink(m, old, old_len, ROOT, at, len))
    }

    pub(crate) fn link(&mut self, old: &str, new: &str) -> Answer {
        let (old, old_len) = self.put(old);
        let (at, len) = self.put(new);
        self.call(|c, m| c.path_link(m, ROOT, 0, old, old_len, ROOT, at, len))
    }

    pub(crate) fn rename(&mut self, old: &str, new: &str) -> Answer {
        self.rename_between(ROOT, old, ROOT, new)
    }

    pub(crate) fn rename_between(&mut self, from: u32, old: &str, to: u32, new: &str) -> Answer {
        let (old, old_len) = self.put(old);
        let (at, len) = self.put(new);
        self.call(|c, m| c.path_rename(m, from, old, old_len, to, at, len))
    }

    pub(crate) fn readlink(&mut self, path: &str, room: u32) -> Answer<Vec<u8>> {
        let (at, len) = self.put(path);
        let (buffer, _) = self.put(vec![0; room as usize]);
        self.call(|c, m| c.path_readlink(m, ROOT, at, len, buffer, room, OUT))?;
        let used = self.u32_at(OUT) as usize;
        Ok(self.memory[buffer as usize..buffer as usize + used].to_vec())
    }

    /// Type and size of what is at a path.
    pub(crate) fn stat(&mut self, path: &str, lookup: u32) -> Answer<(u8, u64)> {
        let (at, len) = self.put(path);
        let (stat, _) = self.put([0; 64]);
        self.call(|c, m| c.path_filestat_get(m, ROOT, lookup, at, len, stat))?;
        Ok((self.memory[stat as usize + 16], self.u64_at(stat + 32)))
    }
}
