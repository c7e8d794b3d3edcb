//! What the commands say: short lines on standard error, so that standard output stays data.

use std::time::Duration;

const BOLD: &str = "\x1b[1m";
const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

/// How much to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ui {
    /// Every step.
    Normal,
    /// Only what changed the machine, what failed, and results.
    Quiet,
}

impl Ui {
    /// Announces a part of the work.
    pub(crate) fn title(self, text: &str) {
        if self == Self::Normal {
            anstream::eprintln!("{BOLD}==> {text}{RESET}");
        }
    }

    /// A thing that needed no work.
    pub(crate) fn there(self, what: &str) {
        if self == Self::Normal {
            anstream::eprintln!("{DIM}    {what} is installed{RESET}");
        }
    }

    /// Says what will be done and how long that takes, before it begins.
    pub(crate) fn plan(self, text: &str) {
        anstream::eprintln!("    {text}");
    }

    /// Says what is about to be installed, since it may take minutes.
    pub(crate) fn installing(self, what: &str) {
        anstream::eprintln!("    installing {what} ...");
    }

    /// A thing that the machine has now and had not before.
    pub(crate) fn installed(self, what: &str, took: Duration) {
        anstream::eprintln!(
            "    {GREEN}installed {what}{RESET} {DIM}({}){RESET}",
            seconds(took)
        );
    }

    /// A remark that explains the next line.
    pub(crate) fn note(self, text: &str) {
        if self == Self::Normal {
            anstream::eprintln!("{DIM}    {text}{RESET}");
        }
    }
}

/// The word of a step's result, coloured.
pub(crate) fn verdict(passed: bool) -> String {
    if passed {
        format!("{GREEN}ok{RESET}    ")
    } else {
        format!("{RED}FAILED{RESET}")
    }
}

/// Prints an error with its causes, outermost first.
pub(crate) fn error(error: &anyhow::Error) {
    anstream::eprintln!("{RED}{BOLD}error{RESET}: {error}");
    for cause in error.chain().skip(1) {
        anstream::eprintln!("  because: {cause}");
    }
}

/// A duration for people: `0.4 s`, `12.0 s`, `3 min 05 s`.
pub(crate) fn seconds(took: Duration) -> String {
    let whole = took.as_secs();
    if whole >= 60 {
        format!("{} min {:02} s", whole / 60, whole % 60)
    } else {
        format!("{:.1} s", took.as_secs_f64())
    }
}

/// A duration as an estimate: `about 20 s`, `about 4 min`.
pub(crate) fn about(took: Duration) -> String {
    match took.as_secs() {
        seconds @ 0..90 => format!("about {seconds} s"),
        seconds => format!("about {} min", seconds.div_ceil(60)),
    }
}

/// A number with its thousands set apart: `1,234,567`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(seconds(Duration::from_millis(420)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(59)), "59.0 s");
        assert_eq!(seconds(Duration::from_secs(185)), "3 min 05 s");
    }

    #[test]
    fn estimates_are_round() {
        assert_eq!(about(Duration::from_secs(20)), "about 20 s");
        assert_eq!(about(Duration::from_secs(200)), "about 4 min");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_000), "1,000");
        assert_eq!(thousands(12_345_678), "12,345,678");
    }
}
