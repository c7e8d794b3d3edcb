//! Listing directories.

use std::collections::BTreeSet;

use tarbox_store::{Cookie, DirName};

use super::user::User;
use crate::interface::{FilesystemInterface, Handle, OpenFlags, blocking};

fn fill<F: FilesystemInterface>(root: &User<'_, F>, count: usize) -> Handle {
    root.mkdir("/d").unwrap();
    for n in 0..count {
        root.touch(&format!("/d/{n:04}")).unwrap();
    }
    root.open("/d", OpenFlags::DIRECTORY).unwrap()
}

/// With the attributes of what it names, and without dots.
pub fn every_entry_is_listed_once<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    let handle = fill(&root, 300);
    root.mkdir("/d/dir").unwrap();
    root.symlink("x", "/d/link").unwrap();
    let entries = blocking(fs.readdir(handle, Cookie(0), 10_000)).unwrap();
    assert_eq!(entries.len(), 302);
    let names: Vec<DirName> = entries.iter().cloned().map(DirName::from).collect();
    for (after, at) in [(Cookie(0), 0), (names[100].cookie, 101)] {
        let found = blocking(fs.readdir_names(handle, after, 150)).unwrap();
        assert_eq!(found, names[at..at + 150]);
    }
    for entry in &entries {
        let path = format!("/d/{}", String::from_utf8_lossy(&entry.name));
        assert_eq!(root.lstat(&path).unwrap(), entry.attr);
    }
    let cookies: Vec<Cookie> = entries.iter().map(|e| e.cookie).collect();
    assert!(cookies.is_sorted() && cookies.iter().all(|c| *c > Cookie(0)));
    assert_eq!(cookies.iter().collect::<BTreeSet<_>>().len(), 302);
    root.close(handle);
}

/// Page by page, from any cookie, as often as one likes.
pub fn pages_go_on_where_they_ended<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    let handle = fill(&root, 100);
    let all = blocking(fs.readdir(handle, Cookie(0), 1000)).unwrap();
    for size in [1, 7, 50, 99, 100, 101] {
        let (mut seen, mut after) = (Vec::new(), Cookie(0));
        loop {
            let page = blocking(fs.readdir(handle, after, size)).unwrap();
            let ended = page.len() < size;
            after = page.last().map_or(after, |e| e.cookie);
            seen.extend(page);
            if ended {
                break;
            }
        }
        assert_eq!(seen, all, "pages of {size}");
    }
    let from = all[42].cookie;
    assert_eq!(blocking(fs.readdir(handle, from, 1)).unwrap()[0], all[43]);
    assert!(
        blocking(fs.readdir(handle, all[99].cookie, 5))
            .unwrap()
            .is_empty()
    );
    assert!(
        blocking(fs.readdir(handle, Cookie(u64::MAX), 5))
            .unwrap()
            .is_empty()
    );
    assert!(blocking(fs.readdir(handle, Cookie(0), 0)).unwrap().is_empty());
    root.close(handle);
}

/// Removing what was listed and adding more disturbs nobody else.
pub fn what_lives_through_a_listing_is_in_it_once<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    let handle = fill(&root, 200);
    let (mut seen, mut after, mut removed) = (Vec::new(), Cookie(0), BTreeSet::new());
    for turn in 0.. {
        let page = blocking(fs.readdir(handle, after, 16)).unwrap();
        let Some(last) = page.last() else { break };
        after = last.cookie;
        for (number, entry) in page.into_iter().enumerate() {
            if number % 2 == 0 {
                blocking(fs.unlink(&root.who, fs.handle(handle).unwrap().ino, &entry.name)).unwrap();
                removed.insert(entry.name.clone());
            }
            seen.push(entry.name);
        }
        root.touch(&format!("/d/new{turn}")).unwrap();
        root.rename(&format!("/d/new{turn}"), &format!("/d/renamed{turn}"))
            .unwrap();
        assert!(turn < 100, "the listing ends");
    }
    let old: Vec<_> = seen.iter().filter(|name| name.len() == 4).collect();
    assert_eq!(old.len(), 200);
    assert_eq!(old.iter().collect::<BTreeSet<_>>().len(), 200);
    let left = root.names("/d").unwrap();
    assert_eq!(
        left.iter().filter(|name| name.len() == 4).count(),
        200 - removed.iter().filter(|n| n.len() == 4).count()
    );
    root.close(handle);
}
