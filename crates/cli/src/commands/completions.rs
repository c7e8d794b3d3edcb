//! `completions`

use clap_complete::Shell;

use crate::examples::examples;
use crate::failure::Result;
use crate::print::Printer;

/// Print a script that completes tarbox's commands in a shell
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox completions bash > ~/.local/share/bash-completion/completions/tarbox",
    "tarbox completions zsh > \"${fpath[1]}/_tarbox\"",
    "tarbox completions fish > ~/.config/fish/completions/tarbox.fish",
))]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &Args, out: &Printer) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::help::command(), "tarbox", &mut script);
    out.raw(&script)
}
