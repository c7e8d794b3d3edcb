//! cargo-deny, which checks the licences and sources of every dependency.

use std::fs;

use anyhow::Result;

use super::{Announce, Outcome};
use crate::command::Cmd;
use crate::project::Project;

/// The version whose configuration `deny.toml` is written for.
const VERSION: &str = "0.20.2";
pub(super) const WHAT: &str = "cargo-deny 0.20.2";

pub(super) fn ensure(project: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    let binary = project.tools.bin().join("cargo-deny");
    let installed = Cmd::new(&binary).arg("--version").output();
    if installed.is_ok_and(|text| text == WHAT) {
        return Ok(Outcome::There);
    }
    announce.installing();
    let built = project.tools.work().join("cargo-deny");
    // It runs for a second: a quick build is worth more than a fast program.
    Cmd::cargo()
        .args([
            "install",
            "cargo-deny",
            "--locked",
            "--force",
            "--quiet",
            "--no-default-features",
        ])
        .arg(format!("--version={VERSION}"))
        .arg("--root")
        .arg(&project.tools.dir)
        .dir(&project.root)
        .env("CARGO_TARGET_DIR", &built)
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .run_silent()?;
    fs::remove_dir_all(&built)?;
    Ok(Outcome::Installed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_announced_is_what_is_installed() {
        assert!(WHAT.ends_with(VERSION));
    }
}
