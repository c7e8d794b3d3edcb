//! What statements answered.

use tarbox_store::{Ino, LayerId, Result};
use tarbox_store_core::{Found, Map, Name, Room, TenantId, TouchedEntry, Want, damaged};
use tokio_postgres::Row;

use super::path::{entries_of, entry_at, went_down, went_up};
use super::{Sql, bytes, chunk, dentry, failed, history, inode, int, tenant, xattr};

pub(super) type Answers = Vec<(Want, Found)>;

/// The answer of one want that shares no statement.
pub(super) fn answer(sql: Sql<'_>, want: &Want, answers: &[Vec<Row>]) -> Result<Found> {
    let t = sql.tenant;
    let rows = answers.first().map_or(&[][..], |rows| &rows[..]);
    Ok(match want {
        Want::InodeAt(ino, _) => {
            let row = rows.first().map(|row| inode::decode_full(row, t, *ino, 0));
            Found::Inode(row.transpose()?)
        }
        Want::Entries { .. } | Want::EntriesAt { .. } => Found::Entries(
            rows.iter()
                .map(|row| dentry::decode(row, 0))
                .collect::<Result<_>>()?,
        ),
        Want::Listing { dir, from, limit } => Found::Many(listed(*dir, *from, *limit, answers)?),
        // There are more, or it was not worth asking.
        Want::Directory { limit, .. } if *limit == 0 || rows.len() > *limit => Found::Many(Vec::new()),
        Want::Directory { .. } => Found::Entries(
            rows.iter()
                .map(|row| dentry::decode(row, 0))
                .collect::<Result<_>>()?,
        ),
        Want::Names { .. } => {
            let name = |row: &Row| {
                let place = (Ino(int(row, 0)? as u64), int(row, 1)? as u64);
                Ok((place, Name::from(bytes(row, 2)?)))
            };
            Found::Names(rows.iter().map(name).collect::<Result<_>>()?)
        }
        Want::Chunks { file, .. } | Want::ChunksAt { file, .. } => Found::Chunks(chunks(t, *file, rows)?),
        Want::NextChunk { .. } => {
            let index: Option<i64> = match rows.first() {
                Some(row) => row.try_get(0).map_err(failed)?,
                None => None,
            };
            Found::Index(index.map(|index| index as u64))
        }
        Want::Xattrs(_) | Want::XattrsAt(..) => {
            Found::Xattrs(rows.iter().map(xattr::decode).collect::<Result<_>>()?)
        }
        Want::Layer(_) | Want::LayerNamed(_) => Found::Layer(rows.first().map(tenant::layer).transpose()?),
        Want::Layers => Found::Layers(rows.iter().map(tenant::layer).collect::<Result<_>>()?),
        Want::Tags => {
            let tag = |row: &Row| Ok((row.try_get(0).map_err(failed)?, LayerId(int(row, 1)? as u64)));
            Found::Tags(rows.iter().map(tag).collect::<Result<_>>()?)
        }
        Want::LossesOfPrune { .. } | Want::LossesOfRewind(_) => Found::Losses(history::losses(t, answers)?),
        Want::Touched { .. } | Want::Orphans { .. } => Found::Inodes(
            rows.iter()
                .map(|row| inode::number(row, 0))
                .collect::<Result<_>>()?,
        ),
        Want::TouchedEntries { .. } => {
            let version = |row: &Row| {
                let died: Option<i64> = row.try_get(1).map_err(failed)?;
                Ok(TouchedEntry {
                    dir: inode::number(row, 0)?,
                    entry: dentry::decode(row, 2)?,
                    died: died.map(|died| LayerId(died as u64)),
                })
            };
            Found::Touched(rows.iter().map(version).collect::<Result<_>>()?)
        }
        Want::Lineage { ino, layer } => Found::Many(went_up(sql, *ino, *layer, rows)?),
        Want::Descent { dir, names, layer } => Found::Many(went_down(sql, *dir, names, *layer, rows)?),
        Want::Hidden => {
            let pair = |row: &Row| Ok((LayerId(int(row, 0)? as u64), LayerId(int(row, 1)? as u64)));
            Found::Gaps(rows.iter().map(pair).collect::<Result<_>>()?)
        }
        Want::Room => Found::Room(Room::default()),
        Want::Alone | Want::HeldElsewhere(_) => Found::Is(false),
        // Answered elsewhere.
        Want::Tenant | Want::Inode(_) | Want::Data(_) | Want::Block(_) | Want::Held { .. } => Found::Bytes(0),
    })
}

/// A directory, its entries and what they name.
fn listed(dir: Ino, from: u64, limit: usize, answers: &[Vec<Row>]) -> Result<Answers> {
    let (directory, rows) = match answers {
        [directory, rows] => (directory.first(), &rows[..]),
        _ => (None, &[][..]),
    };
    let directory = directory.map(|row| inode::decode(row, 1)).transpose()?;
    let mut answers: Answers = vec![(Want::Inode(dir), Found::Inode(directory))];
    let to = i64::MAX as u64;
    let entries = entries_of(rows, entry_at(None))?;
    answers.push((Want::Entries { dir, from, to, limit }, Found::Entries(entries)));
    for row in rows {
        if row.try_get::<_, Option<i64>>(1).map_err(failed)?.is_some() {
            answers.push((
                Want::Inode(inode::number(row, 1)?),
                Found::Inode(Some(inode::decode(row, 2)?)),
            ));
        }
    }
    Ok(answers)
}

fn chunks(t: TenantId, file: Ino, rows: &[Row]) -> Result<Vec<(u64, Map)>> {
    let mut found: Vec<(u64, Map)> = Vec::with_capacity(rows.len());
    for row in rows {
        let (index, map) = chunk::decode(row, t, file)?;
        if found.last().is_some_and(|(before, _)| *before >= index) {
            return Err(damaged("two versions of a chunk are valid at once"));
        }
        found.push((index, map));
    }
    Ok(found)
}
