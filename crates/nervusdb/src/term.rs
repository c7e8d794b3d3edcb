//! Terms: strings and their ids.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::buffer::{TermBuffer, term_hash, term_key};
use crate::error::Result;
use crate::hash::mix;
use crate::record::{Fact, Pair};
use crate::space::Space;
use crate::table::{Table, TableCursor};
use crate::tree::{Levels, TreeView, get};

/// The terms in memory, shared with snapshots: terms are only ever added, so all may see the newest.
pub(crate) type SharedTerms = Arc<RwLock<TermBuffer>>;

pub(crate) fn read(terms: &SharedTerms) -> RwLockReadGuard<'_, TermBuffer> {
    terms.read().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn write(terms: &SharedTerms) -> RwLockWriteGuard<'_, TermBuffer> {
    terms.write().unwrap_or_else(PoisonError::into_inner)
}

/// The dictionary as it is at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) buffer: SharedTerms,
    pub(crate) hashes: Arc<Levels<Fact>>,
    pub(crate) strings: Arc<Levels<Pair>>,
}

impl Terms {
    /// Appends the term of an id; `false` if there is none.
    pub(crate) fn put_term(&self, id: u32, out: &mut Vec<u8>) -> Result<bool> {
        {
            let buffer = read(&self.buffer);
            if id >= buffer.base() {
                let term = buffer.get(id);
                out.extend_from_slice(term.unwrap_or_default());
                return Ok(term.is_some());
            }
        }
        let record = get(
            Space::Terms,
            [].iter(),
            &self.strings,
            &Pair::probe(&term_key(id)),
        )?;
        out.extend_from_slice(record.as_ref().map_or(&[], |record| &record.value));
        Ok(record.is_some())
    }

    /// The id of a term.
    pub(crate) fn find(&self, term: &[u8]) -> Result<Option<u32>> {
        let hash = term_hash(term);
        if let Some(id) = read(&self.buffer).find(term, hash) {
            return Ok(Some(id));
        }
        self.find_stored(term, hash)
    }

    /// The id of a term that is in tables.
    fn find_stored(&self, term: &[u8], hash: u32) -> Result<Option<u32>> {
        let filter_hash = filter_hash(hash);
        for (_, table) in self.hashes.tables() {
            if table.file.may_contain(filter_hash)?
                && let Some(id) = self.find_in(table, term, hash)?
            {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// How many terms are in tables.
    pub(crate) fn count_stored(&self) -> Result<u64> {
        let view = TreeView {
            space: Space::Terms,
            runs: Vec::new(),
            levels: self.strings.clone(),
        };
        let mut terms = view.whole()?;
        let mut count = 0;
        while terms.advance_live()? {
            count += 1;
        }
        Ok(count)
    }

    /// The id of a term if this table of hashes knows it.
    pub(crate) fn find_in(&self, table: &Arc<Table<Fact>>, term: &[u8], hash: u32) -> Result<Option<u32>> {
        let from = Fact::new([hash, 0, 0], false);
        if !table.overlaps(&from, &Fact::new([hash, u32::MAX, 0], false)) {
            return Ok(None);
        }
        let mut stored = Vec::new();
        let mut cursor = TableCursor::seek(table.clone(), &from)?;
        while let Some(at) = &mut cursor {
            let [found, id, _] = at.record().key();
            if found != hash {
                break;
            }
            stored.clear();
            if self.put_term(id, &mut stored)? && stored == term {
                return Ok(Some(id));
            }
            if !at.advance()? {
                break;
            }
        }
        Ok(None)
    }
}

/// What filters know a term by, from its hash.
pub(crate) fn filter_hash(hash: u32) -> u32 {
    mix([hash, 0, 0])
}
