//! Who may do what.

use tarbox_store::{ErrorKind, SetAttr};

use super::user::{UID, User, fails, home};
use crate::interface::{AccessMask, FilesystemInterface, NewNode, OpenFlags, blocking};

/// One directory without `x` closes all below it.
pub fn the_way_must_be_searchable<F: FilesystemInterface>(fs: &F) {
    let (root, user) = home(fs);
    root.mkdir("/a").unwrap();
    root.mkdir("/a/b").unwrap();
    root.write("/a/b/f", b"x").unwrap();
    assert_eq!(user.read("/a/b/f").unwrap(), b"x");
    for closed in ["/a", "/a/b"] {
        root.chmod(closed, 0o744).unwrap();
        fails(user.stat("/a/b/f"), ErrorKind::Access);
        fails(user.read("/a/b/f"), ErrorKind::Access);
        // Nor is told what is not there.
        fails(user.stat(&format!("{closed}/none")), ErrorKind::Access);
        fails(user.stat(&format!("{closed}/..")), ErrorKind::Access);
        fails(user.unlink("/a/b/f"), ErrorKind::Access);
        assert!(user.stat(closed).unwrap().is_dir());
        assert!(
            user.names(closed).is_ok(),
            "reading the directory is another right"
        );
        root.chmod(closed, 0o711).unwrap();
        assert_eq!(user.read("/a/b/f").unwrap(), b"x");
        fails(user.names(closed), ErrorKind::Access);
        root.chmod(closed, 0o755).unwrap();
    }
    assert_eq!(root.read("/a/b/f").unwrap(), b"x");
}

/// Owner, group and others, by open and by `access`.
pub fn bits_decide_about_reading_and_writing<F: FilesystemInterface>(fs: &F) {
    let (root, user) = home(fs);
    let other = User::other(fs);
    root.write("/home/f", b"x").unwrap();
    // Owner, group of the file, mode; what the ordinary user and the other may.
    for (uid, gid, mode, ordinary_may, other_may) in [
        (UID, 0, 0o600, 6, 0),
        (UID, 0, 0o060, 0, 0),
        (0, UID, 0o640, 4, 0),
        (0, 50, 0o020, 2, 0),
        (0, 0, 0o006, 6, 6),
        (0, 50, 0o704, 0, 4),
        (UID, 2000, 0o411, 4, 1),
    ] {
        root.chown("/home/f", uid, gid).unwrap();
        root.chmod("/home/f", mode).unwrap();
        for (who, may) in [(&user, ordinary_may), (&other, other_may)] {
            for (flags, bits) in [
                (OpenFlags::READ, 4),
                (OpenFlags::WRITE, 2),
                (OpenFlags::READ_WRITE, 6),
            ] {
                let opened = who.open("/home/f", flags);
                assert_eq!(opened.is_ok(), may & bits == bits, "{uid}:{gid} {mode:o} {bits}");
                match opened {
                    Ok(handle) => who.close(handle),
                    Err(e) => assert_eq!(e.kind(), ErrorKind::Access),
                }
            }
            let ino = who.stat("/home/f").unwrap().ino;
            for bits in 0..8 {
                let granted = blocking(fs.access(&who.who, ino, AccessMask::from_bits(bits)));
                assert_eq!(
                    granted.is_ok(),
                    bits & !may == 0,
                    "{uid}:{gid} {mode:o} access {bits}"
                );
            }
        }
    }
    // Cutting is writing, whatever else is asked for.
    root.chmod("/home/f", 0o444).unwrap();
    fails(
        user.open("/home/f", OpenFlags::READ.truncated()),
        ErrorKind::Access,
    );
    assert_eq!(root.stat("/home/f").unwrap().size, 1);
}

/// `CAP_DAC_OVERRIDE`.
pub fn root_passes_but_executes_only_what_someone_may<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.write("/f", b"x").unwrap();
    root.mkdir("/d").unwrap();
    root.touch("/d/f").unwrap();
    for path in ["/f", "/d"] {
        root.chmod(path, 0).unwrap();
    }
    assert_eq!(root.read("/f").unwrap(), b"x");
    root.write("/f", b"y").unwrap();
    assert_eq!(root.names("/d").unwrap(), ["f"]);
    let ino = root.stat("/f").unwrap().ino;
    fails(
        blocking(fs.access(&root.who, ino, AccessMask::EXECUTE)),
        ErrorKind::Access,
    );
    root.chmod("/f", 0o001).unwrap();
    blocking(fs.access(&root.who, ino, AccessMask::EXECUTE | AccessMask::WRITE)).unwrap();
}

