//! The npm packages: built on the WebAssembly modules, and tested by Node's own test runner.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::Cmd;
use crate::project::Project;
use crate::wasm::{self, Artifact, UsedBy};

/// Builds the modules of the graph and the package around them.
///
/// # Errors
/// When something does not compile.
pub(crate) fn build(project: &Project) -> Result<()> {
    let package = project.root.join("packages/nervusdb");
    let dist = package.join("dist");
    fs::create_dir_all(&dist).with_context(|| format!("cannot create {}", dist.display()))?;
    for artifact in wasm::ARTIFACTS
        .iter()
        .filter(|artifact| matches!(artifact.used_by, UsedBy::Graph | UsedBy::GraphInBrowsers))
    {
        let module = wasm::build(project, artifact)?;
        fs::copy(&module, dist.join(artifact.name))
            .with_context(|| format!("cannot copy {}", module.display()))?;
        if matches!(artifact.used_by, UsedBy::GraphInBrowsers) {
            continue;
        }
        let script = javascript(project, artifact, &module)?;
        fs::copy(&script, dist.join(script.file_name().unwrap_or_default()))
            .with_context(|| format!("cannot copy {}", script.display()))?;
    }
    node(project).dir(&package).args(["scripts/build.mjs"]).run()
}

/// The module once more as JavaScript, for places without WebAssembly; made anew only when the module has changed.
pub(crate) fn javascript(project: &Project, artifact: &Artifact, module: &Path) -> Result<PathBuf> {
    let name = artifact.name.replace(".wasm", "-js.js");
    let script = project.target.join("wasm-artifacts").join(name);
    let made_from = script.with_extension("from");
    let bytes = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    if script.is_file() && fs::read(&made_from).is_ok_and(|before| before == bytes) {
        return Ok(script);
    }
    node(project)
        .dir(project.root.join("packages/nervusdb"))
        .arg("scripts/javascript.mjs")
        .args([
            project.tools.npm("binaryen/bin"),
            module.to_owned(),
            script.clone(),
        ])
        .run()?;
    fs::write(made_from, bytes)?;
    Ok(script)
}

/// Runs the tests of the packages, a line at a time.
///
/// # Errors
/// When a test fails.
pub(crate) fn test(project: &Project, long: bool, mut on_line: impl FnMut(&str)) -> Result<()> {
    for use_wasm in ["true", "false"] {
        let graph = tests(project, "nervusdb", long).env("NERVUSDB_USE_WASM", use_wasm);
        graph.each_line(&mut on_line)?;
    }
    // A database of the package is one of the command.
    project.cargo().args(["build", "--package=tarbox-cli"]).run()?;
    tests(project, "tarbox", long)
        .env("TARBOX_BIN", project.binary("debug", "tarbox"))
        .each_line(on_line)
}

fn tests(project: &Project, package: &str, long: bool) -> Cmd {
    let node = node(project)
        .dir(project.root.join("packages").join(package))
        .args(["--test", "--test-reporter=spec", "test/"]);
    match long {
        true => node.env("TARBOX_LONG", "1"),
        false => node,
    }
}

fn node(project: &Project) -> Cmd {
    Cmd::new("node").envs(project.tools.env())
}
