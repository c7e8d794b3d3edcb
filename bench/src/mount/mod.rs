//! The suite `mount`: a mounted workspace beside `bindfs`, which hands every request on to ext4 and is the floor of what a
//! file system in user space costs.

mod content;
mod projects;
pub(crate) mod sides;
mod tree;

use tarbox_bench_work::Result;

use crate::report::Report;
use crate::{Bench, Group};

/// In the order in which they run.
pub(crate) const GROUPS: &[Group] = &[
    group(tree::ROWS, tree::run_tree),
    group(content::ROWS, content::run),
    group(projects::CARGO_ROWS, projects::cargo),
    group(projects::NPM_ROWS, projects::npm),
];

/// What metadata that was asked for before may cost of the rival's.
const WARM: f64 = 1.0;
/// What making and removing may cost.
const CHANGES: f64 = 1.5;
/// What bytes may cost.
const DATA: f64 = 1.2;

const fn group(rows: &'static [&'static str], run: fn(&Bench, &mut Report) -> Result<()>) -> Group {
    Group {
        suite: "mount",
        rows,
        run,
    }
}
