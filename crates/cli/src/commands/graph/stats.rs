//! `graph stats`

use std::ffi::OsString;
use std::sync::Arc;

use nervusdb::Pattern;
use serde::Serialize;
use tarbox_fs::FilesystemInterface;

use super::{failed, place};
use crate::examples::examples;
use crate::failure::Result;
use crate::print::{Size, grouped};
use crate::workspace::Workspace;

/// Show how large a graph is
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox graph stats /people",
    "tarbox --json graph stats /people | jq .facts",
))]
pub(crate) struct Args {
    /// The graph, in the workspace
    #[arg(value_name = "PATH")]
    path: OsString,
}

#[derive(Serialize)]
struct Stats {
    facts: u64,
    /// Different strings.
    terms: u32,
    /// The number of the last commit.
    commits: u64,
    bytes: u64,
    log_bytes: u64,
    trees: Vec<Tree>,
}

#[derive(Serialize)]
struct Tree {
    name: &'static str,
    records: u64,
    tombstones: u64,
    tables: Vec<usize>,
    blocks: u64,
    bytes: u64,
}

pub(crate) fn run<F: FilesystemInterface + 'static>(
    args: &Args,
    fs: &Arc<F>,
    w: &Workspace<'_, F>,
) -> Result<()> {
    let path = w.path(&args.path)?;
    let graph = place::open(fs, w, &path)?;
    let facts = graph.count(Pattern::default()).map_err(|e| failed(&e, &path))?;
    let found = graph.stats();
    let trees = found.trees.iter().map(|tree| Tree {
        name: tree.name,
        records: tree.records,
        tombstones: tree.tombstones,
        tables: tree.tables.clone(),
        blocks: tree.blocks,
        bytes: tree.bytes,
    });
    let stats = Stats {
        facts,
        terms: found.terms,
        commits: found.sequence,
        bytes: found.bytes(),
        log_bytes: found.log_bytes,
        trees: trees.collect(),
    };
    if w.out.is_json() {
        return w.out.document(&stats);
    }
    w.out.line(format!("{} facts", grouped(stats.facts)))?;
    w.out.line(format!("{} terms", grouped(u64::from(stats.terms))))?;
    w.out.line(format!("{} in tables and log", Size(stats.bytes)))
}
