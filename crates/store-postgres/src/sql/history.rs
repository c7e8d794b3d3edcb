//! Changes to history: layers, tags, and the versions that no layer needs any more.
//!
//! A version is valid in `born <= layer < died`. It is needed as long as that interval holds a layer that is kept:
//! a sealed one that was not dropped, or the head.

use tarbox_store::{Ino, LayerId, Result};
use tarbox_store_core::{HistoryOp, Losses, TenantId};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::table::ALL;
use super::{Sql, bytes, chunk, int};
use crate::wire::{Step, Value};

const RANGE: [Type; 2] = [Type::INT8, Type::INT8];

/// The steps of one change.
pub(super) fn apply(sql: Sql<'_>, steps: &mut Vec<Step>, change: &HistoryOp) {
    match change {
        HistoryOp::Seal(layer) => steps.push(sql.fixed(
            "INSERT INTO tarbox.layer(tenant, id, name, description, sealed) VALUES ($1, $2, $3, $4, $5)",
            &[Type::INT8, Type::TEXT, Type::BYTEA, Type::INT8],
            vec![
                layer.id.0.into(),
                layer.name[..].into(),
                layer.description.as_deref().map(str::as_bytes).into(),
                layer.sealed.0.into(),
            ],
        )),
        HistoryOp::Forget(layer) => {
            let gone = vec![Value::from(layer.0)];
            let types = [Type::INT8];
            steps.push(sql.fixed(
                "DELETE FROM tarbox.tag WHERE tenant = $1 AND layer = $2",
                &types,
                gone.clone(),
            ));
            steps.push(sql.fixed(
                "DELETE FROM tarbox.layer WHERE tenant = $1 AND id = $2",
                &types,
                gone,
            ));
        }
        HistoryOp::Prune { kept, next } => {
            let bounds = vec![kept.0.into(), next.0.into()];
            for statement in [
                "DELETE FROM tarbox.inode_past WHERE tenant = $1 AND died > $2 AND died <= $3 AND born > $2",
                "DELETE FROM tarbox.dentry_past WHERE tenant = $1 AND died > $2 AND died <= $3 AND born > $2",
                "DELETE FROM tarbox.chunk_past WHERE tenant = $1 AND died > $2 AND died <= $3 AND born > $2",
                "DELETE FROM tarbox.xattr_past WHERE tenant = $1 AND died > $2 AND died <= $3 AND born > $2",
            ] {
                steps.push(sql.fixed(statement, &RANGE, bounds.clone()));
            }
        }
        HistoryOp::Rewind(layer) => rewind(sql, steps, *layer),
        HistoryOp::Tag(name, Some(layer)) => steps.push(sql.fixed(
            "INSERT INTO tarbox.tag(tenant, name, layer) VALUES ($1, $2, $3) \
             ON CONFLICT (tenant, name) DO UPDATE SET layer = excluded.layer",
            &[Type::TEXT, Type::INT8],
            vec![name[..].into(), layer.0.into()],
        )),
        HistoryOp::Tag(name, None) => steps.push(sql.fixed(
            "DELETE FROM tarbox.tag WHERE tenant = $1 AND name = $2",
            &[Type::TEXT],
            vec![name[..].into()],
        )),
    }
}

fn rewind(sql: Sql<'_>, steps: &mut Vec<Step>, layer: LayerId) {
    let bound = vec![Value::from(layer.0)];
    let mut push = |name: &'static str, text: String| {
        let request = sql.request(name, bound.clone(), || (text, vec![Type::INT8]));
        steps.push(request.into());
    };
    // What had no name when the layer was sealed has none again, whatever became of it since.
    push(
        "rewind orphans",
        "INSERT INTO tarbox.orphan(tenant, ino) SELECT tenant, ino FROM tarbox.inode_past \
         WHERE tenant = $1 AND died > $2 AND born <= $2 AND nlink = 0 ON CONFLICT DO NOTHING"
            .into(),
    );
    const NAMES: [[&str; 3]; 4] = [
        ["rewind inode 1", "rewind inode 2", "rewind inode 3"],
        ["rewind dentry 1", "rewind dentry 2", "rewind dentry 3"],
        ["rewind chunk 1", "rewind chunk 2", "rewind chunk 3"],
        ["rewind xattr 1", "rewind xattr 2", "rewind xattr 3"],
    ];
    for (table, [first, second, third]) in ALL.iter().zip(NAMES) {
        let (name, all) = (
            table.name,
            format!("{}, {}", table.key_names(), table.column_names()),
        );
        // `born > 1` is implied; said so that the partial index serves.
        push(
            first,
            format!("DELETE FROM tarbox.{name} WHERE tenant = $1 AND born > $2 AND born > 1"),
        );
        push(
            second,
            format!(
                "INSERT INTO tarbox.{name}(tenant, {all}) SELECT tenant, {all} FROM tarbox.{name}_past \
                 WHERE tenant = $1 AND died > $2 AND born <= $2"
            ),
        );
        push(
            third,
            format!("DELETE FROM tarbox.{name}_past WHERE tenant = $1 AND died > $2"),
        );
    }
    // And what lost its name later has it back, or is gone.
    steps.push(sql.fixed(
        "DELETE FROM tarbox.orphan AS o WHERE o.tenant = $1 \
         AND NOT EXISTS (SELECT 1 FROM tarbox.inode i WHERE i.tenant = $1 AND i.ino = o.ino AND i.nlink = 0)",
        &[],
        Vec::new(),
    ));
}

