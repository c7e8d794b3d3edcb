//! Versions that no layer shows. A row that was written in a layer which is then dropped is kept as a version when it
//! changes again, since dropping does not touch the head; nothing shows that version.

use rusqlite::{Connection, params};
use tarbox_store::{LayerId, Result};

use crate::database::Opened;
use crate::rows::TenantId;
use crate::sql::{self, engine, layers::HistoryOp};

impl Opened {
    /// Removes versions that lie between two kept layers.
    pub(super) fn prune_history(&self, tenant: TenantId) -> Result<()> {
        let found = self.shared.engine.snapshot(|c| hidden(c, tenant))?;
        if found.is_empty() {
            return Ok(());
        }
        self.shared.exclusively(tenant, |op, batch| {
            op.tenant()?;
            // Layers may have come and gone since.
            for (kept, next) in self.shared.engine.snapshot(|c| hidden(c, tenant))? {
                let losses = self
                    .shared
                    .engine
                    .read(|c| sql::layers::losses_of_prune(c, tenant, kept, next))?;
                batch.history.push(HistoryOp::Prune { tenant, kept, next });
                op.lose(batch, losses)?;
            }
            Ok(())
        })
    }
}

/// The pairs of neighbouring layers between which there are versions that neither shows.
fn hidden(c: &Connection, tenant: TenantId) -> Result<Vec<(LayerId, LayerId)>> {
    let Some(row) = sql::tenant::by_id(c, tenant)? else {
        return Ok(Vec::new());
    };
    let mut layers: Vec<u64> = vec![0];
    layers.extend(sql::tenant::layers(c, tenant)?.iter().map(|layer| layer.id.0));
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
        let values = params![tenant.0, kept.0 as i64, next.0 as i64];
        let mut statement = c.prepare_cached(&sql).map_err(engine)?;
        if statement.query_row(values, |row| row.get(0)).map_err(engine)? {
            return Ok(true);
        }
    }
    Ok(false)
}
