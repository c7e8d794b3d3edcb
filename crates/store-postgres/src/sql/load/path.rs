//! A path, up or down, as one statement each, and what it answered.

use tarbox_store::{Ino, LayerId, Result};
use tarbox_store_core::{BUCKET, Dentry, Found, Inode, Name, Want};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::answer::Answers;
use super::ask::{INT, inode_columns, source};
use super::{Sql, dentry, failed, inode, int};

/// Levels of a path that are loaded at once.
pub(super) const LEVELS: i64 = 256;

/// An inode and those above it, with the entries that name them.
pub(super) fn lineage(layer: Option<LayerId>) -> (String, Vec<Type>) {
    let at = layer.map(|_| 4);
    let inner = format!("x.ino, {}", all_of_inode(layer));
    let first = source("inode", &inner, "x.ino = $2", at);
    let above = source("inode", &inner, "x.ino = u.parent", at);
    let place = match layer {
        None => {
            "x.dir = u.parent AND x.cookie BETWEEN u.cookie - u.cookie % 256 AND u.cookie - u.cookie % 256 + 255"
        }
        Some(_) => "x.dir = u.parent AND x.cookie = u.cookie",
    };
    let entry = source("dentry", "x.cookie, x.born, x.ino, x.kind, x.name", place, at);
    let text = format!(
        "WITH RECURSIVE up AS (SELECT 1::bigint AS depth, i.* FROM ({first}) i UNION ALL \
         SELECT u.depth + 1, i.* FROM up u CROSS JOIN LATERAL ({above}) i WHERE u.ino <> 1 AND u.depth < $3) \
         SELECT u.depth, u.ino, {}, {} FROM up u LEFT JOIN LATERAL ({entry}) d ON u.ino <> 1 ORDER BY u.depth, d.cookie",
        inode_columns("u", layer),
        dentry::COLUMNS
    );
    let mut types = vec![INT, INT];
    types.extend(layer.map(|_| INT));
    (text, types)
}

/// What names lead to, one after the other.
pub(super) fn descent(layer: Option<LayerId>) -> (String, Vec<Type>) {
    let at = layer.map(|_| 6);
    let columns = "x.dir, x.cookie, x.born, x.ino, x.kind, x.name";
    let first = source(
        "dentry",
        columns,
        "x.dir = $2 AND x.cookie BETWEEN $3[1] AND $3[1] + 255",
        at,
    );
    let below = source(
        "dentry",
        columns,
        "x.dir = s.ino AND x.cookie BETWEEN $3[s.depth + 1] AND $3[s.depth + 1] + 255",
        at,
    );
    let child = source(
        "inode",
        &format!("x.ino, {}", all_of_inode(layer)),
        "x.ino = d.ino",
        at,
    );
    let text = format!(
        "WITH RECURSIVE down AS (SELECT 1 AS depth, d.* FROM ({first}) d UNION ALL \
         SELECT s.depth + 1, d.* FROM down s CROSS JOIN LATERAL ({below}) d WHERE s.name = $4[s.depth] AND s.depth < $5) \
         SELECT d.depth, i.ino, {}, {} FROM down d LEFT JOIN LATERAL ({child}) i ON d.name = $4[d.depth] \
         ORDER BY d.depth, d.cookie",
        inode_columns("i", layer),
        dentry::COLUMNS
    );
    let mut types = vec![INT, Type::INT8_ARRAY, Type::BYTEA_ARRAY, INT];
    types.extend(layer.map(|_| INT));
    (text, types)
}

fn all_of_inode(layer: Option<LayerId>) -> String {
    let attributes = inode::attributes_of("x");
    match layer {
        // What the outer query asks of the content, but nothing that would have to be read for it.
        None => format!("{attributes}, CASE WHEN x.data IS NULL THEN NULL ELSE ''::bytea END AS data"),
        Some(_) => format!("{attributes}, x.data, x.sum"),
    }
}
/// Where columns of an inode are behind `depth, ino`, and those of an entry behind these.
pub(super) fn entry_at(layer: Option<LayerId>) -> usize {
    2 + inode::COUNT + if layer.is_some() { 2 } else { 1 }
}

fn decode_inode(sql: Sql<'_>, row: &Row, ino: Ino, layer: Option<LayerId>) -> Result<Inode> {
    match layer {
        None => inode::decode(row, 2),
        Some(_) => inode::decode_full(row, sql.tenant, ino, 2),
    }
}

/// Rows of one depth after the other.
fn by_depth(rows: &[Row]) -> impl Iterator<Item = &[Row]> {
    rows.chunk_by(|a, b| int(a, 0).ok() == int(b, 0).ok())
}

pub(super) fn went_up(sql: Sql<'_>, first: Ino, layer: Option<LayerId>, rows: &[Row]) -> Result<Answers> {
    let mut answers: Answers = Vec::new();
    let mut next = first;
    for level in by_depth(rows) {
        let Some(row) = level.first() else { break };
        let ino = inode::number(row, 1)?;
        let above = decode_inode(sql, row, ino, layer)?;
        let (dir, at) = (above.parent, above.cookie);
        answers.push((Want::inode_in(ino, layer), Found::Inode(Some(above))));
        next = dir;
        if ino == Ino::ROOT {
            return Ok(answers);
        }
        let entries = entries_of(level, entry_at(layer))?;
        answers.push((Want::entries_at(dir, at, layer), Found::Entries(entries)));
    }
    if (rows.len() as i64) < LEVELS {
        answers.push((Want::inode_in(next, layer), Found::Inode(None)));
    }
    Ok(answers)
}

/// The entries that rows hold behind an outer join.
pub(super) fn entries_of(rows: &[Row], at: usize) -> Result<Vec<Dentry>> {
    let mut entries = Vec::new();
    for row in rows {
        if row.try_get::<_, Option<i64>>(at).map_err(failed)?.is_some() {
            entries.push(dentry::decode(row, at)?);
        }
    }
    Ok(entries)
}

pub(super) fn went_down(
    sql: Sql<'_>,
    mut dir: Ino,
    names: &[(u64, Name)],
    layer: Option<LayerId>,
    rows: &[Row],
) -> Result<Answers> {
    let mut answers: Answers = Vec::new();
    let mut levels = by_depth(rows);
    for (from, name) in names {
        let level = levels.next().unwrap_or_default();
        let entries = entries_of(level, entry_at(layer))?;
        let found = entries.iter().position(|entry| entry.name == *name);
        let child = found.map(|i| (entries[i].ino, &level[i]));
        answers.push((
            Want::entries_in(dir, *from, from + (BUCKET - 1), layer),
            Found::Entries(entries),
        ));
        let Some((ino, row)) = child else { break };
        let is_there = row.try_get::<_, Option<i64>>(1).map_err(failed)?.is_some();
        let inode = is_there.then(|| decode_inode(sql, row, ino, layer)).transpose()?;
        answers.push((Want::inode_in(ino, layer), Found::Inode(inode)));
        dir = ino;
    }
    Ok(answers)
}
