//! Ids for terms.

use super::State;
use crate::buffer::{sort_newest, term_hash};
use crate::error::{Error, ErrorKind, Result};
use crate::record::Fact;
use crate::term::{filter_hash, read, write};

/// Stands for an id that is not known yet: ids have 31 bits.
const UNKNOWN: u32 = u32::MAX;

impl State {
    /// The ids of terms; new ones get the next ids in the order of the call. After an error none was given.
    pub(super) fn intern(&mut self, terms: &[&str]) -> Result<Vec<u32>> {
        let hashes: Vec<u32> = terms.iter().map(|term| term_hash(term.as_bytes())).collect();
        let mut ids = Vec::with_capacity(terms.len());
        {
            let buffer = read(&self.terms);
            let find = |(term, &hash): (&&str, _)| buffer.find(term.as_bytes(), hash);
            ids.extend(
                terms
                    .iter()
                    .zip(&hashes)
                    .map(|pair| find(pair).unwrap_or(UNKNOWN)),
            );
        }
        if ids.contains(&UNKNOWN) {
            self.find_stored(terms, &hashes, &mut ids)?;
        }
        if ids.contains(&UNKNOWN) {
            self.add_terms(terms, &hashes, &mut ids)?;
        }
        Ok(ids)
    }

    /// Fills in the ids of those that tables have: table by table, and in the order of its filter, so that
    /// neighbours share what is read.
    fn find_stored(&self, terms: &[&str], hashes: &[u32], ids: &mut [u32]) -> Result<()> {
        let stored = self.terms();
        if stored.hashes.tables().next().is_none() {
            return Ok(());
        }
        let unknown = (0..).zip(&*ids).filter(|(_, id)| **id == UNKNOWN);
        let mut wanted: Vec<Fact> = unknown
            .map(|(place, _)| Fact::new([filter_hash(hashes[place as usize]), place, 0], false))
            .collect();
        sort_newest(&mut wanted, &mut Vec::new());
        for (_, table) in stored.hashes.tables() {
            for [filter_hash, place, _] in wanted.iter().map(Fact::key) {
                let place = place as usize;
                if ids[place] == UNKNOWN && table.file.may_contain(filter_hash)? {
                    let found = stored.find_in(table, terms[place].as_bytes(), hashes[place])?;
                    ids[place] = found.unwrap_or(UNKNOWN);
                }
            }
        }
        Ok(())
    }

    fn add_terms(&mut self, terms: &[&str], hashes: &[u32], ids: &mut [u32]) -> Result<()> {
        self.check_writable()?;
        let too_large = |what, limit| Err(Error::from(ErrorKind::TooLarge { what, limit }));
        if terms.iter().any(|term| term.len() > crate::MAX_TERM_LEN) {
            return too_large("a term", crate::MAX_TERM_LEN as u64);
        }
        let mut buffer = write(&self.terms);
        let unknown = ids.iter().filter(|id| **id == UNKNOWN).count();
        if buffer.next_id() as usize + unknown > crate::MAX_TERM_ID as usize + 1 {
            return too_large("the number of terms", u64::from(crate::MAX_TERM_ID) + 1);
        }
        for ((term, &hash), id) in terms.iter().zip(hashes).zip(ids) {
            if *id == UNKNOWN {
                *id = buffer.find_or_add(term.as_bytes(), hash);
            }
        }
        Ok(())
    }
}
