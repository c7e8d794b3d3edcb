//! Opening and creating.

use tarbox_store::ErrorKind;

use super::user::{User, fails};
use crate::interface::{FilesystemInterface, OpenFlags, blocking};
use crate::path::At;

/// The flags against what is there.
pub fn opening_checks_what_it_opens<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.mkdir("/d").unwrap();
    root.write("/f", b"x").unwrap();
    fails(root.open("/none", OpenFlags::READ), ErrorKind::NotFound);
    fails(root.open("/d", OpenFlags::WRITE), ErrorKind::IsDirectory);
    fails(root.open("/d", OpenFlags::READ_WRITE), ErrorKind::IsDirectory);
    fails(
        root.open("/d", OpenFlags::READ.truncated()),
        ErrorKind::IsDirectory,
    );
    fails(root.open("/f", OpenFlags::DIRECTORY), ErrorKind::NotDirectory);
    fails(root.create("/d", OpenFlags::WRITE, 0o644), ErrorKind::IsDirectory);
    fails(root.create("/d", OpenFlags::DIRECTORY, 0o644), ErrorKind::Invalid);
    for (path, flags) in [
        ("/d", OpenFlags::DIRECTORY),
        ("/d", OpenFlags::READ),
        ("/f", OpenFlags::READ),
    ] {
        root.close(root.open(path, flags).unwrap());
    }
    let directory = root.open("/d", OpenFlags::READ).unwrap();
    fails(root.pread(directory, 0, 1), ErrorKind::IsDirectory);
    root.close(directory);
}

/// `O_CREAT` with and without `O_EXCL`.
pub fn creating_is_exclusive_where_asked<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    let flags = OpenFlags::WRITE;
    root.close(root.create("/f", flags, 0o640).unwrap());
    assert_eq!(root.stat("/f").unwrap().mode, 0o640);
    root.write("/f", b"kept").unwrap();
    root.close(root.create("/f", flags, 0o777).unwrap());
    assert_eq!(
        (root.stat("/f").unwrap().mode, root.read("/f").unwrap()),
        (0o640, b"kept".to_vec())
    );
    fails(root.create("/f", flags.exclusively(), 0o644), ErrorKind::Exists);
    root.symlink("f", "/l").unwrap();
    root.symlink("none", "/dangling").unwrap();
    root.mkdir("/d").unwrap();
    for taken in ["/l", "/dangling", "/d"] {
        fails(root.create(taken, flags.exclusively(), 0o644), ErrorKind::Exists);
    }
    fails(root.create("/d", OpenFlags::READ, 0o644), ErrorKind::IsDirectory);
    fails(root.create("/none/f", flags, 0o644), ErrorKind::NotFound);
    fails(root.create("/f/x", flags, 0o644), ErrorKind::NotDirectory);
    fails(root.create("/l", flags.not_following(), 0o644), ErrorKind::Loop);
    root.missing("/none");
}

/// The file is made where the link leads, also from within a confinement.
pub fn creating_follows_a_dangling_link<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.mkdir("/d").unwrap();
    root.mkdir("/d/e").unwrap();
    root.symlink("e/made", "/d/l").unwrap();
    root.symlink("../l", "/d/e/back").unwrap();
    root.symlink("../../escaped", "/d/e/out").unwrap();
    let inside = At::beneath(root.stat("/d").unwrap().ino);
    root.write(inside.path("e/back"), b"1").unwrap();
    assert_eq!(root.read("/d/e/made").unwrap(), b"1");
    fails(root.write(inside.path("e/out"), b"2"), ErrorKind::NotPermitted);
    root.missing("/escaped");
    root.write("/d/e/out", b"3").unwrap();
    assert_eq!(root.read("/escaped").unwrap(), b"3");
    assert!(root.lstat("/d/l").unwrap().is_symlink());
}

/// `O_TRUNC` cuts before the handle is there.
pub fn truncation_happens_at_open<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.write("/f", b"content").unwrap();
    let handle = root.open("/f", OpenFlags::READ_WRITE.truncated()).unwrap();
    assert_eq!(root.stat("/f").unwrap().size, 0);
    root.pwrite(handle, 0, b"ab").unwrap();
    root.close(handle);
    assert_eq!(root.read("/f").unwrap(), b"ab");
    // Appending opens keep what is there.
    root.close(root.open("/f", OpenFlags::WRITE.appending()).unwrap());
    assert_eq!(root.read("/f").unwrap(), b"ab");
}

/// `O_PATH`: paths begin there and attributes are told, but nothing is read.
pub fn a_place_has_no_content<F: FilesystemInterface>(fs: &F) {
    let (root, user) = super::user::home(fs);
    root.write("/secret", b"x").unwrap();
    root.chmod("/secret", 0).unwrap();
    root.mkdir("/dir").unwrap();
    root.touch("/dir/f").unwrap();
    let place = user
        .open(
            "/secret",
            OpenFlags {
                truncate: true,
                ..OpenFlags::PATH_ONLY
            },
        )
        .unwrap();
    fails(user.pread(place, 0, 1), ErrorKind::BadHandle);
    fails(user.pwrite(place, 0, b"y"), ErrorKind::BadHandle);
    fails(blocking(fs.fsync(place, false)), ErrorKind::BadHandle);
    assert_eq!(
        blocking(fs.getattr(fs.handle(place).unwrap().ino)).unwrap().size,
        1
    );
    user.close(place);
    let dir = user.open("/dir", OpenFlags::PATH_ONLY).unwrap();
    fails(
        blocking(fs.readdir(dir, Default::default(), 10)),
        ErrorKind::BadHandle,
    );
    let start = At::beneath(fs.handle(dir).unwrap().ino);
    assert!(user.stat(start.path("f")).unwrap().is_file());
    user.close(dir);
}
