//! Levelled compaction: what to merge next, and the merge itself, in steps of bounded work.

use std::sync::Arc;

use super::levels::{Levels, MAX_LEVEL};
use super::{Merge, Source};
use crate::device::Device;
use crate::error::Result;
use crate::record::Record;
use crate::space::Space;
use crate::table::{Table, TableCursor, TableWriter};

/// So many tables of level 0 are merged into level 1.
const L0_TRIGGER: usize = 4;
/// From so many on, writers wait for the merge.
pub(crate) const L0_LIMIT: usize = 12;
/// Bytes of level 1 before it overflows into level 2; each deeper level holds ten times more.
const LEVEL_1_BYTES: u64 = 16 << 20;

/// So many records of a block that is copied take as long as one that is merged.
const COPIES_PER_MERGE: usize = 8;

/// What to merge: the tables of `inputs` into `level`.
#[derive(Debug)]
pub(crate) struct Choice<R> {
    /// Newest first.
    inputs: Vec<Arc<Table<R>>>,
    level: usize,
}

impl<R: Record> Choice<R> {
    /// Everything into one level, the deepest there is.
    pub(crate) fn everything(levels: &Levels<R>) -> Option<Self> {
        let inputs: Vec<_> = levels.tables().map(|(_, table)| table.clone()).collect();
        let level = levels.sorted.len().max(1);
        let is_done = levels.fresh.is_empty()
            && levels.sorted.iter().rev().skip(1).all(Vec::is_empty)
            && inputs.iter().all(|table| table.footer.tombstones == 0);
        (!is_done).then_some(Self { inputs, level })
    }
}

/// How much a tree needs a merge, in percent: from 100 on it does, and of several trees the neediest is first.
#[inline(never)]
pub(crate) fn pressure<R: Record>(levels: &Levels<R>) -> u64 {
    neediest(levels).0
}

/// The most of all levels, and which it is.
#[inline(never)]
fn neediest<R: Record>(levels: &Levels<R>) -> (u64, usize) {
    let mut most = ((levels.fresh.len() * 100 / L0_TRIGGER) as u64, 0);
    let mut limit = LEVEL_1_BYTES;
    for (level, tables) in (1..MAX_LEVEL).zip(&levels.sorted) {
        most = most.max((Levels::bytes(tables) / (limit / 100), level));
        limit *= 10;
    }
    most
}

/// What is most worth merging, if anything.
#[inline(never)]
pub(crate) fn choose<R: Record>(levels: &Levels<R>) -> Option<Choice<R>> {
    let (pressure, level) = neediest(levels);
    let inputs = match level.checked_sub(1) {
        _ if pressure < 100 => return None,
        None => levels.fresh.clone(),
        // The oldest file of the level: every key range has its turn.
        Some(index) => {
            let oldest = levels.sorted[index].iter().min_by_key(|table| table.number)?;
            vec![oldest.clone()]
        }
    };
    Some(with_overlapping(levels, inputs, level + 1))
}

/// Adds the tables of `level` that the output could overlap. It spans all of the inputs, and so also the gaps
/// between them.
fn with_overlapping<R: Record>(
    levels: &Levels<R>,
    mut inputs: Vec<Arc<Table<R>>>,
    level: usize,
) -> Choice<R> {
    let first = inputs.iter().map(|table| table.first()).min_by(|a, b| a.order(b));
    let last = inputs.iter().map(|table| table.last()).max_by(|a, b| a.order(b));
    if let (Some(first), Some(last), Some(below)) =
        (first.cloned(), last.cloned(), levels.sorted.get(level - 1))
    {
        for table in below {
            if table.overlaps(&first, &last) {
                inputs.push(table.clone());
            }
        }
    }
    Choice { inputs, level }
}

/// A merge under way. Dropped unfinished, it leaves files that no manifest names.
#[derive(Debug)]
pub(crate) struct Job<R> {
    device: Arc<Device>,
    space: Space,
    inputs: Vec<Arc<Table<R>>>,
    level: usize,
    merge: Merge<R>,
    writer: Option<TableWriter<R>>,
    outputs: Vec<Arc<Table<R>>>,
    sequence: u64,
    /// Nothing older can be below, so tombstones have done their work.
    drops_tombstones: bool,
}

impl<R: Record> Job<R> {
    pub(crate) fn start(
        device: &Arc<Device>,
        space: Space,
        levels: &Levels<R>,
        choice: Choice<R>,
    ) -> Result<Self> {
        let mut sources = Vec::new();
        for table in &choice.inputs {
            sources.extend(TableCursor::read_once(table.clone())?.map(Source::Table));
        }
        let sequence = choice.inputs.iter().map(|table| table.footer.sequence).max();
        Ok(Self {
            device: device.clone(),
            space,
            merge: Merge::new(sources),
            level: choice.level,
            writer: None,
            outputs: Vec::new(),
            sequence: sequence.unwrap_or(0),
            drops_tombstones: levels.sorted.len() <= choice.level,
            inputs: choice.inputs,
        })
    }

    /// Merges up to `budget` records. `true` once all are merged and the outputs are durable.
    pub(crate) fn step(&mut self, budget: usize, mut next_number: impl FnMut() -> u32) -> Result<bool> {
        let mut done = 0;
        while done < budget {
            done += 1;
            if !self.merge.advance()? {
                self.close_table()?;
                return Ok(true);
            }
            if self.drops_tombstones && self.merge.record().is_dead() {
                continue;
            }
            let writer = match &mut self.writer {
                Some(writer) => writer,
                None => {
                    let number = next_number();
                    let level = self.level as u8;
                    let filtering = match self.drops_tombstones {
                        true => self.space.filtering_below_all(),
                        false => self.space.filtering(),
                    };
                    let create = TableWriter::create(&self.device, number, self.space, level, filtering);
                    self.writer.insert(create?)
                }
            };
            let whole = match writer.takes_blocks() {
                true => self.merge.take_block()?,
                false => None,
            };
            match whole {
                Some(block) => {
                    done += block.entries() as usize / COPIES_PER_MERGE;
                    writer.push_block(&block, self.merge.record())?;
                }
                None => writer.push(self.merge.record())?,
            }
            if writer.is_full() {
                self.close_table()?;
            }
        }
        Ok(false)
    }

    fn close_table(&mut self) -> Result<()> {
        if let Some(writer) = self.writer.take() {
            self.outputs.push(Arc::new(writer.finish(self.sequence)?));
        }
        Ok(())
    }

    /// The tree after the finished merge.
    pub(crate) fn install(&self, levels: &Levels<R>) -> Levels<R> {
        levels.replaced(&self.inputs, &self.outputs, self.level)
    }

    /// The manifest no longer names the inputs: they go with their last readers.
    pub(crate) fn retire_inputs(&self) {
        self.inputs.iter().for_each(|table| table.file.set_obsolete());
    }
}
