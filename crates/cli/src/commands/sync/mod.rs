//! `sync`

mod background;
mod resolve;

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tarbox_fs::blocking;
use tarbox_store::{Actor, Database, ErrorKind, Store, Timestamp};
use tarbox_store_http::{Address, HttpDatabase, HttpStore, Native, Options as HttpOptions};
use tarbox_store_sqlite::SqliteDatabase;
use tarbox_sync::{Clash, MEMORY, News, Options, Replica, Report};

use super::init;
use crate::cli::Global;
use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::open::{self, Missing};
use crate::parse::time;
use crate::platform;
use crate::print::{Printer, Size, escape, grouped};
use crate::progress::Progress;
use background::Lock;

/// Keep a local database in step with a workspace at a server, and work without a network
///
/// The database is named with its server: --db 'sqlite:PATH?sync=https://HOST/?tenant=NAME'. All other commands work on the local database
/// alone. Without a command, this brings both in step once, and returns when the server has everything.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = examples!(
    "export TARBOX_DB='sqlite:work.db?sync=https://files.example/?tenant=team' TARBOX_API_KEY='...'",
    "tarbox sync                               once; the first time, a clone",
    "tarbox sync start                         in the background, from now on",
    "tarbox sync status",
    "tarbox sync resolve /notes.txt --theirs   keep the server's content",
))]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Return when the server has everything; this is the default
    #[arg(long)]
    wait: bool,
}

#[derive(Debug, clap::Subcommand)]
#[command(defer = true)]
enum Command {
    Start(background::Start),
    Stop(background::Stop),
    Status(StatusArgs),
    Log(LogArgs),
    Resolve(resolve::Args),
    Reset(ResetArgs),
}

/// Show whether both sides are in step, what conflicts there are, and what the server refused
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("tarbox sync status"))]
struct StatusArgs {
    /// Do not ask the server
    #[arg(long)]
    offline: bool,
}

/// Show what happened, the latest last
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("tarbox sync log"))]
struct LogArgs {}

/// Forget what both sides had in common: they are connected anew, nothing is removed, and what differs is kept twice
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("tarbox sync reset"))]
struct ResetArgs {}

impl Args {
    /// Whether the local database is made: the first time is a clone.
    pub(crate) fn missing(&self) -> Missing {
        match &self.command {
            None | Some(Command::Start(_)) => Missing::Make,
            Some(_) => Missing::Refuse,
        }
    }
}

/// A database that is named without a server.
pub(crate) fn no_server() -> Failure {
    Failure::usage("sync needs a server: --db 'sqlite:PATH?sync=https://HOST/?tenant=NAME'")
}

type Pair = Replica<<SqliteDatabase as Database>::Store, HttpStore<Native>>;

/// A local database and its server.
struct Place<'a> {
    db: &'a SqliteDatabase,
    path: &'a Path,
    server: &'a Address,
    tenant: &'a str,
}

/// How long a request is tried before the server counts as not to be reached.
const PATIENCE: Duration = Duration::from_secs(10);

impl Place<'_> {
    /// The workspace at the server.
    fn remote(&self) -> Result<HttpStore<Native>> {
        let name = self.server.tenant().unwrap_or(self.tenant);
        let about = |e: tarbox_store::Error| Failure::from(e).about(self.server.to_string());
        blocking(self.database()?.open_tenant(name)).map_err(about)
    }

    fn database(&self) -> Result<HttpDatabase<Native>> {
        let options = HttpOptions {
            // Everything is asked for once.
            cache_bytes: 0,
            patience: PATIENCE,
            ..HttpOptions::default()
        };
        open::http_with(self.server, options)
    }

    /// Both, while nobody else works at what they have in common.
    fn replica(&self) -> Result<(Pair, Lock)> {
        let lock = Lock::round(self.path, self.tenant)?;
        let local = blocking(self.db.open_tenant(self.tenant))?;
        let options = options();
        let replica = Replica::open(local, self.remote()?, &options);
        let replica =
            blocking(replica).map_err(|e| Failure::of(e, platform::bytes_of(self.path.as_os_str())))?;
        Ok((replica, lock))
    }
}

