//! A workspace in memory, and scripts on it.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tarbox_fs::{Credentials, FilesystemExt, Fs, blocking};
use tarbox_quickjs::{Bytecode, Capability, Entry, Files, Limits, Mount, Options, Outcome, Vm};
use tarbox_store::{Database, Quota};
use tarbox_store_sqlite::{Options as StoreOptions, SqliteDatabase, SqliteStore};

/// Stack of the thread that scripts run in: what they may use, and room for calls from there. Unoptimised code needs much.
const STACK: usize = 64 << 20;

pub(crate) struct Workspace {
    pub(crate) fs: Arc<Fs<SqliteStore>>,
    pub(crate) me: Credentials,
    /// Where what was compiled is kept, if anywhere.
    pub(crate) bytecode: Option<Bytecode>,
}

/// What became of a script.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) outcome: Outcome,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Ran {
    /// What it printed, if it ended well.
    pub(crate) fn text(&self) -> &str {
        assert_eq!(self.outcome, Outcome::Ended(0), "{}{}", self.output, self.errors);
        &self.output
    }
}

impl Workspace {
    pub(crate) fn new() -> Self {
        let database = SqliteDatabase::in_memory(&StoreOptions::new()).unwrap();
        blocking(database.create_tenant("default", Quota::default())).unwrap();
        let fs = Arc::new(blocking(Fs::open_tenant(&database, "default")).unwrap());
        let me = Credentials::root("js:test");
        blocking(fs.create_dir_all(&me, "/tmp")).unwrap();
        Self {
            fs,
            me,
            bytecode: None,
        }
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        if let Some((dir, _)) = path.rsplit_once('/').filter(|(dir, _)| !dir.is_empty()) {
            blocking(self.fs.create_dir_all(&self.me, dir)).unwrap();
        }
        blocking(self.fs.write_file(&self.me, path, content.as_bytes())).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        String::from_utf8_lossy(&blocking(self.fs.read_file(&self.me, path)).unwrap()).into_owned()
    }

    /// A part of it as scripts are given it.
    pub(crate) fn mount(&self, path: &str, at: &str, capability: Capability) -> Mount {
        let files: Arc<dyn Files> = self.fs.clone();
        Mount::new(files, &self.me, path.as_bytes(), at.as_bytes(), capability).unwrap()
    }

    pub(crate) fn run(&self, code: &str) -> Ran {
        self.run_within(code, Limits::default())
    }

    pub(crate) fn run_within(&self, code: &str, limits: Limits) -> Ran {
        let root = self.mount("/", "/", Capability::ReadWrite);
        self.run_on(vec![root], &Entry::Code(code.to_owned()), limits)
    }

    pub(crate) fn run_file(&self, path: &str) -> Ran {
        let root = self.mount("/", "/", Capability::ReadWrite);
        self.run_on(vec![root], &Entry::File(path.to_owned()), Limits::default())
    }

    pub(crate) fn run_on(&self, mounts: Vec<Mount>, entry: &Entry, limits: Limits) -> Ran {
        let (output, errors) = (Text::default(), Text::default());
        let (out, err, me, entry) = (output.clone(), errors.clone(), self.me.clone(), entry.clone());
        let bytecode = self.bytecode.clone();
        let run = move || {
            let mut options = Options::new(mounts, me);
            options.limits = limits;
            options.bytecode = bytecode;
            options.output = Box::new(out);
            options.errors = Box::new(err);
            Vm::new(options).map(|mut vm| vm.run(&entry))
        };
        let thread = std::thread::Builder::new().stack_size(STACK).spawn(run).unwrap();
        let outcome = thread.join().unwrap().unwrap();
        Ran {
            outcome,
            output: output.take(),
            errors: errors.take(),
        }
    }
}

/// What is written, for who looks later.
#[derive(Clone, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl Text {
    fn take(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
