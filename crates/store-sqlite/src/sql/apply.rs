//! One commit: everything a group of operations changed, in one transaction.

use rusqlite::Connection;
use tarbox_store::Result;
use tarbox_store_core::Batch;

use super::{chunk, dentry, inode, layers, log, orphan, past, tenant, xattr};
use crate::rows::Numbered;

/// Puts the batch into the database. The caller holds the transaction.
pub(crate) fn apply(c: &Connection, batch: &Batch) -> Result<()> {
    let t = batch.tenant;
    for change in &batch.history {
        layers::apply(c, t, change)?;
    }
    for (ino, change) in &batch.inodes {
        let key = t.key(*ino);
        if let Some(died) = change.preserve {
            inode::preserve(c, key, died)?;
        }
        match &change.row {
            Some(row) => inode::put(c, key, row)?,
            None => inode::delete(c, key)?,
        }
    }
    for (dir, cookie, change) in &batch.dentries {
        let dir = t.key(*dir);
        if let Some(died) = change.preserve {
            dentry::preserve(c, dir, *cookie, died)?;
        }
        match &change.row {
            Some(row) => dentry::put(c, dir, row)?,
            None => dentry::delete(c, dir, *cookie)?,
        }
    }
    for (file, index, change) in &batch.chunks {
        let file = t.key(*file);
        if let Some(died) = change.preserve {
            chunk::preserve(c, file, *index, died)?;
        }
        match &change.row {
            Some(row) => chunk::put(c, file, *index, row)?,
            None => chunk::delete(c, file, *index)?,
        }
    }
    for (ino, name, change) in &batch.xattrs {
        let key = t.key(*ino);
        if let Some(died) = change.preserve {
            xattr::preserve(c, key, name, died)?;
        }
        match &change.row {
            Some(row) => xattr::put(c, key, name, row)?,
            None => xattr::delete(c, key, name)?,
        }
    }
    past::insert(c, t, &batch.past)?;
    apply_accounts(c, batch)
}

/// What counts, and what tells.
fn apply_accounts(c: &Connection, batch: &Batch) -> Result<()> {
    let t = batch.tenant;
    for (hash, block) in &batch.blocks {
        match block {
            Some(block) => chunk::put_block(c, t, hash, block)?,
            None => chunk::delete_block(c, t, hash)?,
        }
    }
    for (segment, delta) in &batch.live {
        chunk::count_live(c, t, *segment, *delta)?;
    }
    for row in &batch.log {
        log::put(c, t, row)?;
    }
    for (ino, orphaned) in &batch.orphans {
        orphan::set(c, t.key(*ino), *orphaned)?;
    }
    if let Some(row) = &batch.row {
        tenant::put(c, row)?;
    }
    Ok(())
}
