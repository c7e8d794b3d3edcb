//! Someone who uses a file system: operations on paths, as short as tests need them.

use tarbox_store::{Attr, ErrorKind, RenameMode, Result, SetAttr, WriteAt};

use crate::ext::FilesystemExt;
use crate::interface::{Credentials, FilesystemInterface, Handle, NewNode, OpenFlags, blocking};
use crate::path::{Follow, PathAt};

pub(super) struct User<'f, F> {
    pub(super) fs: &'f F,
    pub(super) who: Credentials,
}

/// An ordinary user, in group 1000 and in group 50.
pub(super) const UID: u32 = 1000;

impl<'f, F: FilesystemInterface> User<'f, F> {
    pub(super) fn root(fs: &'f F) -> Self {
        Self {
            fs,
            who: Credentials::root("conformance"),
        }
    }

    pub(super) fn ordinary(fs: &'f F) -> Self {
        let who = Credentials::new(UID, UID, "conformance").with_groups([50]);
        Self { fs, who }
    }

    /// Another one, in a group of their own.
    pub(super) fn other(fs: &'f F) -> Self {
        Self {
            fs,
            who: Credentials::new(2000, 2000, "conformance"),
        }
    }

    pub(super) fn stat<'p>(&'p self, path: impl Into<PathAt<'p>>) -> Result<Attr> {
        blocking(self.fs.stat(&self.who, path))
    }

    pub(super) fn lstat<'p>(&'p self, path: impl Into<PathAt<'p>>) -> Result<Attr> {
        blocking(self.fs.lstat(&self.who, path))
    }

    /// Fails unless nothing is there.
    #[track_caller]
    pub(super) fn missing(&self, path: &str) {
        fails(self.lstat(path), ErrorKind::NotFound);
    }

    pub(super) fn write<'p>(&'p self, path: impl Into<PathAt<'p>>, data: &'p [u8]) -> Result<()> {
        blocking(self.fs.write_file(&self.who, path, data))
    }

    /// Makes an empty file.
    pub(super) fn touch(&self, path: &str) -> Result<()> {
        self.write(path, b"")
    }

    pub(super) fn read<'p>(&'p self, path: impl Into<PathAt<'p>>) -> Result<Vec<u8>> {
        blocking(self.fs.read_file(&self.who, path))
    }

    pub(super) fn make(&self, path: &str, node: NewNode<'_>) -> Result<Attr> {
        blocking(self.fs.make_node(&self.who, path, node))
    }

    pub(super) fn mkdir(&self, path: &str) -> Result<Attr> {
        blocking(self.fs.create_dir(&self.who, path))
    }

    pub(super) fn symlink(&self, target: &str, path: &str) -> Result<Attr> {
        blocking(self.fs.symlink_path(&self.who, target.as_bytes(), path))
    }

    pub(super) fn link(&self, existing: &str, new: &str) -> Result<Attr> {
        blocking(self.fs.hard_link(&self.who, existing, new, Follow::No))
    }

    pub(super) fn unlink(&self, path: &str) -> Result<()> {
        blocking(self.fs.remove_file(&self.who, path))
    }

    pub(super) fn rmdir(&self, path: &str) -> Result<()> {
        blocking(self.fs.remove_dir(&self.who, path))
    }

    pub(super) fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.rename_as(from, to, RenameMode::Replace)
    }

    pub(super) fn rename_as(&self, from: &str, to: &str, mode: RenameMode) -> Result<()> {
        blocking(self.fs.rename_path(&self.who, from, to, mode))
    }

    pub(super) fn set(&self, path: &str, set: SetAttr) -> Result<Attr> {
        blocking(self.fs.set_attr(&self.who, path, &set, Follow::Yes))
    }

    pub(super) fn chmod(&self, path: &str, mode: u32) -> Result<Attr> {
        self.set(
            path,
            SetAttr {
                mode: Some(mode),
                ..SetAttr::default()
            },
        )
    }

    pub(super) fn chown(&self, path: &str, uid: u32, gid: u32) -> Result<Attr> {
        self.set(
            path,
            SetAttr {
                uid: Some(uid),
                gid: Some(gid),
                ..SetAttr::default()
            },
        )
    }

    pub(super) fn open(&self, path: &str, flags: OpenFlags) -> Result<Handle> {
        blocking(self.fs.open_path(&self.who, path, flags, None)).map(|(_, handle)| handle)
    }

    /// Opens with `O_CREAT`.
    pub(super) fn create(&self, path: &str, flags: OpenFlags, mode: u32) -> Result<Handle> {
        blocking(self.fs.open_path(&self.who, path, flags, Some(mode))).map(|(_, handle)| handle)
    }

    pub(super) fn close(&self, handle: Handle) {
        blocking(self.fs.release(handle)).expect("the handle is open");
    }

    pub(super) fn pwrite(&self, handle: Handle, offset: u64, data: &[u8]) -> Result<()> {
        blocking(self.fs.write(handle, WriteAt::Offset(offset), data)).map(drop)
    }

    /// Up to `len` bytes at `offset`.
    pub(super) fn pread(&self, handle: Handle, offset: u64, len: usize) -> Result<Vec<u8>> {
        let mut buffer = vec![0xee; len];
        let read = blocking(self.fs.read(handle, offset, &mut buffer))?;
        buffer.truncate(read);
        Ok(buffer)
    }

    /// The names in a directory, sorted.
    pub(super) fn names(&self, path: &str) -> Result<Vec<String>> {
        let entries = blocking(self.fs.read_dir(&self.who, path))?;
        let mut names: Vec<String> = entries
            .into_iter()
            .map(|e| String::from_utf8_lossy(&e.name).into_owned())
            .collect();
        names.sort();
        Ok(names)
    }
}

/// Fails unless the result is this error.
#[track_caller]
pub(super) fn fails<T>(result: Result<T>, expected: ErrorKind) {
    match result {
        Ok(_) => panic!("expected {}, but it succeeded", expected.code()),
        Err(e) => assert_eq!(e.kind(), expected, "{e}"),
    }
}

/// A home for the ordinary user.
pub(super) fn home<F: FilesystemInterface>(fs: &F) -> (User<'_, F>, User<'_, F>) {
    let (root, user) = (User::root(fs), User::ordinary(fs));
    root.mkdir("/home").unwrap();
    root.chown("/home", UID, UID).unwrap();
    (root, user)
}
