//! `cargo xtask bench`: our own speed beside a rival's, measured in the same run.

use anyhow::Result;

use crate::command::Cmd;
use crate::packages;
use crate::project::Project;
use crate::setup::{self, Part, npm};
use crate::wasm;

/// Measure Tarbox beside its rivals
///
/// One line per row: name, ours, theirs, ratio of the two costs (under 1 is ahead).
/// Rows go to standard output with tabs between the fields, everything else to standard error.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// One suite (files, wasi, guests, mount, postgres, server, sync, graph, quickjs, browser) or the start of a row's name; all of them when left out
    name: Option<String>,
    /// Less data: to see that it works, not to quote
    #[arg(long)]
    quick: bool,
}

/// Builds the benchmarks with full optimisation and runs them.
///
/// # Errors
/// When setup or the build fails, or a benchmark does.
pub(crate) fn run(project: &Project, args: &Args) -> Result<()> {
    let browser_only = args.name.as_deref() == Some("browser");
    setup::run(
        project,
        if browser_only {
            Part::BenchBrowser
        } else {
            Part::Bench
        },
    )?;
    project.ui.title("bench");
    let is_graph = args.name.as_deref().is_some_and(|name| name.starts_with(GRAPH));
    if args.name.is_none() || is_graph {
        graph(project, args)?;
    }
    if is_graph {
        return Ok(());
    }
    let is_quickjs = args.name.as_deref().is_some_and(|name| name.starts_with(QUICKJS));
    if args.name.is_none() || is_quickjs {
        quickjs(project, args)?;
    }
    if is_quickjs {
        return Ok(());
    }
    if browser_only {
        return browser(project, args);
    }
    project
        .cargo()
        .args([
            "build",
            "--release",
            "--package",
            "tarbox-bench",
            "--package",
            "tarbox-cli",
        ])
        .run()?;
    let is_composed = args.name.as_deref().is_none_or(|name| name.starts_with(GUESTS));
    let provider = match is_composed {
        true => Some(("TARBOX_PROVIDER", wasm::build(project, &wasm::COMPONENT)?)),
        false => None,
    };
    let bench = Cmd::new(project.binary("release", "tarbox-bench"));
    bench
        .dir(&project.root)
        .envs(project.tools.env())
        .envs(provider)
        .args(args.quick.then_some("--quick"))
        .args(&args.name)
        .advice("see its last line; `cargo xtask bench --help` lists the suites")
        .run()
}

/// What the rows of guests begin with that carry their workspace, which needs the component that provides it.
const GUESTS: &str = "guests";

/// What the rows of JavaScript begin with.
const QUICKJS: &str = "quickjs";

/// Scripts on a workspace, natively and in a module, beside a script in somebody else's module and one in Node.
fn quickjs(project: &Project, args: &Args) -> Result<()> {
    let cli = ["build", "--release", "--package", "tarbox-cli"];
    project.cargo().args(cli).run()?;
    let Some(module) = wasm::ARTIFACTS
        .iter()
        .find(|module| module.name == "tarbox-js.wasm")
    else {
        return Ok(());
    };
    let dir = project.root.join("bench/quickjs");
    npm::locked(project, &dir)?;
    Cmd::new("node")
        .dir(&dir)
        .arg("main.mjs")
        .arg(project.binary("release", "tarbox"))
        .arg(wasm::build(project, module)?)
        .args(args.quick.then_some("--quick"))
        .run()
}

/// What the rows of the store of facts begin with. They are measured in Node, where its rivals live.
const GRAPH: &str = "graph";

/// Those of the engine without a browser or Node around it.
const NATIVE: &str = "graph native";

fn graph(project: &Project, args: &Args) -> Result<()> {
    let wanted = args.name.as_deref().unwrap_or_default();
    if !args.quick && (NATIVE.starts_with(wanted) || wanted.starts_with(NATIVE)) {
        let example = ["--package", "nervusdb", "--example", "measure"];
        project.cargo().args(["build", "--release"]).args(example).run()?;
        Cmd::new(project.binary("release", "examples/measure"))
            .arg("--rows")
            .run()?;
    }
    packages::build(project)?;
    let dir = project.root.join("bench/graph");
    npm::locked(project, &dir)?;
    Cmd::new("node")
        .dir(&dir)
        .envs(project.tools.env())
        .arg("main.mjs")
        .args(args.quick.then_some("--quick"))
        .args(&args.name)
        .run()
}

/// The npm packages beside theirs, in each browser.
fn browser(project: &Project, args: &Args) -> Result<()> {
    wasm::packages(project)?;
    project
        .node()
        .arg("packages/browser-bench/run.mjs")
        .args(args.quick.then_some("--quick"))
        .run()
}
