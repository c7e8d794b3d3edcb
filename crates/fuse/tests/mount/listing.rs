//! Listing directories, also while they change.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::mem::MaybeUninit;
use std::path::Path;

use rustix::fs::{RawDir, SeekFrom};

use crate::support::Mounted;

/// Names with where each stands, from a place on; a small buffer makes for many requests.
fn names(dir: &File, from: u64, limit: usize) -> Vec<(String, u64)> {
    rustix::fs::seek(dir, SeekFrom::Start(from)).unwrap();
    let mut buffer = [MaybeUninit::uninit(); 512];
    let mut raw = RawDir::new(dir, &mut buffer);
    let mut found = Vec::new();
    while let Some(entry) = raw.next().filter(|_| found.len() < limit) {
        let entry = entry.unwrap();
        found.push((
            entry.file_name().to_str().unwrap().to_owned(),
            entry.next_entry_cookie(),
        ));
    }
    found
}

fn fill(dir: &Path, prefix: &str, count: usize) {
    for i in 0..count {
        fs::write(dir.join(format!("{prefix}{i:03}")), "").unwrap();
    }
}

#[test]
fn what_stays_is_listed_once_whatever_else_changes() {
    let mut m = Mounted::new();
    fill(m.dir(), "stays", 300);
    fill(m.dir(), "goes", 300);
    let dir = File::open(m.dir()).unwrap();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut from = 0;
    for round in 0.. {
        let part = names(&dir, from, 50);
        let Some(last) = part.last() else { break };
        from = last.1;
        for (name, _) in part {
            *seen.entry(name).or_default() += 1;
        }
        // Names that were listed and names that were not go, and others come.
        for i in (round * 25)..(round * 25 + 25).min(300) {
            fs::remove_file(m.path(&format!("goes{i:03}"))).ok();
        }
        if round < 8 {
            fill(m.dir(), &format!("new{round}"), 5);
        }
    }
    for i in 0..300 {
        assert_eq!(seen.get(&format!("stays{i:03}")), Some(&1));
    }
    assert!(
        seen.values().all(|times| *times == 1),
        "something was listed twice"
    );
    assert_eq!((seen.get("."), seen.get("..")), (Some(&1), Some(&1)));
    drop(dir);
    m.unmount();
}

#[test]
fn a_place_in_a_listing_can_be_gone_back_to() {
    let m = Mounted::new();
    fill(m.dir(), "f", 40);
    let dir = File::open(m.dir()).unwrap();
    let all = names(&dir, 0, 100);
    assert_eq!(all.len(), 42);
    for at in [0, 1, 2, 20, 40] {
        assert_eq!(names(&dir, all[at].1, 100), all[at + 1..]);
    }
    assert!(names(&dir, all[41].1, 100).is_empty());
}

#[test]
fn numbers_in_listings_are_those_of_the_inodes() {
    use std::os::unix::fs::{DirEntryExt, MetadataExt};
    let m = Mounted::new();
    fs::create_dir_all(m.path("d/e")).unwrap();
    fill(&m.path("d"), "f", 3);
    for entry in m.path("d").read_dir().unwrap() {
        let entry = entry.unwrap();
        let metadata = entry.metadata().unwrap();
        assert_eq!(entry.ino(), metadata.ino());
        assert_eq!(entry.file_type().unwrap().is_dir(), metadata.is_dir());
    }
    let dots = File::open(m.path("d/e")).unwrap();
    assert_eq!(names(&dots, 0, 9).len(), 2);
}
