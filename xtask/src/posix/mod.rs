//! `cargo xtask posix`: suites that judge file systems, on a mounted workspace.

mod real_work;
mod suites;
mod workspace;

use std::time::Instant;

use anyhow::{Result, bail};

use crate::command::Cmd;
use crate::project::Project;
use crate::setup::{self, Part};
use crate::ui;
use workspace::Workspace;

/// Judge a mounted workspace by POSIX test suites and by real work
///
/// Needs root, since the suites act as several users. What is known to be missing is in docs/posix.md.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only the suites whose names contain this (pjdfstest, fsx, stress-ng, fio, dbench, postmark, fs_mark, git, tar,
    /// sqlite, rsync, cargo, npm)
    suite: Option<String>,
    /// Only what `cargo xtask test` runs too
    #[arg(long)]
    quick: bool,
    /// Where the workspace is
    #[arg(long, value_enum, default_value_t)]
    on: Database,
}

/// What the workspace is kept in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Database {
    /// A file
    #[default]
    Sqlite,
    /// A server, started for this
    Postgres,
}

/// How much a suite does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Amount {
    /// Seconds: what every change has to pass.
    Quick,
    /// All of it.
    Full,
}

type Run = fn(&Project, &Workspace, Amount) -> Result<()>;

/// Those of every change first.
const QUICK: &[(&str, Run)] = &[("pjdfstest", suites::pjdfstest), ("fsx", suites::fsx)];
const MORE: &[(&str, Run)] = &[
    ("git", real_work::git),
    ("tar", real_work::tar),
    ("sqlite", real_work::sqlite),
    ("rsync", real_work::rsync),
    ("cargo", real_work::cargo),
    ("npm", real_work::npm),
    ("stress-ng", suites::stress),
    ("fio", suites::fio),
    ("dbench", suites::dbench),
    ("postmark", suites::postmark),
    ("fs_mark", suites::fs_mark),
];

/// Returns whether every suite passed.
///
/// # Errors
/// When setup or the build fails, or no suite has the name that was asked for.
pub(crate) fn run(project: &Project, args: &Args) -> Result<bool> {
    let wanted = args.suite.as_deref().unwrap_or("");
    let all = QUICK.iter().chain(if args.quick { &[] } else { MORE });
    let chosen: Vec<_> = all.filter(|(name, _)| name.contains(wanted)).collect();
    if chosen.is_empty() {
        bail!("unknown suite {wanted:?}; see `cargo xtask posix --help`");
    }
    setup::run(project, Part::Posix)?;
    build(project)?;
    let amount = if args.quick { Amount::Quick } else { Amount::Full };
    let mut passed = true;
    for (name, suite) in chosen {
        project.ui.title(name);
        let start = Instant::now();
        let result = one(project, *suite, amount, args.on);
        anstream::println!(
            "{name:<12} {} {:>12}",
            ui::verdict(result.is_ok()),
            ui::seconds(start.elapsed())
        );
        if let Err(error) = result {
            ui::error(&error);
            passed = false;
        }
    }
    Ok(passed)
}

/// The quick part, for `cargo xtask test`.
///
/// # Errors
/// Those of the first suite that does not pass.
pub(crate) fn quick(project: &Project, on: Database) -> Result<()> {
    build(project)?;
    QUICK
        .iter()
        .try_for_each(|(_, suite)| one(project, *suite, Amount::Quick, on))
}

fn build(project: &Project) -> Result<()> {
    if Cmd::new("id").arg("-u").output()? != "0" {
        bail!("the suites act as several users\n  what to do: run this as root, for example in a container");
    }
    // Programs in a box are judged elsewhere.
    let features = ["--no-default-features", "--features", "mount,postgres"];
    project
        .cargo()
        .args(["build", "--package", "tarbox-cli"])
        .args(features)
        .run()
}

/// Runs a suite on a workspace of its own, which has to be whole afterwards.
fn one(project: &Project, suite: Run, amount: Amount, on: Database) -> Result<()> {
    let workspace = Workspace::mount(project, on)?;
    suite(project, &workspace, amount)?;
    workspace.check()
}
