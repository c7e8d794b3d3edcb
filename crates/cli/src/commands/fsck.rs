//! `fsck`

use std::sync::Mutex;

use tarbox_fs::blocking;
use tarbox_store::{Database, Problem};

use crate::examples::examples;
use crate::exit::Exit;
use crate::failure::Result;
use crate::print::{Printer, Size, colour, escape, grouped};
use crate::progress::Progress;

/// Check every invariant of the database
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox fsck",
    "tarbox fsck --repair      repair problems; no user data is deleted, unattached files go to /lost+found",
    "Exits with 0 if there are no problems or all were repaired, and with 6 if problems remain.",
))]
pub(crate) struct Args {
    /// Repair what is wrong
    #[arg(long)]
    repair: bool,
}

pub(crate) fn run<D: Database>(args: &Args, db: &D, out: &Printer) -> Result<Exit> {
    let progress = Mutex::new(Progress::new("check", out.audience()));
    let report = blocking(db.fsck(args.repair, &|done, total| {
        if let Ok(progress) = progress.lock() {
            progress.set(done, total);
        }
    }))?;
    drop(progress);
    let left = report.problems.iter().filter(|problem| !problem.repaired).count();
    if out.is_json() {
        out.document(&report)?;
    } else {
        report
            .problems
            .iter()
            .try_for_each(|problem| print(problem, out))?;
        out.line(format!(
            "checked: tenants {}, inodes {}, entries {}, blocks {} of {}",
            grouped(report.tenants),
            grouped(report.inodes),
            grouped(report.entries),
            grouped(report.blocks),
            Size(report.bytes),
        ))?;
        out.line(verdict(out, report.problems.len(), left, args.repair))?;
    }
    Ok(if left == 0 { Exit::DONE } else { Exit::CORRUPT })
}

fn print(problem: &Problem, out: &Printer) -> Result<()> {
    let tenant = if problem.tenant.is_empty() {
        "database"
    } else {
        &problem.tenant
    };
    let (style, state) = if problem.repaired {
        (colour::YELLOW, "repaired")
    } else {
        (colour::RED, "wrong")
    };
    out.line(format!(
        "{} {tenant}: {}: {}",
        out.paint(style, format!("{state:>6}")),
        problem.invariant,
        escape(problem.what.as_bytes())
    ))
}

fn verdict(out: &Printer, all: usize, left: usize, repair: bool) -> String {
    match (all, left, repair) {
        (0, _, _) => out.paint(colour::GREEN, "no problems found"),
        (_, 0, _) => out.paint(colour::YELLOW, format!("{all} problems, all repaired")),
        (_, _, true) => out.paint(colour::RED, format!("{left} problems remain")),
        (_, _, false) => out.paint(
            colour::RED,
            format!("{all} problems; run 'tarbox fsck --repair' to repair them"),
        ),
    }
}
