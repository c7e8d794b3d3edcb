//! Mounts of what is elsewhere: ours beside those that people use, each with its server on this machine, and beside a mount of a
//! database that is here.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tarbox_bench_work::Result;
use tempfile::TempDir;

use super::sides::{Server, database, tarbox};
use crate::mount::sides::{millis, run, shell};
use crate::race::median;
use crate::report::{Report, Row};
use crate::{Bench, left_over, programs, source_tree};

/// How long a server or a mount may take to begin.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is done in each mount, in this order, and what it may cost of what a mount that is here costs.
const WORK: [(&str, &str, Option<f64>); 4] = [
    ("untar", "tar -xf ../tree.tar", None),
    ("ls -lR", "ls -lR tree", Some(1.3)),
    ("cat all", "find tree -type f -exec cat {} + | wc -c", Some(1.3)),
    ("git status", "git -C tree status --porcelain", Some(1.3)),
];
const COMMIT: &str = "cd tree && git init -q . && git config user.email b@e && git config user.name b && git add -A && git commit -qm all";

/// Who serves a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// `tarbox mount` of a workspace at `tarbox serve`.
    Ours,
    /// `tarbox mount` of a database that is here.
    Here,
    /// `sshfs`, over OpenSSH.
    Sshfs,
    /// `rclone mount`, over `rclone serve webdav`.
    Rclone,
    /// `davfs2`, over the same.
    Davfs,
}

const SIDES: [Side; 5] = [Side::Ours, Side::Here, Side::Sshfs, Side::Rclone, Side::Davfs];

impl Side {
    fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Here => "a mount that is here",
            Self::Sshfs => "sshfs",
            Self::Rclone => "rclone",
            Self::Davfs => "davfs2",
        }
    }
}

/// Measures all of them, on a tree of 10,000 files.
pub(super) fn run_mounts(bench: &Bench, report: &mut Report) -> Result<()> {
    let mut mounts = Mounts::new(bench.place.group("remote")?)?;
    let at = mounts.dir.path().to_owned();
    source_tree::make(&at.join("tree"), if bench.quick { 1_000 } else { 10_000 })?;
    run(&mut shell(&at, "tar -cf tree.tar tree && rm -r tree"))?;
    let rounds = if bench.quick { 1 } else { 3 };
    let mut costs = Vec::new();
    for side in SIDES {
        let root = mounts.mount(side)?;
        for (name, script, _) in WORK {
            let warm = name != "untar";
            let mut each = Vec::new();
            if name == "git status" {
                run(&mut shell(&root, COMMIT))?;
            }
            for round in 0..rounds {
                if warm && round == 0 {
                    run(&mut shell(&root, script))?;
                }
                each.push(millis(|| run(&mut shell(&root, script)))?);
                if !warm && round + 1 < rounds {
                    run(&mut shell(&root, "rm -r tree"))?;
                }
            }
            costs.push((side, name, median(&each)));
        }
    }
    let cost = |side: Side, name: &str| {
        let found = costs.iter().find(|(of, what, _)| *of == side && *what == name);
        found.map_or(f64::NAN, |(_, _, cost)| *cost)
    };
    for (name, _, here) in WORK {
        for side in &SIDES[1..] {
            let goal = match side {
                Side::Here => here,
                _ => Some(1.0),
            };
            let row = format!("remote mount {name} vs {}", side.name());
            report.row(&Row::new(row, cost(Side::Ours, name), cost(*side, name), "ms").maybe_goal(goal));
        }
    }
    Ok(())
}

/// Servers and mounts, all of which end with this value.
struct Mounts {
    dir: TempDir,
    key: String,
    server: Server,
    others: Vec<Child>,
    mounted: Vec<PathBuf>,
    webdav: Option<u16>,
}

impl Mounts {
    fn new(dir: TempDir) -> Result<Self> {
        let db = format!("--db=sqlite:{}", dir.path().join("served.db").display());
        let key = database(&db)?;
        let (server, _) = tarbox(&db, &key)?;
        Ok(Self {
            dir,
            key,
            server,
            others: Vec::new(),
            mounted: Vec::new(),
            webdav: None,
        })
    }

