//! Starting this program again, and talking to it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const ROLE: &str = "TARBOX_TEST_ROLE";
const DATABASE: &str = "TARBOX_TEST_DATABASE";
/// What a child's lines begin with: the test harness prints its own.
const MARK: &str = "child: ";

/// Plays the role that the parent has given, if there is one.
#[test]
fn child() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let database = std::env::var_os(DATABASE).expect("the parent says which database");
    crate::roles::play(&role, Path::new(&database));
}

/// Tells the parent something.
pub(crate) fn tell(line: impl std::fmt::Display) {
    // One write, past the harness: a line that was told is told whole, whatever happens next.
    let line = format!("{MARK}{line}\n");
    let mut out = std::fs::File::from(
        std::os::fd::AsFd::as_fd(&std::io::stdout())
            .try_clone_to_owned()
            .unwrap(),
    );
    out.write_all(line.as_bytes()).unwrap();
}

/// Waits for the parent's next word; `None` when it has gone.
pub(crate) fn hear() -> Option<String> {
    let mut line = String::new();
    match std::io::stdin().read_line(&mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(line.trim().to_owned()),
    }
}

/// A child as its parent sees it; killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Process {
    pub(crate) fn start(role: &str, database: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child::child", "--exact", "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .env(DATABASE, database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    /// The next thing it tells; `None` when it has ended.
    pub(crate) fn hear(&mut self) -> Option<String> {
        loop {
            let mut line = Vec::new();
            if self.output.read_until(b'\n', &mut line).ok()? == 0 {
                return None;
            }
            let line = String::from_utf8(line).ok()?;
            // Only a whole line was told, and it may follow what the harness printed without an end.
            let told = line.strip_suffix('\n').and_then(|line| line.split_once(MARK));
            if let Some((_, told)) = told {
                return Some(told.to_owned());
            }
        }
    }

    pub(crate) fn expect(&mut self, expected: &str) {
        assert_eq!(self.hear().as_deref(), Some(expected));
    }

    pub(crate) fn tell(&mut self, line: &str) {
        let input = self.input.as_mut().expect("it is listened to");
        writeln!(input, "{line}").unwrap();
        input.flush().unwrap();
    }

    /// Its number.
    #[allow(dead_code, reason = "some tests send signals")]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as the kernel ends what it has to: at once, wherever it is.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end, which has to be a good one.
    pub(crate) fn finish(mut self) {
        self.input = None;
        while self.hear().is_some() {}
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}
