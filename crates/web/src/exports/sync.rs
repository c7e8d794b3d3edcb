//! The exports of a workspace that is a replica. One round at a time; `sync_poll` answers 0 while it goes on, with what is to be done
//! for it as output, and 1 when it has ended, with JSON about that.

use std::cell::RefCell;

use tarbox_opfs::exchange::take_input;
use tarbox_store::{Error, ErrorKind, Result};
use tarbox_store_http::Response;
use tarbox_store_sqlite::SqliteStore;

use super::{told, with_workspace};
use crate::reply;
use crate::sync::{Rounds, Server, write};

thread_local! {
    static ROUNDS: RefCell<Option<Rounds<SqliteStore>>> = const { RefCell::new(None) };
}

fn with_rounds<T>(act: impl FnOnce(&mut Rounds<SqliteStore>) -> Result<T>) -> Result<T> {
    ROUNDS.with_borrow_mut(|rounds| match rounds {
        Some(rounds) => act(rounds),
        None => Err(Error::new(ErrorKind::BadHandle).because("the workspace is no replica")),
    })
}

/// Makes the open workspace a replica. The input is the path before `/api` and the tenant, with a NUL between them; the numbers are
/// random. How it stands is known without the tenant, too; a round needs it.
#[unsafe(no_mangle)]
extern "C" fn replica_open(low: u32, high: u32) -> f64 {
    let input = take_input();
    told(|_| {
        let text = String::from_utf8_lossy(&input);
        let (base, tenant) = text.split_once('\0').unwrap_or_default();
        let server = Server {
            base: base.to_owned(),
            tenant: tenant.to_owned(),
            random: u64::from(high) << 32 | u64::from(low),
        };
        let local = with_workspace(|workspace| workspace.place().store())?;
        ROUNDS.set(Some(Rounds::new(local, server)));
        Ok(0.0)
    })
}

/// Says how many bytes there is room for on the device; a negative number if that is not known.
#[unsafe(no_mangle)]
extern "C" fn replica_room(bytes: f64) {
    tarbox_store_sqlite::tell_room((bytes >= 0.0).then_some(bytes as u64));
}

/// Begins a round, and gives up one that is under way.
#[unsafe(no_mangle)]
extern "C" fn replica_begin() -> f64 {
    told(|_| {
        with_rounds(|rounds| {
            rounds.begin(crate::platform::time);
            Ok(0.0)
        })
    })
}

#[unsafe(no_mangle)]
extern "C" fn replica_poll() -> f64 {
    told(|out| {
        let mut todo = Vec::new();
        match with_rounds(|rounds| rounds.poll(&mut todo))? {
            Some(ended) => reply::json(out, &ended).map(|()| 1.0),
            None => {
                write(out, &todo);
                Ok(0.0)
            }
        }
    })
}

/// What a request was answered: the body is the input. A negative time says that the server named none.
#[unsafe(no_mangle)]
extern "C" fn replica_answered(number: u32, status: u32, retry_after: f64) {
    let response = Response {
        status: u16::try_from(status).unwrap_or(0),
        retry_after: (retry_after >= 0.0)
            .then(|| std::time::Duration::from_secs_f64(retry_after.min(3600.0))),
        body: take_input(),
    };
    // Nobody waits where no round is under way.
    let _forgotten = with_rounds(|rounds| {
        rounds.answered(number, response);
        Ok(())
    });
}

/// That a request has no answer, or that a pause is over.
#[unsafe(no_mangle)]
extern "C" fn replica_lost(number: u32, maybe_sent: u32) {
    let _forgotten = with_rounds(|rounds| {
        rounds.lost(number, maybe_sent != 0);
        Ok(())
    });
}

/// How the replica stands, as JSON.
#[unsafe(no_mangle)]
extern "C" fn replica_standing() -> f64 {
    told(|out| {
        let standing = with_rounds(|rounds| rounds.standing())?;
        reply::json(out, &standing).map(|()| 0.0)
    })
}

/// Removes what an interrupted round left half made.
#[unsafe(no_mangle)]
extern "C" fn replica_tidy() -> f64 {
    told(|_| with_rounds(|rounds| rounds.tidy()).map(|()| 0.0))
}

/// How far the round has come, as JSON.
#[unsafe(no_mangle)]
extern "C" fn replica_progress() -> f64 {
    told(|out| {
        let progress = with_rounds(|rounds| Ok(rounds.progress()))?;
        reply::json(out, &progress).map(|()| 0.0)
    })
}

/// Takes the conflicts about a path, the input, or the one with that copy, off the list, and answers how many there were.
#[unsafe(no_mangle)]
extern "C" fn replica_resolve() -> f64 {
    let path = take_input();
    told(|_| Ok(with_rounds(|rounds| rounds.resolve(&path))? as f64))
}

/// Gives up the round that is under way.
#[unsafe(no_mangle)]
extern "C" fn replica_end() {
    let _none = with_rounds(|rounds| {
        rounds.end();
        Ok(())
    });
}

/// The workspace is closed.
pub(super) fn close() {
    ROUNDS.set(None);
}
