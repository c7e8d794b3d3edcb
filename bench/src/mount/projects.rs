//! Builds and installations of whole projects. What they need is brought to this machine once, before anything is
//! measured, so that the network has no part in it.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::Command;

use tarbox_bench_work::Result;

use super::DATA;
use super::sides::{Side, Sides, millis, run, shell};
use crate::Bench;
use crate::place::beside_program;
use crate::report::{Report, Row};
use crate::turns::turns;

/// What the rows' names begin with.
pub(crate) const CARGO_ROWS: &[&str] = &["cargo build"];
pub(crate) const NPM_ROWS: &[&str] = &["npm install"];

/// How often each side builds or installs, which takes long.
const ROUNDS: u64 = 3;
/// What `npm install` may cost of the same on ext4.
const NPM: f64 = 1.5;

/// A command line that reads and prints JSON: about twenty crates, all of which are built.
const MANIFEST: &str = r#"[package]
name = "project"
version = "0.1.0"
edition = "2024"
[dependencies]
clap = { version = "4", features = ["derive"] }
serde = { version = "1", features = ["derive"] }
serde_json = "1"
[workspace]
"#;
const MAIN: &str = r#"#[derive(clap::Parser, serde::Serialize)]
struct Args { name: String }
fn main() { println!("{}", serde_json::to_string(&<Args as clap::Parser>::parse()).unwrap()); }
"#;
/// What a project that serves and tests itself installs: more than 300 packages.
const PACKAGE: &str = r#"{ "name": "project", "version": "1.0.0", "private": true,
    "dependencies": { "jest": "29.7.0", "express": "4.21.2" } }
"#;

/// A build with all sources and all results in the directory.
pub(crate) fn cargo(bench: &Bench, report: &mut Report) -> Result<()> {
    let project = kept("cargo-project")?;
    if !project.join("vendor").exists() {
        std::fs::create_dir_all(project.join("src"))?;
        std::fs::write(project.join("Cargo.toml"), MANIFEST)?;
        std::fs::write(project.join("src/main.rs"), MAIN)?;
        run(&mut shell(
            &project,
            "mkdir -p .cargo && cargo vendor vendor > .cargo/config.toml",
        ))?;
    }
    let build = "cargo build --quiet --offline";
    let pair = compare(bench, &project, build, Side::Bindfs)?;
    report.row(&Row::new("cargo build vs bindfs", pair.ours, pair.peer, "ms").goal(DATA));
    Ok(())
}

/// An installation from npm's own cache, which is on the host.
pub(crate) fn npm(bench: &Bench, report: &mut Report) -> Result<()> {
    let (project, cache) = (kept("npm-project")?, kept("npm-cache")?);
    let install = format!(
        "npm ci --silent --offline --no-audit --no-fund --ignore-scripts --cache {}",
        cache.display()
    );
    if !project.join("package-lock.json").exists() {
        std::fs::create_dir_all(&project)?;
        std::fs::write(project.join("package.json"), PACKAGE)?;
        // The first chooses versions, the second fetches all that an installation of these asks for.
        let again = install.replace("--offline ", "");
        let first = again.replace("npm ci", "npm install");
        let fill = format!("{first} && {again} && rm -r node_modules");
        run(&mut shell(&project, &fill))?;
    }
    let pair = compare(bench, &project, &install, Side::Host)?;
    report.row(&Row::new("npm install vs ext4", pair.ours, pair.peer, "ms").goal(NPM));
    Ok(())
}

/// Copies the project into new directories of both sides, and has the script run there.
fn compare(bench: &Bench, project: &Path, script: &str, rival: Side) -> Result<crate::turns::Pair> {
    let sides = RefCell::new(Sides::new(bench)?);
    let cost = |side: Side, round: u64| {
        let dir = sides.borrow().root(side).join(round.to_string());
        run(Command::new("cp").arg("-r").arg(project).arg(&dir))?;
        millis(|| run(shell(&dir, script).env_remove("CARGO_TARGET_DIR")))
    };
    turns(
        ROUNDS,
        |round| cost(Side::Tarbox, round),
        |round| cost(rival, round),
    )
}

/// A directory that later runs find again.
fn kept(name: &str) -> Result<PathBuf> {
    Ok(beside_program()?.join("bench-mount").join(name))
}
