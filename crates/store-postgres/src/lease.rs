//! Taking and giving back the lease of a tenant.
//!
//! The tenant's row names the session that holds it and counts epochs. Each commit checks both, and how many commits there were,
//! so a process that lost the lease changes nothing more, whatever its clock says. A process keeps the lease between its
//! commits and gives it back when another one asks; one that does not answer is overtaken by whoever waited long enough by
//! its own clock.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tarbox_store::{Error, ErrorKind, Result};
use tokio::sync::MutexGuard;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::error::failed;
use crate::poll;
use crate::seat::Seat;
use crate::session::{DEAD, Shared, gone};
use crate::sql::{self, Seen};
use crate::wire::{Step, Value};

/// How long one that holds the lease and does not answer is waited for. Its next commit is refused then.
pub(crate) const OVERTAKE: Duration = Duration::from_secs(3);
/// How long a lease is waited for whose holder answers, but does not give it back.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE_MIN: Duration = Duration::from_millis(2);
const PAUSE_MAX: Duration = Duration::from_millis(40);
/// How often a holder says that it lives while others wait.
pub(crate) const ANSWER: Duration = Duration::from_millis(300);

/// Takes the lease if this process has not got it. Whoever wants to keep it [joins](Seat::join).
pub(crate) async fn ensure(shared: &Arc<Shared>, seat: &Seat) -> Result<()> {
    ensure_for_now(shared, seat).await.map(drop)
}

/// The same. It is not given back before the answer goes.
pub(crate) async fn ensure_for_now<'a>(shared: &Arc<Shared>, seat: &'a Seat) -> Result<MutexGuard<'a, ()>> {
    let turn = seat.turn.lock().await;
    if seat.lock().lease.is_none() {
        take(shared, seat).await?;
        poll::begin(shared);
    }
    Ok(turn)
}

/// One user less. Answers whether the lease is to be given back now.
pub(crate) fn release(seat: &Seat) -> bool {
    let wanted = seat.is_wanted();
    let mut state = seat.lock();
    state.users = state.users.saturating_sub(1);
    wanted && state.users == 0
}

/// What a process that takes the lease has to know besides.
fn surroundings(shared: &Shared, seat: &Seat) -> [Step; 3] {
    let sql = shared.sql(seat.id);
    let session = vec![Value::from(shared.session)];
    let members = sql.request("members", session.clone(), || {
        let text = format!(
            "SELECT count(*) FROM tarbox.member m JOIN tarbox.session s ON s.session = m.session \
             WHERE m.tenant = $1 AND m.session <> $2 AND s.seen > now() - {DEAD}"
        );
        (text, vec![Type::INT8])
    });
    let followers = sql.request("followers", session, || {
        let text = format!(
            "SELECT count(*) FROM tarbox.follower f JOIN tarbox.session s ON s.session = f.session \
             WHERE f.tenant = $1 AND f.session <> $2 AND s.seen > now() - {DEAD}"
        );
        (text, vec![Type::INT8])
    });
    [members.into(), followers.into(), shared.others_alive()]
}

/// Looks whether others have files of the tenant open, or follow it.
pub(crate) async fn look_around(shared: &Shared, seat: &Seat) -> Result<()> {
    let at = Instant::now();
    let answers = shared.pool.fly(&surroundings(shared, seat)).await?;
    if count(&answers[0])? == 0 {
        seat.found_alone(at);
    }
    seat.lock().followed = count(&answers[1])? > 0;
    Ok(())
}

fn count(rows: &[Row]) -> Result<i64> {
    let row = rows.first().map(|row| row.try_get(0));
    Ok(row.transpose().map_err(failed)?.unwrap_or(0))
}

fn seen(rows: &[Row]) -> Result<Option<Seen>> {
    rows.first().map(sql::decode_tenant).transpose()
}

