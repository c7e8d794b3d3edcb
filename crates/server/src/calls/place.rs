//! A tenant's files as the place of a workspace, and what a key may do there.

use std::sync::Arc;

use tarbox_calls::{Bounds, Effect, Limits, Place, Workspace};
use tarbox_fs::{Credentials, Fs, blocking};
use tarbox_store::{Error, ErrorKind, FsckReport, GcReport, Ino, Result, Scope, Store};

use super::batch::{Call, OUT_MAX, Reply, reply};
use crate::app::{App, Backend};
use crate::auth::Caller;
use crate::files::Files;
use crate::problem::Answer;

/// What one client may take.
const LIMITS: Limits = Limits {
    open: 1024,
    read: 4 << 20,
    records: 10_000,
};
/// What a file may be opened for with a key that only reads: reading, as a directory, without following a link.
const ONLY_READS: u32 = 1 | 64 | 128;

/// The files of a tenant.
pub(crate) struct Served<D: Backend> {
    database: Arc<D>,
    files: Arc<Files<D::Store>>,
}

impl<D: Backend> Place for Served<D> {
    type Store = D::Store;
    const IS_SHARED: bool = true;

    fn fs(&self) -> &Fs<D::Store> {
        &self.files.fs
    }

    fn gc(&self) -> Result<GcReport> {
        blocking(self.database.gc())
    }

    fn fsck(&self) -> Result<FsckReport> {
        blocking(self.database.fsck(false, &|_, _| {}))
    }
}

/// What whoever has a key does there, as the client of this name.
pub(crate) async fn workspace<D: Backend>(
    app: &App<D>,
    caller: &Caller<D::Store>,
    client: Option<&str>,
    first_handle: u32,
) -> Answer<Workspace<Served<D>>> {
    let bounds = match caller.is_confined() {
        true => Some(Bounds::new(caller.directory().await?, &caller.key.path)),
        false => None,
    };
    let who = match client {
        Some(client) => {
            let agent = format!("{}:{client}", caller.who.actor.agent);
            Credentials::new(caller.key.uid, caller.key.gid, agent)
        }
        None => caller.who.clone(),
    };
    let served = Served {
        database: app.shared_database(),
        files: caller.files.clone(),
    };
    let workspace = Workspace::new(served, who, first_handle)
        .within(bounds)
        .with_limits(LIMITS);
    Ok(match caller.key.scope >= Scope::Layers {
        true => workspace,
        false => workspace.without_control(),
    })
}

/// Makes the calls of a batch one after the other, and answers when what they have changed is on the device, if that is wanted.
pub(crate) fn run<D: Backend>(
    workspace: &mut Workspace<Served<D>>,
    caller: &Caller<D::Store>,
    calls: &[Call<'_>],
    durable: bool,
) -> Vec<u8> {
    let mut all = Vec::new();
    let mut replies = Vec::with_capacity(calls.len());
    for call in calls {
        if all.len() >= OUT_MAX {
            replies.push((Reply::NotMade, all.len()..all.len()));
            continue;
        }
        let start = all.len();
        let (reply, bytes) = make(workspace, caller, call);
        all.extend_from_slice(&bytes);
        replies.push((reply, start..all.len()));
    }
    let wrote = calls
        .iter()
        .zip(&replies)
        .any(|(call, (reply, _))| call.effect == Effect::Writes && *reply != Reply::NotMade);
    let failed = if durable && wrote {
        workspace.sync().err()
    } else {
        None
    };
    let failed = failed.map(|error| {
        tracing::error!(%error, "a batch of calls could not be made durable");
        let mut bytes = Vec::new();
        tarbox_calls::reply::error(&mut bytes, &error);
        bytes
    });
    let mut out = Vec::with_capacity(all.len() + 16 * calls.len());
    for (call, (how, bytes)) in calls.iter().zip(replies) {
        match &failed {
            Some(failed) if call.effect == Effect::Writes => reply(&mut out, Reply::Failed, failed),
            _ => reply(&mut out, how, &all[bytes]),
        }
    }
    out
}

fn make<D: Backend>(
    workspace: &mut Workspace<Served<D>>,
    caller: &Caller<D::Store>,
    call: &Call<'_>,
) -> (Reply, Vec<u8>) {
    let mut out = Vec::new();
    let done = allow(caller, call).and_then(|()| workspace.call(call.operation, &call.request, &mut out));
    match done {
        Ok(value) => (Reply::Done(value), out),
        Err(error) => {
            tarbox_calls::reply::error(&mut out, &error);
            (Reply::Failed, out)
        }
    }
}

/// Whether the key may make this call.
fn allow<S: Store>(caller: &Caller<S>, call: &Call<'_>) -> Result<()> {
    let refused = |why: String| Err(Error::new(ErrorKind::Access).because(why));
    let scope = match call.name {
        "checkpoint" | "switch" | "dropLayer" | "tag" => Scope::Layers,
        "gc" | "fsck" => Scope::Admin,
        "close" | "sync" => Scope::Read,
        "open" if call.request.small(0)? & !ONLY_READS == 0 => Scope::Read,
        _ if call.effect == Effect::Writes => Scope::Write,
        _ => Scope::Read,
    };
    if caller.key.scope < scope {
        let (has, needed) = (caller.key.scope.word(), scope.word());
        return refused(format!("the key has the scope '{has}', and '{needed}' is needed"));
    }
    if scope >= Scope::Layers && caller.is_confined() {
        return refused("the key is confined to a part of the workspace".to_owned());
    }
    if call.name == "changes" && !may_watch(caller)? {
        return refused(
            "only root, the owner of the workspace, or a key that is confined to a directory watches"
                .to_owned(),
        );
    }
    Ok(())
}

/// The log tells of every change, whoever may see it.
fn may_watch<S: Store>(caller: &Caller<S>) -> Result<bool> {
    use tarbox_fs::FilesystemInterface as _;
    if caller.who.is_root() || caller.is_confined() {
        return Ok(true);
    }
    Ok(blocking(caller.files.fs.getattr(Ino::ROOT))?.uid == caller.who.uid())
}
