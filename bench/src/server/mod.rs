//! The suite `server`: `tarbox serve` on one core beside nginx on the same, with the load on another.

mod contents;
mod distance;
mod events;
mod http;
mod load;
mod mounts;
pub(crate) mod sides;

use tarbox_bench_work::Result;

use crate::report::Report;
use crate::{Bench, Group};

/// In the order in which they run.
pub(crate) const GROUPS: &[Group] = &[
    group(&["http get", "http put"], contents::small),
    group(&["http down", "http up"], contents::large),
    group(&["http batch"], contents::batch),
    group(&["http p99"], contents::beside_others),
    group(&["http event"], events::latency),
    group(&["http watchers"], events::idle),
    group(&["http start"], events::start),
    group(&["remote mount"], mounts::run_mounts),
    group(&["remote import", "remote export"], distance::transfer),
];

const fn group(rows: &'static [&'static str], run: fn(&Bench, &mut Report) -> Result<()>) -> Group {
    Group {
        suite: "server",
        rows,
        run,
    }
}
