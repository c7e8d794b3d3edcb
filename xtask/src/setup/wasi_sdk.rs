//! A directory laid out as wasi-sdk, from the distribution's packages: crates look for a C compiler and a C
//! library for WASI in one.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result};

use super::step::{Announce, Outcome};
use super::{apt, llvm, suites};
use crate::project::Project;

const PROGRAMS: &[&str] = &["clang", "clang++", "llvm-ar", "llvm-ranlib", "llvm-nm"];

/// Distributions name the directories of headers and libraries `wasm32-wasi`; compilers ask for this name.
const TRIPLE: &str = "wasm32-wasip1";

pub(super) fn ensure(project: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    let sdk = project.tools.wasi_sdk();
    let sysroot = project.tools.wasi_sysroot();
    let headers = sysroot.join("include").join(TRIPLE).join("stdio.h");
    if headers.is_file()
        && PROGRAMS
            .iter()
            .all(|program| sdk.join("bin").join(program).is_file())
    {
        return Ok(Outcome::There);
    }
    announce.begin()?;
    link_programs(&sdk.join("bin"))?;
    if !headers.is_file() {
        unpack_library(project, &sysroot)?;
    }
    Ok(Outcome::Installed)
}

fn link_programs(bin: &Path) -> Result<()> {
    let llvm = llvm::bin_dir().context("clang is missing")?;
    replace_dir(bin)?;
    for program in PROGRAMS {
        symlink(llvm.join(program), bin.join(program))?;
    }
    Ok(())
}

fn unpack_library(project: &Project, sysroot: &Path) -> Result<()> {
    const PACKAGE: &str = "wasi-libc";
    if !apt::has_package(PACKAGE) {
        apt::refresh(&[PACKAGE])?;
    }
    let unpacked = suites::unpack_from_own_suite(PACKAGE, &project.tools.work())?;
    replace_dir(sysroot)?;
    for part in ["include", "lib"] {
        fs::rename(unpacked.join("usr").join(part), sysroot.join(part))?;
        let alias = sysroot.join(part).join(TRIPLE);
        if !alias.exists() {
            symlink("wasm32-wasi", alias)?;
        }
    }
    fs::remove_dir_all(unpacked)?;
    Ok(())
}

/// Makes `dir` an empty directory.
fn replace_dir(dir: &Path) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))
}
