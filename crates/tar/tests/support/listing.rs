//! Everything about a tree that can be compared.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// One entry: all that GNU tar, bsdtar and Tarbox should agree on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) kind: char,
    pub(crate) mode: u32,
    pub(crate) owner: (u32, u32),
    /// Seconds and nanoseconds; none for what was touched just now, because the archive does not say.
    pub(crate) mtime: Option<(i64, i64)>,
    /// Content, or what a link says.
    pub(crate) content: Vec<u8>,
    /// The first path of the same inode, if it has others.
    pub(crate) same_as: Option<Vec<u8>>,
}

pub(crate) type Listing = BTreeMap<Vec<u8>, Seen>;

/// Times from here on are those of the test itself, or such as the host's file system cannot keep.
const RECENT: i64 = 1_700_000_000;
/// The earliest time that the host's file system can keep.
const EARLIEST: i64 = -(1 << 31);

/// A tree of the host.
pub(crate) fn of_host(root: &Path) -> Listing {
    let mut listing = Listing::new();
    let mut first = BTreeMap::new();
    let mut waiting = vec![root.to_path_buf()];
    while let Some(directory) = waiting.pop() {
        let mut entries: Vec<_> = fs::read_dir(&directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        entries.sort();
        for path in entries {
            let meta = fs::symlink_metadata(&path).unwrap();
            let name = path.strip_prefix(root).unwrap().as_os_str().as_bytes().to_vec();
            let kind = match meta.file_type() {
                t if t.is_dir() => 'd',
                t if t.is_symlink() => 'l',
                t if t.is_fifo() => 'p',
                t if t.is_char_device() => 'c',
                t if t.is_block_device() => 'b',
                t if t.is_socket() => 's',
                _ => 'f',
            };
            let content = match kind {
                'f' => fs::read(&path).unwrap(),
                'l' => fs::read_link(&path).unwrap().as_os_str().as_bytes().to_vec(),
                _ => Vec::new(),
            };
            if kind == 'd' {
                waiting.push(path.clone());
            } else if meta.nlink() > 1 {
                first
                    .entry(meta.ino())
                    .or_insert_with(Vec::new)
                    .push(name.clone());
            }
            let seen = Seen {
                kind,
                mode: meta.mode() & 0o7777,
                owner: (meta.uid(), meta.gid()),
                mtime: time(meta.mtime(), meta.mtime_nsec()),
                content,
                same_as: None,
            };
            listing.insert(name, seen);
        }
    }
    join(&mut listing, first.into_values());
    listing
}

/// A time, as far as it can be compared.
pub(crate) fn time(seconds: i64, nanos: i64) -> Option<(i64, i64)> {
    (EARLIEST + 1..RECENT)
        .contains(&seconds)
        .then_some((seconds, nanos))
}

/// Says of names of one inode that they are.
pub(crate) fn join(listing: &mut Listing, groups: impl Iterator<Item = Vec<Vec<u8>>>) {
    for mut group in groups {
        group.sort();
        for name in &group {
            if group.len() > 1
                && let Some(seen) = listing.get_mut(name)
            {
                seen.same_as = Some(group[0].clone());
            }
        }
    }
}
