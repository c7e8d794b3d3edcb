//! The browsers that the npm packages are tested in.

use anyhow::Result;

use super::apt;
use super::step::{Announce, Outcome};
use crate::command::on_path;
use crate::project::Project;

/// A program that must be on `PATH`, and Debian's package of it.
const BROWSERS: &[(&str, &str)] = &[("chromium", "chromium"), ("firefox-esr", "firefox-esr")];

pub(super) fn ensure(_: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    let missing: Vec<&str> = BROWSERS
        .iter()
        .filter(|(program, _)| !on_path(program))
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(Outcome::There);
    }
    announce.begin()?;
    apt::install(&missing)?;
    Ok(Outcome::Installed)
}
