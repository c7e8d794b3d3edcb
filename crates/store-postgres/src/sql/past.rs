//! Versions that ended, and all versions page by page: those of a tenant that is copied.

use tarbox_store::{Ino, LayerId, Result};
use tarbox_store_core::transfer::{
    ChunkVersion, DentryVersion, Era, InodeVersion, Past, Place, Version, XattrVersion, order_of,
};
use tarbox_store_core::{Block, Hash, TenantId, Xattr, damaged};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::table::{CHUNK, DENTRY, INODE, Table, XATTR, values};
use super::{Sql, bytes, chunk, dentry, inode, int, log, optional_int, types_of_rows, xattr};
use crate::wire::{Step, Value};

/// Adds earlier versions of rows.
pub(super) fn insert(sql: Sql<'_>, steps: &mut Vec<Step>, past: &Past) {
    let t = sql.tenant;
    let ending = |mut row: Vec<Value>, died: Option<LayerId>| {
        row.push(order_of(died).0.into());
        row
    };
    let inodes = past.inodes.iter();
    let inodes = inodes.map(|v| ending(inode::values(t, v.key, &v.row), v.died));
    rows(sql, steps, &INODE, "inode past", inodes.collect());
    let dentries = past.dentries.iter();
    let dentries = dentries.map(|v| ending(dentry::values(v.key.0, &v.row), v.died));
    rows(sql, steps, &DENTRY, "dentry past", dentries.collect());
    let chunks = past.chunks.iter();
    let chunks = chunks.map(|v| ending(chunk::values(t, v.key.0, v.key.1, &v.row), v.died));
    rows(sql, steps, &CHUNK, "chunk past", chunks.collect());
    let xattrs = past.xattrs.iter();
    let xattrs = xattrs.map(|v| ending(xattr::values(v.key.0, &v.key.1, &v.row), v.died));
    rows(sql, steps, &XATTR, "xattr past", xattrs.collect());
}

fn rows(sql: Sql<'_>, steps: &mut Vec<Step>, table: &Table, name: &'static str, rows: Vec<Vec<Value>>) {
    sql.in_rows(steps, name, &[], rows, |count| {
        let width = table.keys.len() + table.columns.len() + 1;
        let text = format!(
            "INSERT INTO tarbox.{}_past(tenant, {}, {}, died) VALUES {}",
            table.name,
            table.key_names(),
            table.column_names(),
            values("$1", count, width, 2)
        );
        let columns = table.keys.iter().chain(table.columns);
        let mut types: Vec<Type> = columns.map(|(_, ty)| ty.clone()).collect();
        types.push(Type::INT8);
        (text, types_of_rows(&types, count))
    });
}

/// One page of a table: its keys, where versions ended, and its columns.
fn page(sql: Sql<'_>, table: &Table, era: Era, after: Option<Vec<Value>>, limit: usize) -> Step {
    let name = match (era, after.is_some()) {
        (Era::Head, false) => "first page",
        (Era::Head, true) => "page",
        (Era::Past, false) => "first page of the past",
        (Era::Past, true) => "page of the past",
    };
    let (suffix, died) = match era {
        Era::Head => ("", "NULL::bigint"),
        Era::Past => ("_past", "died"),
    };
    let mut order: Vec<(&str, Type)> = table.keys.to_vec();
    if era == Era::Past {
        order.push(("died", Type::INT8));
    }
    let names: Vec<&str> = order.iter().map(|(name, _)| *name).collect();
    let names = names.join(", ");
    let mut bound = vec![Value::from(limit as u64)];
    let is_first = after.is_none();
    bound.extend(after.into_iter().flatten().take(order.len()));
    // A statement of each table goes by the table's place among them.
    let number = super::table::ALL.iter().position(|one| one.name == table.name);
    let request = sql.request_rows(name, number.unwrap_or(0), bound, || {
        let marks: Vec<String> = (0..order.len()).map(|i| format!("${}", i + 3)).collect();
        let from = match is_first {
            true => String::new(),
            false => format!(" AND ({names}) > ({})", marks.join(", ")),
        };
        let text = format!(
            "SELECT {}, {died}, {} FROM tarbox.{}{suffix} WHERE tenant = $1{from} ORDER BY {names} LIMIT $2",
            table.key_names(),
            table.column_names(),
            table.name
        );
        let mut types = vec![Type::INT8];
        if !is_first {
            types.extend(order.iter().map(|(_, ty)| ty.clone()));
        }
        (text, types)
    });
    request.into()
}

fn died(row: &Row, i: usize) -> Result<Option<LayerId>> {
    Ok(optional_int(row, i)?.map(|died| LayerId(died as u64)))
}

fn number(row: &Row, i: usize) -> Result<u64> {
    int(row, i).map(|n| n as u64)
}

