//! Syncs that go to the redo log.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tarbox_store::Result;

use super::Frozen;
use crate::memtable::Memtable;
use crate::redo::{Counters, Redo, Rows};
use crate::rows::{Tenant, TenantId};
use crate::shared::{Shared, State};
use crate::sql::{self, Durability, damaged};

/// Logged rows beyond which the next sync is a transaction: they are in memory, and a start reads them.
const ROWS_MAX: usize = 4_000;

impl Shared {
    /// Makes what operations did durable in the redo log; `false` if that is for a transaction to do.
    pub(super) fn log(&self, redo: &mut Redo) -> Result<bool> {
        let mut state = self.lock();
        if state.active.is_empty() {
            return Ok(redo.holds_records());
        }
        if !state.can_be_logged(redo) {
            return Ok(false);
        }
        let tenants = state.changed_tenants();
        let counters: Vec<_> = tenants.iter().map(|t| (t.id, Counters::of(t))).collect();
        // What the log has no room for, or does not take, the database may.
        if !redo.append(&state.active, &counters).unwrap_or(false) {
            return Ok(false);
        }
        self.counters.syncs.fetch_add(1, Ordering::Relaxed);
        let active = std::mem::take(&mut state.active);
        let reserved = std::mem::take(&mut state.reserved);
        state.absorb(active, tenants, reserved);
        self.give_back(&mut state)?;
        Ok(true)
    }

    /// Goes on where a redo log ends, or, if none is wanted any more, takes over what it holds.
    pub(crate) fn go_on(&self, redo: Redo, records: Vec<Rows>, wanted: bool) -> Result<()> {
        let mut commit = self.lock_commit();
        self.redo(records)?;
        let redo = commit.insert(redo);
        if !wanted {
            if redo.holds_records() {
                self.commit_locked(&mut commit, Durability::Durable)?;
            }
            *commit = None;
        }
        Ok(())
    }

    fn redo(&self, records: Vec<Rows>) -> Result<()> {
        let mut state = self.lock();
        for (table, counters) in records {
            let mut tenants = Vec::with_capacity(counters.len());
            for (id, counters) in counters {
                let known = match state.tenants.get(&id) {
                    Some(tenant) => Some(tenant.clone()),
                    None => self.engine.read(|c| sql::tenant::by_id(c, id))?,
                };
                let mut tenant =
                    known.ok_or_else(|| damaged("the redo log names a tenant that is not there"))?;
                counters.restore(&mut tenant);
                state.tenants.insert(id, tenant.clone());
                tenants.push(tenant);
            }
            state.absorb(table, tenants, HashMap::new());
        }
        Ok(())
    }
}

impl State {
    /// Whether the redo log may have what the active memtable holds: rows alone, on top of what is durable.
    fn can_be_logged(&self, redo: &Redo) -> bool {
        let is_first = self.frozen.is_none() && !self.unsynced;
        self.broken.is_none()
            && self.active.files.is_empty()
            && self
                .frozen
                .as_ref()
                .is_none_or(|frozen| Arc::strong_count(frozen) == 1)
            && (is_first || redo.holds_records())
            && self.tables().map(Memtable::rows).sum::<usize>() <= ROWS_MAX
    }

    /// Puts what the redo log has on top of what it had before, to be committed later.
    fn absorb(&mut self, table: Memtable, tenants: Vec<Tenant>, reserved: HashMap<TenantId, u64>) {
        // Nobody else has it: a commit would hold the lock for commits.
        let older = self.frozen.take().and_then(Arc::into_inner);
        let frozen = match older {
            None => Frozen {
                table,
                tenants,
                reserved,
            },
            Some(mut frozen) => {
                frozen.table.absorb(table);
                frozen
                    .tenants
                    .retain(|old| tenants.iter().all(|new| new.id != old.id));
                frozen.tenants.extend(tenants);
                for (tenant, bytes) in reserved {
                    *frozen.reserved.entry(tenant).or_default() += bytes;
                }
                frozen
            }
        };
        self.frozen = Some(Arc::new(frozen));
    }
}
