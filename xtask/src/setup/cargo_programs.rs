//! Programs that cargo installs, at a version, into the tool directory.

use std::fs;

use anyhow::Result;

use super::step::{Announce, Outcome};
use crate::command::Cmd;
use crate::project::Project;

/// A program of the crate with the same name.
pub(super) struct Program {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    /// More arguments for `cargo install`.
    pub(super) options: &'static [&'static str],
}

/// Installs a program unless this version of it is there.
pub(super) fn ensure(project: &Project, announce: &Announce<'_>, program: &Program) -> Result<Outcome> {
    let binary = project.tools.bin().join(program.name);
    let installed = Cmd::new(&binary).arg("--version").output();
    if installed.is_ok_and(|text| text == format!("{} {}", program.name, program.version)) {
        return Ok(Outcome::There);
    }
    announce.begin()?;
    let built = project.tools.work().join(program.name);
    // They run for seconds: a quick build is worth more than a fast program.
    Cmd::cargo()
        .args(["install", program.name, "--locked", "--force", "--quiet"])
        .args(program.options)
        .arg(format!("--version={}", program.version))
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
