//! `sync start` and `sync stop`: a process that does nothing but rounds.
//!
//! It is a process of its own, not part of whatever has the workspace open: it lives on when a mount or a command ends, it cannot take one of
//! them with it, and it may be killed at any moment, since the next round repairs what one left.

use std::fs::{File, TryLockError};
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tarbox_fs::blocking;
use tarbox_store::{Database, ErrorKind, Seq, Store};

use super::{Place, beside, is_passing, lines, round};
use crate::examples::examples;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::print::Printer;

/// What the process says to the command that started it.
const READY: &str = "ready";
/// How long nobody looks where nothing is heard of changes.
const LONGEST: Duration = Duration::from_secs(30);
/// After how long a round that failed is tried again, and how far that grows.
const RETRY: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];

/// Keep both sides in step from now on, in a process of its own
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox sync start",
    "tarbox sync start --foreground      for systemd, containers and the like",
))]
pub(super) struct Start {
    /// Stay in the foreground, and say what happens
    #[arg(short, long)]
    foreground: bool,
    /// Serve: the process that another one started
    #[arg(long, hide = true)]
    serve: bool,
}

/// Stop that process
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("tarbox sync stop"))]
pub(super) struct Stop {}

/// What only one process has at a time; it goes with the process.
pub(super) struct Lock {
    file: File,
}

impl Lock {
    /// The right to work at what both sides have in common. It is waited for.
    ///
    /// # Errors
    /// Those of the host.
    pub(super) fn round(path: &Path, tenant: &str) -> Result<Self> {
        let lock = Self::open(&beside(path, tenant, "lock"))?;
        let waited = lock.file.lock();
        waited.map_err(|e| Failure::host(beside(path, tenant, "lock").as_os_str().as_encoded_bytes(), &e))?;
        Ok(lock)
    }

    fn open(path: &Path) -> Result<Self> {
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path);
        let file = file.map_err(|e| Failure::host(path.as_os_str().as_encoded_bytes(), &e))?;
        Ok(Self { file })
    }

    /// The right to be the process that does rounds; `None` if there is one.
    fn process(place: &Place<'_>) -> Result<Option<Self>> {
        let path = beside(place.path, place.tenant, "pid");
        let lock = Self::open(&path)?;
        match lock.file.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(Failure::host(path.as_os_str().as_encoded_bytes(), &e)),
        }
    }
}

/// Whether there is a process that does rounds.
pub(super) fn is_running(place: &Place<'_>) -> Result<bool> {
    match beside(place.path, place.tenant, "pid").exists() {
        true => Ok(Lock::process(place)?.is_none()),
        false => Ok(false),
    }
}

pub(super) fn start(args: &Start, place: &Place<'_>, out: &Printer) -> Result<Exit> {
    if !args.foreground && !args.serve {
        return detach(out);
    }
    let Some(mut lock) = Lock::process(place)? else {
        return Err(Failure::new(
            ErrorKind::Busy,
            "it is running already; 'tarbox sync stop' ends it",
        ));
    };
    let failed = |e: std::io::Error| Failure::host("sync", &e);
    lock.file
        .set_len(0)
        .and_then(|()| lock.file.rewind())
        .map_err(failed)?;
    lock.file
        .write_all(std::process::id().to_string().as_bytes())
        .map_err(failed)?;
    if args.serve {
        out.line(READY)?;
        out.flush()?;
    }
    forever(place, &|text| {
        if args.foreground {
            // Nobody reads it any more: that is no reason to stop.
            let _ = out.line(text).and_then(|()| out.flush());
        }
    })
}

/// Starts the process, and returns when it is there.
fn detach(out: &Printer) -> Result<Exit> {
    let failed = |e: std::io::Error| Failure::host("tarbox", &e);
    let mut arguments: Vec<_> = std::env::args_os().skip(1).collect();
    arguments.push("--serve".into());
    let mut process = Command::new(std::env::current_exe().map_err(failed)?)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // Whoever waits for the end of this command's output does not wait for the process.
        .stderr(Stdio::piped())
        // What is said at the terminal that it was started from is not for it.
        .process_group(0)
        .spawn()
        .map_err(failed)?;
    let mut said = String::new();
    if let Some(output) = process.stdout.as_mut() {
        BufReader::new(output).read_line(&mut said).map_err(failed)?;
    }
    if said.trim_end() == READY {
        out.flush()?;
        return Ok(Exit::DONE);
    }
    let ended = process.wait_with_output().map_err(failed)?;
    // It has said why.
    std::io::stderr().write_all(&ended.stderr).map_err(failed)?;
    let code = ended.status.code();
    Ok(code
        .and_then(|code| u8::try_from(code).ok())
        .map_or(Exit::FAILED, Exit))
}

