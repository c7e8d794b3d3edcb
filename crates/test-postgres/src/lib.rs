//! A PostgreSQL server for tests.
//!
//! It runs as a user without privileges, on a socket in a temporary directory, syncs as a real one does, and ends with the process that
//! asked for it, however that ends. `TARBOX_POSTGRES_BIN` names the directory of another version's programs.
#![forbid(unsafe_code)]

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Whom the server runs as where the tests run as root, which it refuses.
const NOBODY: (u32, u32) = (65534, 65534);
/// How long it may take to start, also after a crash, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server.
#[derive(Debug)]
pub struct Server {
    directory: PathBuf,
    running: Mutex<Option<Child>>,
    databases: AtomicU32,
    /// Removes the directory when this process ends.
    _janitor: Child,
}

/// The server that all tests of this process share.
///
/// # Panics
/// If there is none to be had.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(Server::start)
}

fn programs() -> PathBuf {
    if let Some(path) = std::env::var_os("TARBOX_POSTGRES_BIN") {
        return path.into();
    }
    let installed = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut versions: Vec<PathBuf> = installed.map(|entry| entry.path().join("bin")).collect();
    versions.sort();
    versions
        .pop()
        .expect("PostgreSQL is installed: 'cargo xtask setup' does it")
}

/// A program of the server's, run as the server's user.
fn program(name: &str) -> Command {
    let path = programs().join(name);
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    if !is_root {
        return Command::new(path);
    }
    let mut command = Command::new("setpriv");
    command
        .arg(format!("--reuid={}", NOBODY.0))
        .arg(format!("--regid={}", NOBODY.1))
        .arg("--clear-groups")
        .arg(path);
    command
}

fn succeed(command: &mut Command) {
    let output = command.output().expect("the program can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}

/// A shell that waits for the end of this process, and then does something.
fn afterwards(before: &str, script: &str, arguments: &[&Path]) -> Child {
    let script = format!("{before} cat >/dev/null; {script}");
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg("sh").args(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().expect("there is a shell")
}

impl Server {
    /// Starts one of one's own.
    ///
    /// # Panics
    /// If that fails.
    pub fn start() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("tarbox-postgres-{}-{number}", std::process::id());
        // Sockets have short paths.
        let directory = std::env::temp_dir().join(name);
        let _old = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).expect("there is room for a server");
        let janitor = afterwards(
            "",
            "while [ -e \"$1/data/postmaster.pid\" ]; do sleep 0.1; done; rm -rf \"$1\"",
            &[&directory],
        );
        if fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
            chown(&directory, Some(NOBODY.0), Some(NOBODY.1)).expect("root may do that");
        }
        let server = Self {
            directory,
            running: Mutex::default(),
            databases: AtomicU32::new(0),
            _janitor: janitor,
        };
        let data = server.data();
        succeed(program("initdb").arg("-D").arg(&data).args([
            "-U",
            "tarbox",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
        ]));
        server.go_on();
        server
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// The directory of its socket.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Starts it again, and returns when it answers.
    ///
    /// # Panics
    /// If it does not.
    pub fn go_on(&self) {
        let mut postgres = program("postgres");
        postgres.arg("-D").arg(self.data()).arg("-k").arg(&self.directory);
        postgres.args([
            "-c",
            "listen_addresses=",
            "-c",
            "max_connections=400",
            "-c",
            "fsync=on",
            "-c",
            "shared_buffers=64MB",
        ]);
        // What the shell is told as its arguments, it runs.
        let words: Vec<PathBuf> = std::iter::once(postgres.get_program())
            .chain(postgres.get_args())
            .map(PathBuf::from)
            .collect();
        let log = self.directory.join("log");
        let mut arguments: Vec<&Path> = vec![&log];
        arguments.extend(words.iter().map(PathBuf::as_path));
        let before = "log=$1; shift; \"$@\" >>\"$log\" 2>&1 & pid=$!;";
        let running = afterwards(before, "kill -QUIT $pid; wait $pid", &arguments);
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(running);
        let limit = Instant::now() + PATIENCE;
        while !self.psql("postgres", "SELECT 1") {
            assert!(
                Instant::now() < limit,
                "the server does not start: see {}",
                log.display()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends it at once, as a crash of all its processes would.
    ///
    /// # Panics
    /// If it was not running.
    pub fn crash(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut shell = running.take().expect("it runs");
        drop(shell.stdin.take());
        shell.wait().expect("it ends");
        let _stale = fs::remove_file(self.data().join("postmaster.pid"));
    }

    /// A program that comes with PostgreSQL, such as `pg_dump`, for one of the databases.
    pub fn tool(&self, name: &str, database: &str) -> Command {
        let mut tool = Command::new(programs().join(name));
        tool.args(["-U", "tarbox", "-d", database, "-h"])
            .arg(&self.directory);
        tool
    }

    /// Whether a statement succeeds.
    pub fn psql(&self, database: &str, sql: &str) -> bool {
        let mut psql = self.tool("psql", database);
        psql.args(["-X", "-q", "-c", sql]);
        psql.stdout(Stdio::null()).stderr(Stdio::null());
        psql.status().is_ok_and(|status| status.success())
    }

    /// What a statement answers, line by line, columns apart by `|`.
    ///
    /// # Panics
    /// If it fails.
    pub fn query(&self, database: &str, sql: &str) -> String {
        let mut psql = self.tool("psql", database);
        psql.args(["-X", "-q", "-A", "-t", "-c", sql]);
        let output = psql.output().expect("psql runs");
        assert!(
            output.status.success(),
            "{sql}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Makes an empty database, and answers its name.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn fresh(&self) -> String {
        let name = format!("db{}", self.databases.fetch_add(1, Ordering::Relaxed));
        assert!(
            self.psql("postgres", &format!("CREATE DATABASE {name}")),
            "a database can be made"
        );
        name
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://tarbox@/{database}?host={}", self.directory.display())
    }

    /// The URL of a new database.
    pub fn fresh_url(&self) -> String {
        self.url(&self.fresh())
    }
}
