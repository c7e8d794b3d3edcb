//! One commit: everything a group of operations changed, as the statements of one transaction.

use std::collections::BTreeMap;

use bytes::Bytes;
use tarbox_store::Ino;
use tarbox_store_core::{Batch, Change, Content, Hash, LogRow};
use tokio_postgres::types::Type;

use super::table::{CHUNK, DENTRY, INODE, Table, XATTR, values};
use super::{Sql, chunk, dentry, history, inode, log, past, tenant, types_of_rows, xattr};
use crate::wire::{Step, Value};

/// Bytes of blocks that one statement brings.
const BLOCKS: usize = 8;

/// What a commit rests on: as long as this is so, nobody else has changed the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fence {
    pub(crate) epoch: i64,
    pub(crate) session: i64,
    pub(crate) commits: i64,
    /// Tells this commit from others, should its answer be lost.
    pub(crate) stamp: i64,
}

/// The statements of a batch. The tenant's row comes first: whoever else wants it waits there, with nothing locked.
pub(crate) fn apply(sql: Sql<'_>, batch: &Batch, fence: Fence, blocks: &BTreeMap<Hash, Bytes>) -> Vec<Step> {
    let mut steps = vec![fenced(sql, batch, fence)];
    for change in &batch.history {
        history::apply(sql, &mut steps, change);
    }
    let t = sql.tenant;
    let mut updates = Vec::new();
    let inodes = batch
        .inodes
        .iter()
        .map(|(ino, change)| (vec![Value::from(ino.0)], change, *ino));
    rows(sql, &mut steps, &INODE, inodes, |ino, row| match row.content {
        Content::Stored => {
            updates.push(inode::attribute_values(ino, row));
            None
        }
        _ => Some(inode::values(t, ino, row)),
    });
    sql.update_attributes(&mut steps, updates);
    let dentries = batch.dentries.iter();
    let dentries = dentries.map(|(dir, cookie, change)| (vec![dir.0.into(), (*cookie).into()], change, *dir));
    rows(sql, &mut steps, &DENTRY, dentries, |dir, row| {
        Some(dentry::values(dir, row))
    });
    let chunks = batch.chunks.iter();
    let chunks =
        chunks.map(|(file, index, change)| (vec![file.0.into(), (*index).into()], change, (*file, *index)));
    rows(sql, &mut steps, &CHUNK, chunks, |(file, index), row| {
        Some(chunk::values(t, file, index, row))
    });
    let xattrs = batch.xattrs.iter();
    let xattrs =
        xattrs.map(|(ino, name, change)| (vec![ino.0.into(), name[..].into()], change, (*ino, name)));
    rows(sql, &mut steps, &XATTR, xattrs, |(ino, name), row| {
        Some(xattr::values(ino, name, row))
    });
    past::insert(sql, &mut steps, &batch.past);
    block_rows(sql, &mut steps, batch, blocks);
    orphans(sql, &mut steps, &batch.orphans);
    log_rows(sql, &mut steps, &batch.log);
    steps
}

/// What makes the tenant's row break its rule, and so the transaction fail, where the lease is not as it was.
const FENCE: &str = "UPDATE tarbox.tenant SET commits = commits + 1, stamp = $5, \
                     epoch = CASE WHEN epoch = $2 AND holder = $3 AND commits = $4 THEN epoch ELSE -1 END";

fn bound(fence: Fence) -> Vec<Value> {
    vec![
        fence.epoch.into(),
        fence.session.into(),
        fence.commits.into(),
        fence.stamp.into(),
    ]
}

/// The fence alone.
pub(crate) fn fence(sql: Sql<'_>, fence: Fence) -> Step {
    let make = || (format!("{FENCE} WHERE tenant = $1"), vec![Type::INT8; 4]);
    sql.request("fence", bound(fence), make).into()
}

/// The fence, with what a commit changes in the tenant's row.
fn fenced(sql: Sql<'_>, batch: &Batch, at: Fence) -> Step {
    let Some(row) = &batch.row else {
        return fence(sql, at);
    };
    let mut bound = bound(at);
    bound.extend(tenant::changed_values(row));
    let request = sql.request("fence and row", bound, || {
        let set = tenant::CHANGED
            .iter()
            .zip(6..)
            .map(|((column, _), n)| format!(", {column} = ${n}"));
        let mut types = vec![Type::INT8; 4];
        types.extend(tenant::CHANGED.map(|(_, ty)| ty));
        (
            format!("{FENCE}{} WHERE tenant = $1", set.collect::<String>()),
            types,
        )
    });
    request.into()
}

