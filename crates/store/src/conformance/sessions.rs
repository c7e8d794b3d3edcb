//! What is held in a session ends with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Fixture, assert_fails, bytes};
use crate::*;

const TTL: Duration = Duration::from_secs(10);

/// Sessions whose time is what a test says.
struct Timed<S> {
    sessions: Sessions<S>,
    now: Arc<AtomicU64>,
}

impl<D: Database> Fixture<D> {
    async fn timed(&self, limits: SessionLimits) -> Timed<D::Store> {
        let store = self.database.open_tenant("default").await.unwrap();
        let now = Arc::new(AtomicU64::new(0));
        let clock = now.clone();
        let clock: Stopwatch = Box::new(move || Duration::from_millis(clock.load(Ordering::Relaxed)));
        Timed {
            sessions: Sessions::with_clock(store, 7, limits, clock),
            now,
        }
    }

    /// A file that has lost its name and lives only while it is held.
    async fn nameless(&self, timed: &Timed<D::Store>, session: SessionId) -> Ino {
        let file = self.file(Ino::ROOT, "file", &bytes(1, 5_000)).await;
        timed.sessions.hold(session, file).await.unwrap();
        self.unlink(Ino::ROOT, "file").await.unwrap();
        file
    }

    async fn lives(&self, ino: Ino) -> bool {
        match self.store.attr(View::Current, ino).await {
            Ok(_) => true,
            Err(e) => {
                assert_eq!(e.kind(), ErrorKind::NotFound, "{e}");
                false
            }
        }
    }
}

impl<S> Timed<S> {
    fn pass(&self, time: Duration) {
        self.now.fetch_add(time.as_millis() as u64, Ordering::Relaxed);
    }
}

/// What a session holds lives until it is released there, or the session is closed; as often as it was held.
pub async fn a_session_keeps_what_it_holds<D: Database>(t: &Fixture<D>) {
    let timed = t.timed(SessionLimits::default()).await;
    let session = timed.sessions.open(TTL).await.unwrap();
    let file = t.nameless(&timed, session).await;
    timed.sessions.hold(session, file).await.unwrap();
    timed.sessions.release(session, file).await.unwrap();
    assert!(t.lives(file).await);
    timed.sessions.release(session, file).await.unwrap();
    assert!(!t.lives(file).await);
    assert_fails(timed.sessions.release(session, file).await, ErrorKind::BadHandle);
    assert_fails(timed.sessions.hold(session, file).await, ErrorKind::NotFound);
    let file = t.nameless(&timed, session).await;
    timed.sessions.hold(session, file).await.unwrap();
    timed.sessions.close(session).await.unwrap();
    assert!(!t.lives(file).await);
    for after in [
        timed.sessions.renew(session).await,
        timed.sessions.hold(session, Ino::ROOT).await,
        timed.sessions.release(session, file).await,
        timed.sessions.close(session).await,
    ] {
        assert_fails(after, ErrorKind::Stale);
    }
    assert_eq!(t.usage().await.inodes, 1);
}

/// A session that is not heard of runs out with what it holds; each call keeps it for its whole time.
pub async fn a_session_runs_out<D: Database>(t: &Fixture<D>) {
    let timed = t.timed(SessionLimits::default()).await;
    assert_eq!(timed.sessions.expire().await.unwrap(), None);
    let session = timed.sessions.open(TTL).await.unwrap();
    let file = t.nameless(&timed, session).await;
    let almost = TTL - Duration::from_millis(1);
    for _ in 0..3 {
        timed.pass(almost);
        timed.sessions.renew(session).await.unwrap();
        timed.pass(almost);
        timed.sessions.hold(session, file).await.unwrap();
        timed.pass(almost);
        timed.sessions.release(session, file).await.unwrap();
    }
    timed.pass(almost);
    assert_eq!(
        timed.sessions.expire().await.unwrap(),
        Some(Duration::from_millis(1))
    );
    assert!(t.lives(file).await);
    timed.pass(Duration::from_millis(1));
    assert_eq!(timed.sessions.expire().await.unwrap(), None);
    assert!(!t.lives(file).await);
    assert_fails(timed.sessions.renew(session).await, ErrorKind::Stale);
    assert_fails(timed.sessions.hold(session, Ino::ROOT).await, ErrorKind::Stale);
}

