//! Single rows, for a repair.

use tarbox_store::{Ino, LayerId};
use tarbox_store_core::{Dentry, Inode, LogRow, Map, TenantId};

use super::table::{CHUNK, DENTRY, INODE};
use super::{Sql, apply, chunk, dentry, inode, key};
use crate::wire::Step;

pub(crate) fn inode(sql: Sql<'_>, steps: &mut Vec<Step>, ino: Ino, row: &Inode) {
    sql.upsert(steps, &INODE, vec![inode::values(sql.tenant, ino, row)]);
}

pub(crate) fn dentry(sql: Sql<'_>, steps: &mut Vec<Step>, dir: Ino, row: &Dentry) {
    sql.upsert(steps, &DENTRY, vec![dentry::values(dir, row)]);
}

pub(crate) fn chunk(sql: Sql<'_>, steps: &mut Vec<Step>, file: Ino, index: u64, row: &Map) {
    sql.upsert(steps, &CHUNK, vec![chunk::values(sql.tenant, file, index, row)]);
}

pub(crate) fn log(sql: Sql<'_>, steps: &mut Vec<Step>, row: &LogRow) {
    apply::log_rows(sql, steps, std::slice::from_ref(row));
}

/// Copies the head's version of an inode to the past.
pub(crate) fn preserve_inode(sql: Sql<'_>, steps: &mut Vec<Step>, ino: Ino, died: LayerId) {
    sql.preserve(steps, &INODE, died.0, vec![vec![ino.0.into()]]);
}

/// A map as it is stored.
pub(crate) fn map(tenant: TenantId, file: Ino, index: u64, map: &Map) -> Vec<u8> {
    map.encode(key(tenant, file.0), index)
}
