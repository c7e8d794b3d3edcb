//! The WebAssembly modules that the project ships.

use std::path::PathBuf;

use anyhow::Result;

use crate::command::Cmd;
use crate::project::Project;

/// A module, how to build it, and how large it may be.
#[derive(Debug)]
pub(crate) struct Artifact {
    /// The file's name.
    pub(crate) name: &'static str,
    /// The package and, in it, the binary.
    pub(crate) package: &'static str,
    pub(crate) binary: &'static str,
    pub(crate) target: &'static str,
    /// The largest it may be, in bytes before compression.
    pub(crate) limit: u64,
    /// The environment variable that tells tests where it is.
    pub(crate) variable: &'static str,
}

/// Everything that is shipped as WebAssembly.
pub(crate) const ARTIFACTS: &[Artifact] = &[Artifact {
    name: "tarbox.wasm",
    package: "tarbox-cli",
    binary: "tarbox",
    target: "wasm32-wasip1",
    limit: 5_000_000,
    variable: "TARBOX_WASM",
}];

/// What every runtime we name supports; with `-all`, wasm-opt emits what some of them reject.
const FEATURES: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// Builds an artifact for size and returns the module's path.
///
/// # Errors
/// When it does not compile or wasm-opt refuses it.
pub(crate) fn build(project: &Project, artifact: &Artifact) -> Result<PathBuf> {
    project
        .cargo()
        .args(["build", "--profile", "wasm", "--no-default-features"])
        .args([
            "--package",
            artifact.package,
            "--bin",
            artifact.binary,
            "--target",
            artifact.target,
        ])
        .run()?;
    let built = project
        .target
        .join(artifact.target)
        .join("wasm")
        .join(format!("{}.wasm", artifact.binary));
    let out = project.target.join("wasm-artifacts").join(artifact.name);
    std::fs::create_dir_all(project.target.join("wasm-artifacts"))?;
    Cmd::new(project.tools.npm("binaryen/bin/wasm-opt"))
        .args(["-Oz", "--strip-debug", "--strip-producers"])
        .args(FEATURES)
        .arg(&built)
        .arg("-o")
        .arg(&out)
        .envs(project.tools.env())
        .run_silent()?;
    Ok(out)
}
