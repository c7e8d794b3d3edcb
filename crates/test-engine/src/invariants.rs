//! What holds of a tenant's rows after every commit, whatever happened to processes and servers.

use std::collections::{BTreeMap, BTreeSet};

use tarbox_store::{FileKind, Ino, LayerId};
use tarbox_store_core::{BUCKET, Content, Hash, bucket_of};

use crate::rows::{Rows, inline, xattr};
use crate::versions::{Version, Versions};

/// A broken invariant: its word, and what was found.
pub type Broken = (&'static str, String);

/// Everything that is broken.
pub fn invariants(rows: &Rows) -> Vec<Broken> {
    let mut broken = Vec::new();
    counters(rows, &mut broken);
    log(rows, &mut broken);
    layers(rows, &mut broken);
    names(rows, &mut broken);
    tree(rows, &mut broken);
    content(rows, &mut broken);
    let head = rows.tenant.head;
    intervals("inode", &rows.inodes, head, &mut broken);
    intervals("dentry", &rows.dentries, head, &mut broken);
    intervals("chunk", &rows.chunks, head, &mut broken);
    intervals("xattr", &rows.xattrs, head, &mut broken);
    broken
}

fn counters(rows: &Rows, broken: &mut Vec<Broken>) {
    let tenant = &rows.tenant;
    let mut compare = |what: &str, counted: u64, there: u64| {
        if counted != there {
            broken.push((
                "counter",
                format!("the tenant counts {counted} {what} and has {there}"),
            ));
        }
    };
    compare("inodes", tenant.inodes, rows.inodes.head.len() as u64);
    compare("layers", tenant.layers, rows.layers.len() as u64 + 1);
    let blocks: u64 = rows.blocks.values().map(|block| u64::from(block.len)).sum();
    let data: i64 = rows.inodes.all().map(|(_, row)| inline(row)).sum();
    let attributes: i64 = rows.xattrs.all().map(|(key, row)| xattr(key, row)).sum();
    compare("bytes", tenant.bytes, blocks + (data + attributes) as u64);
    let last = rows.inodes.all().map(|(ino, _)| ino.0).max().unwrap_or(0);
    if tenant.next_ino <= last {
        broken.push((
            "counter",
            format!("the next inode is {}, and there is {last}", tenant.next_ino),
        ));
    }
}

fn log(rows: &Rows, broken: &mut Vec<Broken>) {
    let (Some(first), Some(last)) = (rows.log.keys().next(), rows.log.keys().next_back()) else {
        return;
    };
    let count = rows.log.len() as u64;
    if count != last - first + 1 || rows.tenant.next_seq != last + 1 {
        let next = rows.tenant.next_seq;
        broken.push((
            "log",
            format!("{count} records are numbered {first} to {last}, and the next is {next}"),
        ));
    }
}

fn layers(rows: &Rows, broken: &mut Vec<Broken>) {
    let tenant = &rows.tenant;
    for layer in rows.layers.keys().filter(|layer| **layer >= tenant.head) {
        broken.push((
            "layer",
            format!("layer {layer} is not before the head {}", tenant.head),
        ));
    }
    if tenant.current != tenant.head && !rows.layers.contains_key(&tenant.current) {
        broken.push((
            "layer",
            format!("the layer in view, {}, is not kept", tenant.current),
        ));
    }
    for (tag, layer) in rows
        .tags
        .iter()
        .filter(|(_, layer)| !rows.layers.contains_key(layer))
    {
        broken.push((
            "tag",
            format!("tag {tag} points at layer {layer}, which is not kept"),
        ));
    }
}

/// Entries, and what they name.
fn names(rows: &Rows, broken: &mut Vec<Broken>) {
    let mut links: BTreeMap<Ino, u32> = BTreeMap::new();
    let mut entries: BTreeMap<Ino, (u64, u32)> = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for ((dir, cookie), entry) in &rows.dentries.head {
        let what = || {
            format!(
                "the entry {:?} of directory {dir}",
                String::from_utf8_lossy(&entry.name)
            )
        };
        if !taken.insert((dir, &entry.name)) {
            broken.push(("name", format!("{} is there twice", what())));
        }
        let bucket = bucket_of(&rows.tenant.secret, &entry.name);
        if entry.cookie != *cookie || cookie - cookie % BUCKET != bucket {
            broken.push((
                "cookie",
                format!("{} is not where its name is looked for", what()),
            ));
        }
        if rows
            .inodes
            .head
            .get(dir)
            .is_none_or(|row| !row.is_dir() || row.nlink == 0)
        {
            broken.push(("reference", format!("{} is in no directory", what())));
        }
        if rows
            .inodes
            .head
            .get(&entry.ino)
            .is_none_or(|row| row.kind != entry.kind)
        {
            broken.push((
                "reference",
                format!("{} names inode {}, which is not that", what(), entry.ino),
            ));
        }
        *links.entry(entry.ino).or_default() += 1;
        let (count, dirs) = entries.entry(*dir).or_default();
        *count += 1;
        *dirs += u32::from(entry.kind == FileKind::Directory);
    }
    for (ino, row) in &rows.inodes.head {
        let names = links.get(ino).copied().unwrap_or(0);
        let (count, dirs) = entries.get(ino).copied().unwrap_or_default();
        let expected = match row.is_dir() {
            true if *ino == Ino::ROOT || names > 0 => 2 + dirs,
            true => 0,
            false => names,
        };
        if row.nlink != expected || (row.is_dir() && names > 1) {
            broken.push((
                "link-count",
                format!("inode {ino} counts {} links and has {expected}", row.nlink),
            ));
        }
        if row.is_dir() && row.size != 32 * count {
            broken.push((
                "size",
                format!(
                    "directory {ino} is {} bytes long and has {count} entries",
                    row.size
                ),
            ));
        }
        let attributes = rows
            .xattrs
            .range((*ino, Vec::new())..=(Ino(ino.0 + 1), Vec::new()), None);
        if u64::from(row.xattrs) != attributes.len() as u64 {
            let there = attributes.len();
            broken.push((
                "xattr-count",
                format!("inode {ino} counts {} attributes and has {there}", row.xattrs),
            ));
        }
        if (row.nlink == 0) != rows.orphans.contains(ino) {
            let word = if row.nlink == 0 { "is not" } else { "is" };
            broken.push((
                "orphan",
                format!(
                    "inode {ino} has {} names and {word} noted as an orphan",
                    row.nlink
                ),
            ));
        }
    }
    for ino in rows
        .orphans
        .iter()
        .filter(|ino| !rows.inodes.head.contains_key(ino))
    {
        broken.push((
            "orphan",
            format!("inode {ino} is noted as an orphan and is not there"),
        ));
    }
}

/// Directories are where they say, and below the root.
fn tree(rows: &Rows, broken: &mut Vec<Broken>) {
    for (ino, row) in &rows.inodes.head {
        if !row.is_dir() || row.nlink == 0 || *ino == Ino::ROOT {
            continue;
        }
        let place = rows.dentries.head.get(&(row.parent, row.cookie));
        if place.is_none_or(|entry| entry.ino != *ino) {
            broken.push((
                "parent",
                format!("directory {ino} is not where it says, in {}", row.parent),
            ));
        }
        let (mut at, mut steps) = (*ino, 0);
        while at != Ino::ROOT && steps <= rows.inodes.head.len() {
            at = rows.inodes.head.get(&at).map_or(Ino(0), |row| row.parent);
            steps += 1;
        }
        if at != Ino::ROOT {
            broken.push(("tree", format!("directory {ino} is not below the root")));
        }
    }
}

/// Chunks and the blocks that they name.
fn content(rows: &Rows, broken: &mut Vec<Broken>) {
    let mut refs: BTreeMap<Hash, u64> = BTreeMap::new();
    for (_, map) in rows.chunks.all() {
        for hash in map.hashes() {
            *refs.entry(hash).or_default() += 1;
        }
    }
    let mut stored: BTreeMap<Ino, u64> = BTreeMap::new();
    for ((file, _), map) in &rows.chunks.head {
        *stored.entry(*file).or_default() += map.stored();
    }
    for (ino, row) in &rows.inodes.head {
        let held = stored.remove(ino).unwrap_or(0);
        match &row.content {
            Content::Chunked if row.stored != held => {
                broken.push((
                    "stored",
                    format!("inode {ino} counts {} bytes and has {held}", row.stored),
                ));
            }
            Content::Inline(_) if held > 0 => {
                broken.push((
                    "reference",
                    format!("there are chunks of inode {ino}, which has none"),
                ));
            }
            Content::Inline(data) if !row.is_dir() && data.len() as u64 != row.size => {
                broken.push((
                    "size",
                    format!("inode {ino} has {} of {} bytes", data.len(), row.size),
                ));
            }
            Content::Stored => broken.push(("content", format!("inode {ino} refers to what is not there"))),
            _ => {}
        }
    }
    for file in stored.keys() {
        broken.push((
            "reference",
            format!("there are chunks of inode {file}, which is not there"),
        ));
    }
    for (hash, block) in &rows.blocks {
        let named = refs.remove(hash).unwrap_or(0);
        if named != block.refs {
            broken.push((
                "refs",
                format!("a block counts {} references and has {named}", block.refs),
            ));
        }
        let bytes = rows.bytes.get(hash);
        let is_right =
            |bytes: &[u8]| bytes.len() == block.len as usize && blake3::hash(bytes).as_bytes() == hash;
        if !bytes.is_some_and(|bytes| is_right(bytes)) {
            broken.push(("block-hash", "a block is not what its name says".into()));
        }
    }
    if !refs.is_empty() {
        broken.push((
            "reference",
            format!("{} blocks that chunks name are not there", refs.len()),
        ));
    }
    for _ in rows.bytes.keys().filter(|hash| !rows.blocks.contains_key(*hash)) {
        broken.push(("block", "the bytes of a block have no row".into()));
    }
}

/// Versions of a row follow each other.
fn intervals<K: Ord + Clone + std::fmt::Debug, R: Version>(
    table: &str,
    versions: &Versions<K, R>,
    head: LayerId,
    broken: &mut Vec<Broken>,
) {
    for (key, intervals) in versions.intervals() {
        let mut free = LayerId(1);
        for (born, died) in intervals {
            if born < free || born > head || died.is_some_and(|died| died <= born || died > head) {
                broken.push((
                    "interval",
                    format!("a version of {table} {key:?} lives in layers {born} to {died:?}"),
                ));
            }
            free = died.unwrap_or(LayerId(u64::MAX));
        }
    }
}
