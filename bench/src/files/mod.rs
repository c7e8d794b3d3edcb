//! The suite `files`: Tarbox as a file system.

mod basic;
mod copy;
mod import;
mod layers;
mod scale;
mod synced;

use tarbox_bench_work::Result;

use crate::report::Report;
use crate::{Bench, Group};

/// In the order in which they run: the quickest to answer first.
pub(crate) const GROUPS: &[Group] = &[
    group(basic::SMALL_ROWS, basic::small),
    group(basic::LARGE_ROWS, basic::large),
    group(synced::ROWS, synced::run),
    group(copy::ROWS, copy::run),
    group(import::ROWS, import::run),
    group(import::MEMORY_ROWS, import::memory),
    group(layers::ROWS, layers::run),
    group(scale::ROWS, scale::run),
];

const fn group(rows: &'static [&'static str], run: fn(&Bench, &mut Report) -> Result<()>) -> Group {
    Group {
        suite: "files",
        rows,
        run,
    }
}
