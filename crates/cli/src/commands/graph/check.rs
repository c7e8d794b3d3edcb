//! `graph check`

use std::ffi::OsString;
use std::sync::Arc;

use serde_json::json;
use tarbox_fs::FilesystemInterface;

use super::files::DIRECTORY;
use super::place::find;
use super::{failed, pool_failed};
use crate::examples::examples;
use crate::exit::Exit;
use crate::failure::Result;
use crate::print::{escape, grouped};
use crate::workspace::Workspace;

/// Verify every stored byte of a graph, and that its indexes agree
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox graph check /people",
    "tarbox graph check /.tarbox/snapshots/before/people",
))]
pub(crate) struct Args {
    /// The graph, in the workspace
    #[arg(value_name = "PATH")]
    path: OsString,
}

pub(crate) fn run<F: FilesystemInterface + 'static>(
    args: &Args,
    fs: &Arc<F>,
    w: &Workspace<'_, F>,
) -> Result<Option<Exit>> {
    let path = w.path(&args.path)?;
    let report = nervusdb::check(find(fs, w, &path)?, DIRECTORY).map_err(|e| failed(&e, &path))?;
    // A pool that fails says nothing about what is stored.
    for problem in &report.problems {
        if let nervusdb::ErrorKind::Pool(error) = problem.kind() {
            return Err(pool_failed(error, &path));
        }
    }
    let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    if w.out.is_json() {
        w.out.document(&json!({
            "facts": report.facts,
            "tables": report.tables,
            "blocks": report.blocks,
            "records": report.records,
            "problems": problems,
        }))?;
    } else {
        for problem in &problems {
            w.out.line(escape(problem.as_bytes()))?;
        }
        if problems.is_empty() {
            let (facts, tables) = (grouped(report.facts), grouped(report.tables as u64));
            w.out
                .line(format!("{facts} facts in {tables} tables; no problems found"))?;
        }
    }
    Ok((!problems.is_empty()).then_some(Exit::CORRUPT))
}
