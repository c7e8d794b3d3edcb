//! One commit of one tenant: everything that a group of operations changed.

use rustc_hash::FxHashMap;
use tarbox_store::{Ino, LayerId};

use crate::memtable::{Memtable, Xattr};
use crate::rows::{Block, Dentry, Hash, Inode, Layer, LogRow, Map, Tenant, TenantId};
use crate::transfer::Past;

/// What to do to one row: first keep the head's version for the past (`preserve` is the layer in which it died), then
/// put the new one, or remove it.
#[derive(Debug, Clone)]
pub struct Change<R> {
    /// The layer in which the head's version died, if the past needs it.
    pub preserve: Option<LayerId>,
    /// The new version, or `None` to remove it.
    pub row: Option<R>,
}

/// One change to history.
#[derive(Debug, Clone)]
pub enum HistoryOp {
    /// A layer was sealed.
    Seal(Layer),
    /// A layer is no longer kept; its tags go with it.
    Forget(LayerId),
    /// Versions that began after `kept` and ended at `next` or before go: no kept layer lies in between.
    Prune {
        /// The last kept layer before.
        kept: LayerId,
        /// The next kept layer.
        next: LayerId,
    },
    /// Everything after this layer is undone: versions that began later go, those that ended later are the head's again.
    Rewind(LayerId),
    /// A tag points at a layer, or is no more.
    Tag(String, Option<LayerId>),
}

/// The rows of one commit of a tenant.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "rows by their keys")]
pub struct Batch {
    pub tenant: TenantId,
    pub inodes: Vec<(Ino, Change<Inode>)>,
    pub dentries: Vec<(Ino, u64, Change<Dentry>)>,
    pub chunks: Vec<(Ino, u64, Change<Map>)>,
    pub xattrs: Vec<(Ino, Vec<u8>, Change<Xattr>)>,
    pub blocks: Vec<(Hash, Option<Block>)>,
    /// Bytes by which the named blocks of a segment grow or shrink.
    pub live: Vec<(u64, i64)>,
    pub log: Vec<LogRow>,
    /// Inodes that have lost their last name, or are gone for good.
    pub orphans: Vec<(Ino, bool)>,
    /// The tenant with its counters.
    pub row: Option<Tenant>,
    /// Changes to the history itself; they come before everything else.
    pub history: Vec<HistoryOp>,
    /// Earlier versions, of a tenant that is being restored.
    pub past: Past,
}

impl Batch {
    /// One that changes nothing.
    pub fn new(tenant: TenantId) -> Self {
        Self {
            tenant,
            inodes: Vec::new(),
            dentries: Vec::new(),
            chunks: Vec::new(),
            xattrs: Vec::new(),
            blocks: Vec::new(),
            live: Vec::new(),
            log: Vec::new(),
            orphans: Vec::new(),
            row: None,
            history: Vec::new(),
            past: Past::default(),
        }
    }

    /// Takes over the rows of a memtable. `head` is the layer being written, `stored` says by how many bytes the chunks of an
    /// inode hold more.
    pub(crate) fn fill(&mut self, table: &Memtable, head: LayerId, stored: &FxHashMap<Ino, i64>) {
        let preserve = |base: Option<LayerId>| (base? < head).then_some(head);
        for (ino, slot) in &table.inodes {
            if slot.row.is_some() || slot.base.is_some() {
                let mut row = slot.row.clone();
                if let (Some(row), Some(delta)) = (&mut row, stored.get(ino)) {
                    row.stored = row.stored.saturating_add_signed(*delta);
                }
                let preserve = preserve(slot.base);
                self.inodes.push((*ino, Change { preserve, row }));
            }
        }
        // In key order, neighbouring rows meet the same pages.
        tarbox_store::sort_by_key(&mut self.inodes, |(ino, _)| *ino);
        for ((dir, cookie), slot) in &table.dentries {
            let preserve = preserve(slot.base);
            let row = slot.row.clone();
            self.dentries.push((*dir, *cookie, Change { preserve, row }));
        }
        for (ino, name, slot) in table.xattrs.iter() {
            let preserve = preserve(slot.base);
            let row = slot.row.clone();
            self.xattrs.push((ino, name.clone(), Change { preserve, row }));
        }
        tarbox_store::sort_by(&mut self.xattrs, |one, other| {
            (one.0, &one.1).cmp(&(other.0, &other.1))
        });
        self.log.extend(table.log.iter().cloned());
        self.orphans
            .extend(table.orphans.iter().map(|(ino, orphaned)| (*ino, *orphaned)));
        tarbox_store::sort_by_key(&mut self.orphans, |(ino, _)| *ino);
    }
}
