//! `rename` in all its cases.

use tarbox_store::{ErrorKind, RenameMode};

use super::user::{User, fails};
use crate::interface::{FilesystemInterface, NewNode};
use crate::path::At;

/// Files, links, pipes and directories, within and between directories.
pub fn rename_moves_whatever_it_is<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.mkdir("/a").unwrap();
    root.mkdir("/b").unwrap();
    root.write("/a/file", b"1").unwrap();
    root.symlink("x", "/a/link").unwrap();
    root.make("/a/pipe", NewNode::Fifo { mode: 0o600 }).unwrap();
    root.mkdir("/a/dir").unwrap();
    root.write("/a/dir/inner", b"2").unwrap();
    for name in ["file", "link", "pipe", "dir"] {
        let ino = root.lstat(&format!("/a/{name}")).unwrap().ino;
        root.rename(&format!("/a/{name}"), &format!("/a/{name}2"))
            .unwrap();
        root.rename(&format!("/a/{name}2"), &format!("/b/{name}"))
            .unwrap();
        assert_eq!(root.lstat(&format!("/b/{name}")).unwrap().ino, ino);
    }
    assert!(root.names("/a").unwrap().is_empty());
    assert_eq!(root.read("/b/dir/inner").unwrap(), b"2");
    fails(root.rename("/b/none", "/x"), ErrorKind::NotFound);
    fails(root.rename("/b/file", "/none/x"), ErrorKind::NotFound);
    fails(root.rename("/b/file", "/b/file/x"), ErrorKind::NotDirectory);
}

/// Files replace files, directories empty directories.
pub fn rename_replaces_its_own_kind_only<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    for dir in ["/empty", "/full", "/d1", "/d2"] {
        root.mkdir(dir).unwrap();
    }
    root.touch("/full/x").unwrap();
    root.touch("/d1/kept").unwrap();
    root.write("/f1", b"1").unwrap();
    root.write("/f2", b"2").unwrap();
    fails(root.rename("/f1", "/empty"), ErrorKind::IsDirectory);
    fails(root.rename("/d1", "/f1"), ErrorKind::NotDirectory);
    fails(root.rename("/d1", "/full"), ErrorKind::NotEmpty);
    root.rename("/d1", "/empty").unwrap();
    assert_eq!(root.names("/empty").unwrap(), ["kept"]);
    root.rename("/f1", "/f2").unwrap();
    assert_eq!(root.read("/f2").unwrap(), b"1");
    root.symlink("d2", "/link").unwrap();
    root.rename("/f2", "/link").unwrap();
    assert!(
        root.lstat("/link").unwrap().is_file(),
        "the link itself is replaced"
    );
    assert_eq!(root.names("/").unwrap(), ["d2", "empty", "full", "link"]);
}

/// POSIX: it succeeds and leaves both.
pub fn rename_of_two_names_of_one_inode_does_nothing<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.touch("/a").unwrap();
    root.link("/a", "/b").unwrap();
    root.rename("/a", "/b").unwrap();
    root.rename("/a", "/a").unwrap();
    root.rename_as("/a", "/b", RenameMode::Exchange).unwrap();
    assert_eq!(root.names("/").unwrap(), ["a", "b"]);
    root.mkdir("/d").unwrap();
    root.rename("/d", "/d").unwrap();
    fails(
        root.rename_as("/a", "/b", RenameMode::NoReplace),
        ErrorKind::Exists,
    );
}

/// That would cut it off from the tree.
pub fn a_directory_does_not_move_below_itself<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.mkdir("/a").unwrap();
    root.mkdir("/a/b").unwrap();
    root.mkdir("/a/b/c").unwrap();
    for target in ["/a/x", "/a/b/x", "/a/b/c/x", "/a/b/c"] {
        fails(root.rename("/a", target), ErrorKind::Invalid);
    }
    fails(
        root.rename_as("/a", "/a/b/c", RenameMode::Exchange),
        ErrorKind::Invalid,
    );
    fails(
        root.rename_as("/a/b/c", "/a", RenameMode::Exchange),
        ErrorKind::Invalid,
    );
    fails(root.rename("/a/b/c", "/a"), ErrorKind::NotEmpty);
    root.rename("/a/b", "/b").unwrap();
    root.rename("/a", "/b/c/a").unwrap();
    assert!(root.stat("/b/c/a").unwrap().is_dir());
}

/// The flags of `renameat2`.
pub fn exchange_and_no_replace<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.mkdir("/d").unwrap();
    root.write("/d/in", b"in").unwrap();
    root.write("/f", b"file").unwrap();
    root.mkdir("/other").unwrap();
    root.write("/other/g", b"g").unwrap();
    root.rename_as("/d", "/f", RenameMode::Exchange).unwrap();
    assert_eq!(
        (root.read("/d").unwrap(), root.read("/f/in").unwrap()),
        (b"file".to_vec(), b"in".to_vec())
    );
    root.rename_as("/f", "/other/g", RenameMode::Exchange).unwrap();
    assert_eq!(
        (root.read("/f").unwrap(), root.read("/other/g/in").unwrap()),
        (b"g".to_vec(), b"in".to_vec())
    );
    assert_eq!(
        (root.stat("/other").unwrap().nlink, root.stat("/").unwrap().nlink),
        (3, 3)
    );
    fails(
        root.rename_as("/f", "/none", RenameMode::Exchange),
        ErrorKind::NotFound,
    );
    fails(
        root.rename_as("/none", "/f", RenameMode::Exchange),
        ErrorKind::NotFound,
    );
    fails(
        root.rename_as("/f", "/d", RenameMode::NoReplace),
        ErrorKind::Exists,
    );
    root.rename_as("/f", "/fresh", RenameMode::NoReplace).unwrap();
    assert_eq!(root.read("/fresh").unwrap(), b"g");
}

/// `..` and link counts follow a directory that moves.
pub fn rename_keeps_parents_and_counts<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    for dir in ["/a", "/b", "/a/sub", "/a/sub/x", "/b/sub"] {
        root.mkdir(dir).unwrap();
    }
    let links = |path: &str| root.stat(path).unwrap().nlink;
    root.rename("/a/sub", "/b/sub").unwrap();
    assert_eq!((links("/a"), links("/b"), links("/b/sub")), (2, 3, 3));
    let sub = At::dir(root.stat("/b/sub").unwrap().ino);
    assert_eq!(
        root.stat(sub.path("..")).unwrap().ino,
        root.stat("/b").unwrap().ino
    );
    assert_eq!(
        root.stat(sub.path("x/../..")).unwrap().ino,
        root.stat("/b").unwrap().ino
    );
    root.rename("/b/sub", "/sub").unwrap();
    assert_eq!(root.stat(sub.path("..")).unwrap().ino, fs.root());
    root.rmdir("/a").unwrap();
    root.rmdir("/b").unwrap();
}
