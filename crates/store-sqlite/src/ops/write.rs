//! Writing content, and setting its length.

use tarbox_store::{Actor, Error, ErrorKind, FileKind, Ino, Result, View, WriteAt, Written};

use crate::memtable::DirtyFile;
use crate::rows::{Content, INLINE_MAX, Key};
use crate::shared::Op;

/// The longest file.
pub(super) const SIZE_MAX: u64 = i64::MAX as u64;
/// The most that one write may bring, so that memory stays bounded.
const WRITE_MAX: usize = 16 * 1024 * 1024;

impl Op<'_> {
    pub(crate) fn write(
        &mut self,
        by: &Actor,
        ino: Ino,
        at: WriteAt,
        data: &[u8],
        clear_setid: bool,
    ) -> Result<Written> {
        if data.len() > WRITE_MAX {
            return Err(Error::new(ErrorKind::Invalid).because("one write can have at most 16 MiB"));
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
        self.put_bytes(key, offset, data, size)?;
        let now = self.shared.now();
        let row = self.inode_mut(key)?;
        row.size = size;
        (row.mtime, row.ctime) = (now, now);
        if clear_setid {
            row.clear_setid();
        }
        self.log_write(by, key, data.len() as u64);
        Ok(Written { offset, size })
    }

    /// The key and size of a regular file.
    pub(super) fn file(&mut self, view: View, ino: Ino) -> Result<(Key, u64)> {
        let (key, kind, size) = self.inode(view, ino, |key, row| (key, row.kind, row.size))?;
        match kind {
            FileKind::File => Ok((key, size)),
            FileKind::Directory => Err(ErrorKind::IsDirectory.into()),
            _ => Err(Error::new(ErrorKind::Invalid).because("not a regular file")),
        }
    }

    /// Puts bytes into the row or into pieces; the file will have this size.
    pub(super) fn put_bytes(&mut self, key: Key, offset: u64, data: &[u8], size: u64) -> Result<()> {
        self.admit_room(data.len() as u64)?;
        let inline = self.inline_len(key)?;
        match inline {
            Some(len) if size <= INLINE_MAX => {
                self.admit_bytes(size.saturating_sub(len))?;
                if let Some(bytes) = self.inline_mut(key)? {
                    bytes.resize(size as usize, 0);
                    bytes[offset as usize..offset as usize + data.len()].copy_from_slice(data);
                }
                self.row_mut().bytes += size - len;
            }
            _ => {
                self.admit_bytes(data.len() as u64)?;
                if inline.is_some() {
                    self.outgrow(key)?;
                }
                self.change_file(key, |file| file.write(offset, data))?;
            }
        }
        Ok(())
    }

    /// How many bytes are inline; `None` for a file in chunks.
    pub(super) fn inline_len(&mut self, key: Key) -> Result<Option<u64>> {
        let len = self.head_inode(key, |row| {
            (row.content != Content::Chunked).then(|| row.inline_len())
        })?;
        len.ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// Moves inline content into pieces: the file is too long for its row.
    pub(super) fn outgrow(&mut self, key: Key) -> Result<()> {
        let Some(bytes) = self.inline_mut(key)?.map(std::mem::take) else {
            return Ok(());
        };
        // Chunks that it had before and that no commit has removed yet still count in `stored`; the commit takes them off.
        self.inode_mut(key)?.content = Content::Chunked;
        let tenant = self.row_mut();
        tenant.bytes = tenant.bytes.saturating_sub(bytes.len() as u64);
        self.change_file(key, |file| file.write(0, &bytes))
    }

    /// Changes what the active memtable has of a file's content.
    pub(super) fn change_file(&mut self, key: Key, change: impl FnOnce(&mut DirtyFile) -> i64) -> Result<()> {
        // The row has to be part of the same commit: it is what names the chunks.
        self.inode_mut(key)?;
        let grown = change(self.state.active.files.entry(key).or_default());
        self.state.active.note_change();
        self.hold_bytes(grown);
        Ok(())
    }

    /// Gives a file another length; what is new is a hole.
    pub(super) fn resize(&mut self, key: Key, size: u64) -> Result<()> {
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
                self.discard_content(key);
            }
            None => self.change_file(key, |file| file.punch(size, u64::MAX))?,
        }
        self.inode_mut(key)?.size = size;
        Ok(())
    }
}
