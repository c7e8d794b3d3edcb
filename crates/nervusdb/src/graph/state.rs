//! What an open graph consists of.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::buffer::{FactBuffer, Order, Runs, TermBuffer};
use crate::device::Device;
use crate::error::{ErrorKind, Result};
use crate::log::LogWriter;
use crate::manifest::Manifest;
use crate::options::Options;
use crate::record::{Fact, Pair};
use crate::snapshot::Snapshot;
use crate::space::Space;
use crate::stats::{Stats, TreeStats};
use crate::term::{SharedTerms, Terms, read};
use crate::tree::{Job, Levels, TreeView};

/// Where the index of each tree is in [`Tables`].
pub(super) const HASH: usize = 3;
pub(super) const TERMS: usize = 0;
pub(super) const DATA: usize = 1;

/// The tables of all trees. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables {
    /// SPO, POS, OSP and hashes.
    pub(super) facts: [Arc<Levels<Fact>>; 4],
    /// Terms and data.
    pub(super) pairs: [Arc<Levels<Pair>>; 2],
}

/// A compaction under way, and its tree.
#[derive(Debug)]
pub(super) enum AnyJob {
    Facts(usize, Job<Fact>),
    Pairs(usize, Job<Pair>),
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) device: Arc<Device>,
    pub(super) options: Options,
    pub(super) tables: Tables,
    pub(super) facts: FactBuffer,
    pub(super) terms: SharedTerms,
    /// Terms below this id are in the log or in tables.
    pub(super) logged_terms: u32,
    pub(super) data: Runs<Pair>,
    /// Bytes added to `data` since the flush.
    pub(super) data_bytes: usize,
    /// Transaction ids that are not stored, with what would be.
    pub(super) transactions: BTreeMap<Vec<u8>, Pair>,
    /// How many were stored since the graph was opened.
    pub(super) remembered: u64,
    pub(super) sequence: u64,
    /// The manifest in force, and the slot it is in.
    pub(super) manifest: Manifest,
    /// The next epoch to try: higher than any that may be on the device.
    pub(super) next_epoch: u64,
    pub(super) next_file: u32,
    /// `None` in a read-only graph.
    pub(super) log: Option<LogWriter>,
    pub(super) job: Option<AnyJob>,
    /// No merge is worth it before the tables change.
    pub(super) is_merged: bool,
    /// Trees whose tables are damaged are not compacted again: the error was given once.
    pub(super) compaction_failed: bool,
}

impl State {
    pub(super) fn new(device: Arc<Device>, options: Options, manifest: Manifest, tables: Tables) -> Self {
        Self {
            device,
            options,
            tables,
            facts: FactBuffer::default(),
            terms: SharedTerms::new(TermBuffer::new(manifest.next_term).into()),
            logged_terms: manifest.next_term,
            data: Runs::default(),
            data_bytes: 0,
            transactions: BTreeMap::new(),
            remembered: 0,
            sequence: manifest.sequence,
            next_epoch: manifest.epoch + 1,
            next_file: manifest.next_file,
            manifest,
            log: None,
            job: None,
            is_merged: false,
            compaction_failed: false,
        }
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.device.read_only
    }

    pub(super) fn check_writable(&self) -> Result<()> {
        match self.is_read_only() {
            true => Err(ErrorKind::ReadOnly.into()),
            false => Ok(()),
        }
    }

    /// Bytes of changes in memory.
    pub(super) fn memtable_size(&self) -> usize {
        self.facts.size() + self.data_bytes + read(&self.terms).size()
    }

    pub(super) fn terms(&self) -> Terms {
        Terms {
            buffer: self.terms.clone(),
            hashes: self.tables.facts[HASH].clone(),
            strings: self.tables.pairs[TERMS].clone(),
        }
    }

    pub(super) fn fact_view(&mut self, order: Order) -> TreeView<Fact> {
        TreeView {
            space: order.space(),
            runs: self.facts.runs(order).to_vec(),
            levels: self.tables.facts[order as usize].clone(),
        }
    }

    pub(super) fn data_view(&self) -> TreeView<Pair> {
        TreeView {
            space: Space::Data,
            runs: self.data.to_vec(),
            levels: self.tables.pairs[DATA].clone(),
        }
    }

    pub(super) fn snapshot(&mut self) -> Snapshot {
        Snapshot {
            facts: Order::ALL.map(|order| self.fact_view(order)),
            terms: self.terms(),
            data: self.data_view(),
            sequence: self.sequence,
        }
    }

    pub(super) fn stats(&self) -> Stats {
        let names = ["SPO", "POS", "OSP", "hash", "terms", "data"];
        let (facts, pairs) = names.split_at(Space::FACTS);
        let facts = facts.iter().zip(&self.tables.facts);
        let pairs = pairs.iter().zip(&self.tables.pairs);
        let mut trees: Vec<TreeStats> = facts.map(|(name, levels)| TreeStats::of(name, levels)).collect();
        trees.extend(pairs.map(|(name, levels)| TreeStats::of(name, levels)));
        let (cache_bytes, cache_hits, cache_misses) = self.device.cache.usage();
        Stats {
            terms: read(&self.terms).next_id(),
            sequence: self.sequence,
            epoch: self.manifest.epoch,
            memtable_facts: self.facts.len(),
            memtable_bytes: self.memtable_size(),
            log_bytes: self.log.as_ref().map_or(0, |log| log.len()),
            trees,
            cache_bytes,
            cache_hits,
            cache_misses,
            is_compacting: self.job.is_some(),
            compaction_failed: self.compaction_failed,
        }
    }

    pub(super) fn has_no_data(&self) -> bool {
        self.data_bytes == 0 && self.tables.pairs[DATA].tables().next().is_none()
    }

    pub(super) fn new_file(&mut self) -> u32 {
        let number = self.next_file;
        self.next_file += 1;
        number
    }
}
