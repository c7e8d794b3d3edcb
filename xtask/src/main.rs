//! The project's commands: `cargo xtask setup | demo | web | test | posix | nodetests | bench | sizes | wasm`.
//!
//! Whatever a command needs is installed first and found the next time, so a fresh Debian or Ubuntu machine
//! with rustup needs nothing but these.

mod bench;
mod command;
mod demo;
mod nodetests;
mod packages;
mod posix;
mod project;
mod setup;
mod sizes;
mod test;
mod ui;
mod wasm;
mod web;

use std::process::ExitCode;

use anyhow::Result;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand};

use project::Project;
use ui::Ui;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Yellow.on_default().bold())
    .usage(AnsiColor::Yellow.on_default().bold())
    .literal(AnsiColor::Green.on_default())
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\x1b[1;33mWhere to begin:\x1b[0m
  \x1b[32mcargo xtask demo\x1b[0m                 see what Tarbox does, on this repository's own files
  \x1b[32mcargo xtask web\x1b[0m                  work in it in a browser
  \x1b[32mcargo xtask test\x1b[0m                 everything that decides whether a change may land
  \x1b[32mcargo xtask bench files --quick\x1b[0m  one suite of benchmarks, on less data

\x1b[1;33mWhere things go:\x1b[0m
  \x1b[36mTARBOX_TOOLS\x1b[0m      what setup installs itself (default ~/.cache/tarbox-tools)
  \x1b[36mCARGO_TARGET_DIR\x1b[0m  what cargo builds (default target/, or ~/.cache/tarbox-target where CI=true)";

/// The project's commands. Each installs what it needs first, and is safe to repeat.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", styles = STYLES, after_help = EXAMPLES, max_term_width = 100)]
struct Cli {
    /// Print only changes, failures and results
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    Setup(SetupArgs),
    Demo(demo::Args),
    Web(web::Args),
    Test(test::Args),
    Posix(posix::Args),
    Nodetests(nodetests::Args),
    Bench(bench::Args),
    Sizes(sizes::Args),
    Wasm(wasm::Args),
}

/// Install the dependencies of the other commands: compilers, wasm targets, Node.js, npm packages
///
/// The other commands call it first. It changes system packages (through apt-get, as root or with
/// sudo), to the active Rust toolchain (wasm targets) and to the tool directory, and nowhere else.
#[derive(Debug, clap::Args)]
struct SetupArgs {
    /// Install only the dependencies of this command, or of this step of `cargo xtask test`
    #[arg(value_enum, default_value = "all", hide_default_value = true)]
    part: setup::Part,
    /// Install nothing; print the environment variables with which plain cargo finds the tools:
    /// eval "$(cargo xtask setup --print-env)"
    #[arg(long)]
    print_env: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            ui::error(&error);
            ExitCode::FAILURE
        }
    }
}

/// Whether all went well. A command that returns `false` has already said why.
fn run(cli: &Cli) -> Result<bool> {
    let project = Project::locate(if cli.quiet { Ui::Quiet } else { Ui::Normal })?;
    match &cli.task {
        Task::Setup(SetupArgs { print_env: true, .. }) => setup::print_env(&project),
        Task::Setup(args) => setup::run(&project, args.part)?,
        Task::Demo(args) => demo::run(&project, args)?,
        Task::Web(args) => web::run(&project, args)?,
        Task::Test(args) => return test::run(&project, args),
        Task::Posix(args) => return posix::run(&project, args),
        Task::Nodetests(args) => nodetests::run(&project, args)?,
        Task::Bench(args) => bench::run(&project, args)?,
        Task::Wasm(args) => wasm::run(&project, args)?,
        Task::Sizes(args) => return sizes::run(&project, args),
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn quiet_is_understood_before_and_after_the_command() {
        assert!(Cli::parse_from(["xtask", "--quiet", "setup"]).quiet);
        assert!(Cli::parse_from(["xtask", "test", "-q"]).quiet);
    }
}
