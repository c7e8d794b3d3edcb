//! One test.

use std::io::{self, Write};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tarbox_fs::{FilesystemExt, Fs, blocking};
use tarbox_quickjs::{Capability, Entry, Files, Limits, Mount, Options, Outcome, Vm};
use tarbox_store_sqlite::SqliteStore;

use crate::workspace::me;

const TIMEOUT: Duration = Duration::from_secs(60);
const STACK: usize = 64 << 20;
const OUTPUT_MAX: usize = 1 << 20;

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Passed,
    Failed,
    /// It says itself that it does not apply.
    Skipped,
}

/// What became of a test, and what it printed.
pub(crate) struct Test {
    pub(crate) told: Told,
    pub(crate) text: String,
}

impl Test {
    /// The line that says most about why it failed.
    pub(crate) fn first_error(&self) -> &str {
        let is_error = |line: &&str| line.contains("Error") || line.contains("Mismatched");
        let first = self.text.lines().next().unwrap_or("");
        self.text.lines().find(is_error).unwrap_or(first)
    }
}

/// Runs a test to its end.
pub(crate) fn run(fs: &Arc<Fs<SqliteStore>>, name: &str) -> Test {
    let output = Output::default();
    let (sender, receiver) = channel();
    let path = format!("/test/parallel/{name}");
    let source = blocking(fs.read_file(&me(), &path)).unwrap_or_default();
    let flags: Vec<String> = String::from_utf8_lossy(&source)
        .lines()
        .filter_map(|line| line.strip_prefix("// Flags:"))
        .flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect();
    let scratch = format!("/scratch/{name}");
    let _ = blocking(fs.create_dir_all(&me(), &scratch));
    let (files, text): (Arc<dyn Files>, _) = (fs.clone(), output.clone());
    let test = move || {
        let Ok(root) = Mount::new(files, &me(), b"/", b"/", Capability::ReadWrite) else {
            return;
        };
        let mut options = Options::new(vec![root], me());
        options.cwd = "/".into();
        options.exec_args = flags;
        options.env = vec![
            ("NODE_TEST_DIR".into(), scratch),
            ("PATH".into(), "/usr/local/bin:/bin".into()),
        ];
        options.limits = Limits {
            timeout: Some(TIMEOUT),
            memory: 1 << 30,
            stack: 8 << 20,
            ..Limits::default()
        };
        options.output = Box::new(text.clone());
        options.errors = Box::new(text);
        let outcome = Vm::new(options).map(|mut vm| vm.run(&Entry::File(path)));
        let _ = sender.send(outcome.map_or(Some(1), |outcome| match outcome {
            Outcome::Ended(_) | Outcome::Killed(_) => Some(outcome.exit_code()),
            Outcome::Died(_) => None,
        }));
    };
    let started = std::thread::Builder::new().stack_size(STACK).spawn(test);
    let code = match started {
        Ok(_) => receiver.recv_timeout(TIMEOUT * 2).unwrap_or(None),
        Err(_) => None,
    };
    let mut text = output
        .0
        .lock()
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .unwrap_or_default();
    if code.is_none() {
        text = format!("Error: it did not end\n{text}");
    }
    let told = match code {
        Some(0) if text.contains("1..0 # Skipped") => Told::Skipped,
        Some(0) => Told::Passed,
        _ => Told::Failed,
    };
    Test { told, text }
}

#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Ok(mut all) = self.0.lock()
            && all.len() < OUTPUT_MAX
        {
            all.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
