//! Extended attributes.

use tarbox_store::{Actor, Error, ErrorKind, Ino, Operation, View, XattrMode};

use crate::memtable::{Slot, Xattr};
use crate::op::{Op, checked};
use crate::step::Step;
use crate::want::Want;

/// Longest name, in bytes.
const NAME_MAX: usize = 255;
/// Longest value, in bytes.
const VALUE_MAX: usize = 64 * 1024;
/// Most attributes of one inode.
const COUNT_MAX: u32 = 1024;

impl<'d> Op<'_, 'd> {
    /// All attributes of an inode in a view.
    fn all_xattrs(&mut self, view: View, ino: Ino) -> Step<Named> {
        let (key, count) = self.inode(view, ino, |key, row| (key, row.xattrs))?;
        if count == 0 {
            return Ok(Vec::new());
        }
        match self.layer(view)? {
            Some(layer) => {
                let all = self.ask(Want::XattrsAt(key, layer))?.xattrs()?;
                Ok(all.clone())
            }
            None => self.head_xattrs(key),
        }
    }

    /// All attributes of the head's inode, whatever layer is looked at.
    fn head_xattrs(&mut self, key: Ino) -> Step<Named> {
        let mut all = self.ask(Want::Xattrs(key))?.xattrs()?.clone();
        for (name, slot) in self.state.tables().flat_map(|table| table.xattrs.of(key)) {
            match (find(&all, name), &slot.row) {
                (Ok(at), Some(xattr)) => all[at].1 = xattr.clone(),
                (Err(at), Some(xattr)) => all.insert(at, (name.clone(), xattr.clone())),
                (Ok(at), None) => drop(all.remove(at)),
                (Err(_), None) => {}
            }
        }
        Ok(all)
    }

    pub(crate) fn xattr(&mut self, view: View, ino: Ino, name: &[u8]) -> Step<Vec<u8>> {
        let found = taken(self.all_xattrs(view, ino)?, name);
        found.map(|x| x.value).ok_or_else(|| ErrorKind::NoData.into())
    }

    pub(crate) fn xattr_names(&mut self, view: View, ino: Ino) -> Step<Vec<Vec<u8>>> {
        let all = self.all_xattrs(view, ino)?;
        Ok(all.into_iter().map(|(name, _)| name).collect())
    }

    pub(crate) fn set_xattr(
        &mut self,
        by: &Actor,
        ino: Ino,
        name: &[u8],
        value: &[u8],
        mode: XattrMode,
    ) -> Step<()> {
        if name.is_empty() || name.contains(&0) {
            return Err(Error::new(ErrorKind::Invalid)
                .because("the name of an attribute cannot be empty or contain NUL")
                .into());
        }
        if name.len() > NAME_MAX {
            return Err(ErrorKind::Range.into());
        }
        if value.len() > VALUE_MAX {
            return Err(ErrorKind::TooBig.into());
        }
        let old = taken(self.all_xattrs(View::Current, ino)?, name);
        match (&old, mode) {
            (Some(_), XattrMode::Create) => return Err(Error::new(ErrorKind::Exists).about(name).into()),
            (None, XattrMode::Replace) => return Err(Error::new(ErrorKind::NoData).about(name).into()),
            _ => {}
        }
        let key = checked(ino)?;
        if old.is_none() && self.inode(View::Current, ino, |_, row| row.xattrs)? >= COUNT_MAX {
            return Err(Error::new(ErrorKind::NoSpace)
                .because("an inode can have at most 1024 extended attributes")
                .into());
        }
        self.admit_room(value.len() as u64)?;
        // What it replaces stays for the past if that has it.
        let head = self.row().head;
        let goes = old.as_ref().filter(|x| x.born == head);
        let goes = goes.map_or(0, |x| name.len() + x.value.len());
        self.admit_bytes((name.len() + value.len()).saturating_sub(goes) as u64)?;
        self.change_xattr(key, name, old, Some(value))?;
        self.log_inode(by, Operation::Xattr, ino, value.len() as u64)?;
        Ok(())
    }

    pub(crate) fn remove_xattr(&mut self, by: &Actor, ino: Ino, name: &[u8]) -> Step<()> {
        let old = taken(self.all_xattrs(View::Current, ino)?, name);
        if old.is_none() {
            return Err(Error::new(ErrorKind::NoData).about(name).into());
        }
        let key = checked(ino)?;
        self.change_xattr(key, name, old, None)?;
        self.log_inode(by, Operation::Xattr, ino, 0)?;
        Ok(())
    }

    /// Removes every attribute of the head's inode, which is about to go.
    pub(super) fn remove_all_xattrs(&mut self, key: Ino) -> Step<()> {
        for (name, old) in self.head_xattrs(key)? {
            self.change_xattr(key, &name, Some(old), None)?;
        }
        Ok(())
    }

    fn change_xattr(&mut self, key: Ino, name: &[u8], old: Option<Xattr>, value: Option<&[u8]>) -> Step<()> {
        let now = self.now();
        let head = self.row().head;
        let row = self.inode_mut(key)?;
        row.ctime = now;
        row.xattrs = row.xattrs + u32::from(value.is_some()) - u32::from(old.is_some());
        let weigh = |value: &[u8]| (name.len() + value.len()) as u64;
        let tenant = self.row_mut();
        tenant.bytes += value.map_or(0, weigh);
        if let Some(old) = &old
            && old.born == head
        {
            tenant.bytes = tenant.bytes.saturating_sub(weigh(&old.value));
        }
        let xattr = value.map(|value| Xattr {
            value: value.to_vec(),
            born: head,
        });
        let slot = Slot {
            row: xattr,
            base: old.as_ref().map(|x| x.born),
        };
        self.state.delta.xattrs.push((key, name.to_vec(), slot));
        Ok(())
    }
}

/// Attributes by name.
type Named = Vec<(Vec<u8>, Xattr)>;

fn find(all: &Named, name: &[u8]) -> Result<usize, usize> {
    all.binary_search_by(|(of, _)| of.as_slice().cmp(name))
}

/// The attribute of this name.
fn taken(mut all: Named, name: &[u8]) -> Option<Xattr> {
    let at = find(&all, name).ok()?;
    Some(all.swap_remove(at).1)
}
