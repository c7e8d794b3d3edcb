//! Node.js, which runs WASI modules as a second runtime in tests, and npm.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::step::{Announce, Outcome};
use super::{apt, npm, version};
use crate::command::{Cmd, on_path};
use crate::project::Project;

/// The oldest major version whose `node:wasi` our tests know.
const OLDEST: u32 = 20;

pub(super) fn ensure(project: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    let own = project.tools.bin().join("node");
    if on_path("npm") && (is_recent(Path::new("node")) || is_recent(&own)) {
        return Ok(Outcome::There);
    }
    announce.begin()?;
    if !on_path("npm") {
        apt::install(&["nodejs", "npm", "ca-certificates"])?;
    }
    if !is_recent(Path::new("node")) {
        newer_node(project, &own)?;
    }
    Ok(Outcome::Installed)
}

/// Puts a newer Node.js beside the distribution's, which can be years old but is good enough to fetch it.
fn newer_node(project: &Project, own: &Path) -> Result<()> {
    let cpu = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => bail!("no Node.js {OLDEST} for {other} in the npm registry: install it by hand"),
    };
    let dir = project.tools.dir.join("node");
    npm::install(project, &project.root.join(format!("xtask/npm/node-{cpu}")), &dir)?;
    let binary = dir.join(format!("node_modules/node-linux-{cpu}/bin/node"));
    let _ = fs::remove_file(own);
    symlink(&binary, own).with_context(|| format!("cannot link {}", own.display()))?;
    if !is_recent(own) {
        bail!("{} does not run on this machine", binary.display());
    }
    Ok(())
}

fn is_recent(node: &Path) -> bool {
    let printed = Cmd::new(node).arg("--version").output();
    printed.is_ok_and(|text| version::major(&text).is_some_and(|major| major >= OLDEST))
}
