//! Programs that keep two directories of the host in step, each with a server of its own kind.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tarbox_bench_work::Result;

use super::link::Link;
use super::replica::{Keeper, ended};
use crate::programs;
use crate::server::sides::on_core;

/// How long a server may take to begin.
const PATIENCE: Duration = Duration::from_secs(20);
/// What rclone asks for, and gives.
const PASSWORD: &str = "bench";

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `rsync -a --delete` to its own daemon.
    Rsync,
    /// `rclone sync` to `rclone serve sftp`.
    Rclone,
    /// `unison` to itself, by a socket.
    Unison,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Rsync, Self::Rclone, Self::Unison];

    /// What rows call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rsync => "rsync",
            Self::Rclone => "rclone",
            Self::Unison => "unison",
        }
    }
}

/// A pair of directories: a local one, and one behind a link.
pub(super) struct Rival {
    kind: Kind,
    dir: PathBuf,
    link: Link,
    _server: Keeper,
}

impl Rival {
    /// Two empty directories in `dir`.
    pub(super) fn start(kind: Kind, dir: &Path, delay: Duration) -> Result<Self> {
        let dir = dir.join(kind.name());
        for name in ["here", "there", "home"] {
            fs::create_dir_all(dir.join(name))?;
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = server(kind, &dir, port)?
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("{}: {e}; `cargo xtask setup bench` installs it", kind.name()))?;
        let server = Keeper(child);
        let begun = Instant::now();
        while let Err(e) = TcpStream::connect(("127.0.0.1", port)) {
            if begun.elapsed() > PATIENCE {
                return Err(e.into());
            }
            std::thread::yield_now();
        }
        Ok(Self {
            kind,
            dir,
            link: Link::to(port, delay)?,
            _server: server,
        })
    }

    /// The local directory.
    pub(super) fn here(&self) -> PathBuf {
        self.dir.join("here")
    }

    /// The one behind the link.
    pub(super) fn there(&self) -> PathBuf {
        self.dir.join("there")
    }

    /// Bytes that have passed since the last call.
    pub(super) fn bytes(&self) -> u64 {
        self.link.traffic().bytes
    }

    /// Brings the local directory to the other side.
    pub(super) fn push(&self) -> Result<Duration> {
        self.run(&self.here().display().to_string(), &self.remote())
    }

    /// Empties the local directory, as if there had never been anything.
    pub(super) fn forget(&self) -> Result<()> {
        for name in ["here", "home", "there-home"] {
            let dir = self.dir.join(name);
            if dir.exists() {
                fs::remove_dir_all(&dir)?;
            }
            fs::create_dir(&dir)?;
        }
        Ok(())
    }

    /// Brings the other side to the local directory.
    pub(super) fn pull(&self) -> Result<Duration> {
        self.run(&self.remote(), &self.here().display().to_string())
    }

    fn remote(&self) -> String {
        let port = self.link.port;
        match self.kind {
            Kind::Rsync => format!("rsync://127.0.0.1:{port}/there"),
            Kind::Rclone => "there:".to_owned(),
            Kind::Unison => format!("socket://127.0.0.1:{port}/{}", self.there().display()),
        }
    }

    fn run(&self, from: &str, to: &str) -> Result<Duration> {
        let mut command = Command::new(self.kind.name());
        command
            .env("HOME", self.dir.join("home"))
            .env("UNISON", self.dir.join("home"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        match self.kind {
            Kind::Rsync => command
                .args(["-a", "--delete"])
                .arg(format!("{from}/"))
                .arg(format!("{to}/")),
            Kind::Rclone => {
                let password = programs::output(Path::new("/usr/bin/rclone"), ["obscure", PASSWORD])?;
                command
                    .env("RCLONE_CONFIG_THERE_TYPE", "sftp")
                    .env("RCLONE_CONFIG_THERE_HOST", "127.0.0.1")
                    .env("RCLONE_CONFIG_THERE_PORT", self.link.port.to_string())
                    .env("RCLONE_CONFIG_THERE_USER", PASSWORD)
                    .env("RCLONE_CONFIG_THERE_PASS", password.trim())
                    .args(["sync", "--transfers", "16", "--checkers", "16", from, to])
            }
            // It brings what changed from either side to the other.
            Kind::Unison => command.args([from, to]).args([
                "-batch",
                "-auto",
                "-silent",
                "-times",
                "-confirmbigdel=false",
            ]),
        };
        ended(command)
    }
}

fn server(kind: Kind, dir: &Path, port: u16) -> Result<Command> {
    let there = dir.join("there");
    let mut command = on_core(0, Path::new(kind.name()));
    match kind {
        Kind::Rsync => {
            let config = dir.join("rsyncd.conf");
            let text = format!(
                "use chroot = no\nreverse lookup = no\naddress = 127.0.0.1\n[there]\npath = {}\nread only = no\nuid = root\ngid = root\n",
                there.display()
            );
            fs::write(&config, text)?;
            command
                .args(["--daemon", "--no-detach"])
                .arg(format!("--port={port}"))
                .arg(format!("--config={}", config.display()));
        }
        Kind::Rclone => {
            command
                .args(["serve", "sftp"])
                .arg(there)
                .args(["--user", PASSWORD, "--pass", PASSWORD])
                .arg("--addr")
                .arg(format!("127.0.0.1:{port}"))
                .env("HOME", dir.join("home"));
        }
        Kind::Unison => {
            command
                .args(["-socket", &port.to_string()])
                .env("HOME", dir.join("home"))
                .env("UNISON", dir.join("there-home"));
        }
    }
    Ok(command)
}
