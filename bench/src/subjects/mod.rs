//! Who is measured: Tarbox and its rivals, each a way to do a [`Work`].

mod agentfs;
mod floor;
mod host;
mod sqlite;
mod tarbox;

pub(crate) use agentfs::Agentfs;
pub(crate) use floor::{Floor, Where};
pub(crate) use host::Host;
pub(crate) use sqlite::{Commit, Sqlite};
pub(crate) use tarbox::Tarbox;

use tarbox_bench_work::{Files, Result, Sample, Shape, Work, run};

/// Someone who does work and tells how long it took.
pub(crate) trait Subject {
    /// Does one work, as [`run`] does.
    fn work(&mut self, work: Work, shape: &Shape, round: u64) -> Result<Sample>;
}

/// A subject of this process.
pub(crate) struct Local<F>(pub(crate) F);

impl<F: Files> Subject for Local<F> {
    fn work(&mut self, work: Work, shape: &Shape, round: u64) -> Result<Sample> {
        pollster::block_on(run(&mut self.0, work, shape, round))
    }
}
