//! The formatter and the linter, which a minimal rustup profile leaves out.

use anyhow::Result;

use super::step::{Announce, Outcome};
use crate::command::Cmd;
use crate::project::Project;

pub(super) fn ensure(_: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    let works = |tool: &str| Cmd::cargo().args([tool, "--version"]).succeeds();
    if works("fmt") && works("clippy") {
        return Ok(Outcome::There);
    }
    announce.begin()?;
    Cmd::new("rustup")
        .args(["component", "add", "rustfmt", "clippy"])
        .advice("install rustup, or your distribution's packages of rustfmt and clippy")
        .run_silent()?;
    Ok(Outcome::Installed)
}
