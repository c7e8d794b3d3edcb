//! One commit: everything a group of operations changed, in one transaction.

use rusqlite::Connection;
use tarbox_store::{LayerId, Result};

use super::{chunk, dentry, inode, layers, log, orphan, tenant, xattr};
use crate::memtable::Xattr;
use crate::rows::{Block, Dentry, Hash, Inode, Key, LogRow, Map, Tenant, TenantId};

/// What to do to one row: first keep the head's version for the past (`preserve` is the layer in which it died), then
/// put the new one, or remove it.
#[derive(Debug)]
pub(crate) struct Change<R> {
    pub(crate) preserve: Option<LayerId>,
    pub(crate) row: Option<R>,
}

/// The rows of one commit.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) inodes: Vec<(Key, Change<Inode>)>,
    pub(crate) dentries: Vec<(Key, u64, Change<Dentry>)>,
    pub(crate) chunks: Vec<(Key, u64, Change<Map>)>,
    pub(crate) xattrs: Vec<(Key, Vec<u8>, Change<Xattr>)>,
    pub(crate) blocks: Vec<(TenantId, Hash, Option<Block>)>,
    /// Bytes by which the named blocks of a segment grow or shrink.
    pub(crate) live: Vec<(TenantId, u64, i64)>,
    pub(crate) log: Vec<(TenantId, LogRow)>,
    pub(crate) orphans: Vec<(Key, bool)>,
    pub(crate) tenants: Vec<Tenant>,
    /// Changes to the history itself; they come before everything else.
    pub(crate) history: Vec<layers::HistoryOp>,
}

impl Batch {
    /// Puts the batch into the database. The caller holds the transaction.
    pub(crate) fn apply(&mut self, c: &Connection) -> Result<()> {
        for op in &self.history {
            op.apply(c)?;
        }
        // In key order, neighbouring rows meet the same pages.
        tarbox_store::sort_by_key(&mut self.inodes, |(key, _)| *key);
        for (key, change) in &self.inodes {
            if let Some(died) = change.preserve {
                inode::preserve(c, *key, died)?;
            }
            match &change.row {
                Some(row) => inode::put(c, *key, row)?,
                None => inode::delete(c, *key)?,
            }
        }
        for (dir, cookie, change) in &self.dentries {
            if let Some(died) = change.preserve {
                dentry::preserve(c, *dir, *cookie, died)?;
            }
            match &change.row {
                Some(row) => dentry::put(c, *dir, row)?,
                None => dentry::delete(c, *dir, *cookie)?,
            }
        }
        for (file, index, change) in &self.chunks {
            if let Some(died) = change.preserve {
                chunk::preserve(c, *file, *index, died)?;
            }
            match &change.row {
                Some(row) => chunk::put(c, *file, *index, row)?,
                None => chunk::delete(c, *file, *index)?,
            }
        }
        for (key, name, change) in &self.xattrs {
            if let Some(died) = change.preserve {
                xattr::preserve(c, *key, name, died)?;
            }
            match &change.row {
                Some(row) => xattr::put(c, *key, name, row)?,
                None => xattr::delete(c, *key, name)?,
            }
        }
        self.apply_accounts(c)
    }

    fn apply_accounts(&self, c: &Connection) -> Result<()> {
        for (tenant, hash, block) in &self.blocks {
            match block {
                Some(block) => chunk::put_block(c, *tenant, hash, block)?,
                None => chunk::delete_block(c, *tenant, hash)?,
            }
        }
        for (tenant, segment, delta) in &self.live {
            chunk::count_live(c, *tenant, *segment, *delta)?;
        }
        for (tenant, row) in &self.log {
            log::put(c, *tenant, row)?;
        }
        for (key, orphaned) in &self.orphans {
            orphan::set(c, *key, *orphaned)?;
        }
        for tenant in &self.tenants {
            tenant::put(c, tenant)?;
        }
        Ok(())
    }
}
