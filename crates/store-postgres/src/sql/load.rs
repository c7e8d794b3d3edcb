//! The rows that operations ask for: which statements bring them, and what these answered.
//!
//! All questions of one call go in one flight. Those for inodes, for their content and for blocks are gathered in one
//! statement each; a path, up or down, is one recursive statement.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tarbox_store::{Ino, LayerId, Result};
use tarbox_store_core::{
    BUCKET, Block, CHUNKS, Dentry, Found, Hash, Inode, Map, Name, Room, TouchedEntry, Versioned, Want,
    damaged,
};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::{Sql, bytes, chunk, dentry, history, inode, int, tenant, xattr};
use crate::error::failed;
use crate::wire::{Step, Value};

/// Levels of a path that are loaded at once.
const LEVELS: i64 = 256;

/// The statements of one call.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    /// Which of them answer each want.
    places: Vec<Range<usize>>,
    inodes: Range<usize>,
    data: Range<usize>,
    blocks: Range<usize>,
}

const INT: Type = Type::INT8;

/// Plans how these wants are answered, behind the steps that are there already.
pub(crate) fn plan(sql: Sql<'_>, wants: &[Want]) -> Plan {
    let mut plan = Plan {
        steps: Vec::new(),
        places: Vec::with_capacity(wants.len()),
        inodes: 0..0,
        data: 0..0,
        blocks: 0..0,
    };
    let (mut inodes, mut data, mut blocks) = (Vec::new(), Vec::new(), Vec::new());
    for want in wants {
        match want {
            Want::Inode(ino) => inodes.push(ino.0 as i64),
            Want::Data(ino) => data.push(ino.0 as i64),
            Want::Block(hash) => blocks.push(Bytes::copy_from_slice(hash)),
            _ => {}
        }
        let start = plan.steps.len();
        one(sql, &mut plan.steps, want);
        plan.places.push(start..plan.steps.len());
    }
    let mut add = |empty: bool, step: &dyn Fn() -> Step| {
        let start = plan.steps.len();
        if !empty {
            plan.steps.push(step());
        }
        start..plan.steps.len()
    };
    plan.inodes = add(inodes.is_empty(), &|| {
        let request = sql.request("inodes", vec![Value::Ints(inodes.clone())], || {
            let columns = inode::attributes_of("i");
            let text = format!(
                "SELECT i.ino, {columns}, i.data IS NULL FROM tarbox.inode i WHERE i.tenant = $1 AND i.ino = ANY($2)"
            );
            (text, vec![Type::INT8_ARRAY])
        });
        request.into()
    });
    plan.data = add(data.is_empty(), &|| {
        sql.fixed(
            "SELECT ino, data, sum, size, kind FROM tarbox.inode WHERE tenant = $1 AND ino = ANY($2)",
            &[Type::INT8_ARRAY],
            vec![Value::Ints(data.clone())],
        )
    });
    plan.blocks = add(blocks.is_empty(), &|| {
        sql.fixed(
            "SELECT hash, len, refs FROM tarbox.block WHERE tenant = $1 AND hash = ANY($2)",
            &[Type::BYTEA_ARRAY],
            vec![Value::Blobs(blocks.clone())],
        )
    });
    plan
}

/// A table of the head, or both tables as they were at the end of a layer (the last parameter), as a subquery.
fn source(table: &str, columns: &str, condition: &str, layer: Option<usize>) -> String {
    let head = format!("SELECT {columns} FROM tarbox.{table} x WHERE x.tenant = $1 AND {condition}");
    match layer {
        None => head,
        Some(n) => format!(
            "{head} AND x.born <= ${n} UNION ALL SELECT {columns} FROM tarbox.{table}_past x \
             WHERE x.tenant = $1 AND {condition} AND x.born <= ${n} AND x.died > ${n}"
        ),
    }
}

/// What is asked for of an inode: its content too, where it is not of the head.
fn inode_columns(table: &str, layer: Option<LayerId>) -> String {
    let attributes = inode::attributes_of(table);
    match layer {
        None => format!("{attributes}, {table}.data IS NULL"),
        Some(_) => format!("{attributes}, {table}.data, {table}.sum"),
    }
}

const ENTRY: &str = "x.cookie, x.born, x.ino, x.kind, x.name";