async fn take(shared: &Shared, seat: &Seat) -> Result<()> {
    let begun = Instant::now();
    let mut pause = PAUSE_MIN;
    // The row as it was when it last changed, and since when it has not.
    let mut stuck: Option<([i64; 4], Instant)> = None;
    loop {
        let freed = seat.freed.notified();
        let at = Instant::now();
        let Some(holder) = try_take(shared, seat, stuck.is_some()).await? else {
            return Ok(());
        };
        let now = [holder.epoch, holder.holder, holder.commits, holder.answered];
        let since = match stuck {
            Some((before, since)) if before == now => since,
            _ => at,
        };
        stuck = Some((now, since));
        if since.elapsed() >= OVERTAKE && overtake(shared, seat, &holder).await? {
            return Ok(());
        }
        if begun.elapsed() >= PATIENCE {
            return Err(
                Error::new(ErrorKind::Busy).because("another process keeps the tenant to itself; try again")
            );
        }
        let _freed_or_late = tokio::time::timeout(pause, freed).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Takes the lease if it is free. Otherwise asks for it, and answers who has it.
async fn try_take(shared: &Shared, seat: &Seat, again: bool) -> Result<Option<Seen>> {
    let sql = shared.sql(seat.id);
    let session = vec![Value::from(shared.session)];
    let mut steps: Vec<Step> = shared.register_once().into_iter().collect();
    let registered = steps.len();
    let take = sql.request("take", session.clone(), || {
        let text = format!(
            "UPDATE tarbox.tenant SET epoch = epoch + 1, holder = $2, wanted = 0 \
             WHERE tenant = $1 AND holder IN (0, $2) AND state <> 2 RETURNING {}",
            sql::TENANT
        );
        (text, vec![Type::INT8])
    });
    steps.push(take.into());
    steps.extend(surroundings(shared, seat));
    let at = Instant::now();
    let answers = match shared.pool.fly_quietly(steps).await {
        Ok(answers) => answers,
        Err(error) => {
            shared.registered.fetch_and(registered == 0, Ordering::AcqRel);
            return Err(error);
        }
    };
    let answers = &answers[registered..];
    if let Some(seen) = seen(&answers[0])? {
        shared.others.store(count(&answers[3])? > 0, Ordering::Release);
        seat.took(&seen, at, count(&answers[1])? == 0, count(&answers[2])? > 0);
        return Ok(None);
    }
    let ask = sql.fixed(
        "UPDATE tarbox.tenant SET wanted = $2 WHERE tenant = $1 AND wanted = 0 AND holder NOT IN (0, $2)",
        &[Type::INT8],
        session,
    );
    let mut steps = vec![ask, shared.row_of(seat.id)];
    if !again {
        // Polling alone is enough, but slower.
        steps.push(poll::notice(shared, &[seat.id]));
    }
    let answers = shared.pool.fly_quietly(steps).await?;
    let holder = seen(&answers[1])?.ok_or_else(gone)?;
    match holder.tenant {
        Some(_) => Ok(Some(holder)),
        None => Err(gone()),
    }
}

/// Takes the lease of one that does not answer. From now on its epoch is over.
async fn overtake(shared: &Shared, seat: &Seat, holder: &Seen) -> Result<bool> {
    let bound = vec![
        shared.session.into(),
        holder.epoch.into(),
        holder.holder.into(),
        holder.commits.into(),
    ];
    let overtake = shared.sql(seat.id).request("overtake", bound, || {
        let text = format!(
            "UPDATE tarbox.tenant SET epoch = epoch + 1, holder = $2, wanted = 0 \
             WHERE tenant = $1 AND epoch = $3 AND holder = $4 AND commits = $5 RETURNING {}",
            sql::TENANT
        );
        (text, vec![Type::INT8; 4])
    });
    let mut steps: Vec<Step> = vec![overtake.into()];
    steps.extend(surroundings(shared, seat));
    let at = Instant::now();
    // Durably: what the other one had made visible must not be lost by a server that crashes now.
    let answers = shared.pool.fly(&steps).await?;
    let Some(seen) = seen(&answers[0])? else {
        return Ok(false);
    };
    seat.took(&seen, at, count(&answers[1])? == 0, count(&answers[2])? > 0);
    Ok(true)
}

/// Gives the lease back, unless somebody here holds it again. What others must know by then is told first.
pub(crate) async fn give_back(shared: &Shared, seat: &Seat) -> Result<()> {
    let _turn = seat.turn.lock().await;
    let (epoch, unsynced, untold) = {
        let mut state = seat.lock();
        let Some(lease) = seat.part(&mut state) else {
            return Ok(());
        };
        let mut untold = Vec::new();
        for (ino, told) in &mut state.holds {
            if !std::mem::replace(told, true) {
                untold.push(*ino);
            }
        }
        (lease.epoch, std::mem::take(&mut state.unsynced), untold)
    };
    let sql = shared.sql(seat.id);
    let mut steps = Vec::new();
    crate::holds::tell(sql, &mut steps, shared.session, &untold);
    steps.push(sql.fixed(
        "UPDATE tarbox.tenant SET holder = 0, wanted = 0 WHERE tenant = $1 AND epoch = $2 AND holder = $3",
        &[Type::INT8, Type::INT8],
        vec![epoch.into(), shared.session.into()],
    ));
    // Durably if anything is not: what another process rests on is then on the device.
    match unsynced {
        true => {
            drop(shared.pool.fly(&steps).await?);
            seat.lock().at_risk = None;
        }
        false => drop(shared.pool.fly_quietly(steps).await?),
    }
    if shared.others.load(Ordering::Acquire) {
        shared
            .pool
            .fly_quietly(vec![poll::notice(shared, &[seat.id])])
            .await?;
    }
    Ok(())
}

/// Gives everything back that others would otherwise wait for.
pub(crate) async fn farewell(shared: &Arc<Shared>) {
    let seats: Vec<Arc<Seat>> = shared.seats().values().cloned().collect();
    let mut steps = Vec::new();
    for seat in &seats {
        seat.lock().users = 0;
        // Whatever cannot be said now, others find out.
        let _given = give_back(shared, seat).await;
        for table in [
            "DELETE FROM tarbox.hold WHERE tenant = $1 AND session = $2",
            "DELETE FROM tarbox.member WHERE tenant = $1 AND session = $2",
            "DELETE FROM tarbox.follower WHERE tenant = $1 AND session = $2",
        ] {
            let known = seat.lock().member || !seat.lock().signs.is_empty();
            if known {
                steps.push(
                    shared
                        .sql(seat.id)
                        .fixed(table, &[Type::INT8], vec![shared.session.into()]),
                );
            }
        }
    }
    steps.push(shared.statement(
        "DELETE FROM tarbox.session WHERE session = $1",
        &[Type::INT8],
        vec![shared.session.into()],
    ));
    let _said = shared.pool.fly_quietly(steps).await;
}
