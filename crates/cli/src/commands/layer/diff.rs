//! `layer diff`

use serde::Serialize;
use tarbox_fs::{CONTROL, blocking};
use tarbox_store::{Change, ChangeKind, FileKind, Store};

use super::{about, find, last_sealed};
use crate::examples::examples;
use crate::failure::Result;
use crate::print::{PathText, Printer, Size, colour, escape};

/// Show what differs between two layers: A added, M modified, D deleted, R renamed
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox layer diff                    what changed since the last checkpoint",
    "tarbox layer diff before             since the layer 'before'",
    "tarbox layer diff before after       between two layers",
    "tarbox --json layer diff | jq -r 'select(.kind == \"deleted\") | .path'",
))]
pub(crate) struct Args {
    /// From this layer: a name, tag or number [default: the last one sealed]
    from: Option<String>,
    /// To this layer [default: head]
    to: Option<String>,
}

/// A difference as JSON.
#[derive(Serialize)]
struct Shown<'a> {
    kind: ChangeKind,
    #[serde(flatten)]
    path: PathText<'a>,
    /// The earlier path of something renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    file: FileKind,
    size_before: Option<u64>,
    size_after: Option<u64>,
    /// Whether the content differs; otherwise only attributes do.
    content: bool,
}

pub(super) fn run<S: Store>(args: &Args, store: &S, out: &Printer) -> Result<()> {
    let from = match &args.from {
        Some(name) => find(store, name)?,
        None => last_sealed(store)?,
    };
    let to = find(store, args.to.as_deref().unwrap_or("head"))?;
    let mut changes =
        blocking(store.diff(from.id, to.id)).map_err(|e| about(e, args.to.as_deref().unwrap_or("head")))?;
    changes.retain(|change| !is_hidden(&change.path));
    for change in &changes {
        out.either(&shown(change), || text(change, out))?;
    }
    if out.is_terminal() && !out.is_json() {
        out.line(out.paint(colour::DIM, sum(&changes)))?;
    }
    Ok(())
}

/// Whether it is in the directory of control files, below which no user has files: what is stored there is what a replica remembers.
fn is_hidden(path: &[u8]) -> bool {
    let rest = path
        .strip_prefix(b"/")
        .and_then(|path| path.strip_prefix(CONTROL));
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'/')))
}

fn shown(change: &Change) -> Shown<'_> {
    Shown {
        kind: change.kind,
        path: PathText::new(&change.path),
        from: change
            .from
            .as_deref()
            .map(|from| String::from_utf8_lossy(from).into_owned()),
        file: change.file,
        size_before: change.size_before,
        size_after: change.size_after,
        content: change.content,
    }
}

fn text(change: &Change, out: &Printer) -> String {
    let letter = match change.kind {
        ChangeKind::Added => "A",
        ChangeKind::Modified => "M",
        ChangeKind::Deleted => "D",
        ChangeKind::Renamed => "R",
    };
    let style = colour::of_change(change.kind);
    let mut path = match &change.from {
        Some(from) => format!("{} -> {}", escape(from), escape(&change.path)),
        None => escape(&change.path).into_owned(),
    };
    if change.file == FileKind::Directory {
        path.push('/');
    }
    let detail = detail(change);
    let detail = if detail.is_empty() {
        detail
    } else {
        out.paint(colour::DIM, format!("  {detail}"))
    };
    format!("{} {path}{detail}", out.paint(style, letter))
}

fn detail(change: &Change) -> String {
    if change.file == FileKind::Directory {
        return if change.kind == ChangeKind::Modified {
            "attributes".into()
        } else {
            String::new()
        };
    }
    match (change.size_before, change.size_after) {
        _ if !change.content && change.kind == ChangeKind::Modified => "attributes".into(),
        (Some(before), Some(after)) if change.content && before != after => {
            format!("{} -> {}", Size(before), Size(after))
        }
        (Some(size), Some(_)) | (Some(size), None) | (None, Some(size)) => Size(size).to_string(),
        (None, None) => String::new(),
    }
}

fn sum(changes: &[Change]) -> String {
    let count = |kind| changes.iter().filter(|change| change.kind == kind).count();
    format!(
        "{} added, {} modified, {} deleted, {} renamed",
        count(ChangeKind::Added),
        count(ChangeKind::Modified),
        count(ChangeKind::Deleted),
        count(ChangeKind::Renamed)
    )
}
