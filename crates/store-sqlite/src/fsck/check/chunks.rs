//! Chunk maps: what they must look like, and where they may be.

use std::fmt;

use rusqlite::Row;
use tarbox_store::LayerId;

use super::cursor::Keyed;
use crate::fsck::finding::{At, Until};
use crate::rows::{CHUNK, Key, Map};

/// What is wrong with a chunk.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::fsck) enum ChunkFault {
    /// Its map breaks the format.
    Map { file: i64, idx: i64, died: i64 },
    /// It holds bytes behind the end of the file.
    Beyond {
        file: i64,
        idx: i64,
        died: i64,
        end: i64,
        size: i64,
    },
    /// It belongs to an inode whose content is not in chunks.
    Unexpected { file: i64, idx: i64, died: i64 },
}

impl ChunkFault {
    pub(in crate::fsck) fn invariant(&self) -> &'static str {
        match self {
            Self::Map { .. } | Self::Unexpected { .. } => "map",
            Self::Beyond { .. } => "size",
        }
    }
}

impl fmt::Display for ChunkFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Map { file, idx, died } => write!(
                f,
                "{}: the map of chunk {idx}{} breaks its format",
                At(*file, crate::fsck::finding::HEAD),
                Until(*died)
            ),
            Self::Beyond {
                file,
                idx,
                died,
                end,
                size,
            } => write!(
                f,
                "{}: chunk {idx} holds bytes to {end}, expected none behind the size {size}",
                At(*file, *died)
            ),
            Self::Unexpected { file, idx, died } => write!(
                f,
                "{}: chunk {idx} is there, expected none, since its content is in its row",
                At(*file, *died)
            ),
        }
    }
}

/// One version of a chunk.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) file: i64,
    pub(super) idx: i64,
    pub(super) died: i64,
    pub(super) born: i64,
    /// Bytes it holds, and where in the file they end; `None` if the map breaks its format.
    pub(super) facts: Option<(i64, i64)>,
}

impl Keyed for Chunk {
    fn key(&self) -> i64 {
        self.file
    }
}

/// In the order of their files and places.
pub(super) const CHUNKS: &str = "SELECT file, idx, 9223372036854775807, born, map FROM chunk WHERE file >= ?1 AND file < ?2 UNION ALL \
     SELECT file, idx, died, born, map FROM chunk_past WHERE file >= ?1 AND file < ?2 ORDER BY 1, 2, 3";

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Chunk> {
    let idx: i64 = row.get(1)?;
    let map = row.get_ref(4)?.as_blob()?;
    Ok(Chunk {
        file: row.get(0)?,
        idx,
        died: row.get(2)?,
        born: row.get(3)?,
        facts: facts(row.get(0)?, idx, map),
    })
}

fn facts(file: i64, idx: i64, map: &[u8]) -> Option<(i64, i64)> {
    let map = Map::decode(map, Key(file as u64), idx as u64, LayerId(0))?;
    let base = idx.checked_mul(CHUNK as i64).filter(|_| idx >= 0)?;
    // A chunk without fragments has no row.
    let last = map.fragments.last()?;
    let end = base.checked_add(i64::from(last.end()))?;
    Some((map.stored() as i64, end))
}
