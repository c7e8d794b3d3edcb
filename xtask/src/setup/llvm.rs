//! clang and llvm-ar, which compile the C in crates (SQLite) for WebAssembly.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::apt;
use super::step::{Announce, Outcome};
use crate::project::Project;

/// Preferred first: clang of the same LLVM as the Rust compiler's, then whatever the suite calls clang.
const PACKAGES: &[[&str; 2]] = &[["clang-22", "llvm-22"], ["clang", "llvm"]];

pub(super) fn ensure(_: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    if bin_dir().is_some() {
        return Ok(Outcome::There);
    }
    announce.begin()?;
    apt::refresh(&PACKAGES[PACKAGES.len() - 1])?;
    let known = |pair: &&[&str; 2]| pair.iter().all(|package| apt::has_package(package));
    let pair = PACKAGES
        .iter()
        .find(known)
        .context("apt-get has no package of clang")?;
    apt::install(pair)?;
    bin_dir().with_context(|| format!("{} left no clang in /usr/lib/llvm-*", pair.join(" and ")))?;
    Ok(Outcome::Installed)
}

/// The directory with clang and llvm-ar of the newest LLVM on this machine.
pub(super) fn bin_dir() -> Option<PathBuf> {
    let entries = std::fs::read_dir("/usr/lib").ok()?;
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version: u32 = entry.file_name().to_str()?.strip_prefix("llvm-")?.parse().ok()?;
            let bin = entry.path().join("bin");
            let complete = ["clang", "llvm-ar"].iter().all(|tool| bin.join(tool).is_file());
            complete.then_some((version, bin))
        })
        .max()
        .map(|(_, bin)| bin)
}