type Offline = Replica<<SqliteDatabase as Database>::Store, <SqliteDatabase as Database>::Store>;

impl Place<'_> {
    /// The replica alone: the server is not asked.
    fn replica_offline(&self) -> Result<(Offline, Lock)> {
        let lock = Lock::round(self.path, self.tenant)?;
        let local = blocking(self.db.open_tenant(self.tenant))?;
        let replica = blocking(Replica::open(local.clone(), local, &options()));
        Ok((
            replica.map_err(|e| Failure::of(e, platform::bytes_of(self.path.as_os_str())))?,
            lock,
        ))
    }
}

/// Rounds act for everybody: permissions are part of what is carried over.
fn options() -> Options {
    let mut random = [0; 8];
    // Only to tell replicas apart: two of the same number hinder each other, and lose nothing.
    let now = Timestamp::of_system().0.to_le_bytes();
    random.copy_from_slice(&now);
    let process = u64::from(std::process::id()).rotate_left(40);
    Options {
        actor: Actor {
            uid: 0,
            gid: 0,
            agent: "sync".into(),
        },
        random: u64::from_le_bytes(random) ^ process,
        now: Timestamp::of_system,
        memory: MEMORY,
    }
}

pub(crate) fn run(
    args: &Args,
    db: &SqliteDatabase,
    path: &Path,
    server: &Address,
    global: &Global,
    out: &Printer,
) -> Result<crate::exit::Exit> {
    let place = Place {
        db,
        path,
        server,
        tenant: &global.tenant,
    };
    if args.missing() == Missing::Make {
        let caller = platform::caller();
        init::make(db, place.tenant, (caller.uid, caller.gid))?;
    }
    match &args.command {
        None => once(&place, out)?,
        Some(Command::Start(args)) => return background::start(args, &place, out),
        Some(Command::Stop(_)) => background::stop(&place, out)?,
        Some(Command::Status(args)) => status(args, &place, out)?,
        Some(Command::Log(LogArgs {})) => log(&place, out)?,
        Some(Command::Resolve(args)) => resolve::run(args, &place, global, out)?,
        Some(Command::Reset(ResetArgs {})) => {
            let (mut replica, _lock) = place.replica_offline()?;
            blocking(replica.reset())?;
            blocking(replica.local().sync())?;
        }
    }
    Ok(crate::exit::Exit::DONE)
}

/// One round, with a bar for who waits.
fn once(place: &Place<'_>, out: &Printer) -> Result<()> {
    let progress = Progress::new("sync", out.audience());
    let report = round(place, &|news| match news {
        News::Planned { steps, files, .. } => progress.expect(steps + files),
        News::Content { bytes, .. } => {
            progress.add(1);
            progress.add_bytes(bytes);
        }
        News::Step { .. } => progress.add(1),
    })?;
    progress.finish();
    if out.is_json() {
        return out.document(&report);
    }
    for line in lines(&report) {
        out.line(line)?;
    }
    Ok(())
}

fn round(place: &Place<'_>, tell: &dyn Fn(News)) -> Result<Report> {
    let (mut replica, _lock) = place.replica()?;
    let report = blocking(replica.round(tell))?;
    // Mounts show what came, and a crash does not take it back.
    blocking(replica.local().sync())?;
    blocking(replica.local().settle(None))?;
    Ok(report)
}

/// What a round did, for people.
fn lines(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    if report.restored {
        lines.push("the server has an earlier or another state: connected anew, nothing was removed".into());
    }
    lines.extend(report.conflicts.iter().map(conflict));
    for (path, why) in &report.refused {
        lines.push(format!(
            "refused {}  {}",
            escape(path.as_bytes()),
            escape(why.as_bytes())
        ));
    }
    lines.push(match (report.pulled, report.pushed) {
        (0, 0) if report.refused.is_empty() => "in step".into(),
        (pulled, pushed) => format!(
            "{} changes came ({}), {} went ({})",
            grouped(pulled),
            Size(report.bytes_pulled),
            grouped(pushed),
            Size(report.bytes_pushed),
        ),
    });
    lines
}

