//! `fd_readdir`: cookies, cut entries, changes under way.

use tarbox_wasi::p1::Errno;

use crate::guest::{Guest, ROOT};

/// One entry: the cookie behind it, its type and its name.
type Entry = (u64, u8, String);

/// One call: the whole entries in the buffer, and how much of it was used.
fn page(guest: &mut Guest, fd: u32, room: u32, cookie: u64) -> Result<(Vec<Entry>, u32), Errno> {
    let (buffer, _) = guest.put(vec![0; room as usize]);
    guest.call(|c, m| c.fd_readdir(m, fd, buffer, room, cookie, 8))?;
    let used = guest.u32_at(8);
    let bytes = guest.memory[buffer as usize..(buffer + used) as usize].to_vec();
    let mut entries = Vec::new();
    let mut rest = &bytes[..];
    while rest.len() >= 24 {
        let next = u64::from_le_bytes(rest[..8].try_into().unwrap());
        let len = u32::from_le_bytes(rest[16..20].try_into().unwrap()) as usize;
        let Some(name) = rest.get(24..24 + len) else { break };
        entries.push((next, rest[20], String::from_utf8(name.to_vec()).unwrap()));
        rest = &rest[24 + len..];
    }
    Ok((entries, used))
}

/// The names of a directory, read with buffers of this size as a C library does.
fn names(guest: &mut Guest, fd: u32, room: u32) -> Vec<String> {
    let (mut names, mut cookie) = (Vec::new(), 0);
    loop {
        let (entries, used) = page(guest, fd, room, cookie).unwrap();
        assert!(!entries.is_empty() || used < room, "an entry must fit");
        cookie = entries.last().map_or(cookie, |entry| entry.0);
        names.extend(entries.into_iter().map(|entry| entry.2));
        if used < room {
            return names;
        }
    }
}

#[test]
fn every_buffer_size_lists_the_same() {
    let mut guest = Guest::new();
    let mut expected = vec![".".to_owned(), "..".to_owned()];
    for i in 0..100 {
        let name = format!("{i:03}{}", "x".repeat(i));
        guest.mkdir(&name).unwrap();
        expected.push(name);
    }
    expected.sort();
    for room in [128, 200, 500, 4096, 100_000] {
        let mut found = names(&mut guest, ROOT, room);
        assert_eq!(&found[..2], [".", ".."]);
        found.sort();
        assert_eq!(found, expected, "{room}");
    }
}

#[test]
fn entries_tell_types_and_inodes() {
    let mut guest = Guest::new();
    guest.mkdir("d").unwrap();
    guest.file("f", b"");
    guest.symlink("f", "l").unwrap();
    let (mut entries, _) = page(&mut guest, ROOT, 4096, 0).unwrap();
    entries.sort_by(|a, b| a.2.cmp(&b.2));
    let kinds: Vec<_> = entries
        .iter()
        .map(|(_, kind, name)| (name.as_str(), *kind))
        .collect();
    assert_eq!(kinds, [(".", 3), ("..", 3), ("d", 3), ("f", 4), ("l", 7)]);
}

#[test]
fn a_cookie_stays_good_whatever_changes() {
    let mut guest = Guest::new();
    for name in ["a", "b", "c", "d", "e", "f"] {
        guest.mkdir(name).unwrap();
    }
    let (entries, _) = page(&mut guest, ROOT, 24 + 1 + 24 + 2 + 25 * 3, 0).unwrap();
    let seen: Vec<_> = entries.iter().map(|entry| entry.2.clone()).collect();
    let cookie = entries.last().unwrap().0;
    guest.rmdir(&seen[2]).unwrap();
    guest.rmdir(&seen[4]).unwrap();
    guest.mkdir("new").unwrap();
    let (entries, _) = page(&mut guest, ROOT, 4096, cookie).unwrap();
    let mut all = seen.clone();
    all.extend(
        entries
            .into_iter()
            .map(|entry| entry.2)
            .filter(|name| name != "new"),
    );
    all.sort();
    assert_eq!(all, [".", "..", "a", "b", "c", "d", "e", "f"]);
}

#[test]
fn the_end_and_beyond_are_empty() {
    let mut guest = Guest::new();
    guest.mkdir("d").unwrap();
    let (entries, _) = page(&mut guest, ROOT, 4096, 0).unwrap();
    assert_eq!(page(&mut guest, ROOT, 4096, entries[2].0), Ok((vec![], 0)));
    assert_eq!(page(&mut guest, ROOT, 4096, u64::MAX), Ok((vec![], 0)));
    assert_eq!(page(&mut guest, ROOT, 0, 0), Ok((vec![], 0)));
    let (_, used) = page(&mut guest, ROOT, 30, 0).unwrap();
    assert_eq!(used, 30, "a cut entry fills the buffer");
}

#[test]
fn only_directories_are_listed() {
    let mut guest = Guest::new();
    guest.file("f", b"");
    let fd = guest.open("f", 0, false).unwrap();
    assert_eq!(page(&mut guest, fd, 64, 0), Err(Errno::Notdir));
    assert_eq!(page(&mut guest, 1, 64, 0), Err(Errno::Badf));
    guest.mkdir("d").unwrap();
    let dir = guest.open("d", 0, false).unwrap();
    guest.rmdir("d").unwrap();
    assert!(matches!(page(&mut guest, dir, 64, 2), Ok((entries, 0)) if entries.is_empty()));
}
