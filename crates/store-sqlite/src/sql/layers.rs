//! Changes to history: layers, tags, and the versions that no layer needs any more.
//!
//! A version is valid in `born <= layer < died`. It is needed as long as that interval holds a layer that is kept:
//! a sealed one that was not dropped, or the head.

use rusqlite::{Connection, params};
use tarbox_store::{Ino, LayerId, Result};
use tarbox_store_core::{HistoryOp, Losses};

use super::error::{damaged, engine};
use crate::rows::{Dentry, Key, Map, Numbered, TenantId};

/// The tables with versions: name, key columns, all further columns.
const TABLES: [(&str, &str, &str); 4] = [
    ("inode", "key", super::inode::COLUMNS),
    ("dentry", "dir, cookie", "born, ino, kind, name"),
    ("chunk", "file, idx", "born, map"),
    ("xattr", "key, name", "born, value"),
];

/// Changes history.
pub(super) fn apply(c: &Connection, tenant: TenantId, change: &HistoryOp) -> Result<()> {
    match change {
        HistoryOp::Seal(layer) => {
            c.prepare_cached(
                "INSERT INTO layer(tenant, id, name, description, sealed) VALUES (?1, ?2, ?3, ?4, ?5)",
            )
            .map_err(engine)?
            .execute(params![
                tenant.sql(),
                layer.id.0 as i64,
                layer.name,
                layer.description,
                layer.sealed.0
            ])
            .map_err(engine)?;
        }
        HistoryOp::Forget(layer) => {
            let gone = params![tenant.sql(), layer.0 as i64];
            c.execute("DELETE FROM tag WHERE tenant = ?1 AND layer = ?2", gone)
                .map_err(engine)?;
            c.execute("DELETE FROM layer WHERE tenant = ?1 AND id = ?2", gone)
                .map_err(engine)?;
        }
        HistoryOp::Prune { kept, next } => {
            for (table, key, _) in TABLES {
                let key = first(key);
                c.execute(
                        &format!(
                            "DELETE FROM {table}_past WHERE {key} >> 44 = ?1 AND died > ?2 AND died <= ?3 AND born > ?2"
                        ),
                        params![tenant.sql(), kept.0 as i64, next.0 as i64],
                    )
                    .map_err(engine)?;
            }
        }
        HistoryOp::Rewind(layer) => rewind(c, tenant, *layer)?,
        HistoryOp::Tag(name, Some(layer)) => {
            c.execute(
                "INSERT OR REPLACE INTO tag(tenant, name, layer) VALUES (?1, ?2, ?3)",
                params![tenant.sql(), name, layer.0 as i64],
            )
            .map_err(engine)?;
        }
        HistoryOp::Tag(name, None) => {
            c.execute(
                "DELETE FROM tag WHERE tenant = ?1 AND name = ?2",
                params![tenant.sql(), name],
            )
            .map_err(engine)?;
        }
    }
    Ok(())
}

fn first(columns: &str) -> &str {
    columns.split(',').next().unwrap_or(columns)
}

fn rewind(c: &Connection, tenant: TenantId, layer: LayerId) -> Result<()> {
    let bound = params![tenant.sql(), layer.0 as i64];
    // What had no name when the layer was sealed has none again, whatever became of it since.
    c.execute(
        "INSERT OR IGNORE INTO orphan(key) SELECT key FROM inode_past \
         WHERE key >> 44 = ?1 AND died > ?2 AND born <= ?2 AND nlink = 0",
        bound,
    )
    .map_err(engine)?;
    for (table, keys, columns) in TABLES {
        let key = first(keys);
        // `born > 1` is implied; said so that the partial index serves.
        let later = format!("{key} >> 44 = ?1 AND born > ?2 AND born > 1");
        let steps = [
            format!("DELETE FROM {table} WHERE {later}"),
            format!(
                "INSERT INTO {table}({keys}, {columns}) SELECT {keys}, {columns} FROM {table}_past \
                 WHERE {key} >> 44 = ?1 AND died > ?2 AND born <= ?2"
            ),
            format!("DELETE FROM {table}_past WHERE {key} >> 44 = ?1 AND died > ?2"),
        ];
        for sql in steps {
            c.execute(&sql, bound).map_err(engine)?;
        }
    }
    // And what lost its name later has it back, or is gone.
    let keys = params![tenant.key(Ino(0)).sql(), TenantId(tenant.0 + 1).key(Ino(0)).sql()];
    c.execute(
        "DELETE FROM orphan WHERE key >= ?1 AND key < ?2 \
         AND NOT EXISTS (SELECT 1 FROM inode i WHERE i.key = orphan.key AND i.nlink = 0)",
        keys,
    )
    .map_err(engine)?;
    Ok(())
}

