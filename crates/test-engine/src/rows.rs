//! Everything that a database keeps of one tenant.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tarbox_store::{Error, ErrorKind, Ino, LayerId, LogQuery, LogRecord, Result};
use tarbox_store_core::{
    Batch, Block, Content, Dentry, Hash, HistoryOp, Inode, Layer, LogRow, Losses, Map, Tenant, Xattr,
};

use crate::versions::Versions;

/// The bytes of blocks.
pub(crate) type Bytes = BTreeMap<Hash, Arc<[u8]>>;

/// The rows of a tenant.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "rows by their keys")]
pub struct Rows {
    pub tenant: Tenant,
    pub inodes: Versions<Ino, Inode>,
    pub dentries: Versions<(Ino, u64), Dentry>,
    pub chunks: Versions<(Ino, u64), Map>,
    pub xattrs: Versions<(Ino, Vec<u8>), Xattr>,
    pub layers: BTreeMap<LayerId, Layer>,
    pub tags: BTreeMap<String, LayerId>,
    pub blocks: BTreeMap<Hash, Block>,
    pub bytes: BTreeMap<Hash, Arc<[u8]>>,
    pub log: BTreeMap<u64, LogRow>,
    pub orphans: BTreeSet<Ino>,
}

fn refused(what: &str) -> Error {
    Error::new(ErrorKind::Io).because(format!("the batch breaks a rule of the tables: {what}"))
}

impl Rows {
    /// A new tenant with its root directory.
    pub(crate) fn new(tenant: Tenant) -> Self {
        let mut inodes = Versions::default();
        inodes.head.insert(Ino::ROOT, Inode::root(tenant.created));
        Self {
            tenant,
            inodes,
            dentries: Versions::default(),
            chunks: Versions::default(),
            xattrs: Versions::default(),
            layers: BTreeMap::new(),
            tags: BTreeMap::new(),
            blocks: BTreeMap::new(),
            bytes: BTreeMap::new(),
            log: BTreeMap::new(),
            orphans: BTreeSet::new(),
        }
    }

    /// Refuses a batch that breaks a rule of the tables.
    pub(crate) fn check(&self, batch: &Batch) -> Result<()> {
        let mut positions = BTreeSet::new();
        let mut is_taken = |row: &LogRow| self.log.contains_key(&row.seq) || !positions.insert(row.seq);
        if batch.log.iter().any(&mut is_taken) {
            return Err(refused("two log records have one position"));
        }
        let inodes = batch.inodes.iter();
        let fits = inodes
            .clone()
            .all(|(ino, change)| self.inodes.admits(ino, change))
            && (batch.dentries.iter()).all(|(dir, at, change)| self.dentries.admits(&(*dir, *at), change))
            && (batch.chunks.iter()).all(|(file, at, change)| self.chunks.admits(&(*file, *at), change))
            && (batch.xattrs.iter())
                .all(|(ino, name, change)| self.xattrs.admits(&(*ino, name.clone()), change));
        match fits {
            true => Ok(()),
            false => Err(refused("two versions of a row end in one layer")),
        }
    }

    /// Puts a batch in, with the bytes of its new blocks.
    pub(crate) fn apply(&mut self, batch: &Batch, bytes: &Bytes) {
        for op in &batch.history {
            self.rewrite(op);
        }
        for (ino, change) in &batch.inodes {
            self.inodes.change(ino, change);
        }
        for (dir, cookie, change) in &batch.dentries {
            self.dentries.change(&(*dir, *cookie), change);
        }
        for (file, index, change) in &batch.chunks {
            self.chunks.change(&(*file, *index), change);
        }
        for (ino, name, change) in &batch.xattrs {
            self.xattrs.change(&(*ino, name.clone()), change);
        }
        for (hash, block) in &batch.blocks {
            match block {
                Some(block) => {
                    self.blocks.insert(*hash, *block);
                    if let Some(bytes) = bytes.get(hash) {
                        self.bytes.insert(*hash, bytes.clone());
                    }
                }
                None => {
                    self.blocks.remove(hash);
                    self.bytes.remove(hash);
                }
            }
        }
        self.log
            .extend(batch.log.iter().map(|row| (row.seq, row.clone())));
        for (ino, orphaned) in &batch.orphans {
            match orphaned {
                true => self.orphans.insert(*ino),
                false => self.orphans.remove(ino),
            };
        }
        if let Some(row) = &batch.row {
            self.tenant = row.clone();
        }
    }

