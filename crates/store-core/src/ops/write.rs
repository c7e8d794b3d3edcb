//! Writing content, and setting its length.

use std::borrow::Cow;

use tarbox_store::{Actor, Error, ErrorKind, FileKind, Ino, View, WriteAt, Written};

use crate::delta::Edit;
use crate::op::Op;
use crate::rows::{Content, INLINE_MAX};
use crate::step::Step;

/// The longest file.
pub(super) const SIZE_MAX: u64 = i64::MAX as u64;
/// The most that one write may bring, so that memory stays bounded.
const WRITE_MAX: usize = 16 * 1024 * 1024;

impl<'d> Op<'_, 'd> {
    pub(crate) fn write(
        &mut self,
        by: &Actor,
        ino: Ino,
        at: WriteAt,
        data: &'d [u8],
        clear_setid: bool,
    ) -> Step<Written> {
        if data.len() > WRITE_MAX {
            return Err(Error::new(ErrorKind::Invalid)
                .because("one write can have at most 16 MiB")
                .into());
        }
        let (key, size) = self.file(View::Current, ino)?;
        let offset = match at {
            WriteAt::Offset(offset) => offset,
            WriteAt::End => size,
        };
        let end = offset
            .checked_add(data.len() as u64)
            .filter(|end| *end <= SIZE_MAX);
        let end = end.ok_or(ErrorKind::FileTooLarge)?;
        if data.is_empty() {
            return Ok(Written { offset, size });
        }
        let size = size.max(end);
        self.put_bytes(key, offset, data.into(), size)?;
        let now = self.now();
        let row = self.inode_mut(key)?;
        row.size = size;
        (row.mtime, row.ctime) = (now, now);
        if clear_setid {
            row.clear_setid();
        }
        self.log_write(by, key, data.len() as u64)?;
        Ok(Written { offset, size })
    }

    /// The key and size of a regular file.
    pub(super) fn file(&mut self, view: View, ino: Ino) -> Step<(Ino, u64)> {
        let (key, kind, size) = self.inode(view, ino, |key, row| (key, row.kind, row.size))?;
        match kind {
            FileKind::File => Ok((key, size)),
            FileKind::Directory => Err(ErrorKind::IsDirectory.into()),
            _ => Err(Error::new(ErrorKind::Invalid)
                .because("not a regular file")
                .into()),
        }
    }

    /// Puts bytes into the row or into pieces; the file will have this size.
    pub(super) fn put_bytes(&mut self, key: Ino, offset: u64, data: Cow<'d, [u8]>, size: u64) -> Step<()> {
        self.admit_room(data.len() as u64)?;
        let inline = self.inline_len(key)?;
        match inline {
            Some(len) if size <= INLINE_MAX => {
                self.admit_bytes(size.saturating_sub(len))?;
                if let Some(bytes) = self.inline_mut(key)? {
                    bytes.resize(size as usize, 0);
                    bytes[offset as usize..offset as usize + data.len()].copy_from_slice(&data);
                }
                self.row_mut().bytes += size - len;
            }
            _ => {
                self.admit_bytes(data.len() as u64)?;
                if inline.is_some() {
                    self.outgrow(key)?;
                }
                let edit = match data {
                    Cow::Borrowed(data) => Edit::Write(offset, data),
                    Cow::Owned(data) => Edit::Put(offset, data),
                };
                self.edit(key, edit)?;
            }
        }
        Ok(())
    }

    /// How many bytes are inline; `None` for a file in chunks.
    pub(super) fn inline_len(&mut self, key: Ino) -> Step<Option<u64>> {
        let len = self.head_inode(key, |row| {
            (row.content != Content::Chunked).then(|| row.inline_len())
        })?;
        len.ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// Moves inline content into pieces: the file is too long for its row.
    pub(super) fn outgrow(&mut self, key: Ino) -> Step<()> {
        let Some(bytes) = self.inline_mut(key)?.map(std::mem::take) else {
            return Ok(());
        };
        // Chunks that it had before and that no commit has removed yet still count in `stored`; the commit takes them off.
        self.inode_mut(key)?.content = Content::Chunked;
        let tenant = self.row_mut();
        tenant.bytes = tenant.bytes.saturating_sub(bytes.len() as u64);
        self.edit(key, Edit::Put(0, bytes))
    }

    /// Changes a file's content, once the operation has succeeded.
    pub(super) fn edit(&mut self, ino: Ino, edit: Edit<'d>) -> Step<()> {
        // The row has to be part of the same commit: it is what names the chunks.
        self.inode_mut(ino)?;
        self.edits.push((ino, edit));
        Ok(())
    }

    /// Gives a file another length; what is new is a hole.
    pub(super) fn resize(&mut self, key: Ino, size: u64) -> Step<()> {
        match self.inline_len(key)? {
            Some(len) if size <= INLINE_MAX => {
                self.admit_bytes(size.saturating_sub(len))?;
                if let Some(bytes) = self.inline_mut(key)? {
                    bytes.resize(size as usize, 0);
                }
                let tenant = self.row_mut();
                tenant.bytes = (tenant.bytes + size).saturating_sub(len);
            }
            Some(_) => self.outgrow(key)?,
            None if size == 0 => {
                self.inode_mut(key)?.content = Content::Inline(Vec::new());
                self.edit(key, Edit::Discard)?;
            }
            None => self.edit(key, Edit::Punch(size, u64::MAX))?,
        }
        self.inode_mut(key)?.size = size;
        Ok(())
    }
}
