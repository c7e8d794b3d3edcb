//! Runs on a workspace in memory.

use std::sync::{Arc, OnceLock};

use tarbox_fs::{Credentials, FilesystemExt, Fs, blocking};
use tarbox_host::{Cache, Capture, Host, Program, RunError, RunOptions, Sink};
use tarbox_store::{Database, LogQuery, Quota, Store};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

/// A workspace in memory.
pub(crate) struct Workspace {
    pub(crate) fs: Arc<Fs<SqliteStore>>,
    database: SqliteDatabase,
}

/// How a run ended, and what it printed.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Result<i32, RunError>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// One host for all tests: they would only make the same engines again.
pub(crate) fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| Host::new(Cache::at(concat!(env!("CARGO_TARGET_TMPDIR"), "/modules"))))
}

pub(crate) fn root() -> Credentials {
    Credentials::root("test")
}

impl Workspace {
    pub(crate) fn new() -> Self {
        let database = SqliteDatabase::in_memory(&Options::new().background(false)).unwrap();
        blocking(database.create_tenant("default", Quota::default())).unwrap();
        let fs = blocking(Fs::open_tenant(&database, "default")).unwrap();
        Self {
            fs: Arc::new(fs),
            database,
        }
    }

    pub(crate) fn options(&self) -> RunOptions {
        RunOptions::on(self.fs.clone(), root())
    }

    pub(crate) fn run(&self, program: &Program, args: &[&str]) -> Ended {
        let mut options = self.options();
        options.args = args.iter().map(|arg| arg.to_string()).collect();
        self.run_with(program, options)
    }

    pub(crate) fn run_with(&self, program: &Program, mut options: RunOptions) -> Ended {
        let (out, err) = (Capture::default(), Capture::default());
        options.stdout = Sink::Capture(out.clone());
        options.stderr = Sink::Capture(err.clone());
        let status = host().run(program, options);
        let text = |capture: Capture| String::from_utf8(capture.contents()).unwrap();
        Ended {
            status,
            out: text(out),
            err: text(err),
        }
    }

    pub(crate) fn read(&self, path: &str) -> Option<Vec<u8>> {
        blocking(self.fs.read_file(&root(), path)).ok()
    }

    pub(crate) fn write(&self, path: &str, content: &[u8]) {
        blocking(self.fs.write_file(&root(), path, content)).unwrap();
    }

    /// Whether it is whole.
    pub(crate) fn check(&self) {
        let report = blocking(self.database.fsck(false, &|_, _| {})).unwrap();
        assert!(report.problems.is_empty(), "{:?}", report.problems);
    }

    /// How many changes were ever recorded.
    pub(crate) fn changes(&self) -> u64 {
        blocking(self.fs.store().last_seq()).unwrap().0
    }

    /// Who is named in the audit.
    pub(crate) fn agents(&self) -> Vec<String> {
        let records = blocking(self.fs.store().log(&LogQuery::default())).unwrap();
        let mut agents: Vec<_> = records.into_iter().map(|record| record.agent).collect();
        agents.dedup();
        agents
    }
}

impl Ended {
    /// What it printed, if it ended well.
    #[track_caller]
    pub(crate) fn printed(self) -> String {
        match self.status {
            Ok(0) => self.out,
            status => panic!("{status:?}\n{}\n{}", self.out, self.err),
        }
    }

    /// The one line that says why it did not end by itself.
    #[track_caller]
    pub(crate) fn error(&self) -> (u8, String) {
        let error = self.status.as_ref().unwrap_err();
        let line = error.to_string();
        assert!(!line.contains('\n'), "{line}");
        (error.exit_code(), line)
    }
}
