//! Names: made, linked and removed.

use tarbox_store::{ErrorKind, FileKind};

use super::user::{User, fails};
use crate::ext::FilesystemExt;
use crate::interface::{FilesystemInterface, NewNode, blocking};
use crate::path::{At, Follow};

/// A fresh file is empty, has one name, and is what it was asked to be.
pub fn a_new_file_has_the_attributes_that_were_asked_for<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    let attr = root.make("/f", NewNode::File { mode: 0o4751 }).unwrap();
    assert_eq!((attr.kind, attr.mode, attr.nlink), (FileKind::File, 0o4751, 1));
    assert_eq!((attr.size, attr.blocks, attr.rdev), (0, 0, 0));
    assert_eq!((attr.uid, attr.gid), (0, 0));
    assert!(attr.atime == attr.mtime && attr.mtime == attr.ctime && attr.ctime == attr.btime);
    assert_eq!(root.stat("/f").unwrap(), attr);
    let dir = root.make("/d", NewNode::Directory { mode: 0o777 }).unwrap();
    assert_eq!((dir.kind, dir.mode, dir.nlink), (FileKind::Directory, 0o755, 2));
    assert_ne!(dir.ino, attr.ino);
    assert_eq!(root.stat("/").unwrap().ino, fs.root());
}

/// Any bytes but `/` and NUL make a name, to 255 of them.
pub fn names_are_bytes<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    let longest = [b'x'; 255];
    let names: [&[u8]; 8] = [
        b" ",
        b"\xff\xfe",
        b"a\nb",
        "ü".as_bytes(),
        b"...",
        b"-",
        b"\x01\x7f",
        &longest,
    ];
    for (number, name) in names.iter().enumerate() {
        root.write(*name, &[number as u8]).unwrap();
    }
    for (number, name) in names.iter().enumerate() {
        assert_eq!(root.read(*name).unwrap(), [number as u8]);
    }
    let listed = blocking(fs.read_dir(&root.who, "/")).unwrap();
    assert_eq!(listed.len(), names.len());
    assert!(
        names
            .iter()
            .all(|name| listed.iter().any(|entry| entry.name == *name))
    );
}

/// Inode operations refuse what is no name, whatever it would do.
pub fn names_that_cannot_be_are_refused<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    let file = root.make("/f", NewNode::File { mode: 0o644 }).unwrap().ino;
    for name in [&b""[..], b".", b"..", b"a/b", b"a\0b"] {
        let made = fs.make(&root.who, fs.root(), name, &NewNode::File { mode: 0o644 });
        fails(blocking(made), ErrorKind::Invalid);
        fails(
            blocking(fs.mkdir(&root.who, fs.root(), name, 0o755)),
            ErrorKind::Invalid,
        );
        fails(
            blocking(fs.link(&root.who, file, fs.root(), name)),
            ErrorKind::Invalid,
        );
    }
    let long = [b'n'; 256];
    fails(
        blocking(fs.mkdir(&root.who, fs.root(), &long, 0o755)),
        ErrorKind::NameTooLong,
    );
    fails(
        blocking(fs.lookup(&root.who, fs.root(), &long)),
        ErrorKind::NameTooLong,
    );
    fails(
        blocking(fs.unlink(&root.who, fs.root(), &long)),
        ErrorKind::NameTooLong,
    );
    fails(
        blocking(fs.mkdir(&root.who, file, b"x", 0o755)),
        ErrorKind::NotDirectory,
    );
    fails(
        blocking(fs.lookup(&root.who, file, b"x")),
        ErrorKind::NotDirectory,
    );
    assert_eq!(root.names("/").unwrap(), ["f"]);
}

/// Whatever has a name already, nothing new takes its place.
pub fn a_taken_name_stays<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.write("/file", b"1").unwrap();
    root.mkdir("/dir").unwrap();
    root.symlink("nowhere", "/link").unwrap();
    for taken in ["/file", "/dir", "/link"] {
        let before = root.lstat(taken).unwrap();
        fails(root.mkdir(taken), ErrorKind::Exists);
        fails(root.symlink("x", taken), ErrorKind::Exists);
        fails(root.make(taken, NewNode::File { mode: 0o644 }), ErrorKind::Exists);
        fails(root.make(taken, NewNode::Fifo { mode: 0o644 }), ErrorKind::Exists);
        fails(root.link("/file", taken), ErrorKind::Exists);
        assert_eq!(root.lstat(taken).unwrap().ino, before.ino);
    }
}

/// A directory has its name, its `.`, and the `..` of each directory in it.
pub fn directories_count_their_subdirectories<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    let links = |path: &str| root.stat(path).unwrap().nlink;
    let before = links("/");
    root.mkdir("/a").unwrap();
    root.mkdir("/a/b").unwrap();
    root.mkdir("/a/c").unwrap();
    root.touch("/a/file").unwrap();
    assert_eq!((links("/"), links("/a"), links("/a/b")), (before + 1, 4, 2));
    root.rmdir("/a/b").unwrap();
    assert_eq!(links("/a"), 3);
    root.rename("/a/c", "/c").unwrap();
    assert_eq!((links("/"), links("/a")), (before + 2, 2));
    assert!(
        root.stat("/a").unwrap().size > 0,
        "a directory with an entry has a size"
    );
}

