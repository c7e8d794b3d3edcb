//! Inode rows.

use tarbox_store::{Ino, LayerId, Result, Seq, Timestamp};
use tarbox_store_core::{Content, Inode, TenantId, damaged};
use tokio_postgres::Row;

use super::{int, key, kind, optional_int};
use crate::wire::Value;

const ATTRIBUTES: [&str; 17] = [
    "born", "kind", "mode", "uid", "gid", "nlink", "size", "stored", "rdev", "atime", "mtime", "ctime",
    "btime", "parent", "cookie", "xattrs", "version",
];
/// How many columns there are before the content.
pub(super) const COUNT: usize = ATTRIBUTES.len();

/// The columns before the content, of a table that goes by this name.
pub(super) fn attributes_of(table: &str) -> String {
    let columns: Vec<String> = ATTRIBUTES
        .iter()
        .map(|column| format!("{table}.{column}"))
        .collect();
    columns.join(", ")
}

/// The first eight bytes of the BLAKE3 hash of whose data it is, and the data. Empty data needs none.
fn checksum(tenant: TenantId, ino: Ino, data: &[u8]) -> i64 {
    if data.is_empty() {
        return 0;
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(&key(tenant, ino.0).to_le_bytes());
    let hash = hasher.update(data).finalize();
    let (first, _) = hash.as_bytes().split_at(8);
    i64::from_le_bytes(first.try_into().unwrap_or_default())
}

/// Decodes [`attributes_of`] from column `at` on, with `data IS NULL` behind them.
pub(super) fn decode(row: &Row, at: usize) -> Result<Inode> {
    let chunked: bool = row.try_get(at + COUNT).map_err(crate::error::failed)?;
    let content = if chunked {
        Content::Chunked
    } else {
        Content::Stored
    };
    attributes(row, at, content)
}

/// The same with `data, sum` behind them.
pub(super) fn decode_full(row: &Row, tenant: TenantId, ino: Ino, at: usize) -> Result<Inode> {
    let content = match data(row, tenant, ino, at + COUNT)? {
        Some(data) => Content::Inline(data),
        None => Content::Chunked,
    };
    attributes(row, at, content)
}

/// Content with its checksum, from column `at` on.
pub(crate) fn data(row: &Row, tenant: TenantId, ino: Ino, at: usize) -> Result<Option<Vec<u8>>> {
    let data: Option<&[u8]> = row.try_get(at).map_err(crate::error::failed)?;
    match data {
        Some(data) if optional_int(row, at + 1)? != Some(checksum(tenant, ino, data)) => Err(damaged(
            format!("the data of inode {ino} does not match its checksum"),
        )),
        data => Ok(data.map(<[u8]>::to_vec)),
    }
}

fn attributes(row: &Row, at: usize, content: Content) -> Result<Inode> {
    let number = |i: usize| int(row, at + i);
    let unsigned = |i: usize| number(i).map(|n| n as u64);
    let (size, stored) = (number(6)?, number(7)?);
    let born = LayerId(unsigned(0)?);
    // Rows of schema 1 have none.
    let version = optional_int(row, at + 16)?;
    let inode = Inode {
        born,
        version: version.map_or(Inode::unversioned(born), |version| Seq(version as u64)),
        kind: kind(row, at + 1)?,
        mode: number(2)? as u32,
        uid: number(3)? as u32,
        gid: number(4)? as u32,
        nlink: number(5)? as u32,
        size: size as u64,
        stored: stored as u64,
        rdev: unsigned(8)?,
        atime: Timestamp(number(9)?),
        mtime: Timestamp(number(10)?),
        ctime: Timestamp(number(11)?),
        btime: Timestamp(number(12)?),
        parent: Ino(unsigned(13)?),
        cookie: unsigned(14)?,
        xattrs: number(15)? as u32,
        content,
    };
    let fits = match &inode.content {
        Content::Inline(data) => inode.is_dir() || data.len() as i64 == size,
        Content::Stored | Content::Chunked => true,
    };
    match size >= 0 && stored >= 0 && fits {
        true => Ok(inode),
        false => Err(damaged("an inode's size does not fit its content")),
    }
}

/// Number and attributes, in the order of the table.
pub(super) fn attribute_values(ino: Ino, n: &Inode) -> Vec<Value> {
    vec![
        ino.0.into(),
        n.born.0.into(),
        Value::Int(n.kind as i64),
        n.mode.into(),
        n.uid.into(),
        n.gid.into(),
        n.nlink.into(),
        n.size.into(),
        n.stored.into(),
        Value::Int(n.rdev as i64),
        n.atime.0.into(),
        n.mtime.0.into(),
        n.ctime.0.into(),
        n.btime.0.into(),
        n.parent.0.into(),
        n.cookie.into(),
        n.xattrs.into(),
        n.version.0.into(),
    ]
}

/// The whole row, but for content that is [`Stored`](Content::Stored).
pub(super) fn values(tenant: TenantId, ino: Ino, n: &Inode) -> Vec<Value> {
    let mut values = attribute_values(ino, n);
    match &n.content {
        Content::Inline(data) => {
            values.push(data[..].into());
            values.push(checksum(tenant, ino, data).into());
        }
        Content::Stored | Content::Chunked => values.extend([Value::Null, Value::Null]),
    }
    values
}

/// An inode's number.
pub(super) fn number(row: &Row, at: usize) -> Result<Ino> {
    int(row, at).map(|n| Ino(n as u64))
}