/// Making, linking, moving and removing change the directory.
pub fn entries_change_only_in_writable_directories<F: FilesystemInterface>(fs: &F) {
    let (root, user) = home(fs);
    root.mkdir("/ro").unwrap();
    root.touch("/ro/f").unwrap();
    root.mkdir("/ro/d").unwrap();
    user.touch("/home/mine").unwrap();
    for result in [
        user.touch("/ro/new"),
        user.mkdir("/ro/new").map(drop),
        user.symlink("x", "/ro/new").map(drop),
        user.make("/ro/new", NewNode::Fifo { mode: 0o600 }).map(drop),
        user.link("/home/mine", "/ro/new").map(drop),
        user.unlink("/ro/f"),
        user.rmdir("/ro/d"),
        user.rename("/ro/f", "/home/f"),
        user.rename("/home/mine", "/ro/new"),
        user.rename("/home/mine", "/ro/f"),
    ] {
        fails(result, ErrorKind::Access);
    }
    fails(user.unlink("/ro/none"), ErrorKind::NotFound);
    assert_eq!(root.names("/ro").unwrap(), ["d", "f"]);
    // A file of someone else goes where the directory is one's own.
    root.touch("/home/roots").unwrap();
    user.rename("/home/roots", "/home/r").unwrap();
    user.link("/home/r", "/home/r2").unwrap();
    user.unlink("/home/r").unwrap();
    user.unlink("/home/r2").unwrap();
}

/// `mkdir -p` depends on it.
pub fn a_taken_name_is_told_before_a_missing_permission<F: FilesystemInterface>(fs: &F) {
    let (root, user) = home(fs);
    root.mkdir("/ro").unwrap();
    root.mkdir("/ro/d").unwrap();
    fails(user.mkdir("/ro/d"), ErrorKind::Exists);
    fails(user.mkdir("/home"), ErrorKind::Exists);
    fails(user.symlink("x", "/ro/d"), ErrorKind::Exists);
    fails(user.mkdir("/ro/new"), ErrorKind::Access);
}

/// `/tmp`.
pub fn sticky_directories_protect_entries<F: FilesystemInterface>(fs: &F) {
    let (root, user) = home(fs);
    let other = User::other(fs);
    root.mkdir("/tmp").unwrap();
    root.chmod("/tmp", 0o1777).unwrap();
    user.touch("/tmp/f").unwrap();
    user.mkdir("/tmp/d").unwrap();
    other.touch("/tmp/o").unwrap();
    fails(other.unlink("/tmp/f"), ErrorKind::NotPermitted);
    fails(other.rmdir("/tmp/d"), ErrorKind::NotPermitted);
    fails(other.rename("/tmp/f", "/tmp/g"), ErrorKind::NotPermitted);
    fails(other.rename("/tmp/o", "/tmp/f"), ErrorKind::NotPermitted);
    user.rename("/tmp/f", "/tmp/g").unwrap();
    user.unlink("/tmp/g").unwrap();
    root.rmdir("/tmp/d").unwrap();
    // The owner of the directory may, too.
    root.chown("/tmp", UID, UID).unwrap();
    root.chmod("/tmp", 0o1777).unwrap();
    user.unlink("/tmp/o").unwrap();
}

/// By credentials, umask and the directory's setgid bit.
pub fn new_files_take_owner_group_and_umask<F: FilesystemInterface>(fs: &F) {
    let (root, mut user) = home(fs);
    user.who = user.who.clone().with_umask(0o027);
    let handle = user.create("/home/f", OpenFlags::WRITE, 0o666).unwrap();
    user.close(handle);
    let attr = user.stat("/home/f").unwrap();
    assert_eq!((attr.uid, attr.gid, attr.mode), (UID, UID, 0o640));
    root.mkdir("/team").unwrap();
    root.chown("/team", 0, 50).unwrap();
    root.chmod("/team", 0o2777).unwrap();
    let file = user.make("/team/f", NewNode::File { mode: 0o666 }).unwrap();
    let dir = user.make("/team/d", NewNode::Directory { mode: 0o777 }).unwrap();
    assert_eq!((file.gid, file.mode), (50, 0o640));
    assert_eq!((dir.gid, dir.mode), (50, 0o2750));
    let deeper = user
        .make("/team/d/e", NewNode::Directory { mode: 0o777 })
        .unwrap();
    assert_eq!((deeper.gid, deeper.mode), (50, 0o2750));
    // The mode binds others, not the handle that made it.
    let handle = user.create("/home/closed", OpenFlags::READ_WRITE, 0).unwrap();
    user.pwrite(handle, 0, b"x").unwrap();
    user.close(handle);
    fails(user.read("/home/closed"), ErrorKind::Access);
}

