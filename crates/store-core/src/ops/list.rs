//! Listing a directory page by page.

use tarbox_store::{Cookie, DirEntry, DirName, Ino, View};

use super::rows::overlay;
use crate::listing::Listing;
use crate::op::Op;
use crate::rows::Dentry;
use crate::step::{Step, Stop};
use crate::want::Want;

/// Every cookie is below this.
const LAST: u64 = i64::MAX as u64;

impl<'d> Op<'_, 'd> {
    pub(crate) fn list(&mut self, view: View, dir: Ino, after: Cookie, limit: usize) -> Step<Vec<DirEntry>> {
        let from = after.0.saturating_add(1);
        let is_head = self.layer(view)?.is_none();
        let entries = self.page(view, dir, after, limit, Dentry::clone);
        let entries = match is_head {
            true => self.hint(entries, |_| Want::Listing { dir, from, limit })?,
            false => entries?,
        };
        let mut page = Vec::new();
        let mut missing = false;
        for entry in entries {
            match self.attr(view, entry.ino) {
                Ok(attr) => page.push(DirEntry {
                    name: entry.name.to_vec(),
                    cookie: Cookie(entry.cookie),
                    attr,
                }),
                // All that are missing are loaded at once.
                Err(Stop::Missing) => missing = true,
                Err(e) => return Err(e.map(|e| e.about(&entry.name))),
            }
        }
        match missing {
            true => Err(Stop::Missing),
            false => Ok(page),
        }
    }

    pub(crate) fn list_names(
        &mut self,
        view: View,
        dir: Ino,
        after: Cookie,
        limit: usize,
    ) -> Step<Vec<DirName>> {
        self.page(view, dir, after, limit, |entry| DirName {
            name: entry.name.to_vec(),
            cookie: Cookie(entry.cookie),
            ino: entry.ino,
            kind: entry.kind,
        })
    }

    /// Up to `limit` entries of a directory behind a cookie.
    fn page<T>(
        &mut self,
        view: View,
        dir: Ino,
        after: Cookie,
        limit: usize,
        look: impl Fn(&Dentry) -> T,
    ) -> Step<Vec<T>> {
        let key = self.dir_key(view, dir)?;
        if after.0 >= LAST {
            return Ok(Vec::new());
        }
        let from = after.0 + 1;
        if let Some(layer) = self.layer(view)? {
            let found = self.entries_at(layer, key, from..=LAST, limit)?;
            return Ok(found.iter().map(look).collect());
        }
        if let Some(all) = self.state.caches.listings.get(&key) {
            return Ok(all.range(from..).take(limit).map(look).collect());
        }
        let page = self.read_page(key, from, limit)?;
        let result = page.iter().map(look).collect();
        if from == 1 && page.len() < limit.min(self.state.caches.listing_max) {
            self.state.caches.listings.insert(key, Listing::from_iter(page));
        }
        Ok(result)
    }

    /// Entries of the head from a cookie on, from the database and the memtables.
    fn read_page(&mut self, dir: Ino, mut from: u64, limit: usize) -> Step<Vec<Dentry>> {
        let mut page = Vec::new();
        while page.len() < limit {
            let wanted = limit - page.len();
            let (to, limit) = (LAST, wanted);
            let mut part = self
                .ask(Want::Entries { dir, from, to, limit })?
                .entries()?
                .clone();
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
