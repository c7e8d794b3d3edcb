//! Listing a directory page by page.

use tarbox_store::{Cookie, DirEntry, Ino, Result, View};

use super::rows::overlay;
use crate::rows::{Dentry, Key};
use crate::shared::Op;
use crate::sql;

/// Directories with fewer entries are kept whole once they have been listed.
const LISTING_MAX: usize = 4096;
/// Every cookie is below this.
const LAST: u64 = i64::MAX as u64;

impl Op<'_> {
    pub(crate) fn list(
        &mut self,
        view: View,
        dir: Ino,
        after: Cookie,
        limit: usize,
    ) -> Result<Vec<DirEntry>> {
        let key = self.dir_key(view, dir)?;
        if after.0 >= LAST {
            return Ok(Vec::new());
        }
        let entries = match self.layer(view)? {
            None => self.head_page(key, after.0 + 1, limit)?,
            Some(layer) => self
                .shared
                .engine
                .read(|c| sql::dentry::range_at(c, key, after.0 + 1, LAST, limit, layer))?,
        };
        let mut page = Vec::with_capacity(entries.len());
        for entry in entries {
            let attr = self.attr(view, entry.ino).map_err(|e| e.about(&entry.name))?;
            page.push(DirEntry {
                name: entry.name.into_vec(),
                cookie: Cookie(entry.cookie),
                attr,
            });
        }
        Ok(page)
    }

    /// Up to `limit` entries of the head from a cookie on.
    fn head_page(&mut self, dir: Key, from: u64, limit: usize) -> Result<Vec<Dentry>> {
        if let Some(all) = self.state.caches.listings.get(&dir) {
            let first = all.partition_point(|d| d.cookie < from);
            return Ok(all[first..].iter().take(limit).cloned().collect());
        }
        let page = self.read_page(dir, from, limit)?;
        if from == 1 && page.len() < limit.min(LISTING_MAX) {
            self.state.caches.listings.insert(dir, page.as_slice().into());
        }
        Ok(page)
    }

    /// The same from the database and the memtables.
    fn read_page(&mut self, dir: Key, mut from: u64, limit: usize) -> Result<Vec<Dentry>> {
        let mut page = Vec::new();
        while page.len() < limit {
            let wanted = limit - page.len();
            let mut part = self
                .shared
                .engine
                .read(|c| sql::dentry::range(c, dir, from, LAST, wanted))?;
            // Beyond the last row of a full page the database has more, which memtables must not get ahead of.
            let is_last = part.len() < wanted;
            let to = if is_last {
                LAST
            } else {
                part.last().map_or(LAST, |d| d.cookie)
            };
            let state = &*self.state;
            for table in state.tables() {
                overlay(&mut part, table, dir, from, to);
            }
            part.truncate(wanted);
            let reached = if part.len() == wanted {
                part.last().map_or(to, |d| d.cookie)
            } else {
                to
            };
            page.append(&mut part);
            if is_last && reached == LAST {
                break;
            }
            from = reached.saturating_add(1);
        }
        Ok(page)
    }
}
