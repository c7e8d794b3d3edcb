//! Rust's standard library for WebAssembly.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::std_source;
use super::step::{Announce, Outcome};
use crate::command::Cmd;
use crate::project::Project;

const TARGETS: &[&str] = &["wasm32-unknown-unknown", "wasm32-wasip1", "wasm32-wasip2"];

pub(super) fn ensure(project: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    let toolchain = Toolchain::active()?;
    let missing: Vec<&str> = TARGETS
        .iter()
        .copied()
        .filter(|target| !toolchain.has_std(target))
        .collect();
    if missing.is_empty() {
        return Ok(Outcome::There);
    }
    announce.begin()?;
    if let Err(refusal) = Cmd::new("rustup")
        .args(["target", "add"])
        .args(&missing)
        .run_silent()
    {
        project
            .ui
            .note("rustup cannot download it; building it from Debian's sources instead");
        std_source::install(project, &toolchain, &missing)
            .with_context(|| format!("first, {refusal}; then, from source"))?;
    }
    Ok(Outcome::Installed)
}

/// The Rust toolchain that builds this checkout.
#[derive(Debug)]
pub(super) struct Toolchain {
    pub(super) sysroot: PathBuf,
    /// Such as `1.95.0`.
    pub(super) release: String,
    pub(super) commit: String,
}

impl Toolchain {
    fn active() -> Result<Self> {
        let version = Cmd::new("rustc").arg("-vV").output()?;
        let field = |name: &str| {
            let value = version.lines().find_map(|line| line.strip_prefix(name));
            value
                .map(str::to_owned)
                .with_context(|| format!("rustc -vV says no `{name}`"))
        };
        let sysroot = PathBuf::from(Cmd::new("rustc").args(["--print", "sysroot"]).output()?);
        Ok(Self {
            sysroot,
            release: field("release: ")?,
            commit: field("commit-hash: ")?,
        })
    }

    /// The directory of one target.
    pub(super) fn target_dir(&self, target: &str) -> PathBuf {
        self.rustlib().join(target)
    }

    pub(super) fn rustlib(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib")
    }

    /// Where setup notes for which compiler it built a target's library: `rustup update` replaces the
    /// compiler and leaves such a library behind, where it would no longer link.
    pub(super) fn stamp(&self, target: &str) -> PathBuf {
        self.target_dir(target).join("lib/built-for")
    }

    fn has_std(&self, target: &str) -> bool {
        let fits = fs::read_to_string(self.stamp(target)).map_or(true, |commit| commit.trim() == self.commit);
        fits && has_std_rlib(&self.target_dir(target).join("lib"))
    }
}

fn has_std_rlib(lib: &Path) -> bool {
    let Ok(entries) = fs::read_dir(lib) else {
        return false;
    };
    entries.filter_map(Result::ok).any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_of_another_compiler_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let toolchain = Toolchain {
            sysroot: dir.path().into(),
            release: "1.95.0".into(),
            commit: "abc".into(),
        };
        assert!(!toolchain.has_std("wasm32-wasip1"));
        let lib = toolchain.target_dir("wasm32-wasip1").join("lib");
        fs::create_dir_all(&lib).unwrap();
        fs::write(lib.join("libstd-0123.rlib"), "").unwrap();
        assert!(toolchain.has_std("wasm32-wasip1"), "rustup's own has no stamp");
        fs::write(toolchain.stamp("wasm32-wasip1"), "older\n").unwrap();
        assert!(!toolchain.has_std("wasm32-wasip1"));
        fs::write(toolchain.stamp("wasm32-wasip1"), "abc\n").unwrap();
        assert!(toolchain.has_std("wasm32-wasip1"));
    }
}
