//! Commits: one flight each, refused by the server where the lease is not as it was.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tarbox_store::Result;
use tarbox_store_core::{Applied, Batch, Durability, Tenant, TenantId};

use crate::engine::PostgresEngine;
use crate::error::{failed, is_conflict, is_fence, is_gone};
use crate::seat::Seat;
use crate::session::{Shared, gone};
use crate::sql::{self, Fence};
use crate::wire::Step;

/// A transaction, and what it rests on.
struct Work {
    steps: Vec<Step>,
    fences: Vec<(Arc<Seat>, Fence)>,
}

/// Commits batches of one tenant each as one transaction.
pub(crate) async fn apply(
    engine: &PostgresEngine,
    batches: &[Batch],
    durability: Durability,
) -> Result<Applied> {
    let mut steps = vec![Step::Plain("BEGIN")];
    if durability == Durability::Visible {
        steps.push(Step::Plain("SET LOCAL synchronous_commit = off"));
    }
    let at = Instant::now();
    let mut fences = Vec::with_capacity(batches.len());
    let mut turns = Vec::with_capacity(batches.len());
    for batch in batches.iter() {
        let seat = engine.shared.seat(batch.tenant);
        turns.push(seat.commit.clone().lock_owned().await);
        // They stay until the commit has succeeded, since the same may be tried again.
        let blocks = seat.lock().blocks.clone();
        let stamp = stamp(batch);
        // The same was committed by a task that nobody waited for.
        if seat.lock().last == Some(stamp) {
            seat.lock().blocks.clear();
            if durability == Durability::Durable {
                return sync(engine, batch.tenant).await;
            }
            return Ok(Applied::Yes);
        }
        // Where earlier commits are lost, none that is to be durable succeeds before that was told.
        let is_lost = durability == Durability::Durable && std::mem::take(&mut seat.lock().lost);
        let Some((epoch, commits)) = seat.fence().filter(|_| !is_lost) else {
            let mut state = seat.lock();
            state.lost = false;
            state.blocks.clear();
            return Ok(Applied::Fenced);
        };
        let fence = Fence {
            epoch,
            session: engine.shared.session,
            commits,
            stamp,
        };
        steps.extend(sql::apply(engine.shared.sql(batch.tenant), batch, fence, &blocks));
        fences.push((seat, fence));
    }
    steps.push(Step::Plain("COMMIT"));
    let work = Work {
        steps,
        fences: fences.clone(),
    };
    let rows: Vec<Option<Tenant>> = batches.iter().map(|batch| batch.row.clone()).collect();
    let waiting = Arc::new(());
    let caller = Arc::downgrade(&waiting);
    let applied = engine.run(|shared| async move {
        let _turns = turns;
        let applied = commit(&shared, work, durability).await?;
        for ((seat, fence), row) in fences.iter().zip(rows) {
            match applied {
                Applied::Yes => {
                    seat.committed(fence, row, at, durability == Durability::Durable);
                    // What was read since it was given up may be of before.
                    if caller.strong_count() == 0 {
                        seat.changed();
                    }
                }
                Applied::Fenced => {
                    let mut state = seat.lock();
                    seat.lose(&mut state);
                    // This answer tells of it, and of all that was lost with it.
                    state.lost = false;
                }
            }
            seat.lock().blocks.clear();
        }
        if shared.others.load(Ordering::Acquire) {
            shared.poke.notify_one();
        }
        Ok(applied)
    });
    let applied = applied.await;
    drop(waiting);
    applied
}

/// Returns when every commit that is visible here is on the device, or says that some of this process may be lost.
pub(crate) async fn sync(engine: &PostgresEngine, tenant: TenantId) -> Result<Applied> {
    let seat = engine.shared.seat(tenant);
    let at_risk = {
        let mut state = seat.lock();
        if std::mem::take(&mut state.lost) {
            return Ok(Applied::Fenced);
        }
        if !state.unsynced {
            return Ok(Applied::Yes);
        }
        state.at_risk
    };
    let session = engine.shared.session;
    engine
        .run(|shared| async move {
            let at = Instant::now();
            let rows = make_durable(&shared, &seat).await?;
            let seen = rows.first().map(sql::decode_tenant).transpose()?;
            let seen = seen.ok_or_else(gone)?;
            seat.observe(&seen, at, session);
            let is_kept = at_risk.is_none_or(|(epoch, commits)| {
                seen.epoch == epoch && seen.holder == session && seen.commits >= commits
            });
            let mut state = seat.lock();
            state.unsynced = false;
            if state.at_risk == at_risk {
                state.at_risk = None;
            }
            state.lost = false;
            Ok(if is_kept { Applied::Yes } else { Applied::Fenced })
        })
        .await
}

