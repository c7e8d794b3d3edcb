//! Chunks of files.

use tarbox_store::{Ino, LayerId, Result};
use tarbox_store_core::{Map, TenantId, damaged};
use tokio_postgres::Row;

use super::{bytes, int, key};
use crate::wire::Value;

/// Decodes `idx, born, map` from the first column on.
pub(super) fn decode(row: &Row, tenant: TenantId, file: Ino) -> Result<(u64, Map)> {
    let (index, born) = (int(row, 0)? as u64, LayerId(int(row, 1)? as u64));
    Ok((index, map(bytes(row, 2)?, tenant, file, index, born)?))
}

pub(crate) fn map(bytes: &[u8], tenant: TenantId, file: Ino, index: u64, born: LayerId) -> Result<Map> {
    let map = Map::decode(bytes, key(tenant, file.0), index, born);
    map.ok_or_else(|| damaged("the map of a chunk breaks its format"))
}

/// The row, in the order of the table.
pub(super) fn values(tenant: TenantId, file: Ino, index: u64, map: &Map) -> Vec<Value> {
    vec![
        file.0.into(),
        index.into(),
        map.born.0.into(),
        map.encode(key(tenant, file.0), index).into(),
    ]
}
