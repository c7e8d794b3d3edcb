//! A directory of its own for each test, and the command in it.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A directory with a database in it.
pub(crate) struct Workspace {
    dir: TempDir,
    /// Where the database is, if not in the directory.
    url: Option<String>,
    environment: Vec<(&'static str, String)>,
}

/// What a run of the command left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Workspace {
    /// With an initialised database.
    pub(crate) fn new() -> Self {
        let workspace = Self::empty();
        workspace.ok(["init"]);
        workspace
    }

    /// Without one.
    pub(crate) fn empty() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            url: None,
            environment: Vec::new(),
        }
    }

    /// With the database on a server, and nothing in it.
    #[cfg(any(feature = "http", feature = "postgres"))]
    pub(crate) fn on_a_server(url: String) -> Self {
        Self {
            url: Some(url),
            ..Self::empty()
        }
    }

    /// With one more variable in the environment of its commands.
    #[cfg(feature = "http")]
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    /// A path in the directory.
    pub(crate) fn host(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The command, ready to run here and untouched by the environment of the tests.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tarbox"));
        command.current_dir(self.dir.path()).env("TZ", "UTC");
        for name in ["TARBOX_DB", "TARBOX_TENANT", "NO_COLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command.envs(self.url.iter().map(|url| ("TARBOX_DB", url)));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn run<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Ran {
        self.feed(args, b"")
    }

    /// Runs with this as standard input.
    pub(crate) fn feed<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>, input: &[u8]) -> Ran {
        let mut command = self.command();
        command
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // A command that reads nothing closes the pipe: that is not for this test to say.
        let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        feeder.join().unwrap();
        Ran::from(output)
    }

    /// Runs what must succeed without a word on standard error, and answers its output.
    #[track_caller]
    pub(crate) fn ok<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> String {
        let ran = self.run(args);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.text());
        ran.text()
    }

    /// Runs what must fail with this code and one line, and answers the line without the program's name.
    #[track_caller]
    pub(crate) fn fails<I: AsRef<OsStr>>(&self, code: i32, args: impl IntoIterator<Item = I>) -> String {
        self.run(args).line_of(code)
    }

    /// Runs with `--json`, and answers one value for each line.
    #[track_caller]
    pub(crate) fn json<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Vec<Value> {
        let mut all = vec![std::ffi::OsString::from("--json")];
        all.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self.ok(all)
            .lines()
            .map(|line| serde_json::from_str(line).expect(line))
            .collect()
    }

    /// The one object that `--json` prints.
    #[track_caller]
    pub(crate) fn object<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Value {
        let mut values = self.json(args);
        assert_eq!(values.len(), 1);
        values.remove(0)
    }

    /// Asserts that nothing in the database is wrong.
    #[track_caller]
    pub(crate) fn check(&self) {
        let report = self.object(["fsck"]);
        assert_eq!(report["problems"], serde_json::json!([]));
    }
}

impl Ran {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.out.clone()).unwrap()
    }

    /// The one line on standard error of what must have failed with this code.
    #[track_caller]
    pub(crate) fn line_of(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        let line = self
            .err
            .strip_suffix('\n')
            .unwrap_or_else(|| panic!("no line: {self:?}"));
        assert!(!line.contains('\n'), "more than one line: {line}");
        line.strip_prefix("tarbox: ").expect(line).to_owned()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            // A signal is no exit code: a test that expects one looks at the status itself.
            code: output.status.code().unwrap_or(-1),
            out: output.stdout,
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Makes a file with its directories.
pub(crate) fn put(path: &Path, content: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// Whether tests run as root: owners of host files can be given away then.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}
