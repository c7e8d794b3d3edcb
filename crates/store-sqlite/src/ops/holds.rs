//! Inodes that are open, and those that live only because they are.

use tarbox_store::{ErrorKind, Ino, Result, View};

use crate::memtable::DirtyFile;
use crate::rows::{Content, Key};
use crate::shared::Op;

impl Op<'_> {
    pub(crate) fn hold(&mut self, ino: Ino) -> Result<()> {
        let key = self.inode(View::Current, ino, |key, _| key)?;
        if let Some(count) = self.state.holds.get_mut(&key) {
            *count += 1;
            return Ok(());
        }
        if let Some(sessions) = &self.state.sessions {
            // Told first and looked at again afterwards: whoever collects inodes without names does it in the other order.
            sessions.hold(key)?;
            if let Err(error) = self.look_again(ino) {
                self.let_go(key);
                return Err(error);
            }
        }
        self.state.holds.insert(key, 1);
        Ok(())
    }

    /// `NotFound` if an inode has no name any more for anybody.
    fn look_again(&mut self, ino: Ino) -> Result<()> {
        self.refresh();
        self.tenant()?;
        match self.inode(View::Current, ino, |_, row| row.nlink)? {
            0 => Err(ErrorKind::NotFound.into()),
            _ => Ok(()),
        }
    }

    /// Ends one hold. Answers whether the inode has neither names nor holders left.
    pub(crate) fn release(&mut self, ino: Ino) -> Result<bool> {
        let key = self.key(ino)?;
        match self.state.holds.get_mut(&key) {
            Some(count) if *count > 1 => {
                *count -= 1;
                return Ok(false);
            }
            Some(_) => {
                self.state.holds.remove(&key);
                self.let_go(key);
            }
            None => {}
        }
        Ok(self.head_inode(key, |row| row.nlink == 0)?.unwrap_or(false))
    }

    fn let_go(&self, key: Key) {
        if let Some(sessions) = &self.state.sessions {
            sessions.release(key);
        }
    }

    /// The inode has no name any more: removes it, or notes that it waits for its last holder. Beside other processes
    /// whether there is one shows only after the commit.
    pub(super) fn orphan(&mut self, key: Key) -> Result<()> {
        if self.state.holds.contains_key(&key) || !self.state.is_alone() {
            self.state.active.orphans.insert(key, true);
            return Ok(());
        }
        self.purge(key)
    }

    /// Removes an inode without names that is open nowhere; if others may still see a name of it, after the commit that
    /// takes it away. Answers whether it is gone.
    pub(crate) fn collect(&mut self, key: Key) -> Result<bool> {
        if self.state.holds.contains_key(&key) || self.head_inode(key, |row| row.nlink == 0)? != Some(true) {
            return Ok(false);
        }
        if !self.state.is_alone() {
            if self.state.tables().any(|table| table.inodes.contains_key(&key)) {
                self.state.active.orphans.insert(key, true);
                return Ok(false);
            }
            if self
                .state
                .sessions
                .as_ref()
                .is_some_and(|s| s.is_open_elsewhere(key))
            {
                return Ok(false);
            }
        }
        self.reap(key)?;
        Ok(true)
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
    fn reap(&mut self, key: Key) -> Result<()> {
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
