//! `cargo xtask demo`: a program compiled to WebAssembly by someone else, let loose on this repository's files,
//! and everything as it was afterwards.

mod stage;
mod tree;

use anyhow::{Result, ensure};

use crate::project::Project;
use crate::setup::{self, Part};
use crate::ui;
use stage::Stage;

/// What CPython runs.
const PROGRAM: &str = include_str!("program.py");

/// The directory of the repository that the program packs and renames.
const TIDY: &str = "crates";

/// See what Tarbox does, on this repository's own files
///
/// It imports what git tracks into a fresh workspace, checkpoints, lets CPython (compiled to WebAssembly) read,
/// write, pack, rename and delete there, shows what that changed and who did it, goes back, and proves by
/// hash that every byte is the same as before. The workspace stays in target/demo for you to play with.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs it from the first command to the proof.
///
/// # Errors
/// When a step fails, or when anything is not as it was before.
pub(crate) fn run(project: &Project, _: &Args) -> Result<()> {
    setup::run(project, Part::Demo)?;
    build(project)?;
    let mut stage = Stage::new(project)?;
    let before = bring_in(project, &mut stage)?;
    let_python_loose(project, &mut stage)?;
    show_what_happened(project, &mut stage)?;
    go_back(project, &mut stage, before)?;
    project
        .ui
        .title("times (each line except the hashes is a separate process)");
    anstream::println!("{}", stage.table());
    invite(project, &stage);
    Ok(())
}

/// Builds what the demo runs: the command without `mount` and `dev`, which would take a fifth more time to compile.
fn build(project: &Project) -> Result<()> {
    project.ui.title("build tarbox");
    if !project.binary("release", "tarbox").exists() {
        project
            .ui
            .plan("for the first time, with a compiler for WebAssembly in it: about 5 min on two cores");
    }
    project
        .cargo()
        .args(["build", "--release", "--package=tarbox-cli"])
        .args(["--no-default-features", "--features=run"])
        .run()
}

/// Puts the repository into a new workspace and returns its hash.
fn bring_in(project: &Project, stage: &mut Stage<'_>) -> Result<blake3::Hash> {
    project.ui.title("import this repository into a workspace");
    let tree = stage.dir.join("repository");
    let (files, bytes) = tree::copy_tracked(&project.root, &tree)?;
    std::fs::write(stage.dir.join("program.py"), PROGRAM)?;
    let before = stage.timed("hash on the host's disk", |_| tree::hash(&tree))?;
    stage.tarbox_silently("init", &["init"])?;
    let what = format!(
        "import {} files, {} bytes",
        ui::thousands(files),
        ui::thousands(bytes)
    );
    stage.tarbox(&what, &["import", &stage.path("repository"), "/repository"])?;
    stage.tarbox_silently(
        "import the program",
        &["import", &stage.path("program.py"), "/program.py"],
    )?;
    stage.tarbox("checkpoint", &["layer", "checkpoint", "before"])?;
    Ok(before)
}

fn let_python_loose(project: &Project, stage: &mut Stage<'_>) -> Result<()> {
    project
        .ui
        .title("run CPython on it, inside WebAssembly, with access only to the workspace");
    let python = project.tools.python_wasm();
    let args = [
        "run",
        &python.to_string_lossy(),
        "/program.py",
        "/repository",
        TIDY,
    ];
    stage.tarbox("run CPython (compiled for the first time)", &args)?;
    stage.tarbox("checkpoint again", &["layer", "checkpoint", "after"])
}

fn show_what_happened(project: &Project, stage: &mut Stage<'_>) -> Result<()> {
    project.ui.title("show what it changed");
    stage.tarbox("diff of the two layers", &["layer", "diff", "before", "after"])?;
    project.ui.title("show the last ten audit records");
    stage.tarbox("audit log", &["audit", "--limit", "10"])
}

/// Switches back, exports everything and compares.
fn go_back(project: &Project, stage: &mut Stage<'_>, before: blake3::Hash) -> Result<()> {
    project.ui.title("roll back");
    stage.tarbox("switch back", &["layer", "switch", "before"])?;
    stage.tarbox_silently("export", &["export", "/repository", &stage.path("exported")])?;
    let exported = stage.dir.join("exported");
    let after = stage.timed("hash of the export", |_| tree::hash(&exported))?;
    ensure!(
        before == after,
        "the workspace is not the same as before: its hash is {after}, and was {before}"
    );
    anstream::println!("    \x1b[32mevery byte is the same as before\x1b[0m: {after}");
    stage.tarbox("fsck", &["fsck"])
}

fn invite(project: &Project, stage: &Stage<'_>) {
    project.ui.title("try next");
    let tarbox = stage.typed();
    println!("  {tarbox} layer switch after && {tarbox} cat /repository/REPORT.md");
    println!(
        "  {tarbox} run \"{}\" -c 'import os; print(os.listdir(\"/repository\"))'",
        project.tools.python_wasm().display()
    );
    println!("  {tarbox} --help");
    println!("  cargo install --path crates/cli     install the complete command, with mount and dev");
}