/// The statements that tell what a prune takes away.
pub(super) fn losses_of_prune(sql: Sql<'_>, kept: LayerId, next: LayerId) -> Vec<Step> {
    let bound = vec![Value::from(kept.0), next.0.into()];
    [
        "SELECT file, idx, map FROM tarbox.chunk_past WHERE tenant = $1 AND died > $2 AND died <= $3 AND born > $2",
        "SELECT coalesce(sum(length(data)), 0)::bigint, 0::bigint FROM tarbox.inode_past \
         WHERE tenant = $1 AND died > $2 AND died <= $3 AND born > $2",
        "SELECT coalesce(sum(length(name) + length(value)), 0)::bigint, 0::bigint FROM tarbox.xattr_past \
         WHERE tenant = $1 AND died > $2 AND died <= $3 AND born > $2",
    ]
    .map(|text| sql.fixed(text, &RANGE, bound.clone()))
    .to_vec()
}

/// The statements that tell what a rewind takes away. Versions that become the head's again were counted all along.
pub(super) fn losses_of_rewind(sql: Sql<'_>, layer: LayerId) -> Vec<Step> {
    [
        "SELECT file, idx, map FROM tarbox.chunk WHERE tenant = $1 AND born > $2 AND born > 1 UNION ALL \
         SELECT file, idx, map FROM tarbox.chunk_past WHERE tenant = $1 AND died > $2 AND born > $2",
        "SELECT coalesce(sum(length(data)), 0)::bigint, count(*) FROM tarbox.inode \
         WHERE tenant = $1 AND born > $2 AND born > 1",
        "SELECT coalesce(sum(length(data)) FILTER (WHERE born > $2), 0)::bigint, -count(*) FILTER (WHERE born <= $2) \
         FROM tarbox.inode_past WHERE tenant = $1 AND died > $2",
        "SELECT coalesce(sum(length(name) + length(value)), 0)::bigint, 0::bigint FROM tarbox.xattr \
         WHERE tenant = $1 AND born > $2 AND born > 1",
        "SELECT coalesce(sum(length(name) + length(value)), 0)::bigint, 0::bigint FROM tarbox.xattr_past \
         WHERE tenant = $1 AND died > $2 AND born > $2",
    ]
    .map(|text| sql.fixed(text, &[Type::INT8], vec![layer.0.into()]))
    .to_vec()
}

/// Adds up what they answer: chunks first, then bytes and inodes.
pub(super) fn losses(tenant: TenantId, answers: &[Vec<Row>]) -> Result<Losses> {
    let mut losses = Losses::default();
    let Some((chunks, sums)) = answers.split_first() else {
        return Ok(losses);
    };
    for row in chunks {
        let (file, index) = (Ino(int(row, 0)? as u64), int(row, 1)? as u64);
        let map = chunk::map(bytes(row, 2)?, tenant, file, index, LayerId(0))?;
        for hash in map.hashes() {
            *losses.blocks.entry(hash).or_default() += 1;
        }
    }
    for row in sums.iter().flatten() {
        losses.bytes += int(row, 0)?;
        losses.inodes += int(row, 1)?;
    }
    Ok(losses)
}

/// The neighbouring kept layers between which there are versions that neither shows.
pub(super) const HIDDEN: &str = "
WITH kept AS (
  SELECT 0::bigint AS id UNION ALL SELECT id FROM tarbox.layer WHERE tenant = $1
  UNION ALL SELECT head FROM tarbox.tenant WHERE tenant = $1),
pair AS (SELECT id AS kept, lead(id) OVER (ORDER BY id) AS next FROM kept)
SELECT p.kept, p.next FROM pair p WHERE p.next > p.kept + 1 AND (
  EXISTS (SELECT 1 FROM tarbox.inode_past WHERE tenant = $1 AND died > p.kept AND died <= p.next AND born > p.kept)
  OR EXISTS (SELECT 1 FROM tarbox.dentry_past WHERE tenant = $1 AND died > p.kept AND died <= p.next AND born > p.kept)
  OR EXISTS (SELECT 1 FROM tarbox.chunk_past WHERE tenant = $1 AND died > p.kept AND died <= p.next AND born > p.kept)
  OR EXISTS (SELECT 1 FROM tarbox.xattr_past WHERE tenant = $1 AND died > p.kept AND died <= p.next AND born > p.kept))
ORDER BY 1";