fn conflict(clash: &Clash) -> String {
    use tarbox_sync::ConflictKind::*;
    let path = escape(&clash.path);
    match (clash.kind, &clash.copy) {
        (Content, Some(copy)) => format!("conflict {path}  ours is {}", escape(copy)),
        (Content, None) => format!("conflict {path}  both are kept"),
        (Deleted, _) => format!("conflict {path}  removed on one side, changed on the other: kept"),
        (Moved, _) => format!("conflict {path}  moved on both sides: it is where the server has it"),
        (Cycle, _) => {
            format!("conflict {path}  directories were moved into each other: it is where the server has it")
        }
    }
}

fn status(args: &StatusArgs, place: &Place<'_>, out: &Printer) -> Result<()> {
    let (replica, lock) = place.replica_offline()?;
    drop(lock);
    let ahead = blocking(replica.ahead())?;
    let status = replica.status().clone();
    let behind = match args.offline {
        true => Err("not asked".to_owned()),
        false => match place.remote() {
            Ok(remote) => {
                let local = blocking(place.db.open_tenant(place.tenant))?;
                let asked =
                    blocking(async { Replica::open(local, remote, &options()).await?.behind().await });
                asked.map_err(|e| e.to_string())
            }
            Err(failure) => Err(failure.line()),
        },
    };
    let is_running = background::is_running(place)?;
    let synced = status.synced.map(time::rfc3339);
    if out.is_json() {
        return out.document(&json!({
            "server": place.server.to_string(),
            "running": is_running,
            "synced": synced,
            "ahead": ahead,
            "behind": behind.as_ref().ok().copied().flatten(),
            "offline": behind.as_ref().err(),
            "conflicts": status.conflicts,
            "refused": status.refused,
        }));
    }
    let count = |count: Option<usize>| count.map_or("unknown".into(), |n| grouped(n as u64));
    out.line(format!("server    {}", place.server))?;
    out.line(format!(
        "running   {}",
        if is_running {
            "yes"
        } else {
            "no: 'tarbox sync start'"
        }
    ))?;
    out.line(format!("in step   {}", synced.unwrap_or_else(|| "never".into())))?;
    out.line(format!("to send   {}", count(ahead)))?;
    out.line(match &behind {
        Ok(behind) => format!("to fetch  {}", count(*behind)),
        Err(why) => format!("to fetch  unknown: {}", escape(why.as_bytes())),
    })?;
    for clash in &status.conflicts {
        out.line(conflict(clash))?;
    }
    for (path, why) in &status.refused {
        out.line(format!(
            "refused {}  {}",
            escape(path.as_bytes()),
            escape(why.as_bytes())
        ))?;
    }
    Ok(())
}

fn log(place: &Place<'_>, out: &Printer) -> Result<()> {
    let (replica, _lock) = place.replica_offline()?;
    for happening in &replica.status().log {
        out.either(
            &json!({ "time": time::rfc3339(happening.time), "what": happening.what }),
            || {
                format!(
                    "{}  {}",
                    time::seconds(happening.time),
                    escape(happening.what.as_bytes())
                )
            },
        )?;
    }
    Ok(())
}

/// A path beside the database, for what this machine alone has to know.
fn beside(path: &Path, tenant: &str, what: &str) -> std::path::PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(format!("-sync-{tenant}.{what}"));
    name.into()
}

/// Whether a failure is one of the way to the server, which may be there again later.
fn is_passing(failure: &Failure) -> bool {
    failure.is(ErrorKind::Io) || failure.is(ErrorKind::Busy)
}
