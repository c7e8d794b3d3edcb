//! Makes the indexes again that follow from other data.

use std::sync::Arc;

use super::{Files, Kind};
use crate::buffer::term_hash;
use crate::device::{Device, FileName};
use crate::error::Result;
use crate::manifest::TableEntry;
use crate::property::{Owner, decode, is_index_key};
use crate::record::{Fact, Pair, Record};
use crate::space::Space;
use crate::table::{Table, write_tables};
use crate::tree::{Levels, Merge, TreeView};

/// Records sorted in memory at once.
const CHUNK: usize = 200_000;

fn merge<R: Kind>(device: &Arc<Device>, entries: &[TableEntry], space: Space) -> Result<Merge<R>> {
    let mut levels = Levels::default();
    for entry in entries.iter().filter(|entry| entry.space == space) {
        let table = Table::<R>::open(device, entry.number, entry.space, entry.len)?;
        levels.insert(entry.level, Arc::new(table));
    }
    let view = TreeView {
        space,
        runs: Vec::new(),
        levels: Arc::new(levels),
    };
    view.merge(&R::default(), &R::last_possible())
}

/// Removes a tree's tables from the manifest to come, keeping copies.
fn retire(files: &mut Files, entries: &mut Vec<TableEntry>, space: Space) -> Result<()> {
    for entry in entries.iter().filter(|entry| entry.space == space) {
        files.set_aside(FileName::Table(entry.number))?;
    }
    entries.retain(|entry| entry.space != space);
    Ok(())
}

/// Sorts a chunk and writes it as the newest tables.
fn write_chunk<R: Record>(
    files: &mut Files,
    entries: &mut Vec<TableEntry>,
    space: Space,
    sequence: u64,
    chunk: &mut Vec<R>,
) -> Result<()> {
    chunk.sort_by(R::order);
    let device = files.device.clone();
    let sorted = std::mem::take(chunk).into_iter();
    for table in write_tables(&device, space, sequence, sorted, || files.number())? {
        let entry = TableEntry {
            space,
            level: 0,
            number: table.number,
            len: table.len,
        };
        entries.insert(0, entry);
    }
    Ok(())
}

/// The index of terms by hash, from the terms.
pub(super) fn hashes(files: &mut Files, entries: &mut Vec<TableEntry>, sequence: u64) -> Result<()> {
    let mut terms = merge::<Pair>(&files.device, entries, Space::Terms)?;
    retire(files, entries, Space::Hash)?;
    let mut chunk = Vec::new();
    while terms.advance_live()? {
        let Pair { key, value, .. } = terms.record();
        if let Ok(id) = key.as_slice().try_into().map(u32::from_be_bytes) {
            chunk.push(Fact::new([term_hash(value), id, 0], false));
        }
        if chunk.len() == CHUNK {
            write_chunk(files, entries, Space::Hash, sequence, &mut chunk)?;
        }
    }
    write_chunk(files, entries, Space::Hash, sequence, &mut chunk)
}

/// The index of properties, from the properties; and the tree of data with it.
pub(super) fn data(files: &mut Files, entries: &mut Vec<TableEntry>, sequence: u64) -> Result<()> {
    let mut records = merge::<Pair>(&files.device, entries, Space::Data)?;
    retire(files, entries, Space::Data)?;
    let mut chunk = Vec::new();
    while records.advance_live()? {
        let record = records.record();
        if is_index_key(&record.key) {
            continue;
        }
        if let Some(owner) = Owner::of_key(&record.key) {
            for (name, value) in decode(&record.value).unwrap_or_default() {
                chunk.push(Pair::new(owner.index_key(&name, &value), Vec::new()));
            }
        }
        chunk.push(record.clone());
        if chunk.len() >= CHUNK {
            dedup(&mut chunk);
            write_chunk(files, entries, Space::Data, sequence, &mut chunk)?;
        }
    }
    dedup(&mut chunk);
    write_chunk(files, entries, Space::Data, sequence, &mut chunk)
}

/// Long values of one name can share a key.
fn dedup(chunk: &mut Vec<Pair>) {
    chunk.sort_by(Pair::order);
    chunk.dedup_by(|a, b| a.key == b.key);
}

/// The first term id that no table has, as far as they are readable.
pub(super) fn next_term(device: &Arc<Device>, entries: &[TableEntry]) -> Result<u32> {
    let mut next = 0;
    for entry in entries.iter().filter(|entry| entry.space == Space::Terms) {
        if let Ok(table) = Table::<Pair>::open(device, entry.number, entry.space, entry.len)
            && let Ok(id) = table.last().key.as_slice().try_into().map(u32::from_be_bytes)
        {
            next = next.max(id.saturating_add(1));
        }
    }
    Ok(next)
}
