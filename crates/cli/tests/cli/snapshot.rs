//! Everything about a tree of the host, to compare two of them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// One file, as far as it can be told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) kind: &'static str,
    pub(crate) mode: u32,
    pub(crate) owner: (u32, u32),
    pub(crate) mtime: (i64, i64),
    pub(crate) content: Vec<u8>,
    pub(crate) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// The first path of the same file, where it has several.
    pub(crate) same_as: Option<Vec<u8>>,
}

/// Every file below `root` by its path; the root itself has an empty one.
pub(crate) fn snapshot(root: &Path) -> BTreeMap<Vec<u8>, Seen> {
    let mut seen = BTreeMap::new();
    let mut first = BTreeMap::new();
    look(root, root, &mut seen, &mut first);
    seen
}

fn look(
    root: &Path,
    path: &Path,
    seen: &mut BTreeMap<Vec<u8>, Seen>,
    first: &mut BTreeMap<(u64, u64), Vec<u8>>,
) {
    let meta = fs::symlink_metadata(path).unwrap();
    let key = path.strip_prefix(root).unwrap().as_os_str().as_bytes().to_vec();
    let kind = meta.file_type();
    let mut same_as = None;
    if meta.nlink() > 1 && !meta.is_dir() {
        let known = first
            .entry((meta.dev(), meta.ino()))
            .or_insert_with(|| key.clone());
        same_as = Some(known.clone());
    }
    let (kind, content) = if kind.is_symlink() {
        (
            "link",
            fs::read_link(path).unwrap().as_os_str().as_bytes().to_vec(),
        )
    } else if kind.is_dir() {
        ("directory", Vec::new())
    } else if kind.is_fifo() {
        ("pipe", Vec::new())
    } else if kind.is_socket() {
        ("socket", Vec::new())
    } else {
        ("file", fs::read(path).unwrap())
    };
    seen.insert(
        key,
        Seen {
            kind,
            mode: meta.mode() & 0o7777,
            owner: (meta.uid(), meta.gid()),
            mtime: (meta.mtime(), meta.mtime_nsec()),
            content,
            xattrs: if kind == "file" || kind == "directory" {
                xattrs(path)
            } else {
                Vec::new()
            },
            same_as,
        },
    );
    if kind == "directory" {
        let mut names: Vec<_> = fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).collect();
        names.sort();
        for name in names {
            look(root, &name, seen, first);
        }
    }
}

fn xattrs(path: &Path) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut list = vec![0; 4096];
    let len = rustix::fs::listxattr(path, &mut list[..]).unwrap_or(0);
    let names = list[..len]
        .split(|b| *b == 0)
        .filter(|name| name.starts_with(b"user."));
    let mut all: Vec<_> = names
        .map(|name| {
            let mut value = vec![0; 4096];
            let len = rustix::fs::getxattr(path, name, &mut value[..]).unwrap();
            (name.to_vec(), value[..len].to_vec())
        })
        .collect();
    all.sort();
    all
}

/// Asserts that two trees are the same, and says where they are not.
#[track_caller]
pub(crate) fn assert_same(left: &Path, right: &Path) {
    compare(&snapshot(left), &snapshot(right));
}

#[track_caller]
pub(crate) fn compare(left: &BTreeMap<Vec<u8>, Seen>, right: &BTreeMap<Vec<u8>, Seen>) {
    let names = |tree: &BTreeMap<Vec<u8>, Seen>| -> Vec<String> {
        tree.keys().map(|key| key.escape_ascii().to_string()).collect()
    };
    assert_eq!(names(left), names(right));
    for (path, seen) in left {
        let other = &right[path];
        let brief = |s: &Seen| Seen {
            content: s.content.iter().take(100).copied().collect(),
            ..s.clone()
        };
        assert_eq!(brief(seen), brief(other), "{}", path.escape_ascii());
        assert!(
            seen.content == other.content,
            "the content of {}",
            path.escape_ascii()
        );
    }
}
