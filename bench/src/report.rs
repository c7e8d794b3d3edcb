//! Rows: how they are chosen and printed.

use std::io::Write;

use tarbox_bench_work::{Error, Result};

/// One comparison. Costs: less is better.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    name: String,
    ours: f64,
    peer: f64,
    unit: &'static str,
    goal: Option<f64>,
}

impl Row {
    /// A row for information.
    pub(crate) fn new(name: impl Into<String>, ours: f64, peer: f64, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            ours,
            peer,
            unit,
            goal: None,
        }
    }

    /// A row whose ratio should be at most this.
    pub(crate) fn goal(self, ratio: f64) -> Self {
        Self {
            goal: Some(ratio),
            ..self
        }
    }

    /// A row with a goal, if there is one.
    pub(crate) fn maybe_goal(self, goal: Option<f64>) -> Self {
        Self { goal, ..self }
    }

    fn ratio(&self) -> f64 {
        self.ours / self.peer
    }

    fn verdict(&self) -> &'static str {
        match self.goal {
            None => "-",
            Some(goal) if self.ratio() <= goal => "ok",
            Some(_) => "over",
        }
    }

    fn tabs(&self) -> String {
        let goal = self.goal.map_or(String::new(), |goal| format!(" <= {goal}"));
        let Self {
            name,
            ours,
            peer,
            unit,
            ..
        } = self;
        format!(
            "{name}\t{ours:.3}\t{peer:.3}\t{:.3}\t{}{goal}\t{unit}",
            self.ratio(),
            self.verdict()
        )
    }

    fn json(&self) -> String {
        let Self {
            name,
            ours,
            peer,
            unit,
            goal,
        } = self;
        serde_json::json!({
            "row": name, "ours": ours, "peer": peer, "ratio": self.ratio(), "goal": goal, "verdict": self.verdict(),
            "unit": unit,
        })
        .to_string()
    }
}

/// Prints the rows that were asked for, as soon as they are known.
pub(crate) struct Report {
    filter: Option<String>,
    json: bool,
    suite: &'static str,
    goals: usize,
    over: usize,
    failed: usize,
}

impl Report {
    /// `filter` is a suite's name, the start of a row's name, or absent.
    pub(crate) fn new(filter: Option<&str>, json: bool) -> Self {
        let filter = filter.filter(|f| *f != "all").map(str::to_owned);
        Self {
            filter,
            json,
            suite: "",
            goals: 0,
            over: 0,
            failed: 0,
        }
    }

    /// Whether a group with such rows has anything to say.
    pub(crate) fn wants(&self, suite: &str, rows: &[&str]) -> bool {
        let Some(filter) = &self.filter else { return true };
        filter == suite
            || rows
                .iter()
                .any(|row| row.starts_with(filter) || filter.starts_with(row))
    }

    /// The rows that follow are of this suite.
    pub(crate) fn suite(&mut self, suite: &'static str) {
        self.suite = suite;
    }

    /// Names the columns.
    pub(crate) fn header(&self) {
        if !self.json {
            print_line("row\tours\tpeer\tratio\tgoal\tunit");
        }
    }

    /// Prints a row if it was asked for.
    pub(crate) fn row(&mut self, row: &Row) {
        if self
            .filter
            .as_deref()
            .is_some_and(|f| f != self.suite && !row.name.starts_with(f))
        {
            return;
        }
        self.goals += usize::from(row.goal.is_some());
        self.over += usize::from(row.verdict() == "over");
        print_line(&if self.json { row.json() } else { row.tabs() });
    }

    /// Says that rows are missing, and why; the others go on.
    pub(crate) fn failed(&mut self, rows: &[&str], why: &Error) {
        self.failed += 1;
        eprintln!("could not measure {}: {why}", rows.join(", "));
    }

    /// Says how many goals were met.
    ///
    /// # Errors
    /// When rows are missing.
    pub(crate) fn finish(&self) -> Result<()> {
        eprintln!("{} of {} goals met", self.goals - self.over, self.goals);
        match self.failed {
            0 => Ok(()),
            n => Err(format!("{n} groups of rows could not be measured; the reasons are above").into()),
        }
    }
}

fn print_line(line: &str) {
    let mut out = std::io::stdout().lock();
    // A reader that went away wants no more rows; the run ends at its own pace.
    let _gone = writeln!(out, "{line}").and_then(|()| out.flush());
}
