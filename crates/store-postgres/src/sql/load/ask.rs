//! The statements of one question.

use bytes::Bytes;
use tarbox_store::LayerId;
use tarbox_store_core::{CHUNKS, Versioned, Want};
use tokio_postgres::types::Type;

use super::path::{LEVELS, descent, lineage};
use super::{Sql, dentry, history, inode, tenant};
use crate::wire::{Step, Value};

pub(super) const INT: Type = Type::INT8;

/// A table of the head, or both tables as they were at the end of a layer (the last parameter), as a subquery.
pub(super) fn source(table: &str, columns: &str, condition: &str, layer: Option<usize>) -> String {
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
pub(super) fn inode_columns(table: &str, layer: Option<LayerId>) -> String {
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
pub(super) fn one(sql: Sql<'_>, steps: &mut Vec<Step>, want: &Want) {
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
