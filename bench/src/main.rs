//! Every benchmark of Tarbox, each case beside its rival, in the same run.
//!
//! `bench/README.md` says what each row measures and how to read it.
#![forbid(unsafe_code)]

mod build;
mod files;
mod left_over;
mod mount;
mod place;
mod postgres;
mod programs;
mod race;
mod report;
mod server;
mod source_tree;
mod subjects;
mod sync;
mod turns;
mod wasi;
mod workspace;

use std::process::ExitCode;

use clap::Parser;
use tarbox_bench_work::{Result, Shape};

use place::Place;
use report::Report;

/// Measure Tarbox beside its rivals.
///
/// Rows go to standard output with tabs between the fields: name, ours, theirs, ratio of the two costs (under 1 is
/// ahead), goal and whether it is met, unit. Everything else goes to standard error.
#[derive(Debug, Parser)]
#[command(name = "tarbox-bench")]
struct Args {
    /// One suite (files, wasi, guests, mount, postgres, server, sync) or the start of a row's name; all of them when left out
    name: Option<String>,
    /// Less data: to see that it works, not to quote
    #[arg(long)]
    quick: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Where to put the data; needs about 20 GB and should be on the file system to compare with
    #[arg(long, env = "TARBOX_BENCH_DIR")]
    dir: Option<std::path::PathBuf>,
}

/// A part of the benchmarks that has to run as a whole, since its rows share their data.
struct Group {
    suite: &'static str,
    /// What its rows' names begin with.
    rows: &'static [&'static str],
    run: fn(&Bench, &mut Report) -> Result<()>,
}

/// What every group needs to know.
struct Bench {
    place: Place,
    shape: Shape,
    quick: bool,
}

impl Bench {
    /// How often each side has its turn.
    fn rounds(&self) -> u64 {
        if self.quick { 3 } else { 7 }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    match measure(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("tarbox-bench: {e}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &Args) -> Result<()> {
    let bench = Bench {
        place: Place::new(args.dir.as_deref())?,
        shape: if args.quick { Shape::QUICK } else { Shape::FULL },
        quick: args.quick,
    };
    let mut report = Report::new(args.name.as_deref(), args.json);
    let groups: Vec<&Group> = files::GROUPS
        .iter()
        .chain(wasi::GROUPS)
        .chain(mount::GROUPS)
        .chain(postgres::GROUPS)
        .chain(server::GROUPS)
        .chain(sync::GROUPS)
        .filter(|g| report.wants(g.suite, g.rows))
        .collect();
    if groups.is_empty() {
        return Err(
            "no suite or row begins like that; suites: files, wasi, guests, mount, postgres, server, sync"
                .into(),
        );
    }
    report.header();
    for group in groups {
        report.suite(group.suite);
        if let Err(e) = (group.run)(&bench, &mut report) {
            report.failed(group.rows, &e);
        }
    }
    report.finish()
}
