//! Who passes changes on: mounts, which tell the kernel. Each has a row that says how far it has got, and whoever has changed
//! something waits until all have got that far.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tarbox_store::{Follower, Result, Seq};
use tokio_postgres::types::Type;

use crate::poll;
use crate::seat::Seat;
use crate::session::{DEAD, Shared};
use crate::sql::int;
use crate::wire::Step;

/// How long one that does not go on is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(10);

/// How far one of this process has got.
#[derive(Debug)]
pub(crate) struct Sign {
    pub(crate) number: u32,
    position: AtomicU64,
    steps: AtomicU64,
    /// Others have not been told of it.
    dirty: AtomicBool,
}

/// One of this process, until it is dropped.
#[derive(Debug)]
struct Following {
    sign: Arc<Sign>,
    seat: Arc<Seat>,
    shared: Weak<Shared>,
    runtime: tokio::runtime::Handle,
}

impl Following {
    fn tell(&self) {
        self.sign.dirty.store(true, Ordering::Release);
        if let Some(shared) = self.shared.upgrade() {
            shared.poke.notify_one();
        }
    }
}

impl Follower for Following {
    fn acknowledge(&self, position: Seq) {
        self.sign.position.store(position.0, Ordering::Release);
        self.tell();
    }

    fn go_on(&self) {
        self.sign.steps.fetch_add(1, Ordering::AcqRel);
        self.tell();
    }

    fn number(&self) -> u32 {
        self.sign.number
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.seat
            .lock()
            .signs
            .retain(|sign| sign.number != self.sign.number);
        if let Some(shared) = self.shared.upgrade() {
            let (tenant, number) = (self.seat.id, self.sign.number);
            // Where it cannot be said, it ends with the process.
            self.runtime.spawn(async move {
                let gone = shared.sql(tenant).fixed(
                    "DELETE FROM tarbox.follower WHERE tenant = $1 AND session = $2 AND number = $3",
                    &[Type::INT8, Type::INT8],
                    vec![shared.session.into(), number.into()],
                );
                let _said = shared.pool.fly_quietly(vec![gone]).await;
            });
        }
    }
}

/// Adds one, which has passed nothing on yet.
pub(crate) async fn follow(shared: &Arc<Shared>, seat: Arc<Seat>) -> Result<Box<dyn Follower>> {
    let sign = Arc::new(Sign {
        number: shared.followers.fetch_add(1, Ordering::Relaxed),
        position: AtomicU64::new(0),
        steps: AtomicU64::new(0),
        dirty: AtomicBool::new(false),
    });
    let mut steps: Vec<Step> = shared.register_once().into_iter().collect();
    steps.push(row(shared, &seat, &sign));
    steps.push(poll::notice(shared, &[seat.id]));
    shared.pool.fly_quietly(steps).await?;
    seat.lock().signs.push(sign.clone());
    poll::begin(shared);
    Ok(Box::new(Following {
        sign,
        seat,
        shared: Arc::downgrade(shared),
        runtime: tokio::runtime::Handle::current(),
    }))
}

fn row(shared: &Shared, seat: &Seat, sign: &Sign) -> Step {
    shared.sql(seat.id).fixed(
        "INSERT INTO tarbox.follower(tenant, session, number, position, given_up, steps) VALUES ($1, $2, $3, $4, 0, $5) \
         ON CONFLICT (tenant, session, number) DO UPDATE SET position = excluded.position, steps = excluded.steps",
        &[Type::INT8, Type::INT8, Type::INT8, Type::INT8],
        vec![
            shared.session.into(),
            sign.number.into(),
            sign.position.load(Ordering::Acquire).into(),
            sign.steps.load(Ordering::Acquire).into(),
        ],
    )
}

/// The statements that tell others how far those of this process have got; `all` of them, or those that went on.
pub(crate) fn news(shared: &Shared, seat: &Seat, all: bool) -> Vec<Step> {
    let signs = seat.lock().signs.clone();
    let news = signs
        .iter()
        .filter(|sign| sign.dirty.swap(false, Ordering::AcqRel) || all);
    news.map(|sign| row(shared, seat, sign)).collect()
}

/// What one of another process says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    session: i64,
    number: i64,
    position: i64,
    given_up: i64,
    steps: i64,
}

impl State {
    fn is_behind(&self, position: Seq) -> bool {
        (self.position as u64) < position.0 && self.given_up != self.position + 1
    }
}

/// Returns when all but `besides` have passed everything up to `position` on, have ended, or have not gone on for too long. One
/// that somebody gave up is not waited for until it has gone on.
pub(crate) async fn settle(shared: &Shared, seat: &Seat, besides: Option<u32>, position: Seq) {
    let mut before: Vec<State> = Vec::new();
    let mut limit = Instant::now() + PATIENCE;
    let mut pause = PAUSE_MIN;
    loop {
        let own_behind = {
            let state = seat.lock();
            let mut others = state.signs.iter().filter(|sign| Some(sign.number) != besides);
            others.any(|sign| sign.position.load(Ordering::Acquire) < position.0)
        };
        let Ok(now) = others(shared, seat).await else {
            return;
        };
        let behind: Vec<State> = now
            .into_iter()
            .filter(|state| state.is_behind(position))
            .collect();
        if behind.is_empty() && !own_behind {
            return;
        }
        if behind != before {
            before = behind;
            limit = Instant::now() + PATIENCE;
        } else if Instant::now() > limit {
            give_up(shared, seat, &before).await;
            return;
        }
        let _said_or_late = tokio::time::timeout(pause, seat.freed.notified()).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

async fn others(shared: &Shared, seat: &Seat) -> Result<Vec<State>> {
    let request = shared
        .sql(seat.id)
        .request("following", vec![shared.session.into()], || {
            let text = format!(
                "SELECT f.session, f.number, f.position, f.given_up, f.steps FROM tarbox.follower f \
             JOIN tarbox.session s ON s.session = f.session \
             WHERE f.tenant = $1 AND f.session <> $2 AND s.seen > now() - {DEAD} ORDER BY 1, 2"
            );
            (text, vec![Type::INT8])
        });
    let answers = shared.pool.fly(&[request.into()]).await?;
    let state = |row: &tokio_postgres::Row| {
        Ok(State {
            session: int(row, 0)?,
            number: int(row, 1)?,
            position: int(row, 2)?,
            given_up: int(row, 3)?,
            steps: int(row, 4)?,
        })
    };
    answers[0].iter().map(state).collect()
}

/// Spares those who come later the wait.
async fn give_up(shared: &Shared, seat: &Seat, behind: &[State]) {
    let steps = behind.iter().map(|state| {
        shared.sql(seat.id).fixed(
            "UPDATE tarbox.follower SET given_up = position + 1 \
             WHERE tenant = $1 AND session = $2 AND number = $3 AND position = $4",
            &[Type::INT8, Type::INT8, Type::INT8],
            vec![state.session.into(), state.number.into(), state.position.into()],
        )
    });
    // Where it cannot be said, others wait, too.
    let _said = shared.pool.fly_quietly(steps.collect()).await;
}