/// Sends a transaction until it is known what became of it.
async fn commit(shared: &Shared, work: Work, durability: Durability) -> Result<Applied> {
    // Counted from when it is known: a connection that stalls is found out late, and what became of the commit is to be asked then.
    let mut limit = None;
    let (mut pause, mut conflicts) = (Duration::from_millis(10), 0);
    loop {
        let error = match shared.pool.once(&work.steps).await {
            Ok(_) => return Ok(Applied::Yes),
            Err(error) => error,
        };
        if is_fence(&error) {
            return find_out(shared, &work, durability).await;
        }
        if is_conflict(&error) && conflicts < 8 {
            conflicts += 1;
        } else if is_gone(&error)
            && Instant::now() < *limit.get_or_insert_with(|| Instant::now() + shared.pool.patience)
        {
            // If it was committed after all, the fence refuses the next try.
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        } else {
            return Err(failed(error));
        }
    }
}

/// Whether an earlier try was committed whose answer was lost: the fence refuses the same commit the second time.
async fn find_out(shared: &Shared, work: &Work, durability: Durability) -> Result<Applied> {
    for (seat, fence) in &work.fences {
        let answers = shared.pool.fly(&[shared.row_of(seat.id)]).await?;
        let seen = answers[0].first().map(sql::decode_tenant).transpose()?;
        let is_ours = seen.is_some_and(|seen| {
            seen.epoch == fence.epoch
                && seen.holder == fence.session
                && seen.commits == fence.commits + 1
                && seen.stamp == fence.stamp
        });
        if !is_ours {
            return Ok(Applied::Fenced);
        }
        if durability == Durability::Durable {
            make_durable(shared, seat).await?;
        }
    }
    Ok(Applied::Yes)
}

/// Waits until all that was committed before is on the device.
async fn make_durable(shared: &Shared, seat: &Seat) -> Result<Vec<tokio_postgres::Row>> {
    let request = shared.sql(seat.id).request("sync", Vec::new(), || {
        (
            format!(
                "UPDATE tarbox.tenant SET syncs = syncs + 1 WHERE tenant = $1 RETURNING {}",
                sql::TENANT
            ),
            Vec::new(),
        )
    });
    let mut answers = shared.pool.fly(&[request.into()]).await?;
    Ok(answers.pop().unwrap_or_default())
}

/// What tells a commit from every other of its tenant: the same batch has the same.
fn stamp(batch: &Batch) -> i64 {
    let mut hasher = DefaultHasher::new();
    for (ino, change) in &batch.inodes {
        ino.0.hash(&mut hasher);
        if let Some(row) = &change.row {
            (row.size, row.atime.0, row.mtime.0, row.ctime.0).hash(&mut hasher);
        }
    }
    for row in &batch.log {
        (row.seq, row.time.0, row.ino.0, &row.path).hash(&mut hasher);
    }
    (batch.dentries.len(), batch.chunks.len(), batch.xattrs.len()).hash(&mut hasher);
    // Of a tenant that is being restored they say how far that has come.
    for (ino, name, change) in &batch.xattrs {
        (ino.0, name, change.row.as_ref().map(|row| &row.value)).hash(&mut hasher);
    }
    format!("{:?}", batch.history).hash(&mut hasher);
    if let Some(row) = &batch.row {
        (row.next_ino, row.next_seq, row.bytes, row.head.0, row.current.0).hash(&mut hasher);
        format!("{:?} {:?}", row.quota, row.state).hash(&mut hasher);
    }
    hasher.finish() as i64
}
