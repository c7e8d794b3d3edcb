//! Extended attributes.

use std::collections::BTreeMap;

use tarbox_store::{Actor, Error, ErrorKind, Ino, Operation, Result, View, XattrMode};

use crate::memtable::{Slot, Xattr};
use crate::rows::Key;
use crate::shared::Op;
use crate::sql;

/// Longest name, in bytes.
const NAME_MAX: usize = 255;
/// Longest value, in bytes.
const VALUE_MAX: usize = 64 * 1024;
/// Most attributes of one inode.
const COUNT_MAX: u32 = 1024;

impl Op<'_> {
    /// All attributes of an inode in a view.
    fn all_xattrs(&mut self, view: View, ino: Ino) -> Result<BTreeMap<Vec<u8>, Xattr>> {
        let (key, count) = self.inode(view, ino, |key, row| (key, row.xattrs))?;
        if count == 0 {
            return Ok(BTreeMap::new());
        }
        match self.layer(view)? {
            Some(layer) => Ok(self
                .shared
                .engine
                .read(|c| sql::xattr::all_at(c, key, layer))?
                .into_iter()
                .collect()),
            None => self.head_xattrs(key),
        }
    }

    /// All attributes of the head's inode, whatever layer is looked at.
    fn head_xattrs(&self, key: Key) -> Result<BTreeMap<Vec<u8>, Xattr>> {
        let mut all: BTreeMap<_, _> = self
            .shared
            .engine
            .read(|c| sql::xattr::all(c, key))?
            .into_iter()
            .collect();
        let state = &*self.state;
        for table in state.tables() {
            for ((_, name), slot) in table
                .xattrs
                .range((key, Vec::new())..)
                .take_while(|((k, _), _)| *k == key)
            {
                match &slot.row {
                    Some(xattr) => all.insert(name.clone(), xattr.clone()),
                    None => all.remove(name),
                };
            }
        }
        Ok(all)
    }

    pub(crate) fn xattr(&mut self, view: View, ino: Ino, name: &[u8]) -> Result<Vec<u8>> {
        let mut all = self.all_xattrs(view, ino)?;
        all.remove(name)
            .map(|x| x.value)
            .ok_or_else(|| ErrorKind::NoData.into())
    }

    pub(crate) fn xattr_names(&mut self, view: View, ino: Ino) -> Result<Vec<Vec<u8>>> {
        Ok(self.all_xattrs(view, ino)?.into_keys().collect())
    }

    pub(crate) fn set_xattr(
        &mut self,
        by: &Actor,
        ino: Ino,
        name: &[u8],
        value: &[u8],
        mode: XattrMode,
    ) -> Result<()> {
        if name.is_empty() || name.contains(&0) {
            return Err(Error::new(ErrorKind::Invalid)
                .because("the name of an attribute cannot be empty or contain NUL"));
        }
        if name.len() > NAME_MAX {
            return Err(ErrorKind::Range.into());
        }
        if value.len() > VALUE_MAX {
            return Err(ErrorKind::TooBig.into());
        }
        let old = self.all_xattrs(View::Current, ino)?.remove(name);
        match (&old, mode) {
            (Some(_), XattrMode::Create) => return Err(Error::new(ErrorKind::Exists).about(name)),
            (None, XattrMode::Replace) => return Err(Error::new(ErrorKind::NoData).about(name)),
            _ => {}
        }
        let key = self.key(ino)?;
        if old.is_none() && self.inode(View::Current, ino, |_, row| row.xattrs)? >= COUNT_MAX {
            return Err(
                Error::new(ErrorKind::NoSpace).because("an inode can have at most 1024 extended attributes")
            );
        }
        self.admit_room(value.len() as u64)?;
        // What it replaces stays for the past if that has it.
        let head = self.row().head;
        let goes = old.as_ref().filter(|x| x.born == head);
        let goes = goes.map_or(0, |x| name.len() + x.value.len());
        self.admit_bytes((name.len() + value.len()).saturating_sub(goes) as u64)?;
        self.change_xattr(key, name, old, Some(value))?;
        self.log_inode(by, Operation::Xattr, ino, value.len() as u64);
        Ok(())
    }

    pub(crate) fn remove_xattr(&mut self, by: &Actor, ino: Ino, name: &[u8]) -> Result<()> {
        let old = self.all_xattrs(View::Current, ino)?.remove(name);
        if old.is_none() {
            return Err(Error::new(ErrorKind::NoData).about(name));
        }
        let key = self.key(ino)?;
        self.change_xattr(key, name, old, None)?;
        self.log_inode(by, Operation::Xattr, ino, 0);
        Ok(())
    }

    /// Removes every attribute of the head's inode, which is about to go.
    pub(super) fn remove_all_xattrs(&mut self, key: Key) -> Result<()> {
        for (name, old) in self.head_xattrs(key)? {
            self.change_xattr(key, &name, Some(old), None)?;
        }
        Ok(())
    }

    fn change_xattr(
        &mut self,
        key: Key,
        name: &[u8],
        old: Option<Xattr>,
        value: Option<&[u8]>,
    ) -> Result<()> {
        let now = self.shared.now();
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
        let slots = &mut self.state.active.xattrs;
        let slot = slots.entry((key, name.to_vec())).or_insert_with(|| Slot {
            row: None,
            base: old.as_ref().map(|x| x.born),
        });
        slot.row = xattr;
        Ok(())
    }
}
