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
    /// The package it is of.
    pub(crate) package: &'static str,
    /// Which of its targets, as cargo is told, and the file that leaves behind.
    pub(crate) part: &'static [&'static str],
    pub(crate) built: &'static str,
    pub(crate) features: &'static str,
    pub(crate) target: &'static str,
    pub(crate) goal: Goal,
    /// The largest it may be, in bytes before compression.
    pub(crate) limit: u64,
    /// The largest it may be with brotli, if that is limited too.
    pub(crate) brotli_limit: Option<u64>,
    /// The environment variable that tells Rust tests where it is, if one of them runs it.
    pub(crate) variable: Option<&'static str>,
}

/// What a module is compiled for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    Size,
    Speed,
}

impl Goal {
    const fn profile(self) -> &'static str {
        match self {
            Self::Size => "wasm",
            Self::Speed => "wasm-fast",
        }
    }

    const fn level(self) -> &'static str {
        match self {
            Self::Size => "-Oz",
            Self::Speed => "-O3",
        }
    }
}

const GRAPH: Artifact = Artifact {
    name: "nervusdb.wasm",
    package: "nervusdb-wasm",
    part: &["--lib"],
    built: "nervusdb_wasm.wasm",
    features: "",
    target: "wasm32-unknown-unknown",
    goal: Goal::Speed,
    limit: 200_000,
    brotli_limit: Some(80_000),
    variable: None,
};

/// Everything that is shipped as WebAssembly.
pub(crate) const ARTIFACTS: &[Artifact] = &[
    Artifact {
        name: "tarbox.wasm",
        package: "tarbox-cli",
        part: &["--bin", "tarbox"],
        built: "tarbox.wasm",
        features: "",
        target: "wasm32-wasip1",
        goal: Goal::Size,
        limit: 5_000_000,
        brotli_limit: None,
        variable: Some("TARBOX_WASM"),
    },
    GRAPH,
    Artifact {
        name: "nervusdb-tools.wasm",
        features: "tools",
        goal: Goal::Size,
        limit: 250_000,
        brotli_limit: None,
        ..GRAPH
    },
];

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
        .args([
            "build",
            "--profile",
            artifact.goal.profile(),
            "--no-default-features",
        ])
        .args(["--package", artifact.package, "--target", artifact.target])
        .args(["--features", artifact.features])
        .args(artifact.part)
        .run()?;
    let built = project
        .target
        .join(artifact.target)
        .join(artifact.goal.profile())
        .join(artifact.built);
    let out = project.target.join("wasm-artifacts").join(artifact.name);
    std::fs::create_dir_all(project.target.join("wasm-artifacts"))?;
    Cmd::new(project.tools.npm("binaryen/bin/wasm-opt"))
        .args([artifact.goal.level(), "--strip-debug", "--strip-producers"])
        .args(FEATURES)
        .arg(&built)
        .arg("-o")
        .arg(&out)
        .envs(project.tools.env())
        .run_silent()?;
    Ok(out)
}
