//! The task that looks after a process's tenants: it sees that others want a lease, that they have committed, or that they have
//! taken a lease over, and says that this process lives.
//!
//! Notices (`LISTEN`, `NOTIFY`) make it quick. Nothing depends on them: it looks without them, too.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tarbox_store::Result;
use tarbox_store_core::TenantId;
use tokio::sync::mpsc;
use tokio_postgres::types::Type;

use crate::seat::Seat;
use crate::session::{DEAD, Shared};
use crate::sql::{self, int};
use crate::wire::{Connection, Request, Step, Template, Value};
use crate::{followers, holds, lease};

/// How often it looks at tenants in use.
const INTERVAL: Duration = Duration::from_millis(80);
/// The same where nothing was asked for a while.
const IDLE: Duration = Duration::from_millis(500);
/// How long a tenant counts as used.
const USED: Duration = Duration::from_secs(5);
/// How long a tenant without a lease is looked at that nobody asks for.
const REMEMBERED: Duration = Duration::from_secs(30);
/// How often this process says that it lives, and looks who else does.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// Commits within this are told together: each notice takes a lock of the whole server.
const GATHER: Duration = Duration::from_millis(4);

const CHANNEL: &str = "tarbox";

/// The statement that tells other processes to look at tenants.
pub(crate) fn notice(shared: &Shared, tenants: &[TenantId]) -> Step {
    let payloads = tenants
        .iter()
        .map(|tenant| format!("{}:{}", shared.session, tenant.0))
        .collect();
    shared.statement(
        "SELECT pg_notify('tarbox', p) FROM unnest($1::text[]) AS p",
        &[Type::TEXT_ARRAY],
        vec![Value::Texts(payloads)],
    )
}

/// Begins to look, unless somebody does.
pub(crate) fn begin(shared: &Arc<Shared>) {
    if !shared.polling.swap(true, Ordering::AcqRel) {
        tokio::spawn(run(Arc::downgrade(shared)));
    }
}

/// What the task remembers.
struct Poller {
    listener: Option<Connection>,
    heard: mpsc::UnboundedReceiver<String>,
    said: mpsc::UnboundedSender<String>,
    beat: Option<Instant>,
    looked: Instant,
}

async fn run(shared: Weak<Shared>) {
    let (said, heard) = mpsc::unbounded_channel();
    let mut poller = Poller {
        listener: None,
        heard,
        said,
        beat: None,
        looked: Instant::now(),
    };
    loop {
        let Some(shared) = shared.upgrade() else { return };
        let tenants = poller.wait(&shared).await;
        // A server that is away is looked for again.
        let _looked = poller.work(&shared, tenants).await;
    }
}

impl Poller {
    /// Waits until there is something to do, and answers which tenants others spoke of.
    async fn wait(&mut self, shared: &Shared) -> BTreeSet<TenantId> {
        let is_used = shared.seats().values().any(|seat| seat.unused() < USED);
        let interval = if is_used { INTERVAL } else { IDLE };
        let left = interval.saturating_sub(self.looked.elapsed());
        let mut tenants = BTreeSet::new();
        tokio::select! {
            () = tokio::time::sleep(left) => {}
            () = shared.poke.notified() => tokio::time::sleep(GATHER).await,
            Some(first) = self.heard.recv() => tenants.extend(spoken_of(shared, &first)),
        }
        while let Ok(more) = self.heard.try_recv() {
            tenants.extend(spoken_of(shared, &more));
        }
        tenants
    }

