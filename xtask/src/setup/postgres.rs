//! PostgreSQL, whose servers tests start by themselves: Debian's, and for long runs the newest.

use std::fs;

use std::os::unix::fs::symlink;

use anyhow::{Context, Result};

use super::step::{Announce, Outcome};
use super::{apt, npm};
use crate::project::Project;

/// The server's programs. Debian keeps them off `PATH`, in a directory for each version.
pub(super) fn ensure(_: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    if versions
        .into_iter()
        .any(|version| version.path().join("bin/initdb").is_file())
    {
        return Ok(Outcome::There);
    }
    announce.begin()?;
    apt::install(&["postgresql"])?;
    Ok(Outcome::Installed)
}

/// The newest server, from npm: its programs are at [`Tools::newest_postgres`](crate::project::Tools::newest_postgres).
pub(super) fn newest(project: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    let lock = project.root.join("xtask/npm/postgres");
    let dir = project.tools.newest_postgres_npm();
    let linked = dir.join("linked");
    if npm::same_lock(&lock, &dir) && linked.is_file() {
        return Ok(Outcome::There);
    }
    announce.begin()?;
    npm::install(project, &lock, &dir)?;
    // npm's archives hold no links; the package lists them, for a script that is not run here.
    let native = project.tools.newest_postgres().join("..");
    let list = fs::read(native.join("pg-symlinks.json")).context("the package lists no links")?;
    let list: serde_json::Value = serde_json::from_slice(&list)?;
    for link in list.as_array().into_iter().flatten() {
        let path = |key: &str| {
            link[key]
                .as_str()
                .unwrap_or_default()
                .trim_start_matches("native/")
                .to_owned()
        };
        let (source, target) = (path("source"), path("target"));
        // Each links a library to another name in the same directory, and nothing else is made.
        let (Some((dir, name)), Some((other, _))) = (source.rsplit_once('/'), target.rsplit_once('/')) else {
            continue;
        };
        let place = native.join(&target);
        if dir == other && !target.contains("..") && !place.is_symlink() {
            symlink(name, place)?;
        }
    }
    fs::write(linked, "")?;
    Ok(Outcome::Installed)
}