/// `rmdir` never loses anything.
pub fn only_empty_directories_are_removed<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.mkdir("/d").unwrap();
    root.touch("/d/f").unwrap();
    fails(root.rmdir("/d"), ErrorKind::NotEmpty);
    root.unlink("/d/f").unwrap();
    root.rmdir("/d").unwrap();
    root.missing("/d");
    fails(root.rmdir("/d"), ErrorKind::NotFound);
    fails(root.rmdir("/"), ErrorKind::Busy);
}

/// Each has its own call.
pub fn unlink_and_rmdir_know_what_is_what<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.mkdir("/d").unwrap();
    root.touch("/f").unwrap();
    root.symlink("d", "/l").unwrap();
    fails(root.unlink("/d"), ErrorKind::IsDirectory);
    fails(root.rmdir("/f"), ErrorKind::NotDirectory);
    fails(root.rmdir("/l"), ErrorKind::NotDirectory);
    fails(root.unlink("/f/x"), ErrorKind::NotDirectory);
    root.unlink("/l").unwrap();
    root.unlink("/f").unwrap();
    assert_eq!(root.names("/").unwrap(), ["d"]);
    fails(root.unlink("/f"), ErrorKind::NotFound);
}

/// Names of one inode are equal; it goes with the last.
pub fn hard_links_share_an_inode<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.write("/a", b"shared").unwrap();
    root.mkdir("/d").unwrap();
    let attr = root.link("/a", "/d/b").unwrap();
    assert_eq!((attr.nlink, attr.ino), (2, root.stat("/a").unwrap().ino));
    root.write("/d/b", b"changed").unwrap();
    assert_eq!(root.read("/a").unwrap(), b"changed");
    root.unlink("/a").unwrap();
    assert_eq!(root.read("/d/b").unwrap(), b"changed");
    assert_eq!(root.stat("/d/b").unwrap().nlink, 1);
    fails(root.link("/d", "/e"), ErrorKind::NotPermitted);
    fails(root.link("/a", "/e"), ErrorKind::NotFound);
    fails(root.link("/d/b", "/none/x"), ErrorKind::NotFound);
    root.unlink("/d/b").unwrap();
    fails(
        blocking(fs.link(&root.who, attr.ino, fs.root(), b"z")),
        ErrorKind::NotFound,
    );
}

/// A link says its target, need it lead anywhere or not; links to links are links.
pub fn symbolic_links_say_what_they_were_told<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    let longest = "t".repeat(4095);
    for (name, target) in [("/a", "nowhere/at/all"), ("/b", "/"), ("/c", longest.as_str())] {
        let attr = root.symlink(target, name).unwrap();
        assert_eq!(
            (attr.kind, attr.mode, attr.size),
            (FileKind::Symlink, 0o777, target.len() as u64)
        );
        assert_eq!(
            blocking(fs.read_link(&root.who, name)).unwrap(),
            target.as_bytes()
        );
    }
    fails(root.symlink("", "/empty"), ErrorKind::NotFound);
    fails(root.symlink(&"t".repeat(4096), "/long"), ErrorKind::NameTooLong);
    root.touch("/f").unwrap();
    fails(blocking(fs.read_link(&root.who, "/f")), ErrorKind::Invalid);
    fails(blocking(fs.read_link(&root.who, "/")), ErrorKind::Invalid);
    root.link("/a", "/hard").unwrap();
    assert_eq!(root.lstat("/hard").unwrap().nlink, 2);
    root.write("/target", b"").unwrap();
    root.symlink("target", "/to").unwrap();
    blocking(fs.hard_link(&root.who, "/to", At::ROOT.path("followed"), Follow::Yes)).unwrap();
    assert!(root.lstat("/followed").unwrap().is_file());
}

/// Pipes, sockets and devices are entries like others, but have nothing to open.
pub fn special_files_keep_their_inode<F: FilesystemInterface>(fs: &F) {
    let (root, user) = super::user::home(fs);
    let nodes = [
        ("/home/p", NewNode::Fifo { mode: 0o666 }, FileKind::Fifo, 0),
        ("/home/s", NewNode::Socket { mode: 0o666 }, FileKind::Socket, 0),
        (
            "/home/c",
            NewNode::CharDevice {
                mode: 0o666,
                rdev: 0x103,
            },
            FileKind::CharDevice,
            0x103,
        ),
        (
            "/home/b",
            NewNode::BlockDevice {
                mode: 0o666,
                rdev: 0x800,
            },
            FileKind::BlockDevice,
            0x800,
        ),
    ];
    for (path, node, kind, rdev) in nodes {
        if rdev > 0 {
            fails(user.make(path, node), ErrorKind::NotPermitted);
        }
        let attr = root.make(path, node).unwrap();
        assert_eq!((attr.kind, attr.rdev, attr.size), (kind, rdev, 0));
        fails(root.open(path, crate::OpenFlags::READ), ErrorKind::NoSuchAddress);
        root.unlink(path).unwrap();
    }
    user.make("/home/p", NewNode::Fifo { mode: 0o600 }).unwrap();
}