    async fn work(&mut self, shared: &Arc<Shared>, spoken_of: BTreeSet<TenantId>) -> Result<()> {
        let all: Vec<Arc<Seat>> = shared.seats().values().cloned().collect();
        for seat in all.iter().filter(|seat| spoken_of.contains(&seat.id)) {
            seat.freed.notify_waiters();
        }
        let news: Vec<TenantId> = all
            .iter()
            .filter(|seat| is_news(seat))
            .map(|seat| seat.id)
            .collect();
        let mut steps: Vec<Step> = all
            .iter()
            .flat_map(|seat| followers::news(shared, seat, false))
            .collect();
        let followed: BTreeSet<TenantId> = all
            .iter()
            .filter(|seat| !seat.lock().signs.is_empty())
            .map(|s| s.id)
            .collect();
        let others = shared.others.load(Ordering::Acquire);
        if others && (!news.is_empty() || !steps.is_empty()) {
            let told: BTreeSet<TenantId> = news.into_iter().chain(followed).collect();
            steps.push(notice(shared, &told.into_iter().collect::<Vec<_>>()));
        }
        if !steps.is_empty() {
            shared.pool.fly_quietly(steps).await?;
        }
        let is_due = self.looked.elapsed() >= INTERVAL / 2;
        let wanted = |seat: &&Arc<Seat>| (is_due && is_of_interest(seat)) || spoken_of.contains(&seat.id);
        let seats: Vec<Arc<Seat>> = all.iter().filter(wanted).cloned().collect();
        if !seats.is_empty() {
            look(shared, &seats).await?;
        }
        if is_due {
            self.looked = Instant::now();
            self.listen(shared).await;
            self.heartbeat(shared, &all).await?;
        }
        Ok(())
    }

    /// Hears what others say.
    async fn listen(&mut self, shared: &Shared) {
        if self
            .listener
            .as_ref()
            .is_some_and(|listener| !listener.is_closed())
        {
            return;
        }
        self.listener = None;
        if let Ok(connection) = shared.pool.connect(Some(self.said.clone())).await
            && let listen = format!("LISTEN {CHANNEL}")
            && shared.pool.set_up(&connection, &listen).await.is_ok()
        {
            self.listener = Some(connection);
        }
    }

    /// Says that this process lives, and looks who else does.
    async fn heartbeat(&mut self, shared: &Arc<Shared>, seats: &[Arc<Seat>]) -> Result<()> {
        for seat in seats {
            if holds::is_out_of_date(seat) {
                holds::catch_up(shared, seat).await?;
            }
        }
        if self.beat.is_some_and(|beat| beat.elapsed() < HEARTBEAT) {
            return Ok(());
        }
        let alive = shared.statement(
            "UPDATE tarbox.session SET seen = now() WHERE session = $1 RETURNING session",
            &[Type::INT8],
            vec![shared.session.into()],
        );
        let answers = shared
            .pool
            .fly_quietly(vec![alive, shared.others_alive()])
            .await?;
        self.beat = Some(Instant::now());
        let count = answers[1].first().map_or(Ok(0), |row| int(row, 0))?;
        shared.others.store(count > 0, Ordering::Release);
        if answers[0].is_empty() {
            begin_anew(shared, seats).await?;
        }
        Ok(())
    }
}

/// Whether something depends on what others do to a tenant. Whoever comes back to another one looks at it first.
fn is_of_interest(seat: &Seat) -> bool {
    let is_used = seat.unused() < REMEMBERED;
    let state = seat.lock();
    is_used || state.lease.is_some() || !state.signs.is_empty()
}

fn is_news(seat: &Seat) -> bool {
    std::mem::take(&mut seat.lock().news)
}

/// The tenant that a notice of another process is about.
fn spoken_of(shared: &Shared, notice: &str) -> Option<TenantId> {
    let (session, tenant) = notice.split_once(':')?;
    let is_own = session.parse() == Ok(shared.session);
    tenant.parse().ok().filter(|_| !is_own).map(TenantId)
}

/// Others took this process for dead, and swept up what it had told them.
async fn begin_anew(shared: &Arc<Shared>, seats: &[Arc<Seat>]) -> Result<()> {
    let mut steps = vec![shared.register()];
    let mut members = Vec::new();
    for seat in seats {
        let held: Vec<_> = {
            let mut state = seat.lock();
            // Whoever has the lease may take itself for the only one.
            if std::mem::take(&mut state.member) && !state.holds.is_empty() {
                members.push(seat.clone());
            }
            state
                .holds
                .iter()
                .filter(|(_, told)| **told)
                .map(|(ino, _)| *ino)
                .collect()
        };
        holds::tell(shared.sql(seat.id), &mut steps, shared.session, &held);
        steps.extend(followers::news(shared, seat, true));
    }
    shared.pool.fly_quietly(steps).await?;
    for seat in members {
        let shared = shared.clone();
        // It takes a while, and others wait for this task. Whoever opens a file next tries again.
        tokio::spawn(async move { holds::become_member(&shared, &seat).await });
    }
    Ok(())
}

