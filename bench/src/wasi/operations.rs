//! Operations of a guest, one kind at a time, by the clock that the guest sees.

use std::path::Path;

use tarbox_bench_work::Result;

use super::sides::{Host, Sides};
use crate::race::median;
use crate::report::{Report, Row};
use crate::{Bench, build};

/// A work of the guest, how often, what its rows are called, and the most it may cost in units of Wasmtime's.
struct Case {
    work: &'static str,
    operations: usize,
    name: &'static str,
    goal: f64,
}

const CASES: [Case; 5] = [
    case("stat", 10_000, "stat", 0.3),
    case("read", 10_000, "open+read 4K+close", 0.5),
    case("write", 2_000, "write 64K", 1.0),
    case("create", 5_000, "create", 1.0),
    case("delete", 5_000, "delete", 1.0),
];

const fn case(work: &'static str, operations: usize, name: &'static str, goal: f64) -> Case {
    Case {
        work,
        operations,
        name,
        goal,
    }
}

/// What the rows' names begin with.
pub(crate) const ROWS: &[&str] = &[
    "wasi stat",
    "wasi open",
    "wasi write",
    "wasi create",
    "wasi delete",
];

/// The same of the guest with its workspace inside.
pub(crate) const COMPOSED_ROWS: &[&str] = &[
    "guests stat",
    "guests open",
    "guests write",
    "guests create",
    "guests delete",
];

/// Measures all of them under `tarbox run`.
pub(crate) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let guest = build::guest()?;
    measure(bench, report, "wasi", Host::Tarbox, &guest)
}

/// Measures all of them composed with a workspace, on the same Wasmtime as the rival.
pub(crate) fn run_composed(bench: &Bench, report: &mut Report) -> Result<()> {
    let guest = build::guest()?;
    measure(bench, report, "guests", Host::Composed, &guest)
}

fn measure(bench: &Bench, report: &mut Report, suite: &str, ours: Host, guest: &Path) -> Result<()> {
    let hosts = [ours, Host::Wasmtime, Host::WasmtimeCli];
    let sides = Sides::new(bench)?;
    for host in hosts {
        sides.compile(host, guest)?;
        sides.sample(host, guest, &["prepare", "1", "0"])?;
    }
    let mut micros = vec![[const { Vec::new() }; 3]; CASES.len()];
    for round in 1..=bench.rounds() {
        for (case, micros) in CASES.iter().zip(&mut micros) {
            for turn in 0..hosts.len() {
                let index = (turn + round as usize) % hosts.len();
                let operations = if bench.quick {
                    case.operations / 5
                } else {
                    case.operations
                };
                let args = [case.work, &operations.to_string(), &round.to_string()];
                micros[index].push(sides.sample(hosts[index], guest, &args)?.micros());
            }
        }
    }
    for (case, [ours, hop, stay]) in CASES.iter().zip(&micros) {
        let row = |peer: &str, theirs| {
            Row::new(
                format!("{suite} {} vs {peer}", case.name),
                median(ours),
                median(theirs),
                "us",
            )
        };
        report.row(&row("wasmtime", hop).goal(case.goal));
        report.row(&row("wasmtime on its own thread", stay));
    }
    Ok(())
}
