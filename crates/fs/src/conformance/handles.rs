//! Handles and the inodes they keep alive.

use tarbox_store::{Cookie, ErrorKind, FileKind, SetAttr};

use super::user::{User, fails};
use crate::interface::{FilesystemInterface, Handle, NewNode, OpenFlags, blocking};

/// No operation takes a handle that is not open.
pub fn a_released_handle_is_dead<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.write("/f", b"x").unwrap();
    let closed = root.open("/f", OpenFlags::READ_WRITE).unwrap();
    root.close(closed);
    // Others take its place in whatever table there is.
    let others: Vec<Handle> = (0..64)
        .map(|_| root.open("/f", OpenFlags::READ_WRITE).unwrap())
        .collect();
    assert!(!others.contains(&closed));
    for dead in [closed, Handle(u64::MAX), Handle(1 << 40)] {
        fails(root.pread(dead, 0, 1), ErrorKind::BadHandle);
        fails(root.pwrite(dead, 0, b"y"), ErrorKind::BadHandle);
        fails(blocking(fs.truncate(dead, 0)), ErrorKind::BadHandle);
        fails(blocking(fs.fsync(dead, true)), ErrorKind::BadHandle);
        fails(blocking(fs.readdir(dead, Cookie(0), 1)), ErrorKind::BadHandle);
        fails(blocking(fs.release(dead)), ErrorKind::BadHandle);
        fails(fs.handle(dead), ErrorKind::BadHandle);
    }
    others.into_iter().for_each(|handle| root.close(handle));
    assert_eq!(root.read("/f").unwrap(), b"x");
}

/// A right that was not asked for at open is not there.
pub fn handles_do_what_they_were_opened_for<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.write("/f", b"x").unwrap();
    let reader = root.open("/f", OpenFlags::READ).unwrap();
    let writer = root.open("/f", OpenFlags::WRITE).unwrap();
    fails(root.pwrite(reader, 0, b"y"), ErrorKind::BadHandle);
    fails(root.pread(writer, 0, 1), ErrorKind::BadHandle);
    fails(blocking(fs.truncate(reader, 0)), ErrorKind::Invalid);
    fails(
        blocking(fs.readdir(reader, Cookie(0), 1)),
        ErrorKind::NotDirectory,
    );
    root.pwrite(writer, 0, b"z").unwrap();
    assert_eq!(root.pread(reader, 0, 1).unwrap(), b"z");
    blocking(fs.fsync(reader, true)).unwrap();
    blocking(fs.fsync(writer, false)).unwrap();
    root.close(reader);
    root.close(writer);
    let directory = root.open("/", OpenFlags::DIRECTORY).unwrap();
    fails(root.pwrite(directory, 0, b"y"), ErrorKind::BadHandle);
    fails(blocking(fs.truncate(directory, 0)), ErrorKind::Invalid);
    blocking(fs.fsync(directory, false)).unwrap();
    root.close(directory);
    blocking(fs.syncfs()).unwrap();
}

/// Without a name, but with everything else.
pub fn an_unlinked_file_lives_until_its_last_handle<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.write("/f", b"before").unwrap();
    let first = root.open("/f", OpenFlags::READ_WRITE).unwrap();
    let second = root.open("/f", OpenFlags::READ).unwrap();
    let ino = fs.handle(first).unwrap().ino;
    root.unlink("/f").unwrap();
    root.write("/f", b"another").unwrap();
    assert_ne!(root.stat("/f").unwrap().ino, ino);
    let attr = blocking(fs.getattr(ino)).unwrap();
    assert_eq!((attr.nlink, attr.size), (0, 6));
    root.pwrite(first, 6, b" and after").unwrap();
    root.close(first);
    assert_eq!(root.pread(second, 0, 100).unwrap(), b"before and after");
    let chmod = SetAttr {
        mode: Some(0o600),
        ..SetAttr::default()
    };
    assert_eq!(blocking(fs.setattr(&root.who, ino, &chmod)).unwrap().mode, 0o600);
    root.close(second);
    fails(blocking(fs.getattr(ino)), ErrorKind::NotFound);
    fails(
        blocking(fs.open(&root.who, ino, OpenFlags::READ)),
        ErrorKind::NotFound,
    );
    // The same where a rename takes the last name.
    root.write("/g", b"replaced").unwrap();
    let replaced = root.open("/g", OpenFlags::READ).unwrap();
    root.rename("/f", "/g").unwrap();
    assert_eq!(root.pread(replaced, 0, 100).unwrap(), b"replaced");
    root.close(replaced);
}

/// A directory without a name is empty and stays so.
pub fn a_removed_directory_takes_nothing<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.mkdir("/d").unwrap();
    let handle = root.open("/d", OpenFlags::DIRECTORY).unwrap();
    let ino = fs.handle(handle).unwrap().ino;
    root.rmdir("/d").unwrap();
    assert!(blocking(fs.readdir(handle, Cookie(0), 10)).unwrap().is_empty());
    let file = NewNode::File { mode: 0o644 };
    fails(
        blocking(fs.make(&root.who, ino, b"f", &file)),
        ErrorKind::NotFound,
    );
    fails(
        blocking(fs.mkdir(&root.who, ino, b"d", 0o755)),
        ErrorKind::NotFound,
    );
    assert_eq!(blocking(fs.getattr(ino)).unwrap().nlink, 0);
    root.close(handle);
    fails(blocking(fs.getattr(ino)), ErrorKind::NotFound);
}

/// Inode, kind and flags.
pub fn handles_tell_what_they_are_open_on<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.touch("/f").unwrap();
    let flags = OpenFlags {
        append: true,
        ..OpenFlags::READ_WRITE
    };
    let handle = root.open("/f", flags).unwrap();
    let info = fs.handle(handle).unwrap();
    assert_eq!(
        (info.ino, info.kind, info.flags),
        (root.stat("/f").unwrap().ino, FileKind::File, flags)
    );
    root.close(handle);
}
