//! Items become a tree, wherever that is.

use crate::failure::Result;
use crate::transfer::item::{Item, LinkId, Meta};

/// Where a tree can be made. What fails is an error about its path; the next item can follow.
pub(crate) trait Target {
    /// Makes a directory, or finds it, and goes in.
    fn enter(&mut self, name: Vec<u8>, meta: &Meta) -> Result<()>;

    /// Completes the innermost directory.
    fn leave(&mut self, meta: &Meta) -> Result<()>;

    fn begin_file(&mut self, name: Vec<u8>, meta: Meta, id: Option<LinkId>) -> Result<()>;

    /// Adds to the file that began last; there is none if that could not be made.
    fn data(&mut self, offset: u64, bytes: &[u8]) -> Result<()>;

    fn end_file(&mut self, size: u64) -> Result<()>;

    /// Removes a file that is not whole.
    fn abandon(&mut self) -> Result<()>;

    fn symlink(&mut self, name: Vec<u8>, meta: &Meta, target: &[u8], id: Option<LinkId>) -> Result<()>;

    /// Makes a pipe, socket or device.
    fn special(&mut self, name: Vec<u8>, meta: &Meta, id: Option<LinkId>) -> Result<()>;

    /// Gives something that was made another name.
    fn again(&mut self, name: &[u8], id: LinkId) -> Result<()>;
}

/// Makes one tree.
pub(crate) struct TreeWriter<T> {
    target: T,
    /// How deep we are in a directory that could not be made, whose content is left out.
    lost: usize,
}

impl<T: Target> TreeWriter<T> {
    pub(crate) fn new(target: T) -> Self {
        Self { target, lost: 0 }
    }

    /// Carries out one item.
    ///
    /// # Errors
    /// What the target said, about the path. The writer can go on with the next item.
    pub(crate) fn write(&mut self, item: Item) -> Result<()> {
        let target = &mut self.target;
        match item {
            Item::Enter { .. } if self.lost > 0 => self.lost += 1,
            Item::Leave { .. } if self.lost > 0 => self.lost -= 1,
            Item::Trouble(failure) => return Err(failure),
            _ if self.lost > 0 => {}
            // Where it begins is there.
            Item::Enter { name, .. } if name.is_empty() => {}
            Item::Enter { name, meta } => {
                let entered = target.enter(name, &meta);
                self.lost = usize::from(entered.is_err());
                entered?;
            }
            Item::Leave { meta } => target.leave(&meta)?,
            Item::File { name, meta, id, .. } => target.begin_file(name, meta, id)?,
            Item::Data { offset, bytes } => target.data(offset, &bytes)?,
            Item::EndFile { size } => target.end_file(size)?,
            Item::Abandon => target.abandon()?,
            Item::Symlink {
                name,
                meta,
                target: says,
                id,
            } => target.symlink(name, &meta, &says, id)?,
            Item::Special { name, meta, id } => target.special(name, &meta, id)?,
            Item::Again { name, id } => target.again(&name, id)?,
        }
        Ok(())
    }
}