pub(crate) fn inodes(sql: Sql<'_>, era: Era, after: Option<Place<Ino>>, limit: usize) -> Step {
    let after = after.map(|after| vec![after.key.0.into(), after.died.0.into()]);
    page(sql, &INODE, era, after, limit)
}

pub(crate) fn inode(row: &Row, tenant: TenantId) -> Result<InodeVersion> {
    let key = Ino(number(row, 0)?);
    Ok(Version {
        key,
        died: died(row, 1)?,
        row: inode::decode_full(row, tenant, key, 2)?,
    })
}

fn pair(after: Place<(Ino, u64)>) -> Vec<Value> {
    vec![after.key.0.0.into(), after.key.1.into(), after.died.0.into()]
}

pub(crate) fn dentries(sql: Sql<'_>, era: Era, after: Option<Place<(Ino, u64)>>, limit: usize) -> Step {
    page(sql, &DENTRY, era, after.map(pair), limit)
}

pub(crate) fn dentry(row: &Row) -> Result<DentryVersion> {
    let (dir, cookie) = (Ino(number(row, 0)?), number(row, 1)?);
    Ok(Version {
        key: (dir, cookie),
        died: died(row, 2)?,
        row: tarbox_store_core::Dentry {
            cookie,
            born: LayerId(number(row, 3)?),
            ino: Ino(number(row, 4)?),
            kind: super::kind(row, 5)?,
            name: bytes(row, 6)?.into(),
        },
    })
}

pub(crate) fn chunks(sql: Sql<'_>, era: Era, after: Option<Place<(Ino, u64)>>, limit: usize) -> Step {
    page(sql, &CHUNK, era, after.map(pair), limit)
}

pub(crate) fn chunk(row: &Row, tenant: TenantId) -> Result<ChunkVersion> {
    let (file, index) = (Ino(number(row, 0)?), number(row, 1)?);
    let born = LayerId(number(row, 3)?);
    Ok(Version {
        key: (file, index),
        died: died(row, 2)?,
        row: chunk::map(bytes(row, 4)?, tenant, file, index, born)?,
    })
}

pub(crate) fn xattrs(sql: Sql<'_>, era: Era, after: Option<Place<(Ino, Vec<u8>)>>, limit: usize) -> Step {
    let after = after.map(|after| {
        let (ino, name) = after.key;
        vec![ino.0.into(), name.into(), after.died.0.into()]
    });
    page(sql, &XATTR, era, after, limit)
}

pub(crate) fn xattr(row: &Row) -> Result<XattrVersion> {
    Ok(Version {
        key: (Ino(number(row, 0)?), bytes(row, 1)?.to_vec()),
        died: died(row, 2)?,
        row: Xattr {
            born: LayerId(number(row, 3)?),
            value: bytes(row, 4)?.to_vec(),
        },
    })
}

/// Blocks behind one hash and up to another, without their bytes.
pub(crate) fn blocks(sql: Sql<'_>, after: Option<Hash>, upto: Option<Hash>, limit: Option<usize>) -> Step {
    let after = after.map_or(Vec::new(), |hash| hash.to_vec());
    let upto = upto.unwrap_or([0xff; 32]).to_vec();
    sql.fixed(
        "SELECT hash, len, refs FROM tarbox.block WHERE tenant = $1 AND hash > $2 AND hash <= $3 ORDER BY hash LIMIT $4",
        &[Type::BYTEA, Type::BYTEA, Type::INT8],
        vec![after.into(), upto.into(), limit.map(|limit| limit as u64).into()],
    )
}

pub(crate) fn block(row: &Row) -> Result<(Hash, Block)> {
    let hash = bytes(row, 0)?.try_into();
    let len = u32::try_from(int(row, 1)?).ok();
    let len = len.filter(|len| (1..=tarbox_store_core::CHUNK).contains(&u64::from(*len)));
    let block = Block {
        segment: 1,
        offset: 0,
        len: len.ok_or_else(|| damaged("a block is longer than any can be"))?,
        refs: number(row, 2)?,
    };
    let hash = hash.map_err(|_| damaged("the hash of a block has a wrong length"))?;
    Ok((hash, block))
}

/// Log records behind a position.
pub(crate) fn log(sql: Sql<'_>, after: u64, limit: usize) -> Step {
    let request = sql.request("log page", vec![after.into(), (limit as u64).into()], || {
        let text = format!(
            "SELECT {} FROM tarbox.log WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            log::COLUMNS
        );
        (text, vec![Type::INT8, Type::INT8])
    });
    request.into()
}

/// Inodes of the head without names.
pub(crate) fn orphans(sql: Sql<'_>) -> Step {
    sql.fixed(
        "SELECT ino FROM tarbox.orphan WHERE tenant = $1 ORDER BY ino",
        &[],
        Vec::new(),
    )
}

pub(crate) fn orphan(row: &Row) -> Result<Ino> {
    number(row, 0).map(Ino)
}
