//! A server with a workspace, and replicas of it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tarbox_bench_work::Result;

use crate::programs;
use crate::server::sides::{Server, database, tarbox};

/// A server whose database is in this directory.
pub(super) struct Hub {
    pub(super) server: Server,
    pub(super) key: String,
    db: String,
}

impl Hub {
    /// Makes and serves a database.
    pub(super) fn start(dir: &Path) -> Result<Self> {
        let db = format!("--db=sqlite:{}", dir.join("hub.db").display());
        let key = database(&db)?;
        let (server, _) = tarbox(&db, &key)?;
        Ok(Self { server, key, db })
    }

    /// Runs a command on the database of the server, beside it.
    pub(super) fn run(&self, args: &[&str]) -> Result<()> {
        let args = std::iter::once(&*self.db).chain(args.iter().copied());
        programs::time(&programs::tarbox()?, args).map(drop)
    }
}

/// A local database in step with a server.
pub(super) struct Replica {
    pub(super) path: PathBuf,
    db: String,
    key: String,
}

impl Replica {
    /// One at this path, which reaches the server at this port.
    pub(super) fn at(path: &Path, port: u16, key: &str) -> Self {
        Self {
            path: path.to_owned(),
            db: format!("--db=sqlite:{}?sync=http://127.0.0.1:{port}/", path.display()),
            key: key.to_owned(),
        }
    }

    /// A command on it.
    pub(super) fn command(&self, args: &[&str]) -> Result<Command> {
        let mut command = Command::new(programs::tarbox()?);
        command
            .arg(&self.db)
            .args(args)
            .env("TARBOX_API_KEY", &self.key)
            .env("TARBOX_ALLOW_HTTP", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        Ok(command)
    }

    /// Runs a command to its end.
    pub(super) fn run(&self, args: &[&str]) -> Result<Duration> {
        ended(self.command(args)?)
    }

    /// One round.
    pub(super) fn sync(&self) -> Result<Duration> {
        self.run(&["sync"])
    }

    /// A process that keeps it in step.
    pub(super) fn keep(&self) -> Result<Keeper> {
        let mut command = self.command(&["sync", "start", "--foreground"])?;
        Ok(Keeper(command.stderr(Stdio::null()).spawn()?))
    }
}

/// A process that is killed with this.
pub(super) struct Keeper(pub(super) Child);

impl Drop for Keeper {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// Runs a program to its end and answers how long it took.
pub(super) fn ended(mut command: Command) -> Result<Duration> {
    let begun = Instant::now();
    let status = command
        .status()
        .map_err(|e| format!("{}: {e}", command.get_program().display()))?;
    match status.success() {
        true => Ok(begun.elapsed()),
        false => Err(format!("{} ended with {status}", command.get_program().display()).into()),
    }
}
