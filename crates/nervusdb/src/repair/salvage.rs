//! Reads the whole blocks of damaged tables.

use std::sync::Arc;

use tarbox_pool::PoolExt;

use super::{Files, Lost};
use crate::block::{Block, BlockCursor, RESTART_EVERY};
use crate::device::FileName;
use crate::error::{Error, ErrorKind, Result};
use crate::manifest::TableEntry;
use crate::record::{Fact, Pair, Record};
use crate::space::Space;
use crate::table::{HEADER_LEN, Table, TableWriter};

/// Goes through the tables of a manifest, replacing the damaged ones.
pub(super) struct Salvage<'a> {
    files: &'a mut Files,
    sequence: u64,
    /// The tables of the new manifest.
    pub(super) entries: Vec<TableEntry>,
    pub(super) lost: Lost,
}

/// The range of keys something was lost in.
type Range<R> = (R, R);

impl<'a> Salvage<'a> {
    pub(super) fn new(files: &'a mut Files, sequence: u64) -> Self {
        Self {
            files,
            sequence,
            entries: Vec::new(),
            lost: Lost::default(),
        }
    }

    pub(super) fn table(&mut self, entry: &TableEntry) -> Result<()> {
        match entry.space {
            Space::Spo | Space::Pos | Space::Osp => {
                let ranges = self.table_of::<Fact>(entry)?;
                self.lost.facts[entry.space as usize].extend(ranges);
            }
            Space::Hash => self.lost.hashes |= !self.table_of::<Fact>(entry)?.is_empty(),
            Space::Terms => self.lost.terms |= !self.table_of::<Pair>(entry)?.is_empty(),
            Space::Data => self.lost.data |= !self.table_of::<Pair>(entry)?.is_empty(),
        }
        Ok(())
    }

    fn table_of<R: Record>(&mut self, entry: &TableEntry) -> Result<Vec<Range<R>>> {
        let mut kept = Kept {
            files: self.files,
            entry: *entry,
            writer: None,
            last: None,
        };
        let ranges = match Table::<R>::open(&kept.files.device.clone(), entry.number, entry.space, entry.len)
        {
            Ok(table) => by_index(&Arc::new(table), &mut kept)?,
            Err(error) if is_damage(&error) => by_walking(&mut kept)?,
            Err(error) => return Err(error),
        };
        if ranges.is_empty() {
            self.entries.push(*entry);
            return Ok(ranges);
        }
        if let Some(writer) = kept.writer.take() {
            let table = writer.finish(self.sequence)?;
            self.entries.push(TableEntry {
                number: table.number,
                len: table.len,
                ..*entry
            });
        }
        self.files.set_aside(FileName::Table(entry.number))?;
        Ok(ranges)
    }
}

/// Whether the error tells of a file, and not of the device.
fn is_damage(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Pool(error) => {
            matches!(
                error.kind(),
                tarbox_pool::ErrorKind::NotFound | tarbox_pool::ErrorKind::Io
            )
        }
        _ => true,
    }
}

/// The readable records of a damaged table, in a table of the same place.
struct Kept<'a, R> {
    files: &'a mut Files,
    entry: TableEntry,
    writer: Option<TableWriter<R>>,
    last: Option<R>,
}

impl<R: Record> Kept<'_, R> {
    fn push(&mut self, record: &R) -> Result<()> {
        if self.last.as_ref().is_some_and(|last| !last.order(record).is_lt()) {
            return Ok(());
        }
        let TableEntry { space, level, .. } = self.entry;
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let number = self.files.number();
                let create = TableWriter::create(&self.files.device, number, space, level, space.filtering());
                self.writer.insert(create?)
            }
        };
        self.last = Some(record.clone());
        writer.push(record)
    }

    fn push_all(&mut self, records: &[R]) -> Result<()> {
        records.iter().try_for_each(|record| self.push(record))
    }
}

/// The records of a block, if they all decode.
fn records_of<R: Record>(block: Arc<Block>) -> Option<Vec<R>> {
    let mut cursor: BlockCursor<R> = BlockCursor::new(block);
    let mut records = Vec::new();
    while cursor.advance().ok()? {
        records.push(cursor.record().clone());
    }
    Some(records)
}

/// Where the index is readable, each block stands for itself.
fn by_index<R: Record>(table: &Arc<Table<R>>, kept: &mut Kept<'_, R>) -> Result<Vec<Range<R>>> {
    let readable = |index| {
        let block = match table.file.block_uncached(index) {
            Ok(block) => block,
            Err(error) if is_damage(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(records_of::<R>(block))
    };
    let mut ranges = Vec::new();
    for index in 0..table.blocks() {
        if readable(index)?.is_none() {
            let after = match index + 1 < table.blocks() {
                true => table.first_of(index + 1),
                false => table.last(),
            };
            ranges.push((table.first_of(index).clone(), after.clone()));
        }
    }
    let filter_is_damaged = table.file.check_filter().is_err();
    if filter_is_damaged && ranges.is_empty() {
        // Nothing is lost, but the table must be written anew: a range of one key says so.
        ranges.push((table.first().clone(), table.first().clone()));
    }
    if !ranges.is_empty() {
        for index in 0..table.blocks() {
            if let Some(records) = readable(index)? {
                kept.push_all(&records)?;
            }
        }
    }
    Ok(ranges)
}

/// Without an index, the blocks follow one another; where each ends, its own trailer says. What follows a damaged
/// one is lost.
fn by_walking<R: Record>(kept: &mut Kept<'_, R>) -> Result<Vec<Range<R>>> {
    let path = kept.files.device.path(FileName::Table(kept.entry.number));
    let bytes = match kept.files.device.pool.exists(&path)? {
        true => kept.files.device.pool.read_file(&path)?,
        false => Vec::new(),
    };
    let mut at = HEADER_LEN as usize;
    while let Some((records, end)) = bytes.get(at..).and_then(leading_block::<R>) {
        kept.push_all(&records)?;
        at += end;
    }
    let from = kept.last.clone().unwrap_or_default();
    Ok(vec![(from, R::last_possible())])
}

/// The records of the block the bytes begin with, and where it ends.
fn leading_block<R: Record>(bytes: &[u8]) -> Option<(Vec<R>, usize)> {
    let mut record = R::default();
    let mut at = 0;
    for count in 1_usize.. {
        if (count - 1).is_multiple_of(RESTART_EVERY) {
            record.reset();
        }
        at = record.decode(bytes, at)?;
        let restarts = count.div_ceil(RESTART_EVERY);
        let count_at = at + 2 * restarts;
        let trailer = bytes.get(count_at..count_at + 2)?;
        if trailer == (restarts as u16).to_le_bytes()
            && let Some(block) = bytes
                .get(..count_at + 6)
                .map(<[u8]>::to_vec)
                .and_then(Block::parse)
        {
            return Some((records_of(Arc::new(block))?, count_at + 6));
        }
    }
    None
}
