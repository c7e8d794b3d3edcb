//! Which tables a tree consists of, at one moment.

use std::sync::Arc;

use crate::device::Device;
use crate::error::Result;
use crate::manifest::TableEntry;
use crate::record::Record;
use crate::space::Space;
use crate::table::Table;

/// The deepest level there can be; the one above holds 10¹⁵ bytes.
pub(crate) const MAX_LEVEL: usize = 7;

/// The tables of one tree. Shared and never changed: a change makes another one.
#[derive(Clone, Debug)]
pub(crate) struct Levels<R> {
    /// Tables whose keys may overlap, newest first.
    pub(crate) fresh: Vec<Arc<Table<R>>>,
    /// Level 1 and deeper: tables in key order that do not overlap, older than all above.
    pub(crate) sorted: Vec<Vec<Arc<Table<R>>>>,
}

impl<R> Default for Levels<R> {
    fn default() -> Self {
        Self {
            fresh: Vec::new(),
            sorted: Vec::new(),
        }
    }
}

impl<R: Record> Levels<R> {
    /// Opens the tables of one tree, and says whether those of one level overlap, which nothing here writes. Such
    /// a level and those above it become fresh: a key is in one table of a level at most, so that their order
    /// among themselves does not matter.
    pub(crate) fn load(device: &Arc<Device>, entries: &[TableEntry], space: Space) -> Result<(Self, bool)> {
        let mut levels = Self::default();
        for entry in entries.iter().filter(|entry| entry.space == space) {
            let table = Table::open(device, entry.number, entry.space, entry.len)?;
            levels.insert(entry.level, Arc::new(table));
        }
        let overlapping = levels.sorted.iter().rposition(|tables| !are_apart(tables));
        if let Some(deepest) = overlapping {
            for tables in &mut levels.sorted[..=deepest] {
                levels.fresh.append(tables);
            }
        }
        Ok((levels, overlapping.is_some()))
    }

    /// All tables with their levels, newest level first.
    pub(crate) fn tables(&self) -> impl Iterator<Item = (u8, &Arc<Table<R>>)> {
        let fresh = self.fresh.iter().map(|table| (0, table));
        let deeper = (1_u8..).zip(&self.sorted);
        fresh.chain(deeper.flat_map(|(level, tables)| tables.iter().map(move |table| (level, table))))
    }

    /// Adds tables just written, the newest of all.
    pub(crate) fn with_fresh(&self, tables: Vec<Table<R>>) -> Self {
        let mut next = self.clone();
        next.fresh.splice(0..0, tables.into_iter().map(Arc::new));
        next
    }

    /// Puts a table into its place; the caller adds those of level 0 newest first.
    fn insert(&mut self, level: u8, table: Arc<Table<R>>) {
        let Some(index) = usize::from(level).checked_sub(1) else {
            self.fresh.push(table);
            return;
        };
        if self.sorted.len() <= index {
            self.sorted.resize_with(index + 1, Vec::new);
        }
        let tables = &mut self.sorted[index];
        let place = tables.partition_point(|other| other.first().order(table.first()).is_lt());
        tables.insert(place, table);
    }

    /// Replaces `inputs` by `outputs` on `level`.
    pub(crate) fn replaced(&self, inputs: &[Arc<Table<R>>], outputs: &[Arc<Table<R>>], level: usize) -> Self {
        let mut next = self.clone();
        let stays = |table: &Arc<Table<R>>| !inputs.iter().any(|input| Arc::ptr_eq(input, table));
        next.fresh.retain(stays);
        next.sorted.iter_mut().for_each(|tables| tables.retain(stays));
        for table in outputs {
            next.insert(level as u8, table.clone());
        }
        while next.sorted.last().is_some_and(Vec::is_empty) {
            next.sorted.pop();
        }
        next
    }

    /// Whether the tables of each sorted level are in order and do not overlap.
    pub(crate) fn is_sound(&self) -> bool {
        self.sorted.iter().all(|tables| are_apart(tables))
    }

    pub(crate) fn bytes(tables: &[Arc<Table<R>>]) -> u64 {
        tables.iter().map(|table| table.len).sum()
    }
}

fn are_apart<R: Record>(tables: &[Arc<Table<R>>]) -> bool {
    tables
        .windows(2)
        .all(|pair| pair[0].last().order(pair[1].first()).is_lt())
}
