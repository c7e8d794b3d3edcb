//! What operations ask for, brought from the engine.

use tarbox_store::{Ino, Result};

use super::Driver;
use crate::engine::Engine;
use crate::rows::CHUNK;
use crate::want::{CHUNKS, Found, Loaded, Want};

impl<E: Engine> Driver<'_, E> {
    /// Loads what is wanted, each once, in one call of the engine.
    pub(crate) async fn load(self, mut wants: Vec<Want>, into: &mut Loaded) -> Result<()> {
        if wants.len() > 1 {
            let mut seen = rustc_hash::FxHashSet::default();
            wants.retain(|want| seen.insert(want.clone()));
        }
        let mut rows = Vec::with_capacity(wants.len());
        for want in wants {
            match self.tell(&want).await? {
                Some(found) => into.add(vec![want], vec![found]),
                None => rows.push(want),
            }
        }
        let wants = rows;
        if wants.is_empty() {
            return Ok(());
        }
        let found = self.inner.engine.load(self.open.tenant, &wants).await?;
        into.add(wants, found);
        Ok(())
    }

    /// What the engine need not be asked for as rows.
    async fn tell(self, want: &Want) -> Result<Option<Found>> {
        let (engine, tenant) = (&self.inner.engine, self.open.tenant);
        Ok(match want {
            Want::Alone => Some(Found::Is(engine.is_alone(tenant))),
            Want::HeldElsewhere(ino) => {
                let held = engine.held_elsewhere(tenant, &[*ino]).await?;
                Some(Found::Is(held.first().copied().unwrap_or(true)))
            }
            Want::Room => Some(Found::Room(engine.room())),
            Want::Held { file, start, end } => Some(Found::Bytes(self.held(*file, *start, *end).await?)),
            _ => None,
        })
    }

    /// How many bytes the chunks of a file hold of `start..end`. Page by page, since they may be any number; if something is
    /// committed in between, whoever asked asks again.
    async fn held(self, file: Ino, start: u64, end: u64) -> Result<u64> {
        let (mut from, to) = (start / CHUNK, end.saturating_sub(1) / CHUNK);
        let mut held = 0;
        while start < end && from <= to {
            let want = Want::Chunks { file, from, to };
            let found = self.inner.engine.load(self.open.tenant, &[want]).await?;
            let page = found.first().map(|found| found.chunks()).transpose()?;
            let Some(page) = page else { break };
            for (index, map) in page {
                let base = index * CHUNK;
                let within = |at: u64| at.clamp(base, base.saturating_add(CHUNK)) - base;
                held += map.stored_in(within(start) as u32, within(end) as u32);
                from = index + 1;
            }
            if page.len() < CHUNKS {
                break;
            }
        }
        Ok(held)
    }
}
