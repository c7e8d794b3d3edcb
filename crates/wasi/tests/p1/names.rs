//! Making, moving and removing names.

use tarbox_wasi::p1::Errno;

use crate::guest::{Guest, ROOT};

#[test]
fn directories_come_and_go() {
    let mut guest = Guest::new();
    assert_eq!(guest.mkdir("d"), Ok(()));
    assert_eq!(guest.mkdir("d"), Err(Errno::Exist));
    assert_eq!(guest.mkdir("d/"), Err(Errno::Exist));
    assert_eq!(guest.mkdir("."), Err(Errno::Exist));
    assert_eq!(guest.mkdir("d/.."), Err(Errno::Exist));
    assert_eq!(guest.mkdir("new/"), Ok(()));
    assert_eq!(guest.mkdir("missing/d"), Err(Errno::Noent));
    assert_eq!(guest.mkdir(""), Err(Errno::Noent));
    guest.file("d/f", b"");
    assert_eq!(guest.mkdir("d/f/x"), Err(Errno::Notdir));
    assert_eq!(guest.rmdir("d"), Err(Errno::Notempty));
    assert_eq!(guest.rmdir("d/f"), Err(Errno::Notdir));
    assert_eq!(guest.rmdir("new/."), Err(Errno::Inval));
    assert_eq!(guest.rmdir("new/.."), Err(Errno::Notempty));
    assert_eq!(guest.rmdir("new/"), Ok(()));
    assert_eq!(guest.rmdir("new"), Err(Errno::Noent));
}

#[test]
fn unlinking_is_for_what_is_no_directory() {
    let mut guest = Guest::new();
    guest.mkdir("d").unwrap();
    guest.file("f", b"");
    guest.symlink("d", "link").unwrap();
    assert_eq!(guest.unlink("d"), Err(Errno::Isdir));
    assert_eq!(guest.unlink("d/"), Err(Errno::Isdir));
    assert_eq!(guest.unlink("."), Err(Errno::Isdir));
    assert_eq!(guest.unlink("f/"), Err(Errno::Notdir));
    assert_eq!(guest.unlink("link/"), Err(Errno::Notdir));
    assert_eq!(guest.rmdir("link"), Err(Errno::Notdir));
    assert_eq!(guest.rmdir("link/"), Err(Errno::Notdir));
    assert_eq!(guest.unlink("link"), Ok(()));
    assert_eq!(guest.unlink("f"), Ok(()));
    assert_eq!(guest.unlink("f"), Err(Errno::Noent));
    assert_eq!(guest.stat("d", 0).map(|(kind, _)| kind), Ok(3));
}

#[test]
fn hard_links_name_one_file() {
    let mut guest = Guest::new();
    guest.mkdir("d").unwrap();
    guest.file("f", b"one");
    guest.symlink("f", "link").unwrap();
    assert_eq!(guest.link("f", "d/g"), Ok(()));
    guest.file("d/g", b"other");
    assert_eq!(guest.content("f"), Ok(b"other".to_vec()));
    assert_eq!(guest.link("f", "d/g"), Err(Errno::Exist));
    assert_eq!(guest.link("f", "."), Err(Errno::Exist));
    assert_eq!(guest.link("d", "e"), Err(Errno::Perm));
    assert_eq!(guest.link("missing", "e"), Err(Errno::Noent));
    assert_eq!(guest.link("f", "new/"), Err(Errno::Noent));
    assert_eq!(guest.link("f/", "new"), Err(Errno::Notdir));
    assert_eq!(guest.link("link", "link2"), Ok(()));
    assert_eq!(guest.readlink("link2", 9), Ok(b"f".to_vec()));
    let (old, new) = (guest.put("link"), guest.put("link3"));
    let follow = guest.call(|c, m| c.path_link(m, ROOT, 1, old.0, old.1, ROOT, new.0, new.1));
    assert_eq!(follow, Err(Errno::Inval));
}

#[test]
fn renaming_replaces_as_rename_does() {
    let mut guest = Guest::new();
    for dir in ["a", "a/sub", "b", "empty"] {
        guest.mkdir(dir).unwrap();
    }
    guest.file("f", b"f");
    guest.file("g", b"g");
    guest.file("b/x", b"");
    assert_eq!(guest.rename("f", "g"), Ok(()));
    assert_eq!(guest.content("g"), Ok(b"f".to_vec()));
    assert_eq!(guest.rename("f", "h"), Err(Errno::Noent));
    assert_eq!(guest.rename("a", "a/sub/a"), Err(Errno::Inval));
    assert_eq!(guest.rename("a", "b"), Err(Errno::Notempty));
    assert_eq!(guest.rename("a", "g"), Err(Errno::Notdir));
    assert_eq!(guest.rename("g", "a"), Err(Errno::Isdir));
    assert_eq!(guest.rename("a", "empty"), Ok(()));
    assert_eq!(guest.stat("empty/sub", 0).map(|(kind, _)| kind), Ok(3));
    assert_eq!(guest.rename("g", "new/"), Err(Errno::Notdir));
    assert_eq!(guest.rename("g/", "new"), Err(Errno::Notdir));
    assert_eq!(guest.rename("b/", "c/"), Ok(()));
    assert_eq!(guest.rename(".", "d"), Err(Errno::Busy));
    assert_eq!(guest.rename("g", "c/.."), Err(Errno::Busy));
    assert_eq!(guest.rename("g", "g"), Ok(()));
    assert_eq!(guest.rename("", "h"), Err(Errno::Noent));
}

#[test]
fn symbolic_links_say_what_they_were_told() {
    let mut guest = Guest::new();
    guest.mkdir("d").unwrap();
    assert_eq!(guest.symlink("d/../x y", "link"), Ok(()));
    assert_eq!(guest.readlink("link", 64), Ok(b"d/../x y".to_vec()));
    assert_eq!(guest.readlink("link", 3), Ok(b"d/.".to_vec()));
    assert_eq!(guest.readlink("link", 0), Ok(vec![]));
    assert_eq!(guest.symlink("x", "link"), Err(Errno::Exist));
    assert_eq!(guest.symlink("x", "d"), Err(Errno::Exist));
    assert_eq!(guest.symlink("x", "d/"), Err(Errno::Exist));
    assert_eq!(guest.symlink("x", "new/"), Err(Errno::Noent));
    assert_eq!(guest.symlink("", "new"), Err(Errno::Noent));
    assert_eq!(guest.readlink("d", 9), Err(Errno::Inval));
    assert_eq!(guest.readlink("missing", 9), Err(Errno::Noent));
}

#[test]
fn names_and_paths_have_their_limits() {
    let mut guest = Guest::new();
    let longest = "n".repeat(255);
    assert_eq!(guest.mkdir(&longest), Ok(()));
    assert_eq!(guest.mkdir(&"n".repeat(256)), Err(Errno::Nametoolong));
    assert_eq!(guest.stat(&"./".repeat(2048), 0).map(|(kind, _)| kind), Ok(3));
    assert_eq!(guest.stat(&"./".repeat(2049), 0), Err(Errno::Nametoolong));
    assert_eq!(guest.stat("a\0b", 0), Err(Errno::Inval));
}
