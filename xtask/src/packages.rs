//! The npm packages: built on the WebAssembly modules, and tested by Node's own test runner.

use std::fs;

use anyhow::{Context, Result};

use crate::command::Cmd;
use crate::project::Project;
use crate::wasm;

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
        .filter(|artifact| artifact.name.starts_with("nervusdb"))
    {
        let module = wasm::build(project, artifact)?;
        fs::copy(&module, dist.join(artifact.name))
            .with_context(|| format!("cannot copy {}", module.display()))?;
    }
    node(project).dir(&package).args(["scripts/build.mjs"]).run()
}

/// Runs the tests of the packages, a line at a time.
///
/// # Errors
/// When a test fails.
pub(crate) fn test(project: &Project, long: bool, on_line: impl FnMut(&str)) -> Result<()> {
    let mut node = node(project).dir(project.root.join("packages/nervusdb")).args([
        "--test",
        "--test-reporter=spec",
        "test/",
    ]);
    if long {
        node = node.env("TARBOX_LONG", "1");
    }
    node.each_line(on_line)
}

fn node(project: &Project) -> Cmd {
    Cmd::new("node").envs(project.tools.env())
}
