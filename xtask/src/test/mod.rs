//! `cargo xtask test`: everything that decides whether a change may land.

mod api;
mod tally;

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::command::Cmd;
use crate::project::Project;
use crate::setup::{self, Part};
use crate::{posix as suites, ui, wasm, web};
use tally::Tally;

/// Run every check and every test
///
/// It ends with a line `N passed, N failed`. A failed step does not stop the later ones. Each check counts as one test.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only the steps whose names contain this (format, licences, lint, tests, packages, api, docs, posix, browsers, playground)
    step: Option<String>,
    /// Many more seeds, kills and random histories: hours instead of minutes
    #[arg(long)]
    long: bool,
}

type Run = fn(&Project, &Args, &mut Tally) -> Result<()>;

/// One step: its name, what it needs of the machine, and what it does.
type Step = (&'static str, Part, Run);

/// Quick ones first.
const STEPS: &[Step] = &[
    ("format", Part::Format, format),
    ("licences", Part::Licences, licences),
    ("lint", Part::Lint, lint),
    ("tests", Part::Tests, tests),
    ("packages", Part::Packages, packages),
    ("api", Part::Api, api),
    ("docs", Part::Docs, docs),
    ("posix", Part::PosixQuick, posix),
    ("browsers", Part::Browsers, browsers),
    ("playground", Part::Playground, playground),
];

/// Returns whether everything passed.
///
/// # Errors
/// When setup fails, or no step has the name that was asked for.
pub(crate) fn run(project: &Project, args: &Args) -> Result<bool> {
    let wanted = args.step.as_deref().unwrap_or("");
    let chosen: Vec<_> = STEPS.iter().filter(|(name, ..)| name.contains(wanted)).collect();
    if chosen.is_empty() {
        let names: Vec<_> = STEPS.iter().map(|(name, ..)| *name).collect();
        anyhow::bail!("unknown step {wanted:?}; known are: {}", names.join(", "));
    }
    let part = |part| match (part, args.long) {
        (Part::Tests, true) => Part::LongTests,
        _ => part,
    };
    let parts: Vec<_> = chosen.iter().map(|(_, needed, _)| part(*needed)).collect();
    setup::run_all(project, &parts)?;
    let mut tally = Tally::default();
    let mut lines = Vec::new();
    for (name, _, step) in chosen {
        project.ui.title(name);
        let start = Instant::now();
        let passed = tally.step(|tally| step(project, args, tally));
        lines.push(line(name, passed, start.elapsed()));
    }
    if !tally.all_passed() {
        project.ui.title("what failed");
        println!("{}", tally.failures().join("\n"));
    }
    anstream::println!("\n{}", lines.join("\n"));
    println!("{tally}");
    Ok(tally.all_passed())
}

fn line(name: &str, passed: bool, took: Duration) -> String {
    format!("{name:<12} {} {:>12}", ui::verdict(passed), ui::seconds(took))
}

fn format(project: &Project, _: &Args, _: &mut Tally) -> Result<()> {
    project
        .cargo()
        .args(["fmt", "--all", "--check"])
        .advice("run `cargo fmt --all`")
        .run()?;
    // What it looks at, and how that is to look, is in `biome.json`.
    project
        .node()
        .args(["node_modules/@biomejs/biome/bin/biome", "format"])
        .advice("run `npx biome format --write`")
        .run()
}

/// Which licences, sources and duplicates of dependencies are allowed is in `deny.toml`.
fn licences(project: &Project, _: &Args, _: &mut Tally) -> Result<()> {
    Cmd::new(project.tools.bin().join("cargo-deny"))
        .args([
            "--log-level",
            "error",
            "check",
            "--hide-inclusion-graph",
            "bans",
            "licenses",
            "sources",
        ])
        .dir(&project.root)
        .advice("a dependency breaks a rule of deny.toml: choose another, or add a reasoned exception there")
        .run()
}

fn lint(project: &Project, _: &Args, _: &mut Tally) -> Result<()> {
    project
        .cargo()
        .args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
        .run()?;
    wasm::lint(project)
}

fn tests(project: &Project, args: &Args, tally: &mut Tally) -> Result<()> {
    setup::npm::locked(project, &project.root.join("examples/node"))?;
    let mut cargo = project.cargo().args(["test", "--workspace", "--no-fail-fast"]);
    for artifact in wasm::ARTIFACTS {
        if let wasm::UsedBy::Tests(variable) = artifact.used_by {
            // The tests run what is shipped.
            cargo = cargo.env(variable, wasm::build(project, artifact)?);
        }
    }
    if project.ui == ui::Ui::Quiet {
        cargo = cargo.arg("--quiet");
    }
    cargo = match args.long {
        true => cargo.env("TARBOX_LONG", "1"),
        // The same histories each time: whether a change may land depends on the change. Others are tried in the long run.
        false => cargo.env("PROPTEST_RNG_SEED", "20240117"),
    };
    if std::io::stderr().is_terminal() {
        cargo = cargo.env("CARGO_TERM_COLOR", "always");
    }
    cargo.each_line(|line| tally.print(line))?;
    match args.long {
        true => newest_postgres(project, tally),
        false => Ok(()),
    }
}

/// The store on the newest server, too.
fn newest_postgres(project: &Project, tally: &mut Tally) -> Result<()> {
    project
        .cargo()
        .args(["test", "--package", "tarbox-store-postgres", "--no-fail-fast"])
        .env("TARBOX_POSTGRES_BIN", project.tools.newest_postgres())
        .each_line(|line| tally.print(line))
}

/// Builds the npm packages on the modules that are shipped, and runs their tests.
fn packages(project: &Project, args: &Args, tally: &mut Tally) -> Result<()> {
    wasm::packages(project)?;
    crate::packages::build(project)?;
    types(
        project,
        &["packages/tarbox", "packages/tarbox/tsconfig.node.json"],
    )?;
    crate::packages::test(project, args.long, |line| tally.print(line))
}

/// What answers the server gives, against what its document says.
fn api(project: &Project, args: &Args, _: &mut Tally) -> Result<()> {
    api::lint(project)?;
    api::judge(project, args.long)
}

fn docs(project: &Project, _: &Args, _: &mut Tally) -> Result<()> {
    project
        .cargo()
        .args(["doc", "--workspace", "--no-deps"])
        .env("RUSTDOCFLAGS", "-D warnings")
        .run()
}

/// The quick part of the suites that judge a mounted workspace; in the long run on a server, too.
fn posix(project: &Project, args: &Args, _: &mut Tally) -> Result<()> {
    suites::quick(project, suites::Database::Sqlite)?;
    match args.long {
        true => suites::quick(project, suites::Database::Postgres),
        false => Ok(()),
    }
}

/// The npm packages, as they are shipped, in Chromium and in Firefox.
fn browsers(project: &Project, args: &Args, tally: &mut Tally) -> Result<()> {
    wasm::packages(project)?;
    crate::packages::build(project)?;
    let conformance = wasm::build(project, &wasm::CONFORMANCE)?;
    types(
        project,
        &[
            "packages/device",
            "packages/sqlite-opfs",
            "packages/tarbox",
            "packages/quickjs",
            "packages/browser-tests",
            "packages/browser-bench",
        ],
    )?;
    // Pages that are in step with a server need one.
    project.cargo().args(["build", "--package=tarbox-cli"]).run()?;
    project
        .node()
        .arg("packages/browser-tests/run.mjs")
        .env("TARBOX_CONFORMANCE_WASM", conformance)
        .env("TARBOX_BIN", project.binary("debug", "tarbox"))
        .args(args.long.then_some("--long"))
        .each_line(|line| tally.print(line))
}

/// The playground, built as it is served and clicked through.
fn playground(project: &Project, args: &Args, tally: &mut Tally) -> Result<()> {
    web::build(project)?;
    types(
        project,
        &["packages/playground", "packages/playground/src/workers"],
    )?;
    // A workspace that is kept in step with a server needs one.
    project.cargo().args(["build", "--package=tarbox-cli"]).run()?;
    project
        .node()
        .arg("packages/playground/test/run.mjs")
        .env("TARBOX_BIN", project.binary("debug", "tarbox"))
        .args(args.long.then_some("--long"))
        .each_line(|line| tally.print(line))
}

/// Checks the types of TypeScript projects.
fn types(project: &Project, parts: &[&str]) -> Result<()> {
    let check = |part| {
        project
            .node()
            .args(["node_modules/typescript/bin/tsc", "-p", part])
            .run()
    };
    parts.iter().copied().try_for_each(check)
}