pub(super) fn stop(place: &Place<'_>, out: &Printer) -> Result<()> {
    let path = beside(place.path, place.tenant, "pid");
    let shown = || path.as_os_str().as_encoded_bytes().to_vec();
    if !is_running(place)? {
        return out.line("not running");
    }
    let mut text = String::new();
    let mut lock = Lock::open(&path)?;
    lock.file
        .read_to_string(&mut text)
        .map_err(|e| Failure::host(shown(), &e))?;
    let pid = text.trim().parse().ok().and_then(rustix::process::Pid::from_raw);
    let pid = pid.ok_or_else(|| {
        Failure::new(ErrorKind::Corrupt, "this is not the number of a process").about(shown())
    })?;
    match rustix::process::kill_process(pid, rustix::process::Signal::TERM) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(e) => return Err(Failure::host(shown(), &e.into())),
    }
    // It ends at once: the next round repairs what it was at.
    lock.file.lock().map_err(|e| Failure::host(shown(), &e))
}

/// Rounds, each when there is something new on either side.
fn forever(place: &Place<'_>, say: &dyn Fn(String)) -> Result<Exit> {
    let local = blocking(place.db.open_tenant(place.tenant))?;
    let news = Arc::new(AtomicBool::new(false));
    let (mut listening, mut pause) = (false, RETRY[0]);
    let mut last_said = String::new();
    loop {
        // Changes that come from now on are for the round after this one.
        let seen = blocking(local.last_seq())?;
        news.store(false, Ordering::Release);
        match round(place, &|_| ()) {
            Ok(report) => {
                let text = lines(&report).join("\n");
                if text != last_said {
                    say(text.clone());
                    last_said = text;
                }
                if !listening {
                    listen(place, local.clone(), news.clone());
                    listening = true;
                }
                // What a round wrote itself is no news: the next one looks whether there is anything else.
                if !report.refused.is_empty() {
                    pause = rest(pause);
                } else if report.pulled + report.pushed == 0 {
                    pause = RETRY[0];
                    wait(&local, seen, &news)?;
                }
            }
            Err(failure) if is_passing(&failure) => {
                let text = failure.line();
                if text != last_said {
                    say(text.clone());
                    last_said = text;
                }
                pause = rest(pause);
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// Waits before something is tried again, and answers how long the next time.
fn rest(pause: Duration) -> Duration {
    std::thread::sleep(pause);
    (pause * 2).min(RETRY[1])
}

/// Returns when something is new here, or was heard of from the server.
fn wait<S: Store>(local: &S, seen: Seq, news: &AtomicBool) -> Result<()> {
    while !news.load(Ordering::Acquire) {
        if blocking(local.changed(seen, LONGEST))? > seen {
            break;
        }
    }
    Ok(())
}

/// Hears of changes at the server, on a thread and by a connection of its own.
fn listen<S: Store + Send + 'static>(place: &Place<'_>, local: S, news: Arc<AtomicBool>) {
    let (Ok(database), name) = (
        place.database(),
        place.server.tenant().unwrap_or(place.tenant).to_owned(),
    ) else {
        return;
    };
    std::thread::spawn(move || {
        let tell = |news: &AtomicBool| {
            news.store(true, Ordering::Release);
            local.wake();
        };
        loop {
            if let Ok(remote) = blocking(database.open_tenant(&name))
                && let Ok(mut seen) = blocking(remote.last_seq())
            {
                // Something may have happened while nobody listened.
                tell(&news);
                while let Ok(now) = blocking(remote.changed(seen, LONGEST)) {
                    if now != seen {
                        seen = now;
                        tell(&news);
                    }
                }
            }
            std::thread::sleep(RETRY[0]);
        }
    });
}