fn entries() -> (String, Vec<Type>) {
    let text = source("dentry", ENTRY, "x.dir = $2 AND x.cookie BETWEEN $3 AND $4", None);
    (format!("{text} ORDER BY x.cookie LIMIT $5"), vec![INT; 4])
}

/// Entries, and what they name.
fn listing() -> (String, Vec<Type>) {
    let (entries, types) = entries();
    let text = format!(
        "SELECT 0, i.ino, {}, {} FROM ({entries}) d LEFT JOIN tarbox.inode i ON i.tenant = $1 AND i.ino = d.ino ORDER BY d.cookie",
        inode_columns("i", None),
        dentry::COLUMNS
    );
    (text, types)
}

/// The statements of one want that shares none.
fn one(sql: Sql<'_>, steps: &mut Vec<Step>, want: &Want) {
    let mut push = |name: &'static str, values: Vec<Value>, make: &dyn Fn() -> (String, Vec<Type>)| {
        steps.push(sql.request(name, values, make).into());
    };
    match want {
        Want::Tenant | Want::Inode(_) | Want::Data(_) | Want::Block(_) => {}
        // Not rows tell of these; and what chunks hold is added up page by page.
        Want::Alone | Want::HeldElsewhere(_) | Want::Room | Want::Held { .. } => {}
        Want::Directory { limit: 0, .. } => {}
        Want::Listing { dir, from, limit } => {
            push("listed directory", vec![dir.0.into()], &|| {
                (
                    source(
                        "inode",
                        &format!("x.ino, {}", inode_columns("x", None)),
                        "x.ino = $2",
                        None,
                    ),
                    vec![INT],
                )
            });
            let values = vec![
                dir.0.into(),
                (*from).into(),
                u64::MAX.into(),
                (*limit as u64).into(),
            ];
            push("listing", values, &listing);
        }
        Want::Directory { dir, limit } => {
            let values = vec![
                dir.0.into(),
                0_u64.into(),
                u64::MAX.into(),
                (*limit as u64 + 1).into(),
            ];
            push("entries", values, &entries);
        }
        Want::InodeAt(ino, layer) => push("inode at", vec![ino.0.into(), layer.0.into()], &|| {
            let columns = inode_columns("x", Some(*layer));
            (source("inode", &columns, "x.ino = $2", Some(3)), vec![INT, INT])
        }),
        Want::Entries { dir, from, to, limit } => {
            let values = vec![dir.0.into(), (*from).into(), (*to).into(), (*limit as u64).into()];
            push("entries", values, &entries);
        }
        Want::EntriesAt {
            dir,
            from,
            to,
            limit,
            layer,
        } => {
            let values = vec![
                dir.0.into(),
                (*from).into(),
                (*to).into(),
                (*limit as u64).into(),
                layer.0.into(),
            ];
            push("entries at", values, &|| {
                let text = source(
                    "dentry",
                    ENTRY,
                    "x.dir = $2 AND x.cookie BETWEEN $3 AND $4",
                    Some(6),
                );
                (
                    format!("SELECT * FROM ({text}) v ORDER BY cookie LIMIT $5"),
                    vec![INT; 5],
                )
            });
        }
        Want::Names { ino, layer } => {
            let columns = "x.dir, x.cookie, x.name";
            match layer {
                None => push("names", vec![ino.0.into()], &|| {
                    (source("dentry", columns, "x.ino = $2", None), vec![INT])
                }),
                Some(layer) => push("names at", vec![ino.0.into(), layer.0.into()], &|| {
                    (source("dentry", columns, "x.ino = $2", Some(3)), vec![INT, INT])
                }),
            }
        }
        Want::Chunks { file, from, to } => {
            let values = vec![
                file.0.into(),
                (*from).into(),
                (*to).into(),
                (CHUNKS as u64).into(),
            ];
            push("chunks", values, &|| {
                let text = source(
                    "chunk",
                    "x.idx, x.born, x.map",
                    "x.file = $2 AND x.idx BETWEEN $3 AND $4",
                    None,
                );
                (format!("{text} ORDER BY x.idx LIMIT $5"), vec![INT; 4])
            });
        }
        Want::ChunksAt {
            file,
            from,
            to,
            layer,
        } => {
            let values = vec![
                file.0.into(),
                (*from).into(),
                (*to).into(),
                (CHUNKS as u64).into(),
                layer.0.into(),
            ];
            push("chunks at", values, &|| {
                let text = source(
                    "chunk",
                    "x.idx, x.born, x.map",
                    "x.file = $2 AND x.idx BETWEEN $3 AND $4",
                    Some(6),
                );
                (
                    format!("SELECT * FROM ({text}) v ORDER BY idx LIMIT $5"),
                    vec![INT; 5],
                )
            });
        }
        Want::NextChunk { file, from, layer } => {
            let mut values = vec![file.0.into(), (*from).into()];
            let condition = "x.file = $2 AND x.idx >= $3";
            match layer {
                None => push("next chunk", values, &|| {
                    (source("chunk", "min(x.idx)", condition, None), vec![INT; 2])
                }),
                Some(layer) => {
                    values.push(layer.0.into());
                    push("next chunk at", values, &|| {
                        let text = source("chunk", "x.idx", condition, Some(4));
                        (format!("SELECT min(idx) FROM ({text}) v"), vec![INT; 3])
                    });
                }
            }
        }
        Want::Xattrs(ino) => push("xattrs", vec![ino.0.into()], &|| {
            let text = source("xattr", "x.name, x.value, x.born", "x.ino = $2", None);
            (format!("{text} ORDER BY x.name"), vec![INT])
        }),
        Want::XattrsAt(ino, layer) => push("xattrs at", vec![ino.0.into(), layer.0.into()], &|| {
            let text = source("xattr", "x.name, x.value, x.born", "x.ino = $2", Some(3));
            (format!("SELECT * FROM ({text}) v ORDER BY name"), vec![INT; 2])
        }),
        Want::Layer(layer) => push("layer", vec![layer.0.into()], &|| {
            (
                format!(
                    "SELECT {} FROM tarbox.layer l WHERE l.tenant = $1 AND l.id = $2",
                    tenant::LAYER
                ),
                vec![INT],
            )
        }),
        // Text of PostgreSQL has no NUL, and no layer such a name.
        Want::LayerNamed(name) => push("layer named", vec![name.replace('\0', "/")[..].into()], &|| {
            let columns = tenant::LAYER;
            let text = format!(
                "SELECT {columns} FROM tarbox.layer l WHERE l.tenant = $1 AND l.name = $2 UNION ALL \
                 SELECT {columns} FROM tarbox.tag t JOIN tarbox.layer l ON l.tenant = t.tenant AND l.id = t.layer \
                 WHERE t.tenant = $1 AND t.name = $2 LIMIT 1"
            );
            (text, vec![Type::TEXT])
        }),
        Want::Layers => push("layers", Vec::new(), &|| {
            (
                format!(
                    "SELECT {} FROM tarbox.layer l WHERE l.tenant = $1 ORDER BY l.id",
                    tenant::LAYER
                ),
                Vec::new(),
            )
        }),
        Want::Tags => push("tags", Vec::new(), &|| {
            (
                "SELECT name, layer FROM tarbox.tag WHERE tenant = $1 ORDER BY name COLLATE \"C\"".into(),
                Vec::new(),
            )
        }),
        Want::LossesOfPrune { kept, next } => steps.extend(history::losses_of_prune(sql, *kept, *next)),
        Want::LossesOfRewind(layer) => steps.extend(history::losses_of_rewind(sql, *layer)),
        Want::Touched { rows, from, to } => {
            let (name, table, key) = match rows {
                Versioned::Inode => ("touched inodes", "inode", "ino"),
                Versioned::Chunk => ("touched chunks", "chunk", "file"),
                Versioned::Xattr => ("touched xattrs", "xattr", "ino"),
            };
            push(name, vec![from.0.into(), to.0.into()], &|| {
                let born = "tenant = $1 AND born > $2 AND born <= $3 AND born > 1";
                let text = format!(
                    "SELECT {key} FROM tarbox.{table} WHERE {born} UNION SELECT {key} FROM tarbox.{table}_past WHERE {born} \
                     UNION SELECT {key} FROM tarbox.{table}_past WHERE tenant = $1 AND died > $2 AND died <= $3 ORDER BY 1"
                );
                (text, vec![INT; 2])
            });
        }
        Want::TouchedEntries { from, to } => {
            push("touched entries", vec![from.0.into(), to.0.into()], &|| {
                let born = "tenant = $1 AND born > $2 AND born <= $3 AND born > 1";
                let columns = "cookie, born, ino, kind, name";
                let text = format!(
                    "SELECT dir, NULL::bigint, {columns} FROM tarbox.dentry WHERE {born} \
                 UNION SELECT dir, died, {columns} FROM tarbox.dentry_past WHERE {born} \
                 UNION SELECT dir, died, {columns} FROM tarbox.dentry_past WHERE tenant = $1 AND died > $2 AND died <= $3"
                );
                (text, vec![INT; 2])
            })
        }
        Want::Orphans { after, limit } => {
            push("orphans", vec![after.0.into(), (*limit as u64).into()], &|| {
                (
                    "SELECT ino FROM tarbox.orphan WHERE tenant = $1 AND ino > $2 ORDER BY ino LIMIT $3"
                        .into(),
                    vec![INT; 2],
                )
            })
        }
        Want::Lineage { ino, layer } => {
            let mut values = vec![ino.0.into(), Value::Int(LEVELS)];
            values.extend(layer.map(|layer| Value::from(layer.0)));
            let name = if layer.is_some() { "lineage at" } else { "lineage" };
            push(name, values, &|| lineage(*layer));
        }
        Want::Descent { dir, names, layer } => {
            let cookies = names.iter().map(|(cookie, _)| *cookie as i64).collect();
            let texts = names
                .iter()
                .map(|(_, name)| Bytes::copy_from_slice(name))
                .collect();
            let count = names.len() as u64;
            let mut values = vec![
                dir.0.into(),
                Value::Ints(cookies),
                Value::Blobs(texts),
                count.into(),
            ];
            values.extend(layer.map(|layer| Value::from(layer.0)));
            let name = if layer.is_some() { "descent at" } else { "descent" };
            push(name, values, &|| descent(*layer));
        }
        Want::Hidden => push("hidden", Vec::new(), &|| (history::HIDDEN.into(), Vec::new())),
    }
}

