//! The `tarbox` command: files in a database, from the shell.
//!
//! Every command is a thin layer over [`FilesystemInterface`](tarbox_fs::FilesystemInterface) and
//! [`Store`](tarbox_store::Store); what a file operation means is not decided here. The same program builds for
//! `wasm32-wasip1` without the feature `run`.
#![forbid(unsafe_code)]

mod cli;
mod commands;
mod examples;
mod exit;
mod failure;
mod help;
#[cfg(all(feature = "mount", target_os = "linux"))]
mod mount_helper;
mod open;
mod parse;
mod platform;
mod print;
mod progress;
mod session;
mod source;
mod transfer;
mod walk;
mod workspace;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(session::run(std::env::args_os()).0)
}
