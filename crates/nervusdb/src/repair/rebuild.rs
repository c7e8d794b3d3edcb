//! Makes the indexes again that follow from other data.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Files;
use crate::buffer::{sort_newest, term_hash};
use crate::device::{Device, FileName};
use crate::error::Result;
use crate::manifest::TableEntry;
use crate::property::{self, Owner, decode, is_index_key};
use crate::record::{Fact, Pair, Record};
use crate::space::Space;
use crate::table::{Table, TablesWriter};
use crate::tree::{Levels, Merge, TreeView};

/// Records sorted in memory at once.
const CHUNK: usize = 200_000;

fn merge<R: Record>(device: &Arc<Device>, entries: &[TableEntry], space: Space) -> Result<Merge<R>> {
    let (levels, _) = Levels::load(device, entries, space)?;
    let view = TreeView {
        space,
        runs: Vec::new(),
        levels: Arc::new(levels),
    };
    view.whole()
}

/// Removes a tree's tables from the manifest to come, keeping copies.
fn retire(files: &mut Files, entries: &mut Vec<TableEntry>, space: Space) -> Result<()> {
    for entry in entries.iter().filter(|entry| entry.space == space) {
        files.set_aside(FileName::Table(entry.number))?;
    }
    entries.retain(|entry| entry.space != space);
    Ok(())
}

/// Writes sorted records as the newest tables.
fn write_sorted<'r, R: Record + 'r>(
    files: &mut Files,
    entries: &mut Vec<TableEntry>,
    space: Space,
    sequence: u64,
    sorted: impl IntoIterator<Item = &'r R>,
) -> Result<()> {
    let device = files.device.clone();
    let mut number = || files.number();
    for table in TablesWriter::new(&device, space, sequence, &mut number).write(sorted)? {
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
    let (mut chunk, mut spare) = (Vec::new(), Vec::new());
    loop {
        let more = terms.advance_live()?;
        if !more || chunk.len() == CHUNK {
            sort_newest(&mut chunk, &mut spare);
            write_sorted(files, entries, Space::Hash, sequence, &chunk)?;
            chunk.clear();
        }
        if !more {
            return Ok(());
        }
        let Pair { key, value, .. } = terms.record();
        if let Ok(id) = key.as_slice().try_into().map(u32::from_be_bytes) {
            chunk.push(Fact::new([term_hash(value), id, 0], false));
        }
    }
}

/// Whether the index of properties is what they ask for.
pub(super) fn index_fits(device: &Arc<Device>, entries: &[TableEntry]) -> Result<bool> {
    property::index_fits(merge(device, entries, Space::Data)?)
}

/// The index of properties, from the properties; and the tree of data with it.
pub(super) fn data(files: &mut Files, entries: &mut Vec<TableEntry>, sequence: u64) -> Result<()> {
    let mut records = merge::<Pair>(&files.device, entries, Space::Data)?;
    retire(files, entries, Space::Data)?;
    // Long values of one name can share a key.
    let mut chunk: BTreeMap<Vec<u8>, Pair> = BTreeMap::new();
    loop {
        let more = records.advance_live()?;
        if !more || chunk.len() >= CHUNK {
            write_sorted(files, entries, Space::Data, sequence, chunk.values())?;
            chunk.clear();
        }
        if !more {
            return Ok(());
        }
        let record = records.record();
        if is_index_key(&record.key) {
            continue;
        }
        if let Some(owner) = Owner::of_key(&record.key) {
            for (name, value) in decode(&record.value).unwrap_or_default() {
                let key = owner.index_key(&name, &value);
                chunk.insert(key.clone(), Pair::new(key, Vec::new()));
            }
        }
        chunk.insert(record.key.clone(), record.clone());
    }
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
