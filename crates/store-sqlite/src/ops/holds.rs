//! Inodes that are open, and those that live only because they are.

use tarbox_store::{Ino, Result, View};

use crate::memtable::DirtyFile;
use crate::rows::{Content, Key};
use crate::shared::Op;

impl Op<'_> {
    pub(crate) fn hold(&mut self, ino: Ino) -> Result<()> {
        let key = self.inode(View::Current, ino, |key, _| key)?;
        *self.state.holds.entry(key).or_default() += 1;
        Ok(())
    }

    /// Ends one hold. Answers whether the inode has neither names nor holders left.
    pub(crate) fn release(&mut self, ino: Ino) -> Result<bool> {
        let key = self.key(ino)?;
        match self.state.holds.get_mut(&key) {
            Some(count) if *count > 1 => {
                *count -= 1;
                return Ok(false);
            }
            _ => self.state.holds.remove(&key),
        };
        Ok(self.head_inode(key, |row| row.nlink == 0)?.unwrap_or(false))
    }

    /// The inode has no name any more: removes it, or notes that it waits for its last holder.
    pub(super) fn orphan(&mut self, key: Key) -> Result<()> {
        if self.state.holds.contains_key(&key) || !self.state.is_alone() {
            self.state.active.orphans.insert(key, true);
            return Ok(());
        }
        self.purge(key)
    }

    /// Removes an inode without names for good (as far as no sealed layer has it).
    pub(crate) fn purge(&mut self, key: Key) -> Result<()> {
        let row = self.inode_mut(key)?;
        let (inline, xattrs) = (row.inline_len(), row.xattrs);
        let content = std::mem::replace(&mut row.content, Content::Inline(Vec::new()));
        if xattrs > 0 {
            self.remove_all_xattrs(key)?;
        }
        if content == Content::Chunked {
            self.discard_content(key);
        }
        self.remove_inode(key)?;
        let tenant = self.row_mut();
        tenant.inodes = tenant.inodes.saturating_sub(1);
        tenant.bytes = tenant.bytes.saturating_sub(inline);
        Ok(())
    }

    /// Removes an inode that waited for its last holder.
    pub(crate) fn reap(&mut self, key: Key) -> Result<()> {
        self.purge(key)?;
        self.state.active.orphans.insert(key, false);
        Ok(())
    }

    /// Drops all content of a file in chunks; the commit lets the blocks go.
    pub(super) fn discard_content(&mut self, key: Key) {
        let mut hole = DirtyFile::default();
        hole.punch(0, u64::MAX);
        let old = self.state.active.files.insert(key, hole);
        self.forget_bytes(old.map_or(0, |file| file.held));
    }
}
