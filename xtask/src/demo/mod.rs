//! `cargo xtask demo`
use crate::project::Project;
use anyhow::Result;
/// See what Tarbox does
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}
pub(crate) fn run(project: &Project, _: &Args) -> Result<()> {
    crate::setup::run(project)
}