/// An inode and those above it, with the entries that name them.
fn lineage(layer: Option<LayerId>) -> (String, Vec<Type>) {
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
fn descent(layer: Option<LayerId>) -> (String, Vec<Type>) {
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

type Answers = Vec<(Want, Found)>;

impl Plan {
    /// What the statements answered, want by want. `seen` is the tenant's row.
    pub(crate) fn finish(
        &self,
        sql: Sql<'_>,
        wants: &[Want],
        answers: &[Vec<Row>],
        seen: Option<&tenant::Seen>,
    ) -> Result<Vec<Found>> {
        let t = sql.tenant;
        let rows = |range: &Range<usize>| answers.get(range.clone()).unwrap_or_default();
        let mut inodes: HashMap<Ino, Inode> = HashMap::new();
        for row in rows(&self.inodes).iter().flatten() {
            inodes.insert(inode::number(row, 0)?, inode::decode(row, 1)?);
        }
        let mut data: HashMap<Ino, Arc<[u8]>> = HashMap::new();
        for row in rows(&self.data).iter().flatten() {
            let ino = inode::number(row, 0)?;
            let is_dir = int(row, 4)? == tarbox_store::FileKind::Directory as i64;
            let size = int(row, 3)?;
            if let Some(bytes) =
                inode::data(row, t, ino, 1)?.filter(|bytes| is_dir || bytes.len() as i64 == size)
            {
                data.insert(ino, bytes.into());
            }
        }
        let mut blocks: HashMap<Hash, Block> = HashMap::new();
        for row in rows(&self.blocks).iter().flatten() {
            let hash = bytes(row, 0)?
                .try_into()
                .map_err(|_| damaged("a block's name has a wrong length"))?;
            blocks.insert(hash, block(int(row, 1)?, int(row, 2)?));
        }
        let mut found = Vec::with_capacity(wants.len());
        for (want, range) in wants.iter().zip(&self.places) {
            found.push(match want {
                Want::Tenant => Found::Tenant(seen.and_then(|seen| seen.tenant.clone())),
                Want::Inode(ino) => Found::Inode(inodes.get(ino).cloned()),
                Want::Data(ino) => {
                    let wrong = || damaged(format!("the data of inode {ino} does not match its size"));
                    Found::Data(data.get(ino).cloned().ok_or_else(wrong)?)
                }
                Want::Block(hash) => Found::Block(blocks.get(hash).copied()),
                want => answer(sql, want, rows(range))?,
            });
        }
        Ok(found)
    }
}

/// A block as the core knows it: here it has no place.
fn block(len: i64, refs: i64) -> Block {
    Block {
        segment: 1,
        offset: 0,
        len: len as u32,
        refs: refs as u64,
    }
}

/// The answer of one want that shares no statement.
fn answer(sql: Sql<'_>, want: &Want, answers: &[Vec<Row>]) -> Result<Found> {
    let t = sql.tenant;
    let rows = answers.first().map_or(&[][..], |rows| &rows[..]);
    Ok(match want {
        Want::InodeAt(ino, _) => {
            let row = rows.first().map(|row| inode::decode_full(row, t, *ino, 0));
            Found::Inode(row.transpose()?)
        }
        Want::Entries { .. } | Want::EntriesAt { .. } => Found::Entries(
            rows.iter()
                .map(|row| dentry::decode(row, 0))
                .collect::<Result<_>>()?,
        ),
        Want::Listing { dir, from, limit } => Found::Many(listed(*dir, *from, *limit, answers)?),
        // There are more, or it was not worth asking.
        Want::Directory { limit, .. } if *limit == 0 || rows.len() > *limit => Found::Many(Vec::new()),
        Want::Directory { .. } => Found::Entries(
            rows.iter()
                .map(|row| dentry::decode(row, 0))
                .collect::<Result<_>>()?,
        ),
        Want::Names { .. } => {
            let name = |row: &Row| {
                let place = (Ino(int(row, 0)? as u64), int(row, 1)? as u64);
                Ok((place, Name::from(bytes(row, 2)?)))
            };
            Found::Names(rows.iter().map(name).collect::<Result<_>>()?)
        }
        Want::Chunks { file, .. } | Want::ChunksAt { file, .. } => Found::Chunks(chunks(t, *file, rows)?),
        Want::NextChunk { .. } => {
            let index: Option<i64> = match rows.first() {
                Some(row) => row.try_get(0).map_err(failed)?,
                None => None,
            };
            Found::Index(index.map(|index| index as u64))
        }
        Want::Xattrs(_) | Want::XattrsAt(..) => {
            Found::Xattrs(rows.iter().map(xattr::decode).collect::<Result<_>>()?)
        }
        Want::Layer(_) | Want::LayerNamed(_) => Found::Layer(rows.first().map(tenant::layer).transpose()?),
        Want::Layers => Found::Layers(rows.iter().map(tenant::layer).collect::<Result<_>>()?),
        Want::Tags => {
            let tag = |row: &Row| Ok((row.try_get(0).map_err(failed)?, LayerId(int(row, 1)? as u64)));
            Found::Tags(rows.iter().map(tag).collect::<Result<_>>()?)
        }
        Want::LossesOfPrune { .. } | Want::LossesOfRewind(_) => Found::Losses(history::losses(t, answers)?),
        Want::Touched { .. } | Want::Orphans { .. } => Found::Inodes(
            rows.iter()
                .map(|row| inode::number(row, 0))
                .collect::<Result<_>>()?,
        ),
        Want::TouchedEntries { .. } => {
            let version = |row: &Row| {
                let died: Option<i64> = row.try_get(1).map_err(failed)?;
                Ok(TouchedEntry {
                    dir: inode::number(row, 0)?,
                    entry: dentry::decode(row, 2)?,
                    died: died.map(|died| LayerId(died as u64)),
                })
            };
            Found::Touched(rows.iter().map(version).collect::<Result<_>>()?)
        }
        Want::Lineage { ino, layer } => Found::Many(went_up(sql, *ino, *layer, rows)?),
        Want::Descent { dir, names, layer } => Found::Many(went_down(sql, *dir, names, *layer, rows)?),
        Want::Hidden => {
            let pair = |row: &Row| Ok((LayerId(int(row, 0)? as u64), LayerId(int(row, 1)? as u64)));
            Found::Gaps(rows.iter().map(pair).collect::<Result<_>>()?)
        }
        Want::Room => Found::Room(Room::default()),
        Want::Alone | Want::HeldElsewhere(_) => Found::Is(false),
        // Answered elsewhere.
        Want::Tenant | Want::Inode(_) | Want::Data(_) | Want::Block(_) | Want::Held { .. } => Found::Bytes(0),
    })
}

/// A directory, its entries and what they name.
fn listed(dir: Ino, from: u64, limit: usize, answers: &[Vec<Row>]) -> Result<Answers> {
    let (directory, rows) = match answers {
        [directory, rows] => (directory.first(), &rows[..]),
        _ => (None, &[][..]),
    };
    let directory = directory.map(|row| inode::decode(row, 1)).transpose()?;
    let mut answers: Answers = vec![(Want::Inode(dir), Found::Inode(directory))];
    let to = i64::MAX as u64;
    let entries = entries_of(rows, entry_at(None))?;
    answers.push((Want::Entries { dir, from, to, limit }, Found::Entries(entries)));
    for row in rows {
        if row.try_get::<_, Option<i64>>(1).map_err(failed)?.is_some() {
            answers.push((
                Want::Inode(inode::number(row, 1)?),
                Found::Inode(Some(inode::decode(row, 2)?)),
            ));
        }
    }
    Ok(answers)
}

fn chunks(t: tarbox_store_core::TenantId, file: Ino, rows: &[Row]) -> Result<Vec<(u64, Map)>> {
    let mut found: Vec<(u64, Map)> = Vec::with_capacity(rows.len());
    for row in rows {
        let (index, map) = chunk::decode(row, t, file)?;
        if found.last().is_some_and(|(before, _)| *before >= index) {
            return Err(damaged("two versions of a chunk are valid at once"));
        }
        found.push((index, map));
    }
    Ok(found)
}

fn inode_in(ino: Ino, layer: Option<LayerId>) -> Want {
    match layer {
        None => Want::Inode(ino),
        Some(layer) => Want::InodeAt(ino, layer),
    }
}

fn entries_in(dir: Ino, from: u64, to: u64, layer: Option<LayerId>) -> Want {
    let limit = (to - from + 1) as usize;
    match layer {
        None => Want::Entries { dir, from, to, limit },
        Some(layer) => Want::EntriesAt {
            dir,
            from,
            to,
            limit,
            layer,
        },
    }
}

/// Where columns of an inode are behind `depth, ino`, and those of an entry behind these.
fn entry_at(layer: Option<LayerId>) -> usize {
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

fn went_up(sql: Sql<'_>, first: Ino, layer: Option<LayerId>, rows: &[Row]) -> Result<Answers> {
    let mut answers: Answers = Vec::new();
    let mut next = first;
    for level in by_depth(rows) {
        let Some(row) = level.first() else { break };
        let ino = inode::number(row, 1)?;
        let above = decode_inode(sql, row, ino, layer)?;
        let (dir, at) = (above.parent, above.cookie);
        answers.push((inode_in(ino, layer), Found::Inode(Some(above))));
        next = dir;
        if ino == Ino::ROOT {
            return Ok(answers);
        }
        let entries = entries_of(level, entry_at(layer))?;
        let (from, to) = match layer {
            None => (at - at % BUCKET, at - at % BUCKET + (BUCKET - 1)),
            Some(_) => (at, at),
        };
        answers.push((entries_in(dir, from, to, layer), Found::Entries(entries)));
    }
    if (rows.len() as i64) < LEVELS {
        answers.push((inode_in(next, layer), Found::Inode(None)));
    }
    Ok(answers)
}

/// The entries that rows hold behind an outer join.
fn entries_of(rows: &[Row], at: usize) -> Result<Vec<Dentry>> {
    let mut entries = Vec::new();
    for row in rows {
        if row.try_get::<_, Option<i64>>(at).map_err(failed)?.is_some() {
            entries.push(dentry::decode(row, at)?);
        }
    }
    Ok(entries)
}

fn went_down(
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
            entries_in(dir, *from, from + (BUCKET - 1), layer),
            Found::Entries(entries),
        ));
        let Some((ino, row)) = child else { break };
        let is_there = row.try_get::<_, Option<i64>>(1).map_err(failed)?.is_some();
        let inode = is_there.then(|| decode_inode(sql, row, ino, layer)).transpose()?;
        answers.push((inode_in(ino, layer), Found::Inode(inode)));
        dir = ino;
    }
    Ok(answers)
}
