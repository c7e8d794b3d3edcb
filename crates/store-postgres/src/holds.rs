//! Which inodes are open, told to other processes.
//!
//! Only the process that holds the lease removes inodes. So what it has open itself it need not tell: it does when it gives the
//! lease back. A process that does not hold the lease tells first and looks at the inode afterwards, while whoever removes
//! one looks after the commit that took its last name away: either the hold is seen, or the missing name is.
//!
//! Whoever knows that no other process opens files of a tenant at all need not even look. A process becomes such a *member*
//! while it holds the lease, so that the next holder knows of it.

use std::sync::Arc;
use std::time::Instant;

use tarbox_store::{Error, ErrorKind, Ino, Result};
use tokio_postgres::types::Type;

use crate::error::{failed, is_fence};
use crate::lease;
use crate::seat::Seat;
use crate::session::{DEAD, Shared};
use crate::sql::Sql;
use crate::wire::{Step, Value};

/// How often a process that is overtaken tries to become a member.
const TRIES: usize = 8;

/// The statements that tell others of open inodes.
pub(crate) fn tell(sql: Sql<'_>, steps: &mut Vec<Step>, session: i64, inos: &[Ino]) {
    if !inos.is_empty() {
        steps.push(sql.fixed(
            "INSERT INTO tarbox.hold(tenant, ino, session) SELECT $1, i.ino, $3 FROM tarbox.inode i \
             WHERE i.tenant = $1 AND i.ino = ANY($2) ON CONFLICT DO NOTHING",
            &[Type::INT8_ARRAY, Type::INT8],
            vec![numbers(inos), session.into()],
        ));
    }
}

/// The statement that takes that back.
pub(crate) fn untell(sql: Sql<'_>, session: i64, inos: &[Ino]) -> Step {
    sql.fixed(
        "DELETE FROM tarbox.hold WHERE tenant = $1 AND ino = ANY($2) AND session = $3",
        &[Type::INT8_ARRAY, Type::INT8],
        vec![numbers(inos), session.into()],
    )
}

/// The statements by which this process becomes a member, as long as it holds the lease of this epoch: whoever takes it over at the
/// same time comes before them, or sees the member.
fn join(sql: Sql<'_>, session: i64, epoch: i64) -> [Step; 4] {
    [
        Step::Plain("BEGIN"),
        sql.fixed(
            "UPDATE tarbox.tenant SET epoch = CASE WHEN epoch = $2 AND holder = $3 THEN epoch ELSE -1 END WHERE tenant = $1",
            &[Type::INT8, Type::INT8],
            vec![epoch.into(), session.into()],
        ),
        sql.fixed(
            "INSERT INTO tarbox.member(tenant, session) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            &[Type::INT8],
            vec![session.into()],
        ),
        Step::Plain("COMMIT"),
    ]
}

fn numbers(inos: &[Ino]) -> Value {
    Value::Ints(inos.iter().map(|ino| ino.0 as i64).collect())
}

/// Notes a hold where others need not be told: `false` if they do.
pub(crate) fn hold_quietly(seat: &Seat, ino: Ino) -> bool {
    let mut state = seat.lock();
    if state.holds.get(&ino) == Some(&true) && state.lease.is_some() {
        return true;
    }
    let quietly = state.member && state.lease.is_some();
    if quietly {
        state.holds.entry(ino).or_insert(false);
    }
    quietly
}

/// See [`Engine::hold`](tarbox_store_core::Engine::hold).
pub(crate) async fn hold(shared: &Arc<Shared>, seat: &Seat, ino: Ino) -> Result<()> {
    if !seat.lock().member {
        match become_member(shared, seat).await {
            // Who may only read removes nothing, and cannot tell anybody.
            Err(e) if e.kind() == ErrorKind::ReadOnly => return shared.look(seat).await,
            result => result?,
        }
    }
    if hold_quietly(seat, ino) {
        return Ok(());
    }
    // One after the other with whoever takes old holds back.
    let _turn = seat.turn.lock().await;
    {
        let mut state = seat.lock();
        state.holds.insert(ino, true);
        state.unheld.retain(|old| *old != ino);
    }
    let mut steps = Vec::new();
    tell(shared.sql(seat.id), &mut steps, shared.session, &[ino]);
    steps.push(shared.row_of(seat.id));
    let at = Instant::now();
    let answers = shared.pool.fly_quietly(steps).await?;
    shared.observe(seat, answers.last().map_or(&[], |rows| &rows[..]), at)
}

