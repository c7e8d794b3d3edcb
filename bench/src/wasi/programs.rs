//! Whole programs, from the start of the host's process to its end.

use std::path::{Path, PathBuf};

use tarbox_bench_work::Result;

use super::sides::{Host, Sides};
use crate::report::{Report, Row};
use crate::turns::turns;
use crate::{Bench, build};

const SCRIPT: &str = include_str!("script.py");

/// What the rows' names begin with.
pub(crate) const ROWS: &[&str] = &["wasi hello", "wasi cpython"];

/// Measures all of them.
pub(crate) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let sides = Sides::new(bench)?;
    let guest = build::guest()?;
    compare(
        bench,
        report,
        &sides,
        &Program {
            name: "wasi hello",
            module: &guest,
            args: &["hello"],
            goal: 1.2,
        },
    )?;
    let python = python()?;
    let script = std::path::absolute("script.py")?;
    std::fs::write(&script, SCRIPT)?;
    sides.put(&script, "script.py")?;
    let program = Program {
        name: "wasi cpython file script",
        module: &python,
        args: &["/script.py"],
        goal: 1.0,
    };
    compare(bench, report, &sides, &program)
}

struct Program<'a> {
    name: &'static str,
    module: &'a Path,
    args: &'a [&'a str],
    goal: f64,
}

fn compare(bench: &Bench, report: &mut Report, sides: &Sides, program: &Program<'_>) -> Result<()> {
    sides.compile(Host::Wasmtime, program.module)?;
    let time = |host| {
        sides
            .time(host, program.module, program.args)
            .map(|took| took.as_secs_f64() * 1e3)
    };
    // The first run compiles; what is measured is every later one.
    time(Host::Tarbox)?;
    for (peer, host, goal) in [
        ("wasmtime", Host::Wasmtime, Some(program.goal)),
        ("wasmtime on its own thread", Host::WasmtimeCli, None),
    ] {
        let pair = turns(bench.rounds(), |_| time(Host::Tarbox), |_| time(host))?;
        report.row(
            &Row::new(format!("{} vs {peer}", program.name), pair.ours, pair.peer, "ms").maybe_goal(goal),
        );
    }
    Ok(())
}

/// CPython as a module of preview 1, which `cargo xtask setup` installs.
fn python() -> Result<PathBuf> {
    let path = std::env::var_os("TARBOX_PYTHON_WASM").map(PathBuf::from);
    path.filter(|path| path.exists())
        .ok_or_else(|| "TARBOX_PYTHON_WASM names no file; `cargo xtask bench` sets it up".into())
}
