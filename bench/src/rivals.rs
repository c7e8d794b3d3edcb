//! Builds the rivals that run in a process of their own.

use std::path::{Path, PathBuf};
use std::process::Command;

use tarbox_bench_work::Result;

use crate::place::beside_program;

/// Builds `bench/rivals` (a moment when nothing changed) and answers the program. It has a target directory of its own
/// inside ours: its lock file and features differ.
pub(crate) fn program() -> Result<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("rivals/Cargo.toml");
    let target = beside_program()?.join("rivals");
    eprintln!("building the rivals");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--release", "--locked", "--quiet", "--manifest-path"])
        .arg(&manifest)
        .arg("--target-dir")
        .arg(&target)
        .current_dir(manifest.parent().unwrap_or(Path::new(".")))
        .status()?;
    match status.success() {
        true => Ok(target.join("release/tarbox-bench-rivals")),
        false => Err(format!("{}: cargo build failed", manifest.display()).into()),
    }
}