/// What a prune takes away.
pub(crate) fn losses_of_prune(
    c: &Connection,
    tenant: TenantId,
    kept: LayerId,
    next: LayerId,
) -> Result<Losses> {
    let range = "died > ?2 AND died <= ?3 AND born > ?2";
    let bound = params![tenant.sql(), kept.0 as i64, next.0 as i64];
    let mut losses = Losses::default();
    maps(
        c,
        &format!("SELECT file, idx, map FROM chunk_past WHERE file >> 44 = ?1 AND {range}"),
        bound,
        &mut losses,
    )?;
    losses.bytes = sum(c, &inline_bytes("inode_past", range), bound)?
        + sum(c, &xattr_bytes("xattr_past", range), bound)?;
    Ok(losses)
}

/// What a rewind takes away. Versions that become the head's again were counted all along.
pub(crate) fn losses_of_rewind(c: &Connection, tenant: TenantId, layer: LayerId) -> Result<Losses> {
    let bound = params![tenant.sql(), layer.0 as i64];
    let mut losses = Losses::default();
    // The head's later versions, and those past ones that both began and ended later.
    let (head, past) = ("born > ?2 AND born > 1", "died > ?2 AND born > ?2");
    maps(
        c,
        &format!("SELECT file, idx, map FROM chunk WHERE file >> 44 = ?1 AND {head}"),
        bound,
        &mut losses,
    )?;
    maps(
        c,
        &format!("SELECT file, idx, map FROM chunk_past WHERE file >> 44 = ?1 AND {past}"),
        bound,
        &mut losses,
    )?;
    for (suffix, range) in [("", head), ("_past", past)] {
        losses.bytes += sum(c, &inline_bytes(&format!("inode{suffix}"), range), bound)?
            + sum(c, &xattr_bytes(&format!("xattr{suffix}"), range), bound)?;
    }
    let gone = sum(
        c,
        &format!("SELECT count(*) FROM inode WHERE key >> 44 = ?1 AND {head}"),
        bound,
    )?;
    let back = sum(
        c,
        "SELECT count(*) FROM inode_past WHERE key >> 44 = ?1 AND died > ?2 AND born <= ?2",
        bound,
    )?;
    losses.inodes = gone - back;
    Ok(losses)
}

fn inline_bytes(table: &str, range: &str) -> String {
    format!("SELECT coalesce(sum(length(data)), 0) FROM {table} WHERE key >> 44 = ?1 AND {range}")
}

fn xattr_bytes(table: &str, range: &str) -> String {
    format!(
        "SELECT coalesce(sum(length(name) + length(value)), 0) FROM {table} WHERE key >> 44 = ?1 AND {range}"
    )
}

fn sum(c: &Connection, sql: &str, bound: &[&dyn rusqlite::ToSql]) -> Result<i64> {
    c.query_row(sql, bound, |row| row.get(0)).map_err(engine)
}

fn maps(c: &Connection, sql: &str, bound: &[&dyn rusqlite::ToSql], losses: &mut Losses) -> Result<()> {
    let mut statement = c.prepare(sql).map_err(engine)?;
    let mut rows = statement.query(bound).map_err(engine)?;
    while let Some(row) = rows.next().map_err(engine)? {
        let number = |i| row.get::<_, i64>(i).map_err(engine);
        let (file, index) = (Key(number(0)? as u64), number(1)? as u64);
        let bytes = row.get_ref(2).map_err(engine)?;
        let map = bytes
            .as_blob()
            .ok()
            .and_then(|bytes| Map::decode(bytes, file.0, index, LayerId(0)));
        for hash in map
            .ok_or_else(|| damaged("the map of a chunk breaks its format"))?
            .hashes()
        {
            *losses.blocks.entry(hash).or_default() += 1;
        }
    }
    Ok(())
}