/// `chmod`, `chown`, `chgrp`.
pub fn owners_change_modes_and_root_owners<F: FilesystemInterface>(fs: &F) {
    let (root, user) = home(fs);
    user.touch("/home/f").unwrap();
    root.touch("/home/roots").unwrap();
    assert_eq!(user.chmod("/home/f", 0o6755).unwrap().mode, 0o6755);
    fails(user.chmod("/home/roots", 0o777), ErrorKind::NotPermitted);
    fails(user.chown("/home/f", 0, UID), ErrorKind::NotPermitted);
    fails(user.chown("/home/f", UID, 0), ErrorKind::NotPermitted);
    fails(user.chown("/home/roots", UID, UID), ErrorKind::NotPermitted);
    let attr = user.chown("/home/f", UID, 50).unwrap();
    assert_eq!(
        (attr.gid, attr.mode),
        (50, 0o755),
        "a change of group takes setuid and setgid away"
    );
    root.chmod("/home/f", 0o6755).unwrap();
    assert_eq!(root.chown("/home/f", 5, 6).unwrap().mode, 0o755, "also for root");
    root.mkdir("/home/d").unwrap();
    root.chmod("/home/d", 0o2755).unwrap();
    assert_eq!(
        root.chown("/home/d", 5, 6).unwrap().mode,
        0o2755,
        "but not of directories"
    );
    // Setgid of a group that one is not in does not stick.
    root.chown("/home/f", UID, 6).unwrap();
    assert_eq!(user.chmod("/home/f", 0o2755).unwrap().mode, 0o755);
    root.symlink("f", "/home/l").unwrap();
    let set = SetAttr {
        mode: Some(0o600),
        ..SetAttr::default()
    };
    let link = root.lstat("/home/l").unwrap().ino;
    fails(
        blocking(fs.setattr(&root.who, link, &set)),
        ErrorKind::Unsupported,
    );
}

/// A changed program is no longer trusted.
pub fn writing_takes_setuid_away<F: FilesystemInterface>(fs: &F) {
    let (root, user) = home(fs);
    let reset = || {
        root.write("/home/p", b"program").unwrap();
        root.chown("/home/p", 0, 0).unwrap();
        root.chmod("/home/p", 0o6777).unwrap();
    };
    let mode = || root.stat("/home/p").unwrap().mode;
    reset();
    let handle = user.open("/home/p", OpenFlags::WRITE).unwrap();
    assert_eq!(mode(), 0o6777);
    user.pwrite(handle, 0, b"P").unwrap();
    assert_eq!(mode(), 0o777, "write");
    user.close(handle);
    reset();
    user.close(user.open("/home/p", OpenFlags::WRITE.truncated()).unwrap());
    assert_eq!(mode(), 0o777, "open that cuts");
    reset();
    user.set(
        "/home/p",
        SetAttr {
            size: Some(1),
            ..SetAttr::default()
        },
    )
    .unwrap();
    assert_eq!(mode(), 0o777, "truncate");
    reset();
    let handle = root.open("/home/p", OpenFlags::WRITE).unwrap();
    root.pwrite(handle, 0, b"P").unwrap();
    root.close(handle);
    assert_eq!(mode(), 0o6777, "root may");
}

/// Its `..` changes.
pub fn moving_a_directory_needs_its_own_permission<F: FilesystemInterface>(fs: &F) {
    let (root, user) = home(fs);
    user.mkdir("/home/a").unwrap();
    root.mkdir("/home/roots").unwrap();
    fails(user.rename("/home/roots", "/home/a/roots"), ErrorKind::Access);
    user.rename("/home/roots", "/home/renamed").unwrap();
    root.touch("/home/file").unwrap();
    user.rename("/home/file", "/home/a/file").unwrap();
}

/// Permission is asked at open, and not again.
pub fn a_handle_keeps_the_rights_it_was_opened_with<F: FilesystemInterface>(fs: &F) {
    let (root, user) = home(fs);
    user.write("/home/f", b"x").unwrap();
    let handle = user.open("/home/f", OpenFlags::READ_WRITE).unwrap();
    root.chown("/home/f", 0, 0).unwrap();
    root.chmod("/home/f", 0o600).unwrap();
    root.chmod("/home", 0).unwrap();
    assert_eq!(user.pread(handle, 0, 1).unwrap(), b"x");
    user.pwrite(handle, 0, b"y").unwrap();
    assert_eq!(blocking(fs.truncate(handle, 0)).unwrap().size, 0);
    user.close(handle);
    fails(user.open("/home/f", OpenFlags::READ), ErrorKind::Access);
}