/// Becomes a member of the tenant, also one who was taken for dead.
pub(crate) async fn become_member(shared: &Arc<Shared>, seat: &Seat) -> Result<()> {
    for _ in 0..TRIES {
        // Not joined: what others here do with the lease rests on the one that they joined.
        let leased = lease::ensure_for_now(shared, seat).await?;
        // That of the lease as it is, whatever becomes of the changes that rested on an earlier one.
        let epoch = seat.lock().lease.map(|lease| lease.epoch);
        if let Some(epoch) = epoch {
            let join = join(shared.sql(seat.id), shared.session, epoch);
            match shared.pool.patiently(|| shared.pool.once(&join)).await {
                Ok(_) => {
                    seat.lock().member = true;
                    break;
                }
                // Another process was quicker.
                Err(e) if is_fence(&e) => {}
                Err(e) => return Err(failed(e)),
            }
        }
        drop(leased);
        shared.look(seat).await?;
    }
    if !seat.lock().member {
        let why = "other processes take the tenant over all the time; try again";
        return Err(Error::new(ErrorKind::Busy).because(why));
    }
    if seat.is_wanted() {
        lease::give_back(shared, seat).await?;
    }
    Ok(())
}

/// Takes a hold back; the rest is done when somebody has time.
pub(crate) fn let_go(seat: &Seat, ino: Ino) {
    let mut state = seat.lock();
    if state.holds.remove(&ino) == Some(true) {
        state.unheld.push(ino);
    }
}

/// Whether others know too little or too much of what is open here.
pub(crate) fn is_out_of_date(seat: &Seat) -> bool {
    let state = seat.lock();
    let untold = state.lease.is_none() && state.holds.values().any(|told| !told);
    untold || !state.unheld.is_empty()
}

/// Tells others of what is not open any more, and of what is, should the lease have been lost and not given back.
pub(crate) async fn catch_up(shared: &Shared, seat: &Seat) -> Result<()> {
    let _turn = seat.turn.lock().await;
    let (gone, untold) = {
        let mut state = seat.lock();
        let unheld = std::mem::take(&mut state.unheld);
        let gone: Vec<Ino> = unheld
            .into_iter()
            .filter(|ino| state.holds.get(ino) != Some(&true))
            .collect();
        let mut untold = Vec::new();
        if state.lease.is_none() {
            for (ino, told) in &mut state.holds {
                if !std::mem::replace(told, true) {
                    untold.push(*ino);
                }
            }
        }
        (gone, untold)
    };
    let mut steps = Vec::new();
    if !gone.is_empty() {
        steps.push(untell(shared.sql(seat.id), shared.session, &gone));
    }
    tell(shared.sql(seat.id), &mut steps, shared.session, &untold);
    match steps.is_empty() {
        true => Ok(()),
        false => shared.pool.fly_quietly(steps).await.map(drop),
    }
}

/// Which inodes other processes have open.
pub(crate) async fn held_elsewhere(shared: &Shared, seat: &Seat, inos: &[Ino]) -> Result<Vec<bool>> {
    let bound = vec![numbers(inos), shared.session.into()];
    let request = shared.sql(seat.id).request("held", bound, || {
        let text = format!(
            "SELECT DISTINCT h.ino FROM tarbox.hold h JOIN tarbox.session s ON s.session = h.session \
             WHERE h.tenant = $1 AND h.ino = ANY($2) AND h.session <> $3 AND s.seen > now() - {DEAD}"
        );
        (text, vec![Type::INT8_ARRAY, Type::INT8])
    });
    let answers = shared.pool.fly(&[request.into()]).await?;
    let mut held = std::collections::HashSet::new();
    for row in &answers[0] {
        held.insert(Ino(crate::sql::int(row, 0)? as u64));
    }
    Ok(inos.iter().map(|ino| held.contains(ino)).collect())
}