    /// Mounts a side, and answers where.
    fn mount(&mut self, side: Side) -> Result<PathBuf> {
        let at = self.dir.path().join(format!("{side:?}"));
        std::fs::create_dir(&at)?;
        let mut command = match side {
            Side::Ours => {
                let mut command = Command::new(programs::tarbox()?);
                command.env("TARBOX_API_KEY", &self.key);
                command.arg(format!("--db={}", self.server.url("/?tenant=default")));
                command.arg("mount").arg(&at);
                command
            }
            Side::Here => {
                let db = format!("--db=sqlite:{}", self.dir.path().join("here.db").display());
                let tarbox = programs::tarbox()?;
                run(Command::new(&tarbox).arg(&db).arg("init"))?;
                let mut command = Command::new(tarbox);
                command.arg(db).arg("mount").arg(&at);
                command
            }
            Side::Sshfs => self.sshfs(&at)?,
            Side::Rclone => {
                let url = format!("http://127.0.0.1:{}", self.webdav()?);
                let mut command = Command::new("rclone");
                command.args(["mount", ":webdav:rclone", "--webdav-url", &url, "--daemon"]);
                command.args(["--vfs-cache-mode", "writes", "--cache-dir"]);
                command.arg(self.dir.path().join("rclone-cache")).arg(&at);
                command
            }
            Side::Davfs => {
                let url = format!("http://127.0.0.1:{}/davfs", self.webdav()?);
                let config = self.dir.path().join("davfs2.conf");
                let cache = self.dir.path().join("davfs2-cache");
                std::fs::create_dir(&cache)?;
                let text = format!("ask_auth 0\nuse_locks 0\ncache_dir {}\n", cache.display());
                std::fs::write(&config, text)?;
                let mut command = Command::new("mount");
                command
                    .args(["-t", "davfs", "-o"])
                    .arg(format!("conf={}", config.display()));
                command.arg(url).arg(&at);
                command
            }
        };
        run(&mut command)?;
        self.mounted.push(at.clone());
        Ok(at)
    }

    /// What two of the rivals mount.
    fn webdav(&mut self) -> Result<u16> {
        if let Some(port) = self.webdav {
            return Ok(port);
        }
        let (port, root) = (free_port()?, self.dir.path().join("webdav"));
        for side in ["rclone", "davfs"] {
            std::fs::create_dir_all(root.join(side))?;
        }
        let mut command = Command::new("rclone");
        command.args(["serve", "webdav", "--addr", &format!("127.0.0.1:{port}")]);
        self.serve(command.arg(root), port)?;
        self.webdav = Some(port);
        Ok(port)
    }

    fn sshfs(&mut self, at: &Path) -> Result<Command> {
        let (dir, port) = (self.dir.path().to_owned(), free_port()?);
        let root = dir.join("ssh");
        std::fs::create_dir(&root)?;
        for name in ["host", "user"] {
            let mut make = Command::new("ssh-keygen");
            run(make
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(dir.join(name)))?;
        }
        let here = dir.display();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {here}/host\nAuthorizedKeysFile {here}/user.pub\n\
             PidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nSubsystem sftp internal-sftp\n"
        );
        std::fs::write(dir.join("sshd.conf"), config)?;
        std::fs::create_dir_all("/run/sshd")?;
        let mut command = Command::new("/usr/sbin/sshd");
        self.serve(command.arg("-D").arg("-f").arg(dir.join("sshd.conf")), port)?;
        let user = programs::output(Path::new("id"), ["-un"])?;
        let mut command = Command::new("sshfs");
        command.args([
            "-p",
            &port.to_string(),
            "-o",
            "StrictHostKeyChecking=no,UserKnownHostsFile=/dev/null",
        ]);
        command.arg("-o").arg(format!("IdentityFile={here}/user"));
        command.arg(format!("{}@127.0.0.1:{}", user.trim(), root.display()));
        command.arg(at);
        Ok(command)
    }

    /// Starts a server, and waits until it listens.
    fn serve(&mut self, command: &mut Command, port: u16) -> Result<()> {
        let quiet = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let name = quiet.get_program().to_owned();
        self.others
            .push(quiet.spawn().map_err(|e| format!("{}: {e}", name.display()))?);
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if begun.elapsed() > PATIENCE {
                return Err(format!("{} does not begin", name.display()).into());
            }
            std::thread::yield_now();
        }
        Ok(())
    }
}

impl Drop for Mounts {
    fn drop(&mut self) {
        for at in self.mounted.iter().rev() {
            if run(Command::new("umount").arg(at)).is_err() {
                left_over::detach(at);
            }
        }
        for other in &mut self.others {
            let _ = other.kill();
            let _ = other.wait();
        }
    }
}

/// A port that nobody listens at.
pub(super) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
