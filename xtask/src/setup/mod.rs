//! `cargo xtask setup`: what builds, tests and the demo need, installed once and then found.
//!
//! Each step first looks, and changes nothing when what it wants is there. Steps write to the system's
//! package database, to the active Rust toolchain and to the tool directory; never to the user's settings.

mod apt;
mod browsers;
mod cargo_deny;
mod cargo_programs;
mod judges;
mod llvm;
mod node;
pub(crate) mod npm;
mod part;
mod posix_suites;
mod postgres;
mod rivals;
mod rust_components;
mod rust_targets;
mod std_source;
mod step;
mod suites;
mod version;
mod wasi_sdk;
mod wasmedge;

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::project::Project;
use crate::ui;
pub(crate) use part::Part;
use step::{Announce, Outcome, STEPS, Step};

/// Brings this machine to what a part of the project needs. Repeating it is quick and changes nothing.
///
/// # Errors
/// The first step that fails, with the command and what to do about it.
pub(crate) fn run(project: &Project, part: Part) -> Result<()> {
    run_all(project, &[part])
}

/// As [`run`], for several parts.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_all(project: &Project, parts: &[Part]) -> Result<()> {
    project.ui.title("setup");
    std::fs::create_dir_all(project.tools.bin()).with_context(|| {
        format!(
            "cannot create {}; set TARBOX_TOOLS to a directory of yours",
            project.tools.dir.display()
        )
    })?;
    let needed = |step: &&Step| parts.iter().any(|part| part.needs(step.need));
    let (there, missing): (Vec<&Step>, Vec<&Step>) = STEPS
        .iter()
        .filter(needed)
        .partition(|step| step.is_there(project));
    for step in there {
        project.ui.there(step.what);
    }
    announce(project, &missing);
    for step in missing {
        let start = Instant::now();
        let announce = Announce::installing(project, step.what);
        let outcome = (step.ensure)(project, &announce)
            .with_context(|| format!("setup could not provide {}", step.what))?;
        match outcome {
            // Another step has brought it along.
            Outcome::There => project.ui.there(step.what),
            Outcome::Installed => project.ui.installed(step.what, start.elapsed()),
        }
    }
    Ok(())
}

/// Says what will be installed, and about how long that takes.
fn announce(project: &Project, missing: &[&Step]) {
    if missing.is_empty() {
        return;
    }
    let all: Duration = missing.iter().map(|step| step.typical).sum();
    let each: Vec<_> = missing
        .iter()
        .map(|step| format!("{} ({})", step.what, ui::about(step.typical)))
        .collect();
    project.ui.plan(&format!(
        "to be installed, {} in all: {}",
        ui::about(all),
        each.join(", ")
    ));
}

/// Prints the environment in which cargo finds what setup installed, for `eval` in a shell.
pub(crate) fn print_env(project: &Project) {
    for (key, value) in project.tools.env() {
        let value = value.to_string_lossy().replace('\'', r"'\''");
        println!("export {key}='{value}'");
    }
}
