//! `path_open`: what is opened, made, cut and refused.

use tarbox_wasi::p1::{Errno, Rights};

use crate::guest::{CREAT, DIRECTORY, EXCL, Guest, ROOT, TRUNC};

#[test]
fn a_file_is_made_once_and_then_found() {
    let mut guest = Guest::new();
    assert_eq!(guest.open("f", 0, false), Err(Errno::Noent));
    let first = guest.open("f", CREAT, true).unwrap();
    assert_eq!(first, 4, "the lowest free number");
    assert_eq!(guest.write(first, b"hello"), Ok(5));
    let second = guest.open("f", CREAT, false).unwrap();
    assert_eq!(guest.read(second, 9), Ok(b"hello".to_vec()));
    assert_eq!(guest.open("f", CREAT | EXCL, true), Err(Errno::Exist));
    guest.close(first).unwrap();
    assert_eq!(guest.open("f", 0, false), Ok(first));
}

#[test]
fn truncation_cuts_and_needs_a_file() {
    let mut guest = Guest::new();
    guest.file("f", b"hello");
    guest.mkdir("d").unwrap();
    let fd = guest.open("f", TRUNC, true).unwrap();
    assert_eq!(guest.read(fd, 9), Ok(vec![]));
    assert_eq!(guest.open("d", TRUNC, true), Err(Errno::Isdir));
    assert_eq!(guest.open("d", TRUNC | DIRECTORY, false), Err(Errno::Inval));
}

#[test]
fn directories_are_opened_to_be_read_only() {
    let mut guest = Guest::new();
    guest.file("f", b"");
    guest.mkdir("d").unwrap();
    assert!(guest.open("d", 0, false).is_ok());
    assert!(guest.open("d", DIRECTORY, false).is_ok());
    assert!(guest.open(".", 0, false).is_ok());
    assert_eq!(guest.open("d", 0, true), Err(Errno::Isdir));
    assert_eq!(guest.open("d", CREAT, false), Err(Errno::Isdir));
    assert_eq!(guest.open("d", CREAT | EXCL, false), Err(Errno::Exist));
    assert_eq!(guest.open("d", CREAT | DIRECTORY, false), Err(Errno::Inval));
    assert_eq!(guest.open("f", DIRECTORY, false), Err(Errno::Notdir));
    assert_eq!(guest.open("f/x", 0, false), Err(Errno::Notdir));
}

#[test]
fn a_slash_means_a_directory() {
    let mut guest = Guest::new();
    guest.file("f", b"");
    guest.mkdir("d").unwrap();
    assert_eq!(guest.open("f/", 0, false), Err(Errno::Notdir));
    assert_eq!(guest.open("new/", CREAT, true), Err(Errno::Isdir));
    assert_eq!(guest.open("f/", CREAT, true), Err(Errno::Notdir));
    assert!(guest.open("d/", 0, false).is_ok());
    assert!(guest.open("d//.//", 0, false).is_ok());
    assert_eq!(guest.stat("f/.", 0), Err(Errno::Notdir));
}

#[test]
fn symbolic_links_are_followed_where_asked() {
    let mut guest = Guest::new();
    guest.file("f", b"there");
    guest.symlink("f", "link").unwrap();
    guest.symlink("new", "dangling").unwrap();
    guest.symlink("loop", "loop").unwrap();
    let rights = Rights::FD_READ | Rights::FD_WRITE;
    assert_eq!(guest.content("link"), Ok(b"there".to_vec()));
    assert_eq!(guest.open_with(ROOT, "link", 0, 0, rights, 0), Err(Errno::Loop));
    assert_eq!(guest.open("loop", 0, false), Err(Errno::Loop));
    assert_eq!(guest.open("dangling", 0, false), Err(Errno::Noent));
    assert_eq!(guest.open("dangling", CREAT | EXCL, true), Err(Errno::Exist));
    let fd = guest.open("dangling", CREAT, true).unwrap();
    guest.write(fd, b"made").unwrap();
    assert_eq!(guest.content("new"), Ok(b"made".to_vec()));
}

#[test]
fn flags_that_mean_nothing_are_refused() {
    let mut guest = Guest::new();
    let (at, len) = guest.put("f");
    let mut open = |lookup, flags, fd_flags| {
        guest.call(|c, m| c.path_open(m, ROOT, lookup, at, len, flags, 2, 0, fd_flags, 8))
    };
    assert_eq!(open(2, 0, 0), Err(Errno::Inval));
    assert_eq!(open(0, 16, 0), Err(Errno::Inval));
    assert_eq!(open(0, 1 << 20, 0), Err(Errno::Inval));
    assert_eq!(open(0, 0, 32), Err(Errno::Inval));
}

#[test]
fn only_directories_open_paths() {
    let mut guest = Guest::new();
    guest.file("f", b"");
    let fd = guest.open("f", 0, false).unwrap();
    assert_eq!(
        guest.open_with(fd, "x", 0, 0, Rights::FD_READ, 0),
        Err(Errno::Notdir)
    );
    assert_eq!(
        guest.open_with(0, "x", 0, 0, Rights::FD_READ, 0),
        Err(Errno::Badf)
    );
    assert_eq!(
        guest.open_with(77, "x", 0, 0, Rights::FD_READ, 0),
        Err(Errno::Badf)
    );
}
