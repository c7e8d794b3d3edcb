//! Syncs that go to the redo log.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tarbox_store::Result;

use super::Kept;
use crate::engine::Engine;
use crate::memtable::Memtable;
use crate::open::Driver;
use crate::redo;
use crate::rows::Tenant;
use crate::state::{Frozen, State};
use crate::step::damaged;
use crate::want::Want;

/// Logged rows beyond which the next sync is a transaction: they are in memory, and a start reads them.
const ROWS_MAX: usize = 4_000;

impl<E: Engine> Driver<'_, E> {
    /// Makes what operations did durable in the redo log; `false` if that is for a transaction to do.
    pub(super) async fn log(self) -> Result<bool> {
        let record = {
            let mut state = self.lock();
            if state.active.is_empty() {
                let is_logged = state.frozen.is_none() || state.logged;
                return Ok(is_logged && self.inner.engine.holds_records());
            }
            let Some(tenant) = state.tenant.clone().filter(|_| state.can_be_logged()) else {
                return Ok(false);
            };
            let record = redo::encode(&tenant, &state.active);
            let active = std::mem::take(&mut state.active);
            let reserved = std::mem::take(&mut state.reserved);
            // Until the log has it, only a transaction could make it durable.
            state.absorb(active, tenant, reserved, false);
            record
        };
        // What the log has no room for, or does not take, the database may.
        if !self.inner.engine.redo(&record).await.unwrap_or(false) {
            return Ok(false);
        }
        self.inner.counters.syncs.fetch_add(1, Ordering::Relaxed);
        let mut state = self.lock();
        state.logged = true;
        self.give_back(&mut state)?;
        Ok(true)
    }

    /// Takes in what a record of the redo log has that the database has not.
    pub(crate) async fn redo(self, record: redo::Record) -> Result<()> {
        let mut known = self.lock().tenant.clone();
        if known.is_none() {
            let found = self.inner.engine.load(self.open.tenant, &[Want::Tenant]).await?;
            known = found
                .first()
                .map(|row| row.tenant())
                .transpose()?
                .cloned()
                .flatten();
        }
        let unknown = || damaged("the redo log names a tenant that is not there");
        let mut tenant = known.ok_or_else(unknown)?;
        if let Some(counters) = record.counters {
            counters.restore(&mut tenant);
        }
        let mut state = self.lock();
        state.tenant = Some(tenant.clone());
        state.absorb(record.table, tenant, 0, true);
        Ok(())
    }
}

impl State {
    /// Whether the redo log may have what the active memtable holds: rows alone, on top of what is durable.
    fn can_be_logged(&self) -> bool {
        let is_next = match &self.frozen {
            None => true,
            Some(frozen) => self.logged && Arc::strong_count(frozen) == 1,
        };
        is_next
            && self.active.files.is_empty()
            && self.tables().map(Memtable::rows).sum::<usize>() <= ROWS_MAX
    }

    /// Puts what the redo log has on top of what it had before, to be committed later.
    fn absorb(&mut self, table: Memtable, tenant: Tenant, reserved: u64, logged: bool) {
        // Nobody else has it: a commit would hold the turn.
        let older = self.frozen.take().and_then(Arc::into_inner);
        let frozen = match older {
            None => Frozen {
                table,
                tenant,
                reserved,
                kept: Kept::default(),
            },
            Some(mut frozen) => {
                frozen.kept = Kept::default();
                frozen.table.absorb(table);
                frozen.tenant = tenant;
                frozen.reserved += reserved;
                frozen
            }
        };
        self.frozen = Some(Arc::new(frozen));
        self.logged = logged;
    }
}
