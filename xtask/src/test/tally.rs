//! Counting what passed, over test programs of several kinds.

use std::fmt;

use crate::ui;

/// How many tests and checks passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Tally {
    /// Runs one step, prints its error, and counts the step itself where it counted nothing: a check that
    /// passed is one passed test, and a step that failed shows as at least one failure.
    pub(super) fn step(&mut self, run: impl FnOnce(&mut Self) -> anyhow::Result<()>) -> bool {
        let before = *self;
        let result = run(self);
        if let Err(error) = &result {
            ui::error(error);
            self.failed += u64::from(self.failed == before.failed);
        } else if *self == before {
            self.passed += 1;
        }
        self.failed == before.failed
    }

    /// Prints a line of a test run, and adds its numbers.
    pub(super) fn print(&mut self, line: &str) {
        println!("{line}");
        self.read(line);
    }

    /// Adds the numbers of a line such as
    /// `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out`; ignores all others.
    pub(super) fn read(&mut self, line: &str) {
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
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.skipped += number,
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
            "pass" => self.passed += number,
            "fail" | "cancelled" => self.failed += number,
            "skipped" | "todo" => self.skipped += number,
            _ => {}
        }
    }

    pub(super) fn all_passed(&self) -> bool {
        self.failed == 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u64, failed: u64, skipped: u64) -> Tally {
        Tally {
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
        assert_eq!(sum, tally(7, 3, 1));
        assert_eq!(sum.to_string(), "7 passed, 3 failed, 1 skipped");
        assert_eq!(tally(2, 0, 0).to_string(), "2 passed, 0 failed");
    }

    #[test]
    fn a_check_counts_as_one_test() {
        let mut sum = Tally::default();
        assert!(sum.step(|_| Ok(())));
        assert!(!sum.step(|_| anyhow::bail!("not formatted")));
        assert_eq!(sum, tally(1, 1, 0));
    }

    #[test]
    fn a_test_program_that_dies_is_a_failure() {
        let mut sum = Tally::default();
        let passed = sum.step(|sum| {
            sum.read("test result: ok. 4 passed; 0 failed; 0 ignored");
            anyhow::bail!("signal 11")
        });
        assert!(!passed && !sum.all_passed());
        assert_eq!(sum, tally(4, 1, 0));
    }

    #[test]
    fn failed_tests_are_not_counted_twice() {
        let mut sum = Tally::default();
        let passed = sum.step(|sum| {
            sum.read("test result: FAILED. 4 passed; 2 failed; 0 ignored");
            anyhow::bail!("exit status: 101")
        });
        assert!(!passed);
        assert_eq!(sum, tally(4, 2, 0));
    }
}
