//! `cargo xtask web`: the playground, served by `tarbox dev` as any page would be.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::command::Cmd;
use crate::project::Project;
use crate::setup::{self, Part};
use crate::wasm;

/// Build the playground and serve it on this machine
///
/// Files, history, SQL and audit of a workspace in the browser. It works offline after the first visit. What you
/// keep in it stays in that browser.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The port; 0 takes any that is free
    #[arg(long, default_value_t = 8080, value_name = "N")]
    port: u16,
    /// Open the page in a browser
    #[arg(long)]
    open: bool,
    /// Instead, build the command with the playground in it: `tarbox serve` shows it at /
    #[arg(long, conflicts_with_all = ["port", "open"])]
    embed: bool,
}

/// Builds everything and serves it until it is interrupted.
///
/// # Errors
/// When something does not compile, or the port is taken.
pub(crate) fn run(project: &Project, args: &Args) -> Result<()> {
    setup::run(project, Part::Web)?;
    project.ui.title("build the playground");
    let site = build(project)?;
    if args.embed {
        return embed(project, &site);
    }
    // Only what `dev` needs: without the runtime of `tarbox run` it compiles in a fraction of the time.
    project
        .cargo()
        .args([
            "build",
            "--package=tarbox-cli",
            "--no-default-features",
            "--features=dev",
        ])
        .run()?;
    Cmd::new(project.binary("debug", "tarbox"))
        .arg("dev")
        .arg(site)
        // The page's own service worker tells of new versions.
        .arg("--no-reload")
        .args(["--port", &args.port.to_string()])
        .args(args.open.then_some("--open"))
        .run()
}

/// Builds the command as it is installed, with the playground in it.
fn embed(project: &Project, site: &Path) -> Result<()> {
    project
        .cargo()
        .args(["build", "--release", "--package=tarbox-cli"])
        .env("TARBOX_PLAYGROUND", site)
        .run()?;
    println!("{}", project.binary("release", "tarbox").display());
    Ok(())
}

/// Builds the packages and the playground on them, and returns its directory.
///
/// # Errors
/// When something does not compile.
pub(crate) fn build(project: &Project) -> Result<PathBuf> {
    wasm::packages(project)?;
    project
        .node()
        .dir(project.root.join("packages/playground"))
        .args(["../../node_modules/vite/bin/vite.js", "build", "--logLevel=warn"])
        .run()?;
    Ok(project.root.join("packages/playground/dist"))
}
