//! Programs that judge the API of the server.

use anyhow::Result;

use super::step::{Announce, Outcome};
use super::{apt, npm};
use crate::command::Cmd;
use crate::project::Project;

/// schemathesis, in an environment of its own, with every version fixed.
pub(super) fn schemathesis(project: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    let program = project.tools.schemathesis();
    if program.is_file() {
        return Ok(Outcome::There);
    }
    announce.begin()?;
    let environment = project.tools.judges();
    if !Cmd::new("python3").args(["-m", "venv", "--help"]).succeeds() {
        apt::install(&["python3-venv"])?;
    }
    Cmd::new("python3")
        .args(["-m", "venv"])
        .arg(&environment)
        .run_silent()?;
    Cmd::new(environment.join("bin/pip"))
        .args([
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ])
        .arg(project.root.join("xtask/pip/judges.txt"))
        .run_silent()?;
    Ok(Outcome::Installed)
}

/// spectral, as the lock file has it.
pub(super) fn spectral(project: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    let lock = project.root.join("xtask/npm/judges");
    let dir = project.tools.judges_npm();
    if npm::same_lock(&lock, &dir) && project.tools.spectral().is_file() {
        return Ok(Outcome::There);
    }
    announce.begin()?;
    npm::install(project, &lock, &dir)?;
    Ok(Outcome::Installed)
}
