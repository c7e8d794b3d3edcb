//! Changing attributes.

use tarbox_store::{Actor, Attr, Error, ErrorKind, Ino, Operation, SetAttr, SetTime, Timestamp, View};

use crate::op::{Op, checked};
use crate::rows::Inode;
use crate::step::{Step, damaged};

/// One day, after which even a file that did not change gets a new access time.
const DAY: i64 = 86_400_000_000_000;

impl<'d> Op<'_, 'd> {
    /// Answers the attributes, and whether they have to be read once more: how many bytes a file takes that was cut shows
    /// only when the operation is done.
    pub(crate) fn set_attr(&mut self, by: &Actor, ino: Ino, set: &SetAttr) -> Step<(Attr, bool)> {
        let (key, is_file, size) = self.inode(View::Current, ino, |key, row| {
            (key, row.kind == tarbox_store::FileKind::File, row.size)
        })?;
        let now = self.now();
        if let Some(new) = set.size {
            if !is_file {
                let dir = self.inode(View::Current, ino, |_, row| row.is_dir())?;
                return Err(if dir {
                    ErrorKind::IsDirectory
                } else {
                    ErrorKind::Invalid
                }
                .into());
            }
            if new > super::write::SIZE_MAX {
                return Err(ErrorKind::FileTooLarge.into());
            }
            if new != size {
                self.resize(key, new)?;
            }
        }
        let row = self.inode_mut(key)?;
        if set.size.is_some() {
            row.mtime = now;
        }
        if let Some(mode) = set.mode {
            row.mode = mode & 0o7777;
        }
        row.uid = set.uid.unwrap_or(row.uid);
        row.gid = set.gid.unwrap_or(row.gid);
        if set.clear_setid {
            row.clear_setid();
        }
        let at = |time: SetTime| match time {
            SetTime::Now => now,
            SetTime::At(time) => time,
        };
        if let Some(time) = set.atime {
            row.atime = at(time);
        }
        if let Some(time) = set.mtime {
            row.mtime = at(time);
        }
        row.ctime = now;
        match set.size {
            Some(size) => self.log_inode(by, Operation::Truncate, ino, size)?,
            None => self.log_inode(by, Operation::SetAttr, ino, 0)?,
        }
        Ok((self.attr(View::Current, ino)?, !self.edits.is_empty()))
    }

    /// Notes an access. It is not recorded in the log.
    pub(crate) fn touch(&mut self, ino: Ino) -> Step<()> {
        self.admit_room(0)?;
        let now = self.now();
        let key = checked(ino)?;
        self.inode_mut(key)?.atime = now;
        // Counters are unchanged, but a commit has to know the tenant's layer.
        self.row_mut();
        Ok(())
    }

    /// Whether a read in this view would change the access time.
    pub(crate) fn access_is_due(&mut self, view: View, ino: Ino) -> Step<bool> {
        if self.layer(view)?.is_some() {
            return Ok(false);
        }
        let now = self.now();
        let key = checked(ino)?;
        Ok(self.head_inode(key, |row| is_due(row, now))?.unwrap_or(false))
    }

    pub(crate) fn read_link(&mut self, view: View, ino: Ino) -> Step<Vec<u8>> {
        let (key, kind) = self.inode(view, ino, |key, row| (key, row.kind))?;
        if kind != tarbox_store::FileKind::Symlink {
            return Err(Error::new(ErrorKind::Invalid)
                .because("not a symbolic link")
                .into());
        }
        let target = self.inline_content(view, key, <[u8]>::to_vec)?;
        target.ok_or_else(|| damaged("a symbolic link has no target").into())
    }
}

fn is_due(row: &Inode, now: Timestamp) -> bool {
    row.atime <= row.mtime || row.atime <= row.ctime || now.0.saturating_sub(row.atime.0) >= DAY
}
