//! Copying bytes between files by sharing their blocks.

use tarbox_store::{Actor, Error, ErrorKind, Ino, Result, View};

use super::write::SIZE_MAX;
use crate::shared::Op;
use crate::sql::damaged;

/// What a copy did.
pub(crate) enum Copied {
    /// So many bytes.
    Bytes(u64),
    /// Nothing yet: the source's content has to be committed first.
    CommitFirst,
}

/// Where a copy comes from and goes to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CopyRange {
    pub(crate) view: View,
    pub(crate) source: (Ino, u64),
    pub(crate) target: (Ino, u64),
    pub(crate) len: u64,
    /// Bytes that this and all further steps of the same copy ask for.
    pub(crate) whole: u64,
}

impl Op<'_> {
    pub(crate) fn copy_range(&mut self, by: &Actor, copy: CopyRange) -> Result<Copied> {
        let layer = self.layer(copy.view)?;
        let (source, source_size) = self.file(copy.view, copy.source.0)?;
        let (target, target_size) = self.file(View::Current, copy.target.0)?;
        let left = source_size.saturating_sub(copy.source.1);
        let (len, whole) = (left.min(copy.len), left.min(copy.whole));
        let end = copy
            .target
            .1
            .checked_add(len)
            .filter(|end| *end <= SIZE_MAX)
            .ok_or(ErrorKind::FileTooLarge)?;
        let apart = copy.source.1.abs_diff(copy.target.1) >= whole;
        if source == target && layer.is_none() && !apart {
            return Err(Error::new(ErrorKind::Invalid).because("the ranges overlap"));
        }
        if len == 0 {
            return Ok(Copied::Bytes(0));
        }
        self.admit_room(0)?;
        let (from, to) = (copy.source.1, copy.target.1);
        let inline = self.inline_content(copy.view, source, |bytes| {
            bytes
                .get(from as usize..(from + len) as usize)
                .map(<[u8]>::to_vec)
        })?;
        let inline = inline
            .map(|part| part.ok_or_else(|| damaged("the data of a small file is shorter than the file")));
        let inline = inline.transpose()?;
        let size = target_size.max(end);
        match inline {
            Some(bytes) => self.put_bytes(target, to, &bytes, size)?,
            None => {
                if layer.is_none() && self.has_pending(source) {
                    return Ok(Copied::CommitFirst);
                }
                let extents = self.extents(source, layer, from, from + len)?;
                if self.inline_len(target)?.is_some() {
                    self.outgrow(target)?;
                }
                self.change_file(target, |file| file.punch(to, end))?;
                self.share(target, &extents, from, to)?;
            }
        }
        let now = self.shared.now();
        let row = self.inode_mut(target)?;
        row.size = size;
        (row.mtime, row.ctime) = (now, now);
        row.clear_setid();
        self.log_write(by, target, len);
        Ok(Copied::Bytes(len))
    }
}
