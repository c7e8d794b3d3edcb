//! Extended attributes.

use tarbox_store::{Ino, LayerId, Result};
use tarbox_store_core::Xattr;
use tokio_postgres::Row;

use super::{bytes, int};
use crate::wire::Value;

/// Decodes `name, value, born`.
pub(super) fn decode(row: &Row) -> Result<(Vec<u8>, Xattr)> {
    let value = bytes(row, 1)?.to_vec();
    let born = LayerId(int(row, 2)? as u64);
    Ok((bytes(row, 0)?.to_vec(), Xattr { value, born }))
}

/// The row, in the order of the table.
pub(super) fn values(ino: Ino, name: &[u8], x: &Xattr) -> Vec<Value> {
    vec![ino.0.into(), name.into(), x.born.0.into(), x.value[..].into()]
}
