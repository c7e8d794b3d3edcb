//! The suite `wasi`, `tarbox run` beside the same Wasmtime on a directory of the host; and the suite `guests`, the same guest with its
//! workspace inside, on that Wasmtime.

mod guests;
mod operations;
mod programs;
mod sides;

use tarbox_bench_work::Result;

use crate::report::Report;
use crate::{Bench, Group};

/// In the order in which they run.
pub(crate) const GROUPS: &[Group] = &[
    group("wasi", operations::ROWS, operations::run),
    group("wasi", programs::ROWS, programs::run),
    group("guests", operations::COMPOSED_ROWS, operations::run_composed),
    group("guests", guests::ROWS, guests::run),
];

const fn group(
    suite: &'static str,
    rows: &'static [&'static str],
    run: fn(&Bench, &mut Report) -> Result<()>,
) -> Group {
    Group { suite, rows, run }
}
