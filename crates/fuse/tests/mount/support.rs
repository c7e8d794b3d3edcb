//! Mounts that are taken away when a test ends, however it ends.
//!
//! Each is served by a process of its own: a program that waits in the kernel for an answer that it would have to give
//! itself can wait for ever, with its memory map locked.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tarbox_fs::{Fs, blocking};
use tarbox_fuse::{MountOptions, mount, point};
use tarbox_store::{Database, ErrorKind, Quota, TenantState};
use tarbox_store_sqlite::{Options, SqliteDatabase};
use tempfile::TempDir;

pub(crate) type Files = Fs<<SqliteDatabase as Database>::Store>;

const SERVE: &str = "TARBOX_TEST_SERVE";
const READY: &str = "mounted";
const TENANT: &str = "t";

/// A database with one tenant.
pub(crate) struct World {
    dir: TempDir,
    database: SqliteDatabase,
}

/// What a mount shows.
#[derive(Default)]
pub(crate) struct Shown {
    pub(crate) read_only: bool,
    /// Let other users in; only root may.
    pub(crate) allow_other: bool,
}

/// A mount of it, and its process.
pub(crate) struct Mounted {
    server: Child,
    dir: TempDir,
    /// Where the database is, if only this mount has it.
    _world: Option<TempDir>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_quota(Quota::default())
    }

    pub(crate) fn with_quota(quota: Quota) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = SqliteDatabase::open(dir.path().join("db"), &Options::new().create(true)).unwrap();
        blocking(database.create_tenant(TENANT, quota)).unwrap();
        Self { dir, database }
    }

    /// The files, without a mount.
    pub(crate) fn files(&self) -> Arc<Files> {
        Arc::new(blocking(Fs::open_tenant(&self.database, TENANT)).unwrap())
    }

    /// Suspends or resumes the tenant.
    pub(crate) fn set_state(&self, state: TenantState) {
        blocking(self.database.set_state(TENANT, state)).unwrap();
    }

    /// Where the blocks of the database are.
    pub(crate) fn blocks(&self) -> PathBuf {
        self.dir.path().join("db-blocks")
    }

    pub(crate) fn mount(&self) -> Mounted {
        self.mount_with(&Shown::default())
    }

    pub(crate) fn mount_with(&self, shown: &Shown) -> Mounted {
        let dir = tempfile::tempdir().unwrap();
        let mut server = Command::new(std::env::current_exe().unwrap())
            .args(["support::serve", "--exact", "--nocapture", "--test-threads=1"])
            .env(SERVE, self.dir.path().join("db"))
            .env("TARBOX_TEST_DIR", dir.path())
            .env("TARBOX_TEST_RO", shown.read_only.to_string())
            .env("TARBOX_TEST_ALL", shown.allow_other.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        wait_for_ready(server.stdout.take().unwrap());
        Mounted {
            server,
            dir,
            _world: None,
        }
    }
}

#[track_caller]
fn wait_for_ready(output: ChildStdout) {
    let mut lines = BufReader::new(output).lines();
    let ready = lines.any(|line| line.unwrap().contains(READY));
    assert!(ready, "the mount could not be made");
    // What the harness says later must find a reader.
    std::thread::spawn(move || lines.for_each(drop));
}

/// Serves a mount for a test that started this program again.
#[test]
fn serve() {
    let Some(database) = std::env::var_os(SERVE) else {
        return;
    };
    let text = |name: &str| std::env::var(name).unwrap();
    let database = SqliteDatabase::open(Path::new(&database), &Options::new()).unwrap();
    let fs: Arc<Files> = Arc::new(blocking(Fs::open_tenant(&database, TENANT)).unwrap());
    let options = MountOptions {
        read_only: text("TARBOX_TEST_RO") == "true",
        allow_other: text("TARBOX_TEST_ALL") == "true",
        ..MountOptions::default()
    };
    let mounted = mount(fs, Path::new(&text("TARBOX_TEST_DIR")), &options).unwrap();
    println!("{READY}");
    let unmounter = mounted.unmounter();
    std::thread::spawn(move || {
        // The test has ended, however it did.
        std::io::stdin().lines().for_each(drop);
        unmounter.unmount().unwrap();
    });
    mounted.wait().unwrap();
}

impl Mounted {
    pub(crate) fn new() -> Self {
        let world = World::new();
        let mut mounted = world.mount();
        mounted._world = Some(world.dir);
        mounted
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A path in it that is a file with this content now.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Takes the mount away as a user would, and sees its process end well.
    pub(crate) fn unmount(&mut self) {
        self.unmount_and_leave();
        assert!(self.server.wait().unwrap().success());
        assert!(self.dir.path().read_dir().unwrap().next().is_none());
    }

    /// Takes the mount away, and does not wait for its process.
    pub(crate) fn unmount_and_leave(&mut self) {
        // A child that another test is just starting has this process's open files until it is a program of its own.
        for _ in 0..10_000 {
            match point::unmount(self.dir.path()) {
                Err(e) if e.kind() == ErrorKind::Busy => std::thread::yield_now(),
                done => return done.unwrap(),
            }
        }
        panic!("{} stays busy", self.dir.path().display());
    }

    /// Stops the process, or lets it go on.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.server.id()).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Ends the process as a crash would.
    pub(crate) fn crash(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Without its input it takes the mount away itself; one that crashed has left it.
        drop(self.server.stdin.take());
        drop(self.server.wait());
        drop(point::unmount(self.dir.path()));
    }
}

/// Looks until something is so. What is waited for takes milliseconds; the limit only ends a test that failed.
#[track_caller]
pub(crate) fn eventually(mut so: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(30);
    while !so() {
        assert!(Instant::now() < limit, "it never came to be so");
        std::thread::yield_now();
    }
}

/// The errno of what has to fail.
#[track_caller]
pub(crate) fn errno<T>(result: std::io::Result<T>) -> rustix::io::Errno {
    let error = result.err().expect("it succeeded");
    rustix::io::Errno::from_io_error(&error).unwrap()
}
