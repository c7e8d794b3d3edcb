//! agentfs-sdk, in a process of its own: it brings another allocator and dependencies that must not meet ours.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use tarbox_bench_work::{Result, Sample, Shape, Work};

use super::Subject;

/// A running `tarbox-bench-rivals`. It does the work it is told over its standard input, times it itself, and answers
/// with one line: nanoseconds and operations, or `error` and why.
pub(crate) struct Agentfs {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Agentfs {
    /// Starts it on a new database. `synchronous` is the value of that pragma; `None` leaves what the rival chose.
    pub(crate) fn start(program: &Path, database: &Path, synchronous: Option<&str>) -> Result<Self> {
        let mut child = Command::new(program)
            .arg("agentfs")
            .arg(database)
            .args(synchronous)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{}: {e}", program.display()))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the rival has no pipes".into());
        };
        Ok(Self {
            child,
            input,
            output: BufReader::new(output),
        })
    }
}

impl Subject for Agentfs {
    fn work(&mut self, work: Work, shape: &Shape, round: u64) -> Result<Sample> {
        writeln!(self.input, "{} {} {round}", work.name(), shape.to_line())?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let line = line.trim();
        let (nanos, operations) = line.split_once(' ').ok_or("agentfs ended without an answer")?;
        match nanos.parse() {
            Ok(nanos) => Ok(Sample {
                elapsed: Duration::from_nanos(nanos),
                operations: operations.parse()?,
            }),
            Err(_) => Err(format!("agentfs: {} failed: {operations}", work.name()).into()),
        }
    }
}

impl Drop for Agentfs {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}