    fn rewrite(&mut self, op: &HistoryOp) {
        match op {
            HistoryOp::Seal(layer) => drop(self.layers.insert(layer.id, layer.clone())),
            HistoryOp::Forget(layer) => {
                self.tags.retain(|_, of| of != layer);
                self.layers.remove(layer);
            }
            HistoryOp::Prune { kept, next } => {
                self.inodes.prune(*kept, *next);
                self.dentries.prune(*kept, *next);
                self.chunks.prune(*kept, *next);
                self.xattrs.prune(*kept, *next);
            }
            HistoryOp::Rewind(layer) => {
                let nameless = self.inodes.revived(*layer).filter(|(_, row)| row.nlink == 0);
                let nameless: Vec<Ino> = nameless.map(|(ino, _)| *ino).collect();
                self.orphans.extend(nameless);
                self.inodes.rewind(*layer);
                self.dentries.rewind(*layer);
                self.chunks.rewind(*layer);
                self.xattrs.rewind(*layer);
                let inodes = &self.inodes.head;
                self.orphans
                    .retain(|ino| inodes.get(ino).is_some_and(|row| row.nlink == 0));
            }
            HistoryOp::Tag(name, Some(layer)) => drop(self.tags.insert(name.clone(), *layer)),
            HistoryOp::Tag(name, None) => drop(self.tags.remove(name)),
        }
    }

    pub(crate) fn losses_of_prune(&self, kept: LayerId, next: LayerId) -> Losses {
        let mut losses = Losses::default();
        count_blocks(&mut losses, self.chunks.hidden(kept, next));
        losses.bytes = self.inodes.hidden(kept, next).map(inline).sum();
        let past = self.xattrs.past.iter().filter(|((_, died), row)| {
            // The name is part of the key.
            *died > kept && *died <= next && row.born > kept
        });
        losses.bytes += past.map(|((key, _), row)| xattr(key, row)).sum::<i64>();
        losses
    }

    pub(crate) fn losses_of_rewind(&self, layer: LayerId) -> Losses {
        let mut losses = Losses::default();
        count_blocks(&mut losses, self.chunks.later(layer));
        losses.bytes = self.inodes.later(layer).map(inline).sum();
        let head = self.xattrs.head.iter().filter(|(_, row)| row.born > layer);
        let past = self.xattrs.past.iter();
        let past = past.filter(|((_, died), row)| *died > layer && row.born > layer);
        let past = past.map(|((key, _), row)| (key, row));
        losses.bytes += head.chain(past).map(|(key, row)| xattr(key, row)).sum::<i64>();
        let gone = self.inodes.head.values().filter(|row| row.born > layer).count();
        losses.inodes = gone as i64 - self.inodes.revived(layer).count() as i64;
        losses
    }

    /// Neighbouring kept layers between which there are versions that neither shows.
    pub(crate) fn gaps(&self) -> Vec<(LayerId, LayerId)> {
        let mut kept = vec![LayerId(0)];
        kept.extend(self.layers.keys());
        kept.push(self.tenant.head);
        let pairs = kept.windows(2).map(|pair| (pair[0], pair[1]));
        pairs
            .filter(|(kept, next)| {
                self.inodes.hidden(*kept, *next).next().is_some()
                    || self.dentries.hidden(*kept, *next).next().is_some()
                    || self.chunks.hidden(*kept, *next).next().is_some()
                    || self.xattrs.hidden(*kept, *next).next().is_some()
            })
            .collect()
    }

    /// The records of the log that match.
    pub(crate) fn records(&self, query: &LogQuery) -> Vec<LogRecord> {
        let below = |path: &[u8], of: &[u8]| {
            let stem = of.strip_suffix(b"/").unwrap_or(of);
            path == of || path.strip_prefix(stem).is_some_and(|rest| rest.starts_with(b"/"))
        };
        let matches = |row: &&LogRow| {
            query.after.is_none_or(|after| row.seq > after.0)
                && query.before.is_none_or(|before| row.seq < before.0)
                && query.since.is_none_or(|since| row.time >= since)
                && query.until.is_none_or(|until| row.time < until)
                && query.operation.is_none_or(|operation| row.operation == operation)
                && query.uid.is_none_or(|uid| row.uid == uid)
                && query.agent.as_deref().is_none_or(|agent| {
                    let more = row.agent.strip_prefix(agent);
                    more.is_some_and(|more| more.is_empty() || more.starts_with([':', '/']))
                })
                && query.layer.is_none_or(|layer| row.layer == layer)
                && (!query.refused || row.errno != 0)
                && query.path.as_deref().is_none_or(|path| {
                    below(&row.path, path) || row.from.as_deref().is_some_and(|from| below(from, path))
                })
        };
        let rows = self.log.values().filter(matches);
        let limit = query.limit_or_default();
        match query.newest_first {
            true => rows.rev().take(limit).map(LogRow::record).collect(),
            false => rows.take(limit).map(LogRow::record).collect(),
        }
    }
}

fn count_blocks<'a>(losses: &mut Losses, maps: impl Iterator<Item = &'a Map>) {
    for hash in maps.flat_map(Map::hashes) {
        *losses.blocks.entry(hash).or_default() += 1;
    }
}

/// Bytes of an inode's row.
pub(crate) fn inline(row: &Inode) -> i64 {
    match &row.content {
        Content::Inline(data) => data.len() as i64,
        Content::Stored | Content::Chunked => 0,
    }
}

/// Bytes of an attribute.
pub(crate) fn xattr(key: &(Ino, Vec<u8>), row: &Xattr) -> i64 {
    (key.1.len() + row.value.len()) as i64
}
