//! The suite `sync`: a replica and its server, beside programs that keep two directories of the host in step, all over the same link.

mod large;
mod link;
mod live;
mod many;
mod replica;
mod rivals;
mod tree;

use tarbox_bench_work::Result;

use crate::report::Report;
use crate::{Bench, Group};

/// In the order in which they run.
pub(crate) const GROUPS: &[Group] = &[
    group(
        &["sync clone", "sync 1 % changed", "sync nothing changed"],
        tree::run,
    ),
    group(&["sync 1 byte"], large::run),
    group(&["sync edit"], live::edits),
    group(&["sync local"], live::local),
    group(&["sync many"], many::run),
];

const fn group(rows: &'static [&'static str], run: fn(&Bench, &mut Report) -> Result<()>) -> Group {
    Group {
        suite: "sync",
        rows,
        run,
    }
}