/// The changes of one table: what the past needs is copied first; then rows go, and others are written.
fn rows<'a, K, R: 'a>(
    sql: Sql<'_>,
    steps: &mut Vec<Step>,
    table: &Table,
    changes: impl Iterator<Item = (Vec<Value>, &'a Change<R>, K)>,
    mut put: impl FnMut(K, &R) -> Option<Vec<Value>>,
) {
    // The layer in which versions died is the head, so there is one of it.
    let mut preserved: BTreeMap<u64, Vec<Vec<Value>>> = BTreeMap::new();
    let (mut gone, mut written) = (Vec::new(), Vec::new());
    for (key, change, number) in changes {
        if let Some(died) = change.preserve {
            preserved.entry(died.0).or_default().push(key.clone());
        }
        match &change.row {
            Some(row) => written.extend(put(number, row)),
            None => gone.push(key),
        }
    }
    for (died, rows) in preserved {
        sql.preserve(steps, table, died, rows);
    }
    sql.delete(steps, table, gone);
    sql.upsert(steps, table, written);
}

fn block_rows(sql: Sql<'_>, steps: &mut Vec<Step>, batch: &Batch, blocks: &BTreeMap<Hash, Bytes>) {
    let (mut gone, mut counted, mut added) = (Vec::new(), Vec::new(), Vec::new());
    for (hash, block) in &batch.blocks {
        let name = Value::from(&hash[..]);
        match (block, blocks.get(hash)) {
            (None, _) => gone.push(vec![name]),
            (Some(block), Some(bytes)) => {
                added.push(vec![
                    name,
                    block.len.into(),
                    block.refs.into(),
                    Value::Bytes(bytes.clone()),
                ]);
            }
            (Some(block), None) => counted.push(vec![name, block.refs.into()]),
        }
    }
    sql.in_rows(steps, "block delete", &[], gone, |count| {
        let names = values("", count, 1, 2);
        let sql = format!("DELETE FROM tarbox.block AS b USING (VALUES {names}) AS v(hash) WHERE b.tenant = $1 AND b.hash = v.hash");
        (sql, vec![Type::BYTEA; count])
    });
    sql.in_rows(steps, "block count", &[], counted, |count| {
        let rows = values("", count, 2, 2);
        let sql = format!(
            "UPDATE tarbox.block AS b SET refs = v.refs FROM (VALUES {rows}) AS v(hash, refs) WHERE b.tenant = $1 AND b.hash = v.hash"
        );
        (sql, types_of_rows(&[Type::BYTEA, Type::INT8], count))
    });
    // A few at a time: each statement is in memory twice while it is sent.
    let mut added = added.into_iter().peekable();
    while added.peek().is_some() {
        sql.in_rows(steps, "block insert", &[], added.by_ref().take(BLOCKS).collect(), |count| {
            let rows = values("$1", count, 4, 2);
            let sql = format!(
                "INSERT INTO tarbox.block(tenant, hash, len, refs, bytes) VALUES {rows} ON CONFLICT (tenant, hash) \
                 DO UPDATE SET len = excluded.len, refs = excluded.refs, bytes = excluded.bytes"
            );
            (sql, types_of_rows(&[Type::BYTEA, Type::INT4, Type::INT8, Type::BYTEA], count))
        });
    }
}

pub(super) fn log_rows(sql: Sql<'_>, steps: &mut Vec<Step>, rows: &[LogRow]) {
    let rows = rows.iter().map(log::values).collect();
    sql.in_rows(steps, "log insert", &[], rows, |count| {
        let values = values("$1", count, log::TYPES.len(), 2);
        let sql = format!("INSERT INTO tarbox.log(tenant, {}) VALUES {values}", log::COLUMNS);
        (sql, types_of_rows(&log::TYPES, count))
    });
}

fn orphans(sql: Sql<'_>, steps: &mut Vec<Step>, orphans: &[(Ino, bool)]) {
    let of = |wanted: bool| {
        let some = orphans.iter().filter(move |(_, orphaned)| *orphaned == wanted);
        some.map(|(ino, _)| vec![ino.0.into()]).collect()
    };
    sql.in_rows(steps, "orphan delete", &[], of(false), |count| {
        let rows = values("", count, 1, 2);
        let sql = format!("DELETE FROM tarbox.orphan AS o USING (VALUES {rows}) AS v(ino) WHERE o.tenant = $1 AND o.ino = v.ino");
        (sql, vec![Type::INT8; count])
    });
    sql.in_rows(steps, "orphan insert", &[], of(true), |count| {
        let rows = values("$1", count, 1, 2);
        let sql = format!("INSERT INTO tarbox.orphan(tenant, ino) VALUES {rows} ON CONFLICT DO NOTHING");
        (sql, vec![Type::INT8; count])
    });
}
