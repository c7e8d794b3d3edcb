//! `graph find`

use std::ffi::OsString;
use std::sync::Arc;

use nervusdb::{Pattern, Snapshot};
use tarbox_fs::FilesystemInterface;

use super::export::Record;
use super::{failed, place};
use crate::examples::examples;
use crate::failure::Result;
use crate::print::{escape, grouped};
use crate::workspace::Workspace;

/// Print the facts that have a subject, predicate or object
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox graph find /people --subject alice",
    "tarbox graph find /people --predicate knows --object bob --json      with properties",
    "tarbox graph find /people --predicate knows --count",
    "tarbox graph find /.tarbox/snapshots/before/people -s alice         as it was in the layer 'before'",
))]
pub(crate) struct Args {
    /// The graph, in the workspace
    #[arg(value_name = "PATH")]
    path: OsString,
    /// Facts about this
    #[arg(short, long, value_name = "TERM")]
    subject: Option<String>,
    /// Facts of this kind
    #[arg(short, long, value_name = "TERM")]
    predicate: Option<String>,
    /// Facts that lead to this
    #[arg(short, long, value_name = "TERM")]
    object: Option<String>,
    /// Print at most so many
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<u64>,
    /// Print only how many there are
    #[arg(short, long, conflicts_with = "limit")]
    count: bool,
}

pub(crate) fn run<F: FilesystemInterface + 'static>(
    args: &Args,
    fs: &Arc<F>,
    w: &Workspace<'_, F>,
) -> Result<()> {
    let path = w.path(&args.path)?;
    let snapshot = place::open(fs, w, &path)?.snapshot();
    let pattern = pattern(args, &snapshot).map_err(|e| failed(&e, &path))?;
    if args.count {
        let count = match pattern {
            Some(pattern) => snapshot.count(pattern).map_err(|e| failed(&e, &path))?,
            None => 0,
        };
        return match w.out.is_json() {
            true => w.out.document(&serde_json::json!({ "facts": count })),
            false => w.out.line(grouped(count)),
        };
    }
    let Some(pattern) = pattern else {
        return Ok(());
    };
    let mut scan = snapshot.scan(pattern).map_err(|e| failed(&e, &path))?;
    let mut left = args.limit.unwrap_or(u64::MAX);
    while left > 0
        && let Some(ids) = scan.next_fact().map_err(|e| failed(&e, &path))?
    {
        left -= 1;
        let record = Record::of(&snapshot, ids).map_err(|e| failed(&e, &path))?;
        w.out.either(&record, || {
            record
                .words
                .each_ref()
                .map(|word| escape(word.as_bytes()))
                .join("  ")
        })?;
    }
    Ok(())
}

/// What to look for; `None` if it names what the graph has never heard of.
fn pattern(args: &Args, snapshot: &Snapshot) -> nervusdb::Result<Option<Pattern>> {
    let mut ids = [None; 3];
    for (id, term) in ids.iter_mut().zip([&args.subject, &args.predicate, &args.object]) {
        if let Some(term) = term {
            *id = snapshot.find_term(term)?;
            if id.is_none() {
                return Ok(None);
            }
        }
    }
    Ok(Some(Pattern::new(ids[0], ids[1], ids[2])))
}
