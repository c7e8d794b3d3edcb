//! Rows as an operation sees them: the active memtable, then the frozen one, then the cache, then the database.

use std::sync::Arc;

use tarbox_store::{Error, ErrorKind, Ino, LayerId, Result, View};

use crate::cache::Bucket;
use crate::listing::Listing;
use crate::memtable::{Memtable, Slot};
use crate::rows::{BUCKET, Content, Dentry, Inode, Key, bucket_of};
use crate::shared::Op;
use crate::sql;

impl Op<'_> {
    /// The layer to read: `None` for the head, which the memtables overlay.
    pub(crate) fn layer(&mut self, view: View) -> Result<Option<LayerId>> {
        let t = self.row();
        let layer = match view {
            View::Current => t.current,
            View::Layer(layer) => layer,
        };
        if layer == t.head {
            return Ok(None);
        }
        // The layer in view is there: it cannot be dropped. Of one that was, rows are left that make no whole.
        if layer == t.current || self.is_sealed(layer)? {
            return Ok(Some(layer));
        }
        Err(Error::new(ErrorKind::NotFound)
            .about(format!("layer {layer}"))
            .because("there is no such layer"))
    }

    /// Whether a layer is sealed and kept.
    fn is_sealed(&mut self, layer: LayerId) -> Result<bool> {
        let name = (self.tenant, layer);
        if self.state.sealed.contains(&name) {
            return Ok(true);
        }
        let found = self
            .shared
            .engine
            .read(|c| sql::tenant::layer(c, self.tenant, layer))?;
        if found.is_some() {
            self.state.sealed.insert(name);
        }
        Ok(found.is_some())
    }

    /// Looks at an inode of the head.
    pub(crate) fn head_inode<R>(&mut self, key: Key, look: impl FnOnce(&Inode) -> R) -> Result<Option<R>> {
        let state = &*self.state;
        let slot = state
            .active
            .inodes
            .get(&key)
            .or_else(|| state.frozen.as_ref()?.table.inodes.get(&key));
        if let Some(slot) = slot {
            return Ok(slot.row.as_ref().map(look));
        }
        if let Some(row) = self.state.caches.inodes.get(&key) {
            let seen = look(row);
            self.count_hit(true);
            return Ok(Some(seen));
        }
        self.count_hit(false);
        let Some(row) = self.shared.engine.read(|c| sql::inode::get(c, key))? else {
            return Ok(None);
        };
        let seen = look(&row);
        self.state.caches.inodes.insert(key, row);
        Ok(Some(seen))
    }

    /// The inline content of an inode of the head whose row says [`Content::Stored`].
    pub(crate) fn stored_inline(&mut self, key: Key) -> Result<Arc<[u8]>> {
        if let Some(bytes) = self.state.caches.inline.get(&key) {
            return Ok(bytes.clone());
        }
        let bytes: Arc<[u8]> = self.shared.engine.read(|c| sql::inode::data(c, key))?.into();
        self.state.caches.inline.insert(key, bytes.clone());
        Ok(bytes)
    }

    /// Looks at the inline content of an inode of the head; `None` if it is in chunks.
    pub(crate) fn head_inline<R>(&mut self, key: Key, look: impl FnOnce(&[u8]) -> R) -> Result<Option<R>> {
        enum Where<R> {
            Here(R),
            Stored,
            Chunks,
        }
        let mut look = Some(look);
        let found = self.head_inode(key, |row| match (&row.content, look.take()) {
            (Content::Inline(bytes), Some(look)) => Where::Here(look(bytes)),
            (Content::Chunked, _) => Where::Chunks,
            (_, unused) => {
                look = unused;
                Where::Stored
            }
        })?;
        match (found.ok_or(ErrorKind::NotFound)?, look) {
            (Where::Here(seen), _) => Ok(Some(seen)),
            (Where::Stored, Some(look)) => Ok(Some(look(&self.stored_inline(key)?))),
            _ => Ok(None),
        }
    }

    /// The inline content of an inode of the head, to change it. `None` if it is in chunks.
    pub(crate) fn inline_mut(&mut self, key: Key) -> Result<Option<&mut Vec<u8>>> {
        if self.inode_mut(key)?.content == Content::Stored {
            let bytes = self.stored_inline(key)?.to_vec();
            self.inode_mut(key)?.content = Content::Inline(bytes);
        }
        Ok(match &mut self.inode_mut(key)?.content {
            Content::Inline(bytes) => Some(bytes),
            _ => None,
        })
    }

    /// Looks at an inode in a view; `NotFound` if it is not there.
    pub(crate) fn inode<R>(
        &mut self,
        view: View,
        ino: Ino,
        look: impl FnOnce(Key, &Inode) -> R,
    ) -> Result<R> {
        let key = self.key(ino)?;
        let found = match self.layer(view)? {
            None => self.head_inode(key, |row| look(key, row))?,
            Some(layer) => self
                .shared
                .engine
                .read(|c| sql::inode::get_at(c, key, layer))?
                .map(|row| look(key, &row)),
        };
        found.ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// An inode of the head, to change it. The version it replaces is kept for the past if a layer was sealed with it.
    pub(crate) fn inode_mut(&mut self, key: Key) -> Result<&mut Inode> {
        let head = self.row().head;
        if !self.state.active.inodes.contains_key(&key) {
            let mut row = self.head_inode(key, Inode::clone)?.ok_or(ErrorKind::NotFound)?;
            let base = Some(row.born);
            if row.born < head {
                // The past keeps its version, inline data and all.
                self.row_mut().bytes += row.inline_len();
            }
            row.born = head;
            self.state
                .active
                .inodes
                .insert(key, Slot { row: Some(row), base });
        }
        let slot = self.state.active.inodes.get_mut(&key);
        slot.and_then(|slot| slot.row.as_mut())
            .ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// Adds an inode that was not there.
    pub(crate) fn put_new_inode(&mut self, key: Key, row: Inode) {
        self.state.active.note_change();
        if row.is_dir() {
            self.state.caches.listings.insert(key, Listing::default());
        }
        self.state.active.inodes.insert(
            key,
            Slot {
                row: Some(row),
                base: None,
            },
        );
    }

    /// Removes an inode of the head.
    pub(crate) fn remove_inode(&mut self, key: Key) -> Result<()> {
        self.inode_mut(key)?;
        self.state.active.note_change();
        if let Some(slot) = self.state.active.inodes.get_mut(&key) {
            if slot.base.is_none() {
                self.state.active.inodes.remove(&key);
            } else {
                slot.row = None;
            }
        }
        Ok(())
    }

    /// Looks at every entry of the head in a bucket.
    fn bucket<R>(&mut self, dir: Key, bucket: u64, look: impl FnOnce(&[Dentry]) -> R) -> Result<R> {
        if let Some(found) = self.state.caches.buckets.get(&(dir, bucket)) {
            let seen = look(found);
            self.count_hit(true);
            return Ok(seen);
        }
        self.count_hit(false);
        let last = bucket + (BUCKET - 1);
        let entries: Bucket = match self.state.caches.listings.get(&dir) {
            Some(all) => all.range(bucket..=last).cloned().collect(),
            None => self.read_bucket(dir, bucket, last)?.into(),
        };
        let seen = look(&entries);
        self.state.caches.buckets.insert((dir, bucket), entries);
        Ok(seen)
    }

    fn read_bucket(&self, dir: Key, bucket: u64, last: u64) -> Result<Vec<Dentry>> {
        let mut entries = match self.is_uncommitted(dir) {
            true => Vec::new(),
            false => self
                .shared
                .engine
                .read(|c| sql::dentry::range(c, dir, bucket, last, BUCKET as usize))?,
        };
        let state = &*self.state;
        for table in state.tables() {
            overlay(&mut entries, table, dir, bucket, last);
        }
        Ok(entries)
    }

    /// Whether the database has nothing of an inode yet.
    fn is_uncommitted(&self, key: Key) -> bool {
        let state = &*self.state;
        let oldest = state
            .frozen
            .as_ref()
            .and_then(|f| f.table.inodes.get(&key))
            .or_else(|| state.active.inodes.get(&key));
        oldest.is_some_and(|slot| slot.base.is_none())
    }

    /// The entry of this name in the head's directory.
    pub(crate) fn head_entry(&mut self, dir: Key, name: &[u8]) -> Result<Option<Dentry>> {
        let bucket = bucket_of(&self.row().secret, name);
        self.bucket(dir, bucket, |entries| {
            entries.iter().find(|d| *d.name == *name).cloned()
        })
    }

    /// The inode that this name has in the head's directory; cheaper than the whole entry.
    pub(crate) fn head_child(&mut self, dir: Key, name: &[u8]) -> Result<Option<Ino>> {
        let bucket = bucket_of(&self.row().secret, name);
        self.bucket(dir, bucket, |entries| {
            entries.iter().find(|d| *d.name == *name).map(|d| d.ino)
        })
    }

    /// The entry of this name in a view's directory.
    pub(crate) fn entry(&mut self, view: View, dir: Key, name: &[u8]) -> Result<Option<Dentry>> {
        let Some(layer) = self.layer(view)? else {
            return self.head_entry(dir, name);
        };
        let from = bucket_of(&self.row().secret, name);
        let last = from + (BUCKET - 1);
        let entries = self
            .shared
            .engine
            .read(|c| sql::dentry::range_at(c, dir, from, last, BUCKET as usize, layer))?;
        Ok(entries.into_iter().find(|d| *d.name == *name))
    }

    /// The entry at this cookie.
    pub(crate) fn entry_at(&mut self, view: View, dir: Key, cookie: u64) -> Result<Option<Dentry>> {
        if let Some(layer) = self.layer(view)? {
            let found = self
                .shared
                .engine
                .read(|c| sql::dentry::range_at(c, dir, cookie, cookie, 1, layer))?;
            return Ok(found.into_iter().next());
        }
        self.bucket(dir, cookie - cookie % BUCKET, |entries| {
            entries.iter().find(|d| d.cookie == cookie).cloned()
        })
    }

    /// A free cookie for a new name.
    pub(crate) fn new_cookie(&mut self, dir: Key, name: &[u8]) -> Result<u64> {
        let first = bucket_of(&self.row().secret, name);
        let free = self.bucket(dir, first, |entries| {
            (first..first + BUCKET).find(|cookie| entries.iter().all(|d| d.cookie != *cookie))
        })?;
        free.ok_or_else(|| {
            Error::new(ErrorKind::NoSpace).because("too many names with the same hash in one directory")
        })
    }

    /// Puts an entry at its cookie, over one that may be there.
    pub(crate) fn put_entry(&mut self, dir: Key, entry: Dentry) -> Result<()> {
        let cookie = entry.cookie;
        self.change_entry(dir, cookie, Some(entry))
    }

    /// Removes the entry at this cookie.
    pub(crate) fn remove_entry(&mut self, dir: Key, cookie: u64) -> Result<()> {
        self.change_entry(dir, cookie, None)
    }

    fn change_entry(&mut self, dir: Key, cookie: u64, entry: Option<Dentry>) -> Result<()> {
        let start = cookie - cookie % BUCKET;
        let base = self.bucket(dir, start, |entries| {
            entries.iter().find(|d| d.cookie == cookie).map(|d| d.born)
        })?;
        self.state.active.note_change();
        let state = &mut *self.state;
        match state.active.dentries.get_mut(&(dir, cookie)) {
            Some(slot) if slot.base.is_none() && entry.is_none() => {
                state.active.dentries.remove(&(dir, cookie));
            }
            Some(slot) => slot.row = entry.clone(),
            None => {
                let row = entry.clone();
                state.active.dentries.insert((dir, cookie), Slot { row, base });
            }
        }
        state.caches.change_entry(dir, start, cookie, entry);
        Ok(())
    }
}

/// Brings what a memtable says of the cookies `from..=to` into a list of entries in order.
pub(crate) fn overlay(entries: &mut Vec<Dentry>, table: &Memtable, dir: Key, from: u64, to: u64) {
    for (&(_, cookie), slot) in table.dentries.range((dir, from)..=(dir, to)) {
        let at = entries.binary_search_by_key(&cookie, |d| d.cookie);
        match (&slot.row, at) {
            (Some(row), Ok(at)) => entries[at] = row.clone(),
            (Some(row), Err(at)) => entries.insert(at, row.clone()),
            (None, Ok(at)) => {
                entries.remove(at);
            }
            (None, Err(_)) => {}
        }
    }
}
