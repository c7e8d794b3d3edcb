//! The lease: who may change the database.
//!
//! Operations are gathered in memory before they are committed, so a process must be sure that nobody else changes what
//! they were checked against. It holds the lease from its first uncommitted operation to the commit, milliseconds
//! later. Two locks make it fair: whoever waits for the lease holds the queue, and whoever gives the lease back has to
//! queue up again behind them.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use tarbox_store::{Error, ErrorKind, Result};

/// How long to wait for other processes.
const PATIENCE: Duration = Duration::from_secs(60);

/// The locks of a database that processes share; nothing where there is only one.
#[derive(Debug)]
pub(crate) struct Lease {
    files: Option<Files>,
    held: bool,
}

#[derive(Debug)]
struct Files {
    lease: File,
    queue: File,
}

impl Lease {
    /// A lease that nobody else wants.
    pub(crate) fn alone() -> Self {
        Self {
            files: None,
            held: false,
        }
    }

    /// The lease of the database whose files are in `directory`.
    pub(crate) fn of(directory: &Path) -> Result<Self> {
        let open = |name: &str| {
            let path = directory.join(name);
            OpenOptions::new()
                .create(true)
                .truncate(false)
                .read(true)
                .write(true)
                .open(&path)
                .map_err(|e| crate::sessions::failed(&path, e))
        };
        Ok(Self {
            files: Some(Files {
                lease: open("lease")?,
                queue: open("queue")?,
            }),
            held: false,
        })
    }

    /// Takes the lease; `Busy` if another process keeps it for too long.
    pub(crate) fn acquire(&mut self) -> Result<()> {
        if self.held {
            return Ok(());
        }
        if let Some(files) = &self.files {
            let deadline = Instant::now() + PATIENCE;
            wait(&files.queue, deadline)?;
            let got = wait(&files.lease, deadline);
            files.queue.unlock().map_err(from_io)?;
            got?;
        }
        self.held = true;
        Ok(())
    }

    /// Gives the lease back.
    pub(crate) fn release(&mut self) -> Result<()> {
        if self.held {
            self.held = false;
            if let Some(files) = &self.files {
                files.lease.unlock().map_err(from_io)?;
            }
        }
        Ok(())
    }

    /// Whether another process waits for it.
    pub(crate) fn is_wanted(&self) -> bool {
        self.files
            .as_ref()
            .is_some_and(|files| match files.queue.try_lock() {
                Ok(()) => files.queue.unlock().is_err(),
                Err(_) => true,
            })
    }
}

fn wait(file: &File, deadline: Instant) -> Result<()> {
    let mut pause = Duration::from_micros(20);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(e)) => return Err(from_io(e)),
            Err(TryLockError::WouldBlock) if Instant::now() > deadline => {
                return Err(Error::new(ErrorKind::Busy)
                    .because("another process has locked the database for a minute; is it stopped?"));
            }
            // There is no lock with a deadline; the pauses grow to a millisecond, well below a commit.
            Err(TryLockError::WouldBlock) => thread::sleep(pause),
        }
        pause = (pause * 2).min(Duration::from_millis(1));
    }
}

fn from_io(e: std::io::Error) -> Error {
    Error::new(if e.kind() == std::io::ErrorKind::PermissionDenied {
        ErrorKind::Access
    } else {
        ErrorKind::Io
    })
    .caused_by(e)
}
