//! Debian's and Ubuntu's packages.

use std::sync::OnceLock;

use anyhow::{Result, bail};

use super::step::{Announce, Outcome};
use crate::command::{Cmd, on_path};
use crate::project::Project;

/// A program that must be on `PATH`, and the package that brings it.
const BUILD_TOOLS: &[(&str, &str)] = &[
    ("cc", "build-essential"),
    ("make", "build-essential"),
    ("git", "git"),
    // Examples of servers are used by it.
    ("curl", "curl"),
    ("strace", "strace"),
    // Archives are unpacked as it does.
    ("bsdtar", "libarchive-tools"),
    // WebDAV is judged by it.
    ("litmus", "litmus"),
];

/// The compiler that crates with C in them are built with, and what tests call.
pub(super) fn build_tools(_: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    programs(BUILD_TOOLS, announce)
}

/// Installs the packages of those programs that are not on `PATH`.
///
/// # Errors
/// As [`install`].
pub(super) fn programs(wanted: &[(&str, &'static str)], announce: &Announce<'_>) -> Result<Outcome> {
    let mut missing: Vec<&str> = wanted
        .iter()
        .filter(|(program, _)| !on_path(program))
        .map(|(_, package)| *package)
        .collect();
    missing.dedup();
    if missing.is_empty() {
        return Ok(Outcome::There);
    }
    announce.begin()?;
    install(&missing)?;
    Ok(Outcome::Installed)
}

/// Installs packages of the machine's own suite, without recommended ones and without questions.
///
/// # Errors
/// When there is no `apt-get`, no way to become root, or no such package.
pub(super) fn install(packages: &[&str]) -> Result<()> {
    refresh(packages)?;
    as_root(packages)?
        .args(["apt-get", "install", "-y", "-qq", "--no-install-recommends"])
        .args(packages)
        .advice("see the messages above; `apt-get -f install` as root repairs an interrupted installation")
        .run_silent()
}

/// Brings the package lists up to date before `packages` are looked for, once in the life of this program.
///
/// # Errors
/// When it cannot become root. A mirror that does not answer is left to the install that follows: the lists at
/// hand may be good enough.
pub(super) fn refresh(packages: &[&str]) -> Result<()> {
    static DONE: OnceLock<()> = OnceLock::new();
    if DONE.get().is_none() {
        if let Err(error) = as_root(packages)?.args(["apt-get", "update", "-qq"]).run_silent() {
            anstream::eprintln!("    package lists could not be updated: {error}");
        }
        DONE.get_or_init(|| ());
    }
    Ok(())
}

/// Whether the machine's suite has a package of this name. Call [`refresh`] first.
pub(super) fn has_package(name: &str) -> bool {
    Cmd::new("apt-cache")
        .args(["show", "--no-all-versions", name])
        .succeeds()
}

/// A command to which `apt-get …` is appended to run as root; `packages` are named when that cannot be.
fn as_root(packages: &[&str]) -> Result<Cmd> {
    if !on_path("apt-get") {
        bail!(
            "this machine has no apt-get, and setup installs with nothing else; install by hand what Debian calls {}",
            packages.join(" ")
        );
    }
    let is_root = Cmd::new("id").arg("-u").output()? == "0";
    let command = if is_root {
        Cmd::new("env")
    } else if on_path("sudo") {
        Cmd::new("sudo")
            .arg("env")
            .advice("run it in a terminal where sudo can ask for your password, or as root")
    } else {
        bail!(
            "packages are missing, and there is neither root nor sudo to install them\n  what to do: ask an \
             administrator to run `apt-get update && apt-get install {}`",
            packages.join(" ")
        );
    };
    Ok(command.args(["DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_MODE=a"]))
}
