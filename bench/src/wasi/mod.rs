//! The suite `wasi`: `tarbox run` beside the same Wasmtime on a directory of the host.

mod operations;
mod programs;
mod sides;

use tarbox_bench_work::Result;

use crate::report::Report;
use crate::{Bench, Group};

/// In the order in which they run.
pub(crate) const GROUPS: &[Group] = &[
    group(operations::ROWS, operations::run),
    group(programs::ROWS, programs::run),
];

const fn group(rows: &'static [&'static str], run: fn(&Bench, &mut Report) -> Result<()>) -> Group {
    Group {
        suite: "wasi",
        rows,
        run,
    }
}
