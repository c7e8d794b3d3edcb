//! Rows as an operation sees them: its own changes, then the memtables, then the caches, then what was loaded for it.

use std::ops::RangeInclusive;
use std::sync::Arc;

use tarbox_store::{Error, ErrorKind, Ino, LayerId, Seq, View};

use crate::cache::Bucket;
use crate::listing::Listing;
use crate::memtable::{Memtable, Slot};
use crate::op::{Op, checked};
use crate::rows::{BUCKET, Content, Dentry, Inode, bucket_of};
use crate::step::{Step, Stop};
use crate::want::Want;

impl<'a> Op<'a, '_> {
    /// The layer to read: `None` for the head, which the memtables overlay.
    pub(crate) fn layer(&mut self, view: View) -> Step<Option<LayerId>> {
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
            .because("there is no such layer")
            .into())
    }

    /// Whether a layer is sealed and kept.
    fn is_sealed(&mut self, layer: LayerId) -> Step<bool> {
        if self.state.sealed.contains(&layer) {
            return Ok(true);
        }
        let found = self.ask(Want::Layer(layer))?.layer()?.is_some();
        if found {
            self.state.sealed.insert(layer);
        }
        Ok(found)
    }

    /// What the operation and the memtables say of an inode.
    fn changed_inode(&self, ino: Ino) -> Option<&Slot<Inode>> {
        let state = &*self.state;
        let own = state.delta.inode(ino);
        own.or_else(|| state.active.inodes.get(&ino))
            .or_else(|| state.frozen.as_ref()?.table.inodes.get(&ino))
    }

    /// Looks at an inode of the head.
    pub(crate) fn head_inode<R>(&mut self, ino: Ino, look: impl FnOnce(&Inode) -> R) -> Step<Option<R>> {
        if let Some(slot) = self.changed_inode(ino) {
            return Ok(slot.row.as_ref().map(look));
        }
        self.committed_inode(ino, look)
    }

    /// Looks at an inode of the head as it is committed.
    pub(crate) fn committed_inode<R>(&mut self, ino: Ino, look: impl FnOnce(&Inode) -> R) -> Step<Option<R>> {
        if let Some(row) = self.state.caches.inodes.get(&ino) {
            self.hits += 1;
            return Ok(Some(look(row)));
        }
        let Some(row) = self.ask(Want::Inode(ino))?.inode()? else {
            return Ok(None);
        };
        self.state.caches.inodes.insert(ino, row.clone());
        Ok(Some(look(row)))
    }

    /// The inline content of an inode of the head whose row says [`Content::Stored`].
    pub(crate) fn stored_inline(&mut self, ino: Ino) -> Step<Arc<[u8]>> {
        if let Some(bytes) = self.state.caches.inline.get(&ino) {
            return Ok(bytes.clone());
        }
        let bytes = self.ask(Want::Data(ino))?.data()?;
        self.state.caches.inline.insert(ino, bytes.clone());
        Ok(bytes.clone())
    }

    /// Looks at the inline content of an inode of the head; `None` if it is in chunks.
    pub(crate) fn head_inline<R>(&mut self, ino: Ino, look: impl FnOnce(&[u8]) -> R) -> Step<Option<R>> {
        enum Where<R> {
            Here(R),
            Stored,
            Chunks,
        }
        let mut look = Some(look);
        let found = self.head_inode(ino, |row| match (&row.content, look.take()) {
            (Content::Inline(bytes), Some(look)) => Where::Here(look(bytes)),
            (Content::Chunked, _) => Where::Chunks,
            (_, unused) => {
                look = unused;
                Where::Stored
            }
        })?;
        match (found.ok_or(ErrorKind::NotFound)?, look) {
            (Where::Here(seen), _) => Ok(Some(seen)),
            (Where::Stored, Some(look)) => Ok(Some(look(&self.stored_inline(ino)?))),
            _ => Ok(None),
        }
    }

    /// The inline content of an inode of the head, to change it. `None` if it is in chunks.
    pub(crate) fn inline_mut(&mut self, ino: Ino) -> Step<Option<&mut Vec<u8>>> {
        if self.inode_mut(ino)?.content == Content::Stored {
            let bytes = self.stored_inline(ino)?.to_vec();
            self.inode_mut(ino)?.content = Content::Inline(bytes);
        }
        Ok(match &mut self.inode_mut(ino)?.content {
            Content::Inline(bytes) => Some(bytes),
            _ => None,
        })
    }

    /// Looks at an inode in a view; `NotFound` if it is not there.
    pub(crate) fn inode<R>(&mut self, view: View, ino: Ino, look: impl FnOnce(Ino, &Inode) -> R) -> Step<R> {
        checked(ino)?;
        let found = match self.layer(view)? {
            None => self.head_inode(ino, |row| look(ino, row))?,
            Some(layer) => {
                let row = self.ask(Want::InodeAt(ino, layer))?.inode()?;
                row.as_ref().map(|row| look(ino, row))
            }
        };
        found.ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// An inode of the head, to change it. The version it replaces is kept for the past if a layer was sealed with it.
    pub(crate) fn inode_mut(&mut self, ino: Ino) -> Step<&mut Inode> {
        if self.state.delta.inode(ino).is_none() {
            let head = self.row().head;
            let mut row = self.head_inode(ino, Inode::clone)?.ok_or(ErrorKind::NotFound)?;
            let base = match self.state.active.inodes.get(&ino) {
                Some(slot) => slot.base,
                None => Some(row.born),
            };
            if row.born < head {
                // The past keeps its version, inline data and all.
                self.row_mut().bytes += row.inline_len();
            }
            row.born = head;
            if let Some(record) = self.state.delta.log.last() {
                row.version = Seq(record.seq);
            }
            let row = Some(row);
            self.state.delta.inodes.push((ino, Slot { row, base }));
        }
        let slot = self.state.delta.inode_mut(ino);
        slot.and_then(|slot| slot.row.as_mut())
            .ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// Adds an inode that was not there.
    pub(crate) fn put_new_inode(&mut self, ino: Ino, row: Inode) {
        let (row, base) = (Some(row), None);
        self.state.delta.inodes.push((ino, Slot { row, base }));
    }

    /// Removes an inode of the head.
    pub(crate) fn remove_inode(&mut self, ino: Ino) -> Step<()> {
        self.inode_mut(ino)?;
        if let Some(slot) = self.state.delta.inode_mut(ino) {
            slot.row = None;
        }
        Ok(())
    }

    /// Looks at every entry of the head in a bucket.
    fn bucket<R>(&mut self, dir: Ino, bucket: u64, look: impl FnOnce(&[Dentry]) -> R) -> Step<R> {
        let last = bucket + (BUCKET - 1);
        let own = |((of, cookie), _): &((Ino, u64), _)| *of == dir && (bucket..=last).contains(cookie);
        if self.state.delta.dentries.iter().any(own) {
            let mut entries = self.shared_bucket(dir, bucket, last, |entries| entries.to_vec())?;
            for ((_, cookie), slot) in self.state.delta.dentries.iter().filter(|it| own(it)) {
                put(&mut entries, *cookie, slot.row.as_ref());
            }
            return Ok(look(&entries));
        }
        self.shared_bucket(dir, bucket, last, look)
    }

    /// The same without what the operation itself has changed.
    fn shared_bucket<R>(
        &mut self,
        dir: Ino,
        bucket: u64,
        last: u64,
        look: impl FnOnce(&[Dentry]) -> R,
    ) -> Step<R> {
        if let Some(found) = self.state.caches.buckets.get(&(dir, bucket)) {
            self.hits += 1;
            return Ok(look(found));
        }
        let entries: Bucket = match self.state.caches.listings.get(&dir) {
            Some(all) => all.range(bucket..=last).cloned().collect(),
            None => self.read_bucket_or_all(dir, bucket, last)?.into(),
        };
        let seen = look(&entries);
        self.state.caches.buckets.insert((dir, bucket), entries);
        Ok(seen)
    }

    /// Entries of a bucket, or, if the engine thinks that better, of the whole directory first.
    fn read_bucket_or_all(&mut self, dir: Ino, from: u64, to: u64) -> Step<Vec<Dentry>> {
        let limit = self.state.caches.listing_max;
        let want = Want::Directory { dir, limit };
        let Some(found) = self.loaded(&want) else {
            let entries = self.read_bucket(dir, from, to);
            return self.hint(entries, |_| want);
        };
        let mut all = found.entries()?.clone();
        for table in self.state.tables() {
            overlay(&mut all, table, dir, 0, i64::MAX as u64);
        }
        let listing = Listing::from_iter(all);
        let entries = listing.range(from..=to).cloned().collect();
        self.state.caches.listings.insert(dir, listing);
        Ok(entries)
    }

    fn read_bucket(&mut self, dir: Ino, from: u64, to: u64) -> Step<Vec<Dentry>> {
        let mut entries = match self.is_uncommitted(dir) {
            true => Vec::new(),
            false => {
                let limit = BUCKET as usize;
                self.ask(Want::Entries { dir, from, to, limit })?
                    .entries()?
                    .clone()
            }
        };
        for table in self.state.tables() {
            overlay(&mut entries, table, dir, from, to);
        }
        Ok(entries)
    }

    /// Whether the database has nothing of an inode yet.
    fn is_uncommitted(&self, ino: Ino) -> bool {
        let state = &*self.state;
        let oldest = state
            .frozen
            .as_ref()
            .and_then(|f| f.table.inodes.get(&ino))
            .or_else(|| state.active.inodes.get(&ino))
            .or_else(|| state.delta.inode(ino));
        oldest.is_some_and(|slot| slot.base.is_none())
    }

    /// The entry of this name in the head's directory.
    pub(crate) fn head_entry(&mut self, dir: Ino, name: &[u8]) -> Step<Option<Dentry>> {
        let bucket = bucket_of(&self.row().secret, name);
        self.bucket(dir, bucket, |entries| {
            entries.iter().find(|d| *d.name == *name).cloned()
        })
    }

    /// The inode that this name has in the head's directory; cheaper than the whole entry.
    pub(crate) fn head_child(&mut self, dir: Ino, name: &[u8]) -> Step<Option<Ino>> {
        let bucket = bucket_of(&self.row().secret, name);
        self.bucket(dir, bucket, |entries| {
            entries.iter().find(|d| *d.name == *name).map(|d| d.ino)
        })
    }

    /// The entry of this name in a view's directory.
    pub(crate) fn entry(&mut self, view: View, dir: Ino, name: &[u8]) -> Step<Option<Dentry>> {
        let Some(layer) = self.layer(view)? else {
            return self.head_entry(dir, name);
        };
        let from = bucket_of(&self.row().secret, name);
        let entries = self.entries_at(layer, dir, from..=from + (BUCKET - 1), BUCKET as usize)?;
        Ok(entries.iter().find(|d| *d.name == *name).cloned())
    }

    /// Up to `limit` entries of a directory as of the end of a layer, by cookie.
    pub(super) fn entries_at(
        &mut self,
        layer: LayerId,
        dir: Ino,
        cookies: RangeInclusive<u64>,
        limit: usize,
    ) -> Step<&'a Vec<Dentry>> {
        let (from, to) = cookies.into_inner();
        let found = self.ask(Want::EntriesAt {
            dir,
            from,
            to,
            limit,
            layer,
        })?;
        Ok(found.entries()?)
    }

    /// The entry at this cookie.
    pub(crate) fn entry_at(&mut self, view: View, dir: Ino, cookie: u64) -> Step<Option<Dentry>> {
        if let Some(layer) = self.layer(view)? {
            return Ok(self.entries_at(layer, dir, cookie..=cookie, 1)?.first().cloned());
        }
        self.bucket(dir, cookie - cookie % BUCKET, |entries| {
            entries.iter().find(|d| d.cookie == cookie).cloned()
        })
    }

    /// A free cookie for a new name.
    pub(crate) fn new_cookie(&mut self, dir: Ino, name: &[u8]) -> Step<u64> {
        let first = bucket_of(&self.row().secret, name);
        let free = self.bucket(dir, first, |entries| {
            (first..first + BUCKET).find(|cookie| entries.iter().all(|d| d.cookie != *cookie))
        })?;
        free.ok_or_else(|| {
            let full = "too many names with the same hash in one directory";
            Stop::Failed(Error::new(ErrorKind::NoSpace).because(full))
        })
    }

    /// Puts an entry at its cookie, over one that may be there.
    pub(crate) fn put_entry(&mut self, dir: Ino, entry: Dentry) -> Step<()> {
        let cookie = entry.cookie;
        self.change_entry(dir, cookie, Some(entry))
    }

    /// Removes the entry at this cookie.
    pub(crate) fn remove_entry(&mut self, dir: Ino, cookie: u64) -> Step<()> {
        self.change_entry(dir, cookie, None)
    }

    fn change_entry(&mut self, dir: Ino, cookie: u64, entry: Option<Dentry>) -> Step<()> {
        let start = cookie - cookie % BUCKET;
        let base = self.bucket(dir, start, |entries| {
            entries.iter().find(|d| d.cookie == cookie).map(|d| d.born)
        })?;
        self.state.delta.put_dentry((dir, cookie), base, entry);
        Ok(())
    }
}

/// Brings what a memtable says of the cookies `from..=to` into a list of entries in order.
pub(crate) fn overlay(entries: &mut Vec<Dentry>, table: &Memtable, dir: Ino, from: u64, to: u64) {
    for (&(_, cookie), slot) in table.dentries.range((dir, from)..=(dir, to)) {
        put(entries, cookie, slot.row.as_ref());
    }
}

/// Puts an entry at its cookie into a list in order, or takes the one there away.
fn put(entries: &mut Vec<Dentry>, cookie: u64, entry: Option<&Dentry>) {
    let at = entries.binary_search_by_key(&cookie, |d| d.cookie);
    match (entry, at) {
        (Some(entry), Ok(at)) => entries[at] = entry.clone(),
        (Some(entry), Err(at)) => entries.insert(at, entry.clone()),
        (None, Ok(at)) => {
            entries.remove(at);
        }
        (None, Err(_)) => {}
    }
}
