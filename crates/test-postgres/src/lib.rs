//! A PostgreSQL server for tests.
//!
//! It runs as a user without privileges, on a socket in a temporary directory, syncs as a real one does, and ends with the process that
//! asked for it, however that ends. `TARBOX_POSTGRES_BIN` names the directory of another version's programs.
#![forbid(unsafe_code)]

use std::fs;
use std::io::Write as _;
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
    programs: PathBuf,
    settings: &'static [&'static str],
    running: Mutex<Option<Child>>,
    databases: AtomicU32,
    /// Removes the directory when this process ends.
    _janitor: Child,
}

/// What fills a disk.
#[derive(Debug)]
pub struct Filler(PathBuf);

impl Drop for Filler {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.0);
    }
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

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// A program, run as the server's user.
fn as_nobody(path: &Path) -> Command {
    if !is_root() {
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

/// A program such as `psql` of the same version, or of any: some packages have the server alone.
fn client_program(programs: &Path, name: &str) -> PathBuf {
    let own = programs.join(name);
    match own.exists() {
        true => own,
        false => name.into(),
    }
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
        Self::start_with(&[])
    }

    /// The same with settings, each `NAME=VALUE`.
    ///
    /// # Panics
    /// If that fails.
    pub fn start_with(settings: &'static [&'static str]) -> Self {
        Self::make(settings, None)
    }

    /// The same with its tables on a disk of so many MiB; its log is elsewhere, since a server without room for that stops.
    ///
    /// # Panics
    /// If that fails: only root may make such a disk.
    pub fn start_on_small_disk(mib: u32) -> Self {
        Self::make(&[], Some(mib))
    }

    fn make(settings: &'static [&'static str], disk_mib: Option<u32>) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("tarbox-postgres-{}-{number}", std::process::id());
        // Sockets have short paths.
        let directory = std::env::temp_dir().join(name);
        let _old = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).expect("there is room for a server");
        let janitor = afterwards(
            "",
            "while [ -e \"$1/data/postmaster.pid\" ]; do sleep 0.1; done; umount \"$1/data\"; rm -rf \"$1\"",
            &[&directory],
        );
        let mut programs = programs();
        if is_root() {
            chown(&directory, Some(NOBODY.0), Some(NOBODY.1)).expect("root may do that");
            // What only root may enter, the server's user cannot run.
            if !as_nobody(&programs.join("postgres"))
                .arg("-V")
                .output()
                .is_ok_and(|ran| ran.status.success())
            {
                let from = programs.parent().expect("programs are in a directory").to_owned();
                let to = directory.join("programs");
                succeed(Command::new("cp").arg("-a").arg(&from).arg(&to));
                succeed(Command::new("chmod").args(["-R", "a+rX"]).arg(&to));
                programs = to.join("bin");
            }
        }
        let server = Self {
            directory,
            programs,
            settings,
            running: Mutex::default(),
            databases: AtomicU32::new(0),
            _janitor: janitor,
        };
        let data = server.data();
        if let Some(mib) = disk_mib {
            fs::create_dir(&data).expect("there is room");
            let options = format!("size={mib}m,mode=0700,uid={},gid={}", NOBODY.0, NOBODY.1);
            succeed(
                Command::new("mount")
                    .args(["-t", "tmpfs", "-o", &options, "tarbox-test"])
                    .arg(&data),
            );
        }
        let log = server.directory.join("wal");
        succeed(
            as_nobody(&server.programs.join("initdb"))
                .arg("-D")
                .arg(&data)
                .arg("-X")
                .arg(&log)
                .args(["-U", "tarbox", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]),
        );
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
        let mut postgres = as_nobody(&self.programs.join("postgres"));
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
        for setting in self.settings {
            postgres.arg("-c").arg(setting);
        }
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
        let mut tool = Command::new(client_program(&self.programs, name));
        tool.args(["-U", "tarbox", "-d", database, "-h"])
            .arg(&self.directory);
        tool
    }

    /// From now on this role has to show its password.
    ///
    /// # Panics
    /// If that cannot be said.
    pub fn require_passwords(&self, role: &str) {
        let file = self.data().join("pg_hba.conf");
        let rules = fs::read_to_string(&file).expect("the server has rules");
        fs::write(&file, format!("local all {role} scram-sha-256\n{rules}")).expect("they can be changed");
        self.query("postgres", "SELECT pg_reload_conf()");
        let limit = Instant::now() + PATIENCE;
        let known = "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method = 'scram-sha-256'";
        while self.query("postgres", known) == "0" {
            assert!(Instant::now() < limit, "the rules are not read");
        }
    }

    /// Fills the disk of its tables, until the answer is dropped.
    ///
    /// # Panics
    /// If no file can be made there.
    pub fn fill_disk(&self) -> Filler {
        let path = self.data().join("filler");
        let mut file = fs::File::create(&path).expect("a file can be made");
        let some = vec![0; 64 * 1024];
        while file.write_all(&some).is_ok() {}
        Filler(path)
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

    /// A copy of a database that nobody uses, and answers its name.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn copy(&self, of: &str) -> String {
        let name = format!("db{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let limit = Instant::now() + PATIENCE;
        // Connections that were closed are gone a moment later.
        while !self.psql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {of}")) {
            assert!(Instant::now() < limit, "{of} cannot be copied");
        }
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
