//! Operations of a guest, one kind at a time, by the clock that the guest sees.

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
    Case {
        work: "stat",
        operations: 10_000,
        name: "wasi stat",
        goal: 0.3,
    },
    Case {
        work: "read",
        operations: 10_000,
        name: "wasi open+read 4K+close",
        goal: 0.5,
    },
    Case {
        work: "write",
        operations: 2_000,
        name: "wasi write 64K",
        goal: 1.0,
    },
    Case {
        work: "create",
        operations: 5_000,
        name: "wasi create",
        goal: 1.0,
    },
    Case {
        work: "delete",
        operations: 5_000,
        name: "wasi delete",
        goal: 1.0,
    },
];

/// What the rows' names begin with.
pub(crate) const ROWS: &[&str] = &[
    "wasi stat",
    "wasi open",
    "wasi write",
    "wasi create",
    "wasi delete",
];

const HOSTS: [Host; 3] = [Host::Tarbox, Host::Wasmtime, Host::WasmtimeCli];

/// Measures all of them.
pub(crate) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let guest = build::guest()?;
    let sides = Sides::new(bench)?;
    sides.compile(&guest)?;
    for host in HOSTS {
        sides.sample(host, &guest, &["prepare", "1", "0"])?;
    }
    let mut micros = vec![[const { Vec::new() }; HOSTS.len()]; CASES.len()];
    for round in 1..=bench.rounds() {
        for (case, micros) in CASES.iter().zip(&mut micros) {
            for turn in 0..HOSTS.len() {
                let index = (turn + round as usize) % HOSTS.len();
                let operations = if bench.quick {
                    case.operations / 5
                } else {
                    case.operations
                };
                let args = [case.work, &operations.to_string(), &round.to_string()];
                micros[index].push(sides.sample(HOSTS[index], &guest, &args)?.micros());
            }
        }
    }
    for (case, [ours, hop, stay]) in CASES.iter().zip(&micros) {
        let row = |peer: &str, theirs| {
            Row::new(
                format!("{} vs {peer}", case.name),
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
