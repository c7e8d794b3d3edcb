//! Starting other programs, and saying plainly what went wrong when one fails.

use std::ffi::OsStr;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, anyhow};

/// How much of a failed program's captured output is worth repeating.
const TAIL_LINES: usize = 30;

/// One program to run, with the advice to give should it fail.
#[derive(Debug)]
pub(crate) struct Cmd {
    inner: Command,
    advice: &'static str,
}

impl Cmd {
    /// A program found on `PATH` or named by its path. It reads no standard input.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut inner = Command::new(program);
        inner.stdin(Stdio::null());
        Self { inner, advice: "" }
    }

    /// The cargo that started this program.
    pub(crate) fn cargo() -> Self {
        Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// What the reader can do when the program fails.
    pub(crate) fn advice(mut self, advice: &'static str) -> Self {
        self.advice = advice;
        self
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.inner.arg(arg);
        self
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.inner.args(args);
        self
    }

    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.inner.env(key, value);
        self
    }

    pub(crate) fn envs<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        mut self,
        vars: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.inner.envs(vars);
        self
    }

    pub(crate) fn env_remove(mut self, key: &str) -> Self {
        self.inner.env_remove(key);
        self
    }

    pub(crate) fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.inner.current_dir(dir);
        self
    }

    /// Runs it with its output on the terminal.
    ///
    /// # Errors
    /// When the program cannot start or does not exit with 0.
    pub(crate) fn run(mut self) -> Result<()> {
        let status = self.inner.status().map_err(|e| self.no_start(&e))?;
        self.check(status, "")
    }

    /// Runs it without a word, unless it fails: then the end of its output is in the error.
    ///
    /// # Errors
    /// As [`Cmd::run`].
    pub(crate) fn run_silent(self) -> Result<()> {
        self.output().map(drop)
    }

    /// Runs it and returns its standard output without surrounding white space.
    ///
    /// # Errors
    /// As [`Cmd::run`], and when the output is not UTF-8.
    pub(crate) fn output(mut self) -> Result<String> {
        let out = self.inner.output().map_err(|e| self.no_start(&e))?;
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&out.stdout),
            String::from_utf8_lossy(&out.stderr)
        );
        self.check(out.status, &said)?;
        let text =
            String::from_utf8(out.stdout).with_context(|| format!("what `{self}` printed is not UTF-8"))?;
        Ok(text.trim().to_owned())
    }

    /// Runs it, calling `line` with each line of standard output as it comes; standard error stays on the terminal.
    ///
    /// # Errors
    /// As [`Cmd::run`]. Every line has been seen by then.
    pub(crate) fn each_line(mut self, mut line: impl FnMut(&str)) -> Result<()> {
        self.inner.stdout(Stdio::piped());
        let mut child = self.inner.spawn().map_err(|e| self.no_start(&e))?;
        let mut reader = BufReader::new(child.stdout.take().context("no pipe to the program")?);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes)? > 0 {
            line(String::from_utf8_lossy(&bytes).trim_end_matches('\n'));
            bytes.clear();
        }
        let status = child.wait()?;
        self.check(status, "")
    }

    /// Runs it only to learn whether it works.
    pub(crate) fn succeeds(mut self) -> bool {
        self.inner.stdout(Stdio::null()).stderr(Stdio::null());
        self.inner.status().is_ok_and(|status| status.success())
    }

    fn check(&self, status: ExitStatus, said: &str) -> Result<()> {
        if status.success() {
            return Ok(());
        }
        let mut text = format!("`{self}` failed ({status})");
        for line in tail(said, TAIL_LINES) {
            text.push_str("\n    ");
            text.push_str(line);
        }
        Err(anyhow!(self.advised(text)))
    }

    fn no_start(&self, e: &std::io::Error) -> anyhow::Error {
        anyhow!(self.advised(format!("`{self}` could not be started: {e}")))
    }

    fn advised(&self, mut text: String) -> String {
        if !self.advice.is_empty() {
            text.push_str("\n  what to do: ");
            text.push_str(self.advice);
        }
        text
    }
}

/// The command as one would type it.
impl fmt::Display for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = Path::new(self.inner.get_program());
        write!(
            f,
            "{}",
            program.file_name().unwrap_or(program.as_os_str()).display()
        )?;
        for arg in self.inner.get_args() {
            let arg = arg.to_string_lossy();
            if arg.is_empty() || arg.contains(|c: char| c.is_whitespace() || "'\"$&|;<>*()".contains(c)) {
                write!(f, " '{}'", arg.replace('\'', r"'\''"))?;
            } else {
                write!(f, " {arg}")?;
            }
        }
        Ok(())
    }
}

fn tail(text: &str, lines: usize) -> impl Iterator<Item = &str> {
    let all: Vec<&str> = text.lines().collect();
    let skip = all.len().saturating_sub(lines);
    all.into_iter().skip(skip)
}

/// Whether a program of this name is on `PATH`.
pub(crate) fn on_path(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else {
        return false;
    };
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_command_status_output_and_advice() {
        let failed = Cmd::new("sh")
            .args(["-c", "echo broken >&2; exit 7"])
            .advice("mend it")
            .run_silent();
        let text = failed.unwrap_err().to_string();
        assert!(
            text.starts_with("`sh -c 'echo broken >&2; exit 7'` failed (exit status: 7)"),
            "{text}"
        );
        assert!(text.contains("\n    broken"), "{text}");
        assert!(text.ends_with("what to do: mend it"), "{text}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let text = Cmd::new("no-such-program-here").run().unwrap_err().to_string();
        assert!(
            text.contains("`no-such-program-here` could not be started"),
            "{text}"
        );
    }

    #[test]
    fn lines_arrive_even_when_the_program_fails() {
        let mut seen = Vec::new();
        let result = Cmd::new("sh")
            .args(["-c", "printf 'a\\nb\\nc'; exit 1"])
            .each_line(|line| seen.push(line.to_owned()));
        assert!(result.is_err());
        assert_eq!(seen, ["a", "b", "c"]);
    }

    #[test]
    fn only_the_end_of_a_long_output_is_repeated() {
        let text = "1\n2\n3\n4";
        assert_eq!(tail(text, 2).collect::<Vec<_>>(), ["3", "4"]);
        assert_eq!(tail(text, 9).count(), 4);
    }
}
