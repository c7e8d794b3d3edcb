//! The change feed.

use tarbox_store::{RenameMode, Seq};

use super::user::User;
use crate::ext::FilesystemExt;
use crate::interface::{ChangeEvent, EventKind, FilesystemInterface, blocking};
use crate::watch::Watch;

fn drain<F: FilesystemInterface>(watch: &mut Watch<'_, F>) -> Vec<ChangeEvent> {
    let mut events = Vec::new();
    while let Some(event) = blocking(watch.try_next()).unwrap() {
        events.push(event);
    }
    events
}

fn told(event: &ChangeEvent) -> (EventKind, String) {
    (event.kind, String::from_utf8(event.path.clone()).unwrap())
}

/// Every change once, in order, and from any position again.
pub fn changes_are_told_in_order<F: FilesystemInterface>(fs: &F) {
    use EventKind::*;
    let root = User::root(fs);
    let start = blocking(fs.last_change()).unwrap();
    let mut watch = blocking(fs.watch(b"/", None)).unwrap();
    assert!(drain(&mut watch).is_empty());
    root.mkdir("/d").unwrap();
    root.write("/d/f", b"1").unwrap();
    root.chmod("/d/f", 0o600).unwrap();
    root.rename("/d/f", "/d/g").unwrap();
    root.link("/d/g", "/h").unwrap();
    root.unlink("/h").unwrap();
    root.unlink("/d/g").unwrap();
    root.rmdir("/d").unwrap();
    let events = drain(&mut watch);
    let mut seen: Vec<(EventKind, String)> = events.iter().map(told).collect();
    // How many records a write gives is the store's affair.
    seen.dedup();
    let expected = [
        (Create, "/d"),
        (Create, "/d/f"),
        (Modify, "/d/f"),
        (Rename, "/d/g"),
        (Create, "/h"),
        (Delete, "/h"),
        (Delete, "/d/g"),
        (Delete, "/d"),
    ];
    assert_eq!(seen, expected.map(|(kind, path)| (kind, path.to_owned())));
    let rename = events.iter().find(|event| event.kind == Rename).unwrap();
    assert_eq!(rename.from.as_deref(), Some(&b"/d/f"[..]));
    assert!(events.is_sorted_by(|a, b| a.seq <= b.seq));
    assert!(drain(&mut watch).is_empty());
    let mut again = blocking(fs.watch(b"/", Some(start))).unwrap();
    assert_eq!(drain(&mut again), events);
    let half = events[4].seq;
    let mut rest = blocking(fs.watch(b"/", Some(half))).unwrap();
    assert!(drain(&mut rest).iter().all(|event| event.seq > half));
    let piece = blocking(fs.changes(b"/", start, 2)).unwrap();
    assert_eq!(piece.last, Seq(start.0 + 2));
}

/// And moves in and out of it as coming and going.
pub fn only_the_watched_tree_is_told<F: FilesystemInterface>(fs: &F) {
    use EventKind::*;
    let root = User::root(fs);
    root.mkdir("/in").unwrap();
    root.mkdir("/inner").unwrap();
    let mut watch = blocking(fs.watch(b"/in", None)).unwrap();
    root.touch("/out").unwrap();
    root.touch("/inner/f").unwrap();
    root.rename("/out", "/in/came").unwrap();
    root.rename("/in/came", "/in/moved").unwrap();
    root.rename("/in/moved", "/out").unwrap();
    let seen: Vec<_> = drain(&mut watch).iter().map(told).collect();
    let at = |kind, path: &str| (kind, path.to_owned());
    assert_eq!(
        seen,
        [
            at(Create, "/in/came"),
            at(Rename, "/in/moved"),
            at(Delete, "/in/moved")
        ]
    );
    root.touch("/in/a").unwrap();
    root.write("/b", b"").unwrap();
    drain(&mut watch);
    root.rename_as("/in/a", "/b", RenameMode::Exchange).unwrap();
    let mut seen: Vec<_> = drain(&mut watch).iter().map(told).collect();
    seen.sort_by_key(|(kind, _)| *kind == Create);
    assert_eq!(
        seen,
        [at(Delete, "/in/a"), at(Create, "/in/a")],
        "both sides of an exchange"
    );
}