/// Looks at tenants, and does what that asks for.
async fn look(shared: &Arc<Shared>, seats: &[Arc<Seat>]) -> Result<()> {
    let ids: Vec<i64> = seats.iter().map(|seat| seat.id.0 as i64).collect();
    let ids = vec![Value::Ints(ids)];
    let rows = shared.templates.get("poll", 0, || {
        let text = format!("SELECT {} FROM tarbox.tenant WHERE tenant = ANY($1)", sql::TENANT);
        Template::new(text, vec![Type::INT8_ARRAY])
    });
    let followers = shared.templates.get("poll followers", 0, || {
        let text = format!(
            "SELECT DISTINCT f.tenant FROM tarbox.follower f JOIN tarbox.session s ON s.session = f.session \
             WHERE f.tenant = ANY($1) AND f.session <> $2 AND s.seen > now() - {DEAD}"
        );
        Template::new(text, vec![Type::INT8_ARRAY, Type::INT8])
    });
    let members = shared.templates.get("poll members", 0, || {
        let text = format!(
            "SELECT DISTINCT m.tenant FROM tarbox.member m JOIN tarbox.session s ON s.session = m.session \
             WHERE m.tenant = ANY($1) AND m.session <> $2 AND s.seen > now() - {DEAD}"
        );
        Template::new(text, vec![Type::INT8_ARRAY, Type::INT8])
    });
    let others = [ids.clone(), vec![shared.session.into()]].concat();
    let mut steps = vec![Step::Bound(Request {
        template: rows,
        values: ids,
    })];
    if shared.others.load(Ordering::Acquire) {
        let values = others.clone();
        steps.push(Step::Bound(Request {
            template: followers,
            values,
        }));
        steps.push(Step::Bound(Request {
            template: members,
            values: others,
        }));
    }
    let at = Instant::now();
    let answers = shared.pool.fly(&steps).await?;
    let tenants = |i: usize| -> Result<BTreeSet<i64>> {
        answers
            .get(i)
            .into_iter()
            .flatten()
            .map(|row| int(row, 0))
            .collect()
    };
    let (followed, shared_with) = (tenants(1)?, tenants(2)?);
    for row in &answers[0] {
        let seen = sql::decode_tenant(row)?;
        if let Some(seat) = seats.iter().find(|seat| seat.id == seen.id) {
            seat.observe(&seen, at, shared.session);
            seat.lock().followed = followed.contains(&(seen.id.0 as i64));
            if !shared_with.contains(&(seen.id.0 as i64)) {
                seat.found_alone(at);
            }
            attend(shared, seat);
        }
    }
    Ok(())
}

/// Gives a lease back that others want, or says that it is in use.
fn attend(shared: &Arc<Shared>, seat: &Arc<Seat>) {
    let (gives, answers) = {
        let mut state = seat.lock();
        let is_wanted = state.wanted && state.lease.is_some();
        let gives = is_wanted && state.users == 0;
        let answers =
            is_wanted && !gives && state.answered.is_none_or(|last| last.elapsed() >= lease::ANSWER);
        if answers {
            state.answered = Some(Instant::now());
        }
        (gives, answers)
    };
    let (shared, seat) = (shared.clone(), seat.clone());
    if gives {
        tokio::spawn(async move {
            let wait = crate::seat::TURN;
            if !seat.is_wanted() {
                tokio::time::sleep(wait).await;
            }
            let _given = lease::give_back(&shared, &seat).await;
        });
    } else if answers {
        tokio::spawn(async move {
            let alive = shared.sql(seat.id).fixed(
                "UPDATE tarbox.tenant SET answered = answered + 1 WHERE tenant = $1 AND holder = $2",
                &[Type::INT8],
                vec![shared.session.into()],
            );
            let _said = shared.pool.fly_quietly(vec![alive]).await;
        });
    }
}
