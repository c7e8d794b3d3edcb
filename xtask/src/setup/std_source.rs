//! Rust's standard library built from source, for machines where rustup cannot download.
//!
//! The sources are Debian's package `rust-src` of exactly the compiler's release, and the build is the one that
//! Rust's own bootstrap makes: `library/sysroot` in profile `dist`. The C library that Rust links on WASI
//! comes from Debian's newest `wasi-libc`, since the older ones know nothing of preview 2.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::rust_targets::Toolchain;
use super::suites::{NEWER, NewerSuites};
use crate::command::Cmd;
use crate::project::Project;

/// What Rust keeps beside its own libraries to link a WASI program without a C toolchain.
const SELF_CONTAINED: &[&str] = &["crt1-command.o", "crt1-reactor.o", "libc.a"];

/// Builds the standard library for `targets` and adds it to the toolchain.
///
/// # Errors
/// When this is not Debian, Debian has no sources of this compiler's release, or the build fails.
pub(super) fn install(project: &Project, toolchain: &Toolchain, targets: &[&str]) -> Result<()> {
    let work = project.tools.work();
    let suites = NewerSuites::open(&work, NEWER)?;
    let version = suites.version("rust-src", &format!("{}+", toolchain.release))?;
    let package = suites.unpack(&format!("rust-src={version}"))?;
    let library = package
        .join("usr/src")
        .join(format!("rustc-{}", toolchain.release))
        .join("library");
    let wasi_libc = suites.unpack("wasi-libc/forky")?.join("usr/lib");
    let built = build(&library, &work, toolchain, targets)?;
    for target in targets {
        add_target(toolchain, target, &built, &wasi_libc).with_context(|| {
            format!(
                "cannot add {target} to the toolchain in {}",
                toolchain.sysroot.display()
            )
        })?;
        register(toolchain, target)?;
    }
    fs::remove_dir_all(&work)?;
    Ok(())
}

/// Returns cargo's target directory.
fn build(library: &Path, work: &Path, toolchain: &Toolchain, targets: &[&str]) -> Result<PathBuf> {
    let built = work.join("std");
    let remap = format!(
        "--remap-path-prefix={}=/rustc/{}/library",
        library.display(),
        toolchain.commit
    );
    // Cargo itself must see the compiler's warning that wasm has no dylibs, so lints are not capped here.
    Cmd::cargo()
        .args([
            "build",
            "--quiet",
            "--locked",
            "--profile",
            "dist",
            "--features",
            "panic-unwind",
        ])
        .args(["--manifest-path", "sysroot/Cargo.toml"])
        .args(targets.iter().flat_map(|target| ["--target", target]))
        .dir(library)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        .env("CARGO_TARGET_DIR", &built)
        .env("CARGO_PROFILE_DIST_DEBUG", "0")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("__CARGO_DEFAULT_LIB_METADATA", "stablestd")
        .env("RUSTFLAGS", format!("-Zforce-unstable-if-unmarked {remap}"))
        .run_silent()?;
    Ok(built)
}

fn add_target(toolchain: &Toolchain, target: &str, built: &Path, wasi_libc: &Path) -> Result<()> {
    let dir = toolchain.target_dir(target);
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    let lib = dir.join("lib");
    fs::create_dir_all(&lib)?;
    for entry in fs::read_dir(built.join(target).join("dist/deps"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rlib") {
            fs::copy(
                &path,
                lib.join(path.file_name().context("an rlib without a name")?),
            )?;
        }
    }
    if target.starts_with("wasm32-wasi") {
        fs::create_dir(lib.join("self-contained"))?;
        for name in SELF_CONTAINED {
            fs::copy(
                wasi_libc.join(target).join(name),
                lib.join("self-contained").join(name),
            )?;
        }
    }
    fs::write(toolchain.stamp(target), format!("{}\n", toolchain.commit))?;
    Ok(())
}

/// Tells rustup that the target is installed, so that `rustup target add|remove|list` treat it as their own.
fn register(toolchain: &Toolchain, target: &str) -> Result<()> {
    let rustlib = toolchain.rustlib();
    let component = format!("rust-std-{target}");
    let mut files = Vec::new();
    list_files(&toolchain.sysroot, &toolchain.target_dir(target), &mut files)?;
    fs::write(rustlib.join(format!("manifest-{component}")), files.concat())?;
    append_once(&rustlib.join("components"), &component, &format!("{component}\n"))?;
    append_once(
        &rustlib.join("multirust-config.toml"),
        &format!("target = \"{target}\""),
        &format!("\n[[components]]\npkg = \"rust-std\"\ntarget = \"{target}\"\nis_extension = false\n"),
    )
}

/// Lines of `file:PATH`, relative to `root`.
fn list_files(root: &Path, dir: &Path, lines: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            list_files(root, &path, lines)?;
        } else {
            lines.push(format!("file:{}\n", path.strip_prefix(root)?.display()));
        }
    }
    Ok(())
}

/// Appends `text` to `file` unless one of its lines is `line`.
fn append_once(file: &Path, line: &str, text: &str) -> Result<()> {
    let mut content = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    if !content.lines().any(|known| known == line) {
        content.push_str(text);
        fs::write(file, content).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registering_twice_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let toolchain = Toolchain {
            sysroot: dir.path().into(),
            release: "1.95.0".into(),
            commit: "abc".into(),
        };
        let lib = toolchain.target_dir("wasm32-wasip1").join("lib");
        fs::create_dir_all(&lib).unwrap();
        fs::write(lib.join("libstd-1.rlib"), "").unwrap();
        fs::write(toolchain.rustlib().join("components"), "rustc\n").unwrap();
        fs::write(
            toolchain.rustlib().join("multirust-config.toml"),
            "config_version = \"1\"\n",
        )
        .unwrap();
        register(&toolchain, "wasm32-wasip1").unwrap();
        let read = |name: &str| fs::read_to_string(toolchain.rustlib().join(name)).unwrap();
        let once = (read("components"), read("multirust-config.toml"));
        register(&toolchain, "wasm32-wasip1").unwrap();
        assert_eq!(once, (read("components"), read("multirust-config.toml")));
        assert_eq!(once.0, "rustc\nrust-std-wasm32-wasip1\n");
        assert_eq!(
            read("manifest-rust-std-wasm32-wasip1"),
            "file:lib/rustlib/wasm32-wasip1/lib/libstd-1.rlib\n"
        );
    }
}
