//! Directory entries.

use tarbox_store::{Ino, LayerId, Result};
use tarbox_store_core::Dentry;
use tokio_postgres::Row;

use super::{bytes, int, kind};
use crate::wire::Value;

/// The columns of an entry, of a table that goes by `d`.
pub(super) const COLUMNS: &str = "d.cookie, d.born, d.ino, d.kind, d.name";

/// Decodes [`COLUMNS`] from column `at` on.
pub(super) fn decode(row: &Row, at: usize) -> Result<Dentry> {
    let number = |i: usize| int(row, at + i).map(|n| n as u64);
    Ok(Dentry {
        cookie: number(0)?,
        born: LayerId(number(1)?),
        ino: Ino(number(2)?),
        kind: kind(row, at + 3)?,
        name: bytes(row, at + 4)?.into(),
    })
}

/// The row, in the order of the table.
pub(super) fn values(dir: Ino, d: &Dentry) -> Vec<Value> {
    vec![
        dir.0.into(),
        d.cookie.into(),
        d.born.0.into(),
        d.ino.0.into(),
        Value::Int(d.kind as i64),
        d.name[..].into(),
    ]
}
