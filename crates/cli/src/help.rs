//! `tarbox --help`: the commands in groups, a first example, and the exit codes.

use std::fmt::Write as _;

use clap::{Command, CommandFactory};

use crate::cli::Cli;
use crate::exit;

/// Whether this build can mount.
const MOUNTS: bool = cfg!(all(feature = "mount", target_os = "linux"));

/// Commands that belong together, in the order they are shown.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "Getting started",
        &["init", "import", "mount", "umount", "run", "js", "compose"],
    ),
    ("Reading", &["ls", "tree", "stat", "cat", "find", "du"]),
    (
        "Changing",
        &[
            "write", "append", "mkdir", "rm", "mv", "cp", "ln", "chmod", "chown", "touch", "truncate",
            "xattr",
        ],
    ),
    (
        "Transfer to and from the host",
        &["export", "import-tar", "export-tar"],
    ),
    ("Graphs of facts", &["graph"]),
    ("History", &["layer"]),
    ("Auditing", &["audit", "watch"]),
    ("Over the network", &["serve", "key", "mcp", "sync"]),
    ("Web development", &["dev"]),
    (
        "Administration",
        &["tenant", "stats", "fsck", "gc", "completions"],
    ),
];

const EXAMPLES: &[&str] = &[
    "tarbox init                              create ./tarbox.db",
    "tarbox import ~/project /src             import a directory tree",
    "tarbox layer checkpoint before           take a checkpoint",
    "tarbox run python.wasm /src/tool.py      run a WebAssembly program on the files",
    "tarbox mount ~/w                         mount the workspace as an ordinary directory",
    "tarbox layer diff                        show what has changed since the checkpoint",
    "tarbox layer switch before               switch to the checkpoint",
    "tarbox ls --help                         show the help of a command",
];

/// The whole command line, with its help put together.
pub(crate) fn command() -> Command {
    let mut command = Cli::command();
    // Every command describes itself now, not when it is used.
    command.build();
    let groups = groups(&command);
    let options = headed(&command, "Global options", "{options}");
    let after = format!("{}\n\n{}", examples(&command), exit_codes(&command));
    let usage = "{about-with-newline}\n{usage-heading} {usage}";
    let template = format!("{usage}\n\n{groups}{options}\n\n{after}\n");
    command.help_template(template)
}

fn groups(command: &Command) -> String {
    let literal = command.get_styles().get_literal();
    let mut text = String::new();
    for (heading, names) in GROUPS {
        let mut lines = String::new();
        for sub in names.iter().filter_map(|name| command.find_subcommand(name)) {
            let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
            let name = sub.get_name();
            // Writing to a String cannot fail.
            let _ = writeln!(lines, "  {literal}{name:<12}{literal:#} {about}");
        }
        if lines.is_empty() {
            // A build without these commands.
            continue;
        }
        text.push_str(&headed(command, heading, &lines));
        text.push('\n');
    }
    text
}

fn examples(command: &Command) -> String {
    let known = |line: &&&str| {
        (cfg!(feature = "run") || !line.starts_with("tarbox run"))
            && (MOUNTS || !line.starts_with("tarbox mount"))
    };
    let lines: Vec<String> = EXAMPLES
        .iter()
        .filter(known)
        .map(|line| format!("  {line}"))
        .collect();
    headed(command, "Examples", &lines.join("\n"))
}

fn exit_codes(command: &Command) -> String {
    let known = |(code, _): &&(&str, &str)| cfg!(feature = "run") || *code != "run";
    let lines: Vec<String> = exit::HELP
        .iter()
        .filter(known)
        .map(|(code, text)| format!("  {code:<4} {text}"))
        .collect();
    headed(command, "Exit codes", &lines.join("\n"))
}

fn headed(command: &Command, heading: &str, body: &str) -> String {
    let style = command.get_styles().get_header();
    format!("{style}{heading}:{style:#}\n{body}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_command_is_in_one_group() {
        let mut grouped: Vec<&str> = GROUPS
            .iter()
            .flat_map(|(_, names)| names.iter().copied())
            .collect();
        let command = command();
        let mut known: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        if !MOUNTS {
            grouped.retain(|name| !matches!(*name, "mount" | "umount"));
        }
        if cfg!(not(feature = "run")) {
            grouped.retain(|name| *name != "run");
        }
        if cfg!(not(feature = "graph")) {
            grouped.retain(|name| *name != "graph");
        }
        if cfg!(not(feature = "dev")) {
            grouped.retain(|name| *name != "dev");
        }
        if cfg!(not(feature = "serve")) {
            grouped.retain(|name| !matches!(*name, "serve" | "key" | "mcp"));
        }
        grouped.sort_unstable();
        known.sort_unstable();
        assert_eq!(grouped, known);
    }

    #[test]
    fn every_command_teaches_by_example() {
        fn check(command: &Command) {
            assert!(
                command.get_about().is_some(),
                "{} says nothing about itself",
                command.get_name()
            );
            if command.has_subcommands() {
                command.get_subcommands().for_each(check);
            } else {
                let after = command
                    .get_after_help()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                assert!(after.contains("tarbox "), "{} has no example", command.get_name());
            }
        }
        command().get_subcommands().for_each(check);
    }
}
