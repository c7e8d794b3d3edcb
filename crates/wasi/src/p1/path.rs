//! `path_*` functions that make, open, move and remove names.

use super::context::size;
use super::table::{Descriptor, Object};
use super::{Context, Errno, FdFlags, LookupFlags, Memory, OpenFlags, Result, Rights};
use crate::{Follow, OpenHow, Opened};

impl Context {
    /// Makes a directory.
    ///
    /// # Errors
    /// Those of resolving a path; `EEXIST`, `EROFS`, `EACCES`, `ENOTCAPABLE`.
    pub fn path_create_directory(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result {
        let dir = self.dir(fd, Rights::PATH_CREATE_DIRECTORY)?;
        Ok(dir.create_directory_at(memory.path(path, path_len)?)?)
    }

    /// Gives a file another name.
    ///
    /// # Errors
    /// Those of resolving a path; `EINVAL` to follow a symbolic link; `EEXIST`, `EPERM` for a directory, `EXDEV`,
    /// `EROFS`, `ENOTCAPABLE`.
    #[expect(clippy::too_many_arguments, reason = "the interface has them")]
    pub fn path_link(
        &mut self,
        memory: &mut Memory<'_>,
        old_fd: u32,
        old_lookup: u32,
        old_path: u32,
        old_path_len: u32,
        new_fd: u32,
        new_path: u32,
        new_path_len: u32,
    ) -> Result {
        let from = self.dir(old_fd, Rights::PATH_LINK_SOURCE)?;
        let to = self.dir(new_fd, Rights::PATH_LINK_TARGET)?;
        if LookupFlags::decode(old_lookup)?.contains(LookupFlags::SYMLINK_FOLLOW) {
            return Err(Errno::Inval.into());
        }
        let old_path = memory.path(old_path, old_path_len)?;
        Ok(from.link_at(old_path, to, memory.path(new_path, new_path_len)?)?)
    }

    /// Opens a file or directory, or makes a file. It gets the lowest free number.
    ///
    /// Without `FD_READ` and `FD_WRITE` among the rights a file is opened to be read.
    ///
    /// # Errors
    /// Those of resolving a path; `ENOTCAPABLE` for rights that the directory does not pass on; `EEXIST`, `EISDIR`,
    /// `ENOTDIR`, `ELOOP`, `EINVAL`, `EMFILE`, `EROFS`, `EACCES`.
    #[expect(clippy::too_many_arguments, reason = "the interface has them")]
    pub fn path_open(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        lookup: u32,
        path: u32,
        path_len: u32,
        open: u32,
        base: u64,
        inheriting: u64,
        fd_flags: u32,
        opened: u32,
    ) -> Result {
        let parent = self.table.get(fd)?;
        parent.dir(Rights::PATH_OPEN)?;
        let follow = Follow::from(LookupFlags::decode(lookup)?);
        let open = OpenFlags::decode(open)?;
        let flags = FdFlags::decode(fd_flags)?;
        let base = Rights::from_bits_truncate(base);
        let inheriting = Rights::from_bits_truncate(inheriting);
        if !parent.inheriting.contains(base | inheriting) {
            return Err(Errno::Notcapable.into());
        }
        parent.require(needed(open))?;
        let path = memory.path(path, path_len)?;
        let how = OpenHow {
            read: base.intersects(Rights::FD_READ | Rights::FD_READDIR),
            write: base.intersects(Rights::FD_WRITE),
            create: open.contains(OpenFlags::CREAT),
            exclusive: open.contains(OpenFlags::EXCL),
            truncate: open.contains(OpenFlags::TRUNC),
            directory: open.contains(OpenFlags::DIRECTORY),
        };
        // A file must not be made, or cut, for a descriptor that cannot be given.
        self.table.has_room()?;
        let dir = self.dir(fd, Rights::PATH_OPEN)?;
        let descriptor = match dir.open_at(path, follow, how)? {
            Opened::File(file) => Descriptor {
                object: Object::File { file, position: 0 },
                base: base & Rights::FILE,
                inheriting: inheriting & Rights::FILE,
                flags,
            },
            Opened::Dir(dir) => Descriptor {
                object: Object::Dir { dir, preopen: None },
                base: base & Rights::DIRECTORY,
                inheriting,
                flags: FdFlags::empty(),
            },
        };
        let number = self.table.insert(descriptor)?;
        memory.write_u32(opened, number)
    }

    /// Tells what a symbolic link says, cut to the buffer, without a NUL.
    ///
    /// # Errors
    /// Those of resolving a path; `EINVAL` if it is none; `ENOTCAPABLE`.
    #[expect(clippy::too_many_arguments, reason = "the interface has them")]
    pub fn path_readlink(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
        buffer: u32,
        buffer_len: u32,
        used: u32,
    ) -> Result {
        let dir = self.dir(fd, Rights::PATH_READLINK)?;
        let target = dir.readlink_at(memory.path(path, path_len)?)?;
        let fits = target.len().min(buffer_len as usize);
        let len = size(fits)?;
        memory.bytes_mut(buffer, len)?.copy_from_slice(&target[..fits]);
        memory.write_u32(used, len)
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    /// Those of resolving a path; `ENOTEMPTY`, `ENOTDIR`, `EROFS`, `EACCES`, `ENOTCAPABLE`.
    pub fn path_remove_directory(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result {
        let dir = self.dir(fd, Rights::PATH_REMOVE_DIRECTORY)?;
        Ok(dir.remove_directory_at(memory.path(path, path_len)?)?)
    }

    /// Moves a file or directory, replacing what is there as `rename(2)` does.
    ///
    /// # Errors
    /// Those of resolving a path; `EXDEV`, `EBUSY`, `EINVAL`, `ENOTEMPTY`, `EISDIR`, `ENOTDIR`, `EROFS`, `ENOTCAPABLE`.
    #[expect(clippy::too_many_arguments, reason = "the interface has them")]
    pub fn path_rename(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        old_path: u32,
        old_path_len: u32,
        new_fd: u32,
        new_path: u32,
        new_path_len: u32,
    ) -> Result {
        let from = self.dir(fd, Rights::PATH_RENAME_SOURCE)?;
        let to = self.dir(new_fd, Rights::PATH_RENAME_TARGET)?;
        let old_path = memory.path(old_path, old_path_len)?;
        Ok(from.rename_at(old_path, to, memory.path(new_path, new_path_len)?)?)
    }

    /// Makes a symbolic link at `new_path` that says `old_path`.
    ///
    /// # Errors
    /// Those of resolving a path; `EPERM` if it would say an absolute path; `EEXIST`, `EROFS`, `ENOTCAPABLE`.
    pub fn path_symlink(
        &mut self,
        memory: &mut Memory<'_>,
        old_path: u32,
        old_path_len: u32,
        fd: u32,
        new_path: u32,
        new_path_len: u32,
    ) -> Result {
        let dir = self.dir(fd, Rights::PATH_SYMLINK)?;
        let target = memory.path(old_path, old_path_len)?;
        Ok(dir.symlink_at(target, memory.path(new_path, new_path_len)?)?)
    }

    /// Removes a name that is no directory's.
    ///
    /// # Errors
    /// Those of resolving a path; `EISDIR`, `EROFS`, `EACCES`, `ENOTCAPABLE`.
    pub fn path_unlink_file(&mut self, memory: &mut Memory<'_>, fd: u32, path: u32, path_len: u32) -> Result {
        let dir = self.dir(fd, Rights::PATH_UNLINK_FILE)?;
        Ok(dir.unlink_file_at(memory.path(path, path_len)?)?)
    }
}

/// What a directory must allow for a path below it to be opened so.
fn needed(open: OpenFlags) -> Rights {
    let mut rights = Rights::PATH_OPEN;
    if open.contains(OpenFlags::CREAT) {
        rights |= Rights::PATH_CREATE_FILE;
    }
    if open.contains(OpenFlags::TRUNC) {
        rights |= Rights::PATH_FILESTAT_SET_SIZE;
    }
    rights
}
