//! Inodes that are open, and those that live only because they are.

use tarbox_store::Ino;

use crate::delta::Edit;
use crate::op::Op;
use crate::rows::Content;
use crate::step::Step;
use crate::want::Want;

impl<'d> Op<'_, 'd> {
    /// The inode has no name any more: removes it, or notes that it waits for its last holder. Beside other processes
    /// whether there is one shows only after the commit.
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

    /// Removes an inode without names that is open nowhere; if others may still see a name of it, after the commit that
    /// takes it away. `held` says whether another process has it open, where that is known. Answers whether it is gone.
    pub(crate) fn collect(&mut self, ino: Ino, held: Option<bool>) -> Step<bool> {
        let is_nameless = self.head_inode(ino, |row| row.nlink == 0)?;
        if self.state.holds.contains_key(&ino) || is_nameless != Some(true) {
            return Ok(false);
        }
        if !self.is_alone()? {
            if self.state.tables().any(|table| table.inodes.contains_key(&ino)) {
                self.state.delta.orphans.push((ino, true));
                return Ok(false);
            }
            let held = match held {
                Some(held) => held,
                None => *self.ask(Want::HeldElsewhere(ino))?.is()?,
            };
            if held {
                return Ok(false);
            }
        }
        self.reap(ino)?;
        Ok(true)
    }

    /// Whether no other process can have anything open. Nobody new can while the lease is held, so it is found out once.
    pub(crate) fn is_alone(&mut self) -> Step<bool> {
        if let Some(alone) = self.state.alone {
            return Ok(alone);
        }
        let alone = *self.ask(Want::Alone)?.is()?;
        self.state.alone = Some(alone);
        Ok(alone)
    }

    /// Removes an inode that waited for its last holder.
    fn reap(&mut self, key: Ino) -> Step<()> {
        self.purge(key)?;
        self.state.delta.orphans.push((key, false));
        Ok(())
    }
}
