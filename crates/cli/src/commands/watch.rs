//! `watch`

use std::ffi::OsString;
use std::time::Duration;

use serde::Serialize;
use tarbox_fs::{ChangeEvent, EventKind, FilesystemInterface, blocking};
use tarbox_store::Seq;

use crate::examples::examples;
use crate::failure::Result;
use crate::print::{PathText, colour, escape};
use crate::workspace::Workspace;

/// Print changes as they happen
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox watch /src                    until interrupted",
    "tarbox --json watch --after 0        everything since the beginning, then new changes",
    "tarbox watch --count 1 /inbox && process-inbox",
))]
pub(crate) struct Args {
    /// The path to watch, with everything below it
    #[arg(default_value = "/")]
    path: OsString,
    /// Start after this position [default: now]
    #[arg(long, value_name = "SEQ")]
    after: Option<u64>,
    /// Stop after this many changes
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// Stop once everything up to now has been printed
    #[arg(long)]
    no_wait: bool,
}

/// A change as JSON.
#[derive(Serialize)]
struct Shown<'a> {
    seq: u64,
    kind: EventKind,
    #[serde(flatten)]
    path: PathText<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    ino: u64,
}

/// Records considered at once.
const PAGE: usize = 1000;
/// How long to wait to be told of changes before looking for them.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let path = w.path(&args.path)?;
    let mut after = match args.after {
        Some(seq) => Seq(seq),
        None => blocking(w.fs.last_change())?,
    };
    let mut left = args.count.unwrap_or(u64::MAX);
    while left > 0 {
        let changes = blocking(w.fs.changes(&path, after, PAGE))?;
        for event in changes
            .events
            .iter()
            .take(usize::try_from(left).unwrap_or(usize::MAX))
        {
            w.out.either(&shown(event), || text(w, event))?;
            left -= 1;
        }
        w.out.flush()?;
        if changes.last > after {
            after = changes.last;
        } else if args.no_wait {
            break;
        } else {
            wait(w, after)?;
        }
    }
    Ok(())
}

/// Returns when something happened behind this position.
fn wait<F: FilesystemInterface>(w: &Workspace<'_, F>, after: Seq) -> Result<()> {
    while blocking(w.fs.changed(after, PATIENCE))? <= after {}
    Ok(())
}

fn text<F>(w: &Workspace<'_, F>, event: &ChangeEvent) -> String {
    let (word, style) = match event.kind {
        EventKind::Create => ("create", colour::GREEN),
        EventKind::Modify => ("modify", colour::YELLOW),
        EventKind::Rename => ("rename", colour::MAGENTA),
        EventKind::Delete => ("delete", colour::RED),
        EventKind::Rescan => ("rescan", colour::BOLD),
    };
    let path = match &event.from {
        Some(from) => format!("{} -> {}", escape(from), escape(&event.path)),
        None => escape(&event.path).into_owned(),
    };
    format!("{} {path}", w.out.paint(style, word))
}

fn shown(event: &ChangeEvent) -> Shown<'_> {
    Shown {
        seq: event.seq.0,
        kind: event.kind,
        path: PathText::new(&event.path),
        from: event
            .from
            .as_deref()
            .map(|from| String::from_utf8_lossy(from).into_owned()),
        ino: event.ino.0,
    }
}
