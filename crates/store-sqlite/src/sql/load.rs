//! The rows that an operation asks for.

use rusqlite::Connection;
use tarbox_store::{Ino, LayerId, Result};
use tarbox_store_core::{Found, TouchedEntry, Versioned, Want};

use super::{chunk, dentry, inode, layers, orphan, tenant, xattr};
use crate::rows::{BUCKET, Key, Name, Numbered, TenantId};

/// Answers one question.
pub(crate) fn load(c: &Connection, t: TenantId, want: &Want) -> Result<Found> {
    let key = |ino: &Ino| t.key(*ino);
    Ok(match want {
        Want::Tenant => Found::Tenant(tenant::by_id(c, t)?),
        Want::Inode(ino) => Found::Inode(inode::get(c, key(ino))?),
        Want::Data(ino) => Found::Data(inode::data(c, key(ino))?.into()),
        Want::InodeAt(ino, layer) => Found::Inode(inode::get_at(c, key(ino), *layer)?),
        Want::Entries { dir, from, to, limit } => {
            Found::Entries(dentry::range(c, key(dir), *from, *to, *limit)?)
        }
        Want::EntriesAt {
            dir,
            from,
            to,
            limit,
            layer,
        } => Found::Entries(dentry::range_at(c, key(dir), *from, *to, *limit, *layer)?),
        Want::Names { ino, layer } => {
            let names = dentry::names_of(c, t, *ino, *layer)?;
            Found::Names(
                names
                    .into_iter()
                    .map(|((dir, at), name)| ((dir.ino(), at), name))
                    .collect(),
            )
        }
        Want::Chunks { file, from, to } => Found::Chunks(chunk::range(c, key(file), *from, *to)?),
        Want::ChunksAt {
            file,
            from,
            to,
            layer,
        } => Found::Chunks(chunk::range_at(c, key(file), *from, *to, *layer)?),
        Want::NextChunk { file, from, layer } => Found::Index(chunk::next(c, key(file), *from, *layer)?),
        Want::Xattrs(ino) => Found::Xattrs(xattr::all(c, key(ino))?),
        Want::XattrsAt(ino, layer) => Found::Xattrs(xattr::all_at(c, key(ino), *layer)?),
        Want::Block(hash) => Found::Block(chunk::block(c, t, hash)?),
        Want::Layer(layer) => Found::Layer(tenant::layer(c, t, *layer)?),
        Want::LayerNamed(name) => Found::Layer(tenant::layer_named(c, t, name)?),
        Want::Layers => Found::Layers(tenant::layers(c, t)?),
        Want::Tags => Found::Tags(tenant::tags(c, t)?),
        Want::LossesOfPrune { kept, next } => Found::Losses(layers::losses_of_prune(c, t, *kept, *next)?),
        Want::LossesOfRewind(layer) => Found::Losses(layers::losses_of_rewind(c, t, *layer)?),
        Want::Touched { rows, from, to } => {
            let table = match rows {
                Versioned::Inode => "inode",
                Versioned::Chunk => "chunk",
                Versioned::Xattr => "xattr",
            };
            let keys = layers::touched(c, table, t, *from, *to)?;
            Found::Inodes(keys.into_iter().map(Key::ino).collect())
        }
        Want::TouchedEntries { from, to } => Found::Touched(touched(c, t, *from, *to)?),
        Want::Orphans { after, limit } => {
            let last = Key(t.key(Ino(0)).0 | (Ino::LIMIT - 1));
            let keys = orphan::range(c, key(after), last, *limit)?;
            Found::Inodes(keys.into_iter().map(Key::ino).collect())
        }
        // The core does not ask an engine for these as rows.
        Want::Alone | Want::HeldElsewhere(_) => Found::Is(false),
        Want::Held { .. } => Found::Bytes(0),
        Want::Room => Found::Room(tarbox_store_core::Room::default()),
        Want::Lineage { ino, layer } => Found::Many(lineage(c, t, *ino, *layer)?),
        Want::Descent { dir, names, layer } => Found::Many(descent(c, t, *dir, names, *layer)?),
        // A name, or what it names, is found as fast by itself.
        Want::Directory { .. } | Want::Listing { .. } => Found::Many(Vec::new()),
        Want::Hidden => Found::Gaps(layers::hidden(c, t)?),
    })
}

/// Levels of a path that are loaded at once.
const LEVELS: usize = 256;

type Answers = Vec<(Want, Found)>;

/// Loads what is wanted, adds it to the answers, and looks at it.
fn ask(c: &Connection, t: TenantId, want: Want, answers: &mut Answers) -> Result<Found> {
    let found = load(c, t, &want)?;
    answers.push((want, found.clone()));
    Ok(found)
}

/// An inode and those above it, with the entries that name them.
fn lineage(c: &Connection, t: TenantId, mut ino: Ino, layer: Option<LayerId>) -> Result<Answers> {
    let mut answers = Vec::new();
    for _ in 0..LEVELS {
        let Found::Inode(Some(row)) = ask(c, t, Want::inode_in(ino, layer), &mut answers)? else {
            break;
        };
        if ino == Ino::ROOT {
            break;
        }
        let (dir, at) = (row.parent, row.cookie);
        ask(c, t, Want::entries_at(dir, at, layer), &mut answers)?;
        ino = dir;
    }
    Ok(answers)
}

/// What names lead to, one after the other.
fn descent(
    c: &Connection,
    t: TenantId,
    mut dir: Ino,
    names: &[(u64, Name)],
    layer: Option<LayerId>,
) -> Result<Answers> {
    let mut answers = Vec::new();
    for (from, name) in names {
        let want = Want::entries_in(dir, *from, from + (BUCKET - 1), layer);
        let Found::Entries(entries) = ask(c, t, want, &mut answers)? else {
            break;
        };
        let Some(entry) = entries.iter().find(|entry| entry.name == *name) else {
            break;
        };
        dir = entry.ino;
        ask(c, t, Want::inode_in(dir, layer), &mut answers)?;
    }
    Ok(answers)
}

fn touched(c: &Connection, t: TenantId, from: LayerId, to: LayerId) -> Result<Vec<TouchedEntry>> {
    let entries = layers::touched_entries(c, t, from, to)?;
    let entry = |(dir, died, entry): (Key, _, _)| TouchedEntry {
        dir: dir.ino(),
        entry,
        died,
    };
    Ok(entries.into_iter().map(entry).collect())
}
