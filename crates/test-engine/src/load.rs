//! The rows that an operation asks for.

use tarbox_store::{Error, ErrorKind, Ino, LayerId, Result};
use tarbox_store_core::{
    BUCKET, CHUNKS, Content, Dentry, Found, Inode, Map, Room, TouchedEntry, Versioned, Want, Xattr,
};

use crate::rows::Rows;

/// Answers one question.
pub(crate) fn load(rows: &Rows, want: &Want) -> Result<Found> {
    Ok(match want {
        Want::Tenant => Found::Tenant(Some(rows.tenant.clone())),
        Want::Inode(ino) => Found::Inode(rows.inodes.head.get(ino).map(without_content)),
        Want::Data(ino) => match rows.inodes.head.get(ino).map(|row| &row.content) {
            Some(Content::Inline(data)) => Found::Data(data[..].into()),
            _ => return Err(Error::new(ErrorKind::Corrupt).because("the inode has no data of its own")),
        },
        Want::InodeAt(ino, layer) => Found::Inode(rows.inodes.at(ino, *layer).cloned()),
        Want::Entries { dir, from, to, limit } => entries(rows, *dir, *from, *to, *limit, None),
        Want::EntriesAt {
            dir,
            from,
            to,
            limit,
            layer,
        } => entries(rows, *dir, *from, *to, *limit, Some(*layer)),
        Want::Names { ino, layer } => {
            let all = rows
                .dentries
                .range((Ino(0), 0)..=(Ino(u64::MAX), u64::MAX), *layer);
            let named = all.into_iter().filter(|(_, entry)| entry.ino == *ino);
            Found::Names(named.map(|(at, entry)| (*at, entry.name.clone())).collect())
        }
        Want::Chunks { file, from, to } => chunks(rows, *file, *from, *to, None),
        Want::ChunksAt {
            file,
            from,
            to,
            layer,
        } => chunks(rows, *file, *from, *to, Some(*layer)),
        Want::NextChunk { file, from, layer } => {
            let found = rows.chunks.range((*file, *from)..=(*file, u64::MAX), *layer);
            Found::Index(found.keys().next().map(|(_, index)| *index))
        }
        Want::Xattrs(ino) => xattrs(rows, *ino, None),
        Want::XattrsAt(ino, layer) => xattrs(rows, *ino, Some(*layer)),
        Want::Block(hash) => Found::Block(rows.blocks.get(hash).copied()),
        Want::Layer(layer) => Found::Layer(rows.layers.get(layer).cloned()),
        Want::LayerNamed(name) => {
            let named = rows.layers.values().find(|layer| layer.name == *name);
            let tagged = || rows.layers.get(rows.tags.get(name)?);
            Found::Layer(named.or_else(tagged).cloned())
        }
        Want::Layers => Found::Layers(rows.layers.values().cloned().collect()),
        Want::Tags => Found::Tags(rows.tags.iter().map(|(name, at)| (name.clone(), *at)).collect()),
        Want::LossesOfPrune { kept, next } => Found::Losses(rows.losses_of_prune(*kept, *next)),
        Want::LossesOfRewind(layer) => Found::Losses(rows.losses_of_rewind(*layer)),
        Want::Touched {
            rows: which,
            from,
            to,
        } => {
            let mut inos: Vec<Ino> = match which {
                Versioned::Inode => rows.inodes.touched(*from, *to).map(|(ino, ..)| *ino).collect(),
                Versioned::Chunk => rows
                    .chunks
                    .touched(*from, *to)
                    .map(|((ino, _), ..)| *ino)
                    .collect(),
                Versioned::Xattr => rows
                    .xattrs
                    .touched(*from, *to)
                    .map(|((ino, _), ..)| *ino)
                    .collect(),
            };
            inos.sort_unstable();
            inos.dedup();
            Found::Inodes(inos)
        }
        Want::TouchedEntries { from, to } => {
            let entry = |((dir, _), died, entry): (&(Ino, u64), _, &Dentry)| TouchedEntry {
                dir: *dir,
                entry: entry.clone(),
                died,
            };
            Found::Touched(rows.dentries.touched(*from, *to).map(entry).collect())
        }
        Want::Orphans { after, limit } => {
            let behind = rows.orphans.range(Ino(after.0 + 1)..);
            Found::Inodes(behind.take(*limit).copied().collect())
        }
        Want::Hidden => Found::Gaps(rows.gaps()),
        // The core does not ask an engine for these as rows.
        Want::Alone | Want::HeldElsewhere(_) => Found::Is(false),
        Want::Held { .. } => Found::Bytes(0),
        Want::Room => Found::Room(Room::default()),
        Want::Lineage { ino, layer } => Found::Many(lineage(rows, *ino, *layer)?),
        // Whatever these hint at is found as fast by itself.
        Want::Descent { .. } | Want::Directory { .. } | Want::Listing { .. } => Found::Many(Vec::new()),
    })
}

fn without_content(row: &Inode) -> Inode {
    let content = match row.content {
        Content::Chunked => Content::Chunked,
        Content::Inline(_) | Content::Stored => Content::Stored,
    };
    Inode {
        content,
        ..row.clone()
    }
}

fn entries(rows: &Rows, dir: Ino, from: u64, to: u64, limit: usize, layer: Option<LayerId>) -> Found {
    let found = rows.dentries.range((dir, from)..=(dir, to), layer);
    Found::Entries(found.into_values().take(limit).cloned().collect())
}

fn chunks(rows: &Rows, file: Ino, from: u64, to: u64, layer: Option<LayerId>) -> Found {
    let found = rows.chunks.range((file, from)..=(file, to), layer).into_iter();
    let chunk = |((_, index), map): (&(Ino, u64), &Map)| (*index, map.clone());
    Found::Chunks(found.take(CHUNKS).map(chunk).collect())
}

fn xattrs(rows: &Rows, ino: Ino, layer: Option<LayerId>) -> Found {
    let found = rows
        .xattrs
        .range((ino, Vec::new())..=(Ino(ino.0 + 1), Vec::new()), layer);
    let xattr = |((_, name), xattr): (&(Ino, Vec<u8>), &Xattr)| (name.clone(), xattr.clone());
    Found::Xattrs(found.into_iter().map(xattr).collect())
}

/// An inode of the head and the one above it, with the entry that names it: one level of what is asked for, so that the rest has
/// to be asked for as well.
fn lineage(rows: &Rows, ino: Ino, layer: Option<LayerId>) -> Result<Vec<(Want, Found)>> {
    let (Some(row), None) = (rows.inodes.head.get(&ino), layer) else {
        return Ok(Vec::new());
    };
    let bucket = row.cookie - row.cookie % BUCKET;
    let wants = [
        Want::Inode(ino),
        Want::Entries {
            dir: row.parent,
            from: bucket,
            to: bucket + (BUCKET - 1),
            limit: BUCKET as usize,
        },
    ];
    wants
        .into_iter()
        .map(|want| Ok((want.clone(), load(rows, &want)?)))
        .collect()
}