/// Sessions, and holds that are in none, count each for itself.
pub async fn sessions_hold_each_for_itself<D: Database>(t: &Fixture<D>) {
    let timed = t.timed(SessionLimits::default()).await;
    let short = timed.sessions.open(TTL).await.unwrap();
    let long = timed.sessions.open(TTL * 3).await.unwrap();
    assert_ne!(short, long);
    let file = t.nameless(&timed, short).await;
    timed.sessions.hold(long, file).await.unwrap();
    t.store.hold(file).await.unwrap();
    timed.sessions.release(short, file).await.unwrap();
    assert_fails(timed.sessions.release(short, file).await, ErrorKind::BadHandle);
    timed.sessions.hold(short, file).await.unwrap();
    timed.pass(TTL);
    // Whoever calls next notices for all.
    timed.sessions.renew(long).await.unwrap();
    assert_fails(timed.sessions.release(short, file).await, ErrorKind::Stale);
    timed.pass(TTL * 3);
    assert_fails(timed.sessions.renew(long).await, ErrorKind::Stale);
    assert!(
        t.lives(file).await,
        "what is held without a session does not run out"
    );
    t.store.release(file).await.unwrap();
    assert!(!t.lives(file).await);
}

/// There are only so many sessions, and each holds only so much; what runs out makes room.
pub async fn sessions_are_limited<D: Database>(t: &Fixture<D>) {
    let limits = SessionLimits {
        sessions: 3,
        holds: 2,
        ttl: TTL,
    };
    let timed = t.timed(limits).await;
    for ttl in [Duration::ZERO, TTL + Duration::from_nanos(1), Duration::MAX] {
        assert_fails(timed.sessions.open(ttl).await, ErrorKind::Invalid);
    }
    let first = timed.sessions.open(TTL).await.unwrap();
    timed.pass(TTL / 2);
    let (second, third) = (
        timed.sessions.open(TTL).await.unwrap(),
        timed.sessions.open(TTL).await.unwrap(),
    );
    let error = assert_fails(timed.sessions.open(TTL).await, ErrorKind::TooManyOpen);
    assert!(error.to_string().contains("3 sessions"), "{error}");
    timed.pass(TTL / 2);
    let fourth = timed.sessions.open(TTL).await.unwrap();
    assert_fails(timed.sessions.renew(first).await, ErrorKind::Stale);
    timed.sessions.close(second).await.unwrap();
    timed.sessions.open(TTL).await.unwrap();
    let mut files = Vec::new();
    for name in ["a", "b", "c"] {
        files.push(t.file(Ino::ROOT, name, b"").await);
    }
    for file in [files[0], files[0], files[1], files[0]] {
        timed.sessions.hold(third, file).await.unwrap();
    }
    assert_fails(timed.sessions.hold(third, files[2]).await, ErrorKind::TooManyOpen);
    timed.sessions.hold(fourth, files[2]).await.unwrap();
    timed.sessions.release(third, files[1]).await.unwrap();
    timed.sessions.hold(third, files[2]).await.unwrap();
    timed.sessions.close_all().await.unwrap();
    for name in ["a", "b", "c"] {
        t.unlink(Ino::ROOT, name).await.unwrap();
    }
    assert_eq!(t.usage().await.inodes, 1, "nothing is held any more");
}

/// A session of an earlier start is none of this one, whatever its number.
pub async fn sessions_do_not_outlive_their_table<D: Database>(t: &Fixture<D>) {
    let timed = t.timed(SessionLimits::default()).await;
    let session = timed.sessions.open(TTL).await.unwrap();
    for other in [
        SessionId {
            table: session.table + 1,
            ..session
        },
        SessionId {
            number: session.number + 1,
            ..session
        },
    ] {
        assert_fails(timed.sessions.renew(other).await, ErrorKind::Stale);
        assert_fails(timed.sessions.close(other).await, ErrorKind::Stale);
    }
    timed.sessions.renew(session).await.unwrap();
}
