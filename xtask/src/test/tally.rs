//! Counting what passed, over test programs of several kinds.

use std::fmt;

use crate::ui;

/// How many tests and checks passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

/// What the test programs said.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: Counts,
    failures: Failures,
}

/// The most lines that are kept of what one failed test said.
const LINES_OF_A_FAILURE: usize = 25;

/// What failed, to be said again at the end: a log is long, and who reads it may have its end only.
#[derive(Debug, Default)]
struct Failures {
    lines: Vec<String>,
    /// How many more lines belong to the failure that is being read.
    more: usize,
}

impl Failures {
    /// Keeps the lines in which libtest and Node's runner tell of a failed test.
    fn read(&mut self, line: &str) {
        let said = line.trim_start();
        if line.starts_with("---- ") {
            self.more = LINES_OF_A_FAILURE;
        } else if line == "failures:" || line.starts_with("note: run with `RUST_BACKTRACE") {
            self.more = 0;
        }
        let failed = line.starts_with("test ") && line.ends_with("FAILED")
            || said.starts_with("✖ ") && said != "✖ failing tests:";
        if self.more > 0 {
            self.more -= 1;
        } else if !failed {
            return;
        }
        if !said.is_empty() {
            self.lines.push(line.to_owned());
        }
    }
}

impl Tally {
    /// Runs one step, prints its error, and counts the step itself where it counted nothing: a check that
    /// passed is one passed test, and a step that failed shows as at least one failure.
    pub(super) fn step(&mut self, run: impl FnOnce(&mut Self) -> anyhow::Result<()>) -> bool {
        let before = self.counts;
        let result = run(self);
        if let Err(error) = &result {
            ui::error(error);
            self.failures.lines.push(format!("{error:#}"));
            self.counts.failed += u64::from(self.counts.failed == before.failed);
        } else if self.counts == before {
            self.counts.passed += 1;
        }
        self.counts.failed == before.failed
    }

    /// Prints a line of a test run, and adds its numbers.
    pub(super) fn print(&mut self, line: &str) {
        println!("{line}");
        self.read(line);
    }

    /// What failed: the names of tests, what they said, the errors of steps.
    pub(super) fn failures(&self) -> &[String] {
        &self.failures.lines
    }

    /// Adds the numbers of a line such as
    /// `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out`; ignores all others.
    pub(super) fn read(&mut self, line: &str) {
        self.failures.read(line);
        self.read_node(line);
        let Some((_, counts)) = line
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        for part in counts.split(';') {
            let mut words = part.split_whitespace();
            let (Some(number), Some(word)) = (words.next().and_then(|n| n.parse::<u64>().ok()), words.next())
            else {
                continue;
            };
            match word {
                "passed" => self.counts.passed += number,
                "failed" => self.counts.failed += number,
                "ignored" => self.counts.skipped += number,
                _ => {}
            }
        }
    }

    /// Adds the numbers of Node's lines `ℹ pass 5`, `ℹ fail 0`, `ℹ skipped 0`.
    fn read_node(&mut self, line: &str) {
        let mut words = line.strip_prefix("ℹ ").unwrap_or_default().split_whitespace();
        let (Some(word), Some(number)) = (words.next(), words.next().and_then(|n| n.parse::<u64>().ok()))
        else {
            return;
        };
        match word {
            "pass" => self.counts.passed += number,
            "fail" | "cancelled" => self.counts.failed += number,
            "skipped" | "todo" => self.counts.skipped += number,
            _ => {}
        }
    }

    pub(super) fn all_passed(&self) -> bool {
        self.counts.failed == 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts {
            passed,
            failed,
            skipped,
        } = self.counts;
        write!(f, "{passed} passed, {failed} failed")?;
        if skipped > 0 {
            write!(f, ", {skipped} skipped")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: u64, failed: u64, skipped: u64) -> Counts {
        Counts {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn result_lines_add_up() {
        let mut sum = Tally::default();
        sum.read("running 6 tests");
        sum.read(
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        );
        sum.read("test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 7 filtered out");
        sum.read("test result: odd");
        assert_eq!(sum.counts, counts(7, 3, 1));
        assert_eq!(sum.to_string(), "7 passed, 3 failed, 1 skipped");
    }

    #[test]
    fn a_check_counts_as_one_test() {
        let mut sum = Tally::default();
        assert!(sum.step(|_| Ok(())));
        assert!(!sum.step(|_| anyhow::bail!("not formatted")));
        assert_eq!(sum.counts, counts(1, 1, 0));
    }

    #[test]
    fn a_test_program_that_dies_is_a_failure() {
        let mut sum = Tally::default();
        let passed = sum.step(|sum| {
            sum.read("test result: ok. 4 passed; 0 failed; 0 ignored");
            anyhow::bail!("signal 11")
        });
        assert!(!passed && !sum.all_passed());
        assert_eq!(sum.counts, counts(4, 1, 0));
    }

    #[test]
    fn failed_tests_are_not_counted_twice() {
        let mut sum = Tally::default();
        let passed = sum.step(|sum| {
            sum.read("test result: FAILED. 4 passed; 2 failed; 0 ignored");
            anyhow::bail!("exit status: 101")
        });
        assert!(!passed);
        assert_eq!(sum.counts, counts(4, 2, 0));
    }

    #[test]
    fn what_failed_is_said_again() {
        let mut sum = Tally::default();
        for line in [
            "test good ... ok",
            "test bad ... FAILED",
            "",
            "failures:",
            "",
            "---- bad stdout ----",
            "",
            "thread 'bad' panicked at src/lib.rs:5:9:",
            "assertion failed",
            "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
            "",
            "failures:",
            "    bad",
            "✔ good of Node (1ms)",
            "  ✖ bad of Node (1ms)",
        ] {
            sum.read(line);
        }
        assert_eq!(
            sum.failures(),
            [
                "test bad ... FAILED",
                "---- bad stdout ----",
                "thread 'bad' panicked at src/lib.rs:5:9:",
                "assertion failed",
                "  ✖ bad of Node (1ms)",
            ]
        );
    }
}
