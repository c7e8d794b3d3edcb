//! Inodes that are open, and those that live only because they are.

use tarbox_store::{Ino, View};

use crate::delta::Edit;
use crate::op::Op;
use crate::rows::Content;
use crate::step::Step;
use crate::want::Want;

impl<'d> Op<'_, 'd> {
    pub(crate) fn hold(&mut self, ino: Ino) -> Step<()> {
        self.inode(View::Current, ino, |_, _| ())?;
        *self.state.holds.entry(ino).or_default() += 1;
        Ok(())
    }

    /// Ends one hold. Answers whether the inode has neither names nor holders left.
    pub(crate) fn release(&mut self, ino: Ino) -> Step<bool> {
        let is_nameless = self.head_inode(ino, |row| row.nlink == 0)?;
        match self.state.holds.get_mut(&ino) {
            Some(count) if *count > 1 => {
                *count -= 1;
                return Ok(false);
            }
            _ => self.state.holds.remove(&ino),
        };
        Ok(is_nameless.unwrap_or(false))
    }

    /// The inode has no name any more: removes it, or notes that it waits for its last holder.
    pub(super) fn orphan(&mut self, key: Ino) -> Step<()> {
        if self.state.holds.contains_key(&key) || !self.is_alone()? {
            self.state.delta.orphans.push((key, true));
            return Ok(());
        }
        self.purge(key)
    }

    /// Removes an inode without names for good (as far as no sealed layer has it).
    pub(crate) fn purge(&mut self, key: Ino) -> Step<()> {
        let row = self.inode_mut(key)?;
        let (inline, xattrs) = (row.inline_len(), row.xattrs);
        let content = std::mem::replace(&mut row.content, Content::Inline(Vec::new()));
        if xattrs > 0 {
            self.remove_all_xattrs(key)?;
        }
        if content == Content::Chunked {
            self.edit(key, Edit::Discard)?;
        }
        self.remove_inode(key)?;
        let tenant = self.row_mut();
        tenant.inodes = tenant.inodes.saturating_sub(1);
        tenant.bytes = tenant.bytes.saturating_sub(inline);
        Ok(())
    }

    /// Whether no other process can have anything open. Nobody new can while the lease is held, so it is found out once.
    pub(crate) fn is_alone(&mut self) -> Step<bool> {
        if let Some(alone) = self.state.alone {
            return Ok(alone);
        }
        let alone = *self.ask(Want::Alone)?.alone()?;
        self.state.alone = Some(alone);
        Ok(alone)
    }

    /// Removes an inode that waited for its last holder.
    pub(crate) fn reap(&mut self, key: Ino) -> Step<()> {
        self.purge(key)?;
        self.state.delta.orphans.push((key, false));
        Ok(())
    }
}
