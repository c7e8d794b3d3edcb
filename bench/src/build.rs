//! Builds what runs in a process of its own; a moment when nothing changed.

use std::path::{Path, PathBuf};
use std::process::Command;

use tarbox_bench_work::Result;

use crate::place::beside_program;

/// Builds a package of this workspace and answers its program.
///
/// # Errors
/// When it does not build.
pub(crate) fn program(package: &str) -> Result<PathBuf> {
    cargo(Path::new("../Cargo.toml"), &["--package", package], &target()?)?;
    Ok(beside_program()?.join(package))
}

/// Builds the rivals whose dependencies must not meet ours: a lock file and a target directory of their own.
///
/// # Errors
/// When they do not build.
pub(crate) fn rivals() -> Result<PathBuf> {
    let target = beside_program()?.join("rivals");
    cargo(Path::new("rivals/Cargo.toml"), &[], &target)?;
    Ok(target.join("release/tarbox-bench-rivals"))
}

/// Builds the guest that every host runs.
///
/// # Errors
/// When it does not build; most likely the target is missing, which `cargo xtask setup` installs.
pub(crate) fn guest() -> Result<PathBuf> {
    const TARGET: &str = "wasm32-wasip1";
    let target = target()?;
    cargo(
        Path::new("../Cargo.toml"),
        &["--package", "tarbox-bench-guest", "--target", TARGET],
        &target,
    )?;
    Ok(target.join(TARGET).join("release/tarbox-bench-guest.wasm"))
}

/// Cargo's target directory that this program was built in.
fn target() -> Result<PathBuf> {
    let beside = beside_program()?;
    Ok(beside.parent().unwrap_or(&beside).to_owned())
}

fn cargo(manifest: &Path, args: &[&str], target: &Path) -> Result<()> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join(manifest);
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--release", "--locked", "--quiet", "--manifest-path"])
        .arg(&manifest)
        .args(args)
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{}: cargo build {} failed", manifest.display(), args.join(" ")).into()),
    }
}