/// The keys of `table` with a version that began or ended in `from < layer <= to`.
pub(crate) fn touched(
    c: &Connection,
    table: &str,
    tenant: TenantId,
    from: LayerId,
    to: LayerId,
) -> Result<Vec<Key>> {
    let key = TABLES
        .iter()
        .find(|(name, ..)| *name == table)
        .map_or("key", |(_, keys, _)| first(keys));
    let mut statement = c
        .prepare_cached(&format!(
            "SELECT {key} FROM {table} WHERE {key} >> 44 = ?1 AND born > ?2 AND born <= ?3 AND born > 1 \
             UNION SELECT {key} FROM {table}_past WHERE {key} >> 44 = ?1 AND born > ?2 AND born <= ?3 AND born > 1 \
             UNION SELECT {key} FROM {table}_past WHERE {key} >> 44 = ?1 AND died > ?2 AND died <= ?3 ORDER BY 1"
        ))
        .map_err(engine)?;
    let rows = statement
        .query_map(params![tenant.sql(), from.0 as i64, to.0 as i64], |row| {
            row.get::<_, i64>(0)
        })
        .map_err(engine)?;
    rows.map(|key| key.map(|key| Key(key as u64)).map_err(engine))
        .collect()
}

/// A version of an entry: its directory, and the layer in which it ended (`None` for the head's).
type Version = (Key, Option<LayerId>, Dentry);

/// Every version of an entry that began or ended in `from < layer <= to`.
pub(crate) fn touched_entries(
    c: &Connection,
    tenant: TenantId,
    from: LayerId,
    to: LayerId,
) -> Result<Vec<Version>> {
    let mut statement = c
        .prepare_cached(
            "SELECT dir, NULL, cookie, born, ino, kind, name FROM dentry \
             WHERE dir >> 44 = ?1 AND born > ?2 AND born <= ?3 AND born > 1 \
             UNION SELECT dir, died, cookie, born, ino, kind, name FROM dentry_past \
             WHERE dir >> 44 = ?1 AND born > ?2 AND born <= ?3 AND born > 1 \
             UNION SELECT dir, died, cookie, born, ino, kind, name FROM dentry_past \
             WHERE dir >> 44 = ?1 AND died > ?2 AND died <= ?3",
        )
        .map_err(engine)?;
    let mut rows = statement
        .query(params![tenant.sql(), from.0 as i64, to.0 as i64])
        .map_err(engine)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(engine)? {
        let dir = Key(row.get::<_, i64>(0).map_err(engine)? as u64);
        let died: Option<i64> = row.get(1).map_err(engine)?;
        found.push((
            dir,
            died.map(|died| LayerId(died as u64)),
            super::dentry::decode(row, 2)?,
        ));
    }
    Ok(found)
}

/// The pairs of neighbouring layers between which there are versions that neither shows.
pub(crate) fn hidden(c: &Connection, tenant: TenantId) -> Result<Vec<(LayerId, LayerId)>> {
    let Some(row) = super::tenant::by_id(c, tenant)? else {
        return Ok(Vec::new());
    };
    let mut layers: Vec<u64> = vec![0];
    layers.extend(super::tenant::layers(c, tenant)?.iter().map(|layer| layer.id.0));
    layers.push(row.head.0);
    let gaps = layers.windows(2).filter(|pair| pair[1] > pair[0] + 1);
    let mut found = Vec::new();
    for pair in gaps {
        let (kept, next) = (LayerId(pair[0]), LayerId(pair[1]));
        if is_hiding(c, tenant, kept, next)? {
            found.push((kept, next));
        }
    }
    Ok(found)
}

fn is_hiding(c: &Connection, tenant: TenantId, kept: LayerId, next: LayerId) -> Result<bool> {
    for (table, key) in [
        ("inode", "key"),
        ("dentry", "dir"),
        ("chunk", "file"),
        ("xattr", "key"),
    ] {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM {table}_past WHERE {key} >> 44 = ?1 AND died > ?2 AND died <= ?3 AND born > ?2)"
        );
        let values = params![tenant.sql(), kept.0 as i64, next.0 as i64];
        let mut statement = c.prepare_cached(&sql).map_err(engine)?;
        if statement.query_row(values, |row| row.get(0)).map_err(engine)? {
            return Ok(true);
        }
    }
    Ok(false)
}
