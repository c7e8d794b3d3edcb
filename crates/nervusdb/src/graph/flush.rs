//! From memory to tables: write tables, begin a log, switch the manifest.

use std::sync::Arc;

use super::state::{DATA, HASH, State, TERMS, Tables};
use crate::buffer::{Runs, TermBuffer};
use crate::device::FileName;
use crate::error::{Error, Result};
use crate::log::LogWriter;
use crate::manifest::{Manifest, TableEntry};
use crate::record::Record;
use crate::space::Space;
use crate::table::TablesWriter;
use crate::term::{SharedTerms, read};
use crate::tree::Levels;

impl State {
    /// Writes memory to tables if there is anything, and forgets the transaction ids that are not stored.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.check_writable()?;
        let log_is_empty = self
            .log
            .as_ref()
            .is_some_and(|log| log.is_empty() && !log.suspect);
        if !log_is_empty || self.memtable_has_anything() {
            self.flush_memtable()?;
        }
        self.transactions.clear();
        Ok(())
    }

    fn memtable_has_anything(&self) -> bool {
        self.facts.len() > 0 || self.data_bytes > 0 || !read(&self.terms).is_empty()
    }

    /// Writes memory to tables and begins a new log. After an error, memory and the old log are as they were,
    /// but the log is not written to any more: the device may hold the new manifest already.
    pub(super) fn flush_memtable(&mut self) -> Result<()> {
        let tables = self.write_memtable()?;
        let number = self.new_file();
        let log = LogWriter::create(&self.device, number)?;
        let next_term = read(&self.terms).next_id();
        if let Err(error) = self.switch(tables, number, next_term, self.sequence) {
            if let Some(log) = &mut self.log {
                log.suspect = true;
            }
            return Err(error);
        }
        let old = self.log.replace(log);
        self.clear_memtable();
        if let Some(old) = old {
            // If it stays, the next open removes it.
            self.device.delete(FileName::Log(old.number)).ok();
        }
        Ok(())
    }

    /// The tables with memory in them. No manifest names the new ones yet.
    pub(super) fn write_memtable(&mut self) -> Result<Tables> {
        let device = self.device.clone();
        let sequence = self.sequence;
        let next_file = &mut self.next_file;
        let mut number = || {
            *next_file += 1;
            *next_file - 1
        };
        let mut tables = self.tables.clone();
        self.facts.each_sorted(|order, sorted| {
            let written = TablesWriter::new(&device, order.space(), sequence, &mut number).write(sorted)?;
            add(&mut tables.facts[order as usize], written);
            Ok(())
        })?;
        let terms = read(&self.terms);
        let hashes = TablesWriter::new(&device, Space::Hash, sequence, &mut number);
        add(&mut tables.facts[HASH], hashes.write(&terms.hash_facts())?);
        let mut strings = TablesWriter::new(&device, Space::Terms, sequence, &mut number);
        terms.each_pair(|pair| strings.push(pair))?;
        add(&mut tables.pairs[TERMS], strings.finish()?);
        let data = TablesWriter::new(&device, Space::Data, sequence, &mut number);
        add(&mut tables.pairs[DATA], data.write(&*self.data.combined())?);
        Ok(tables)
    }

    /// Empties memory. Snapshots keep what they see of it.
    pub(super) fn clear_memtable(&mut self) {
        let next = read(&self.terms).next_id();
        self.facts.clear();
        self.data = Runs::default();
        self.data_bytes = 0;
        self.terms = SharedTerms::new(TermBuffer::new(next).into());
        self.logged_terms = next;
    }

    /// Puts tables and a log in force. After an error these or those before may be: the next attempt takes the
    /// same slot and a higher epoch.
    pub(super) fn switch(&mut self, tables: Tables, log: u32, next_term: u32, sequence: u64) -> Result<()> {
        let (mut entries, mut is_sound) = (Vec::new(), true);
        for levels in &tables.facts {
            is_sound &= put(&mut entries, levels);
        }
        for levels in &tables.pairs {
            is_sound &= put(&mut entries, levels);
        }
        debug_assert!(is_sound, "tables of one level overlap");
        if !is_sound {
            // An error now, with everything still in force as it was, instead of damage later.
            return Err(Error::corrupt(
                &self.device.directory,
                0,
                "tables to be written overlap",
            ));
        }
        let manifest = Manifest {
            log,
            next_term,
            sequence,
            tables: entries,
            epoch: self.next_epoch,
            next_file: self.next_file,
            slot: 1 - self.manifest.slot,
        };
        debug_assert!(
            manifest.has_its_files(&self.device).unwrap_or(true),
            "a file of the manifest is missing"
        );
        self.next_epoch += 1;
        manifest.store(&self.device)?;
        self.manifest = manifest;
        self.tables = tables;
        self.is_merged = false;
        Ok(())
    }
}

fn add<R: Record>(levels: &mut Arc<Levels<R>>, tables: Vec<crate::table::Table<R>>) {
    if !tables.is_empty() {
        *levels = Arc::new(levels.with_fresh(tables));
    }
}

/// Adds the tables of a tree, and says whether they are as they must be.
#[inline(never)]
fn put<R: Record>(entries: &mut Vec<TableEntry>, levels: &Levels<R>) -> bool {
    entries.extend(levels.tables().map(|(level, table)| TableEntry {
        space: table.space,
        level,
        number: table.number,
        len: table.len,
    }));
    levels.is_sound()
}
