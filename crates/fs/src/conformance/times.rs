//! Times, to the nanosecond.

use tarbox_store::{Attr, ErrorKind, Result, SetAttr, SetTime, Timestamp, WriteAt};

use super::user::{User, fails, home};
use crate::ext::FilesystemExt;
use crate::interface::{FilesystemInterface, OpenFlags, blocking};
use crate::path::Follow;

/// A moment long ago, so that every update shows.
const OLD: Timestamp = Timestamp(1_000_000_000_123_456_789);

fn age<F: FilesystemInterface>(root: &User<'_, F>, path: &str) {
    let old = Some(SetTime::At(OLD));
    root.set(
        path,
        SetAttr {
            atime: old,
            mtime: old,
            ..SetAttr::default()
        },
    )
    .unwrap();
}

/// The change was made; what it answers is not looked at here.
fn done<T>(result: Result<T>) {
    result.unwrap();
}

/// Which of atime and mtime moved away from [`OLD`].
fn moved(attr: &Attr) -> (bool, bool) {
    (attr.atime != OLD, attr.mtime != OLD)
}

/// Writing, cutting and extending.
pub fn content_changes_move_mtime_and_ctime<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.write("/f", b"content").unwrap();
    let handle = root.open("/f", OpenFlags::READ_WRITE).unwrap();
    let change = |what: &str, change: &dyn Fn()| {
        age(&root, "/f");
        let before = root.stat("/f").unwrap();
        change();
        let after = root.stat("/f").unwrap();
        assert_eq!(moved(&after), (false, true), "{what}");
        assert!(
            after.ctime >= before.ctime && after.ctime == after.mtime,
            "{what}"
        );
        assert_eq!(after.btime, before.btime, "{what}");
    };
    change("write", &|| root.pwrite(handle, 0, b"x").unwrap());
    change("ftruncate", &|| done(blocking(fs.truncate(handle, 3))));
    change("truncate", &|| {
        let set = SetAttr {
            size: Some(5),
            ..SetAttr::default()
        };
        done(root.set("/f", set))
    });
    change("open with O_TRUNC", &|| {
        root.close(root.open("/f", OpenFlags::WRITE.truncated()).unwrap())
    });
    age(&root, "/f");
    blocking(fs.write(handle, WriteAt::Offset(0), b"")).unwrap();
    assert_eq!(
        moved(&root.stat("/f").unwrap()),
        (false, false),
        "writing nothing"
    );
    root.close(handle);
}

/// A directory changes with its entries.
pub fn entry_changes_move_the_times_of_directories<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.mkdir("/d").unwrap();
    root.mkdir("/e").unwrap();
    root.touch("/f").unwrap();
    let change = |what: &str, dirs: &[&str], change: &dyn Fn()| {
        age(&root, "/d");
        age(&root, "/e");
        change();
        for dir in ["/d", "/e"] {
            let attr = root.stat(dir).unwrap();
            assert_eq!(moved(&attr), (false, dirs.contains(&dir)), "{what}: {dir}");
            assert!(attr.ctime >= attr.mtime, "{what}: {dir}");
        }
    };
    change("create", &["/d"], &|| root.touch("/d/f").unwrap());
    change("mkdir", &["/d"], &|| done(root.mkdir("/d/s")));
    change("symlink", &["/d"], &|| done(root.symlink("x", "/d/l")));
    change("link", &["/d"], &|| done(root.link("/f", "/d/h")));
    change("write", &[], &|| root.write("/d/f", b"x").unwrap());
    change("rename within", &["/d"], &|| root.rename("/d/f", "/d/g").unwrap());
    change("rename between", &["/d", "/e"], &|| {
        root.rename("/d/g", "/e/g").unwrap()
    });
    change("unlink", &["/d"], &|| root.unlink("/d/h").unwrap());
    change("rmdir", &["/d"], &|| root.rmdir("/d/s").unwrap());
    let before = root.stat("/f").unwrap().ctime;
    root.link("/f", "/d/again").unwrap();
    assert!(root.stat("/f").unwrap().ctime >= before);
}

/// Mode, owner, names and extended attributes are not content.
pub fn attribute_changes_move_ctime_only<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.touch("/f").unwrap();
    let change = |what: &str, change: &dyn Fn()| {
        age(&root, "/f");
        let before = root.stat("/f").unwrap();
        change();
        let after = root.stat("/f").unwrap();
        assert_eq!(moved(&after), (false, false), "{what}");
        assert!(after.ctime >= before.ctime, "{what}");
    };
    change("chmod", &|| done(root.chmod("/f", 0o600)));
    change("chown", &|| done(root.chown("/f", 1, 1)));
    change("link", &|| done(root.link("/f", "/g")));
    change("setxattr", &|| {
        let ino = root.stat("/f").unwrap().ino;
        let set = fs.setxattr(
            &root.who,
            ino,
            b"user.x",
            Some(b"1"),
            tarbox_store::XattrMode::Any,
        );
        blocking(set).unwrap();
    });
}

/// The relative rule: the first read after a change is noted.
pub fn reading_moves_atime_when_it_is_due<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.write("/f", b"content").unwrap();
    age(&root, "/f");
    root.read("/f").unwrap();
    let first = root.stat("/f").unwrap();
    assert_eq!(moved(&first), (true, false));
    root.read("/f").unwrap();
    let second = root.stat("/f").unwrap();
    assert!(second.atime >= first.atime);
    age(&root, "/f");
    let quiet = root
        .open(
            "/f",
            OpenFlags {
                no_atime: true,
                ..OpenFlags::READ
            },
        )
        .unwrap();
    root.pread(quiet, 0, 10).unwrap();
    root.close(quiet);
    assert_eq!(moved(&root.stat("/f").unwrap()), (false, false), "O_NOATIME");
}

/// `utimensat`: now, a moment, or left alone; also of links.
pub fn times_are_set_to_the_nanosecond<F: FilesystemInterface>(fs: &F) {
    let (root, user) = home(fs);
    user.touch("/home/f").unwrap();
    let at = |nanos| Some(SetTime::At(Timestamp(nanos)));
    for (atime, mtime) in [
        (0, 1),
        (-1, -999_999_999),
        (i64::MIN, i64::MAX),
        (4_102_444_800_000_000_001, 7),
    ] {
        let set = SetAttr {
            atime: at(atime),
            mtime: at(mtime),
            ..SetAttr::default()
        };
        let attr = user.set("/home/f", set).unwrap();
        assert_eq!((attr.atime, attr.mtime), (Timestamp(atime), Timestamp(mtime)));
    }
    let attr = user
        .set(
            "/home/f",
            SetAttr {
                mtime: at(5),
                ..SetAttr::default()
            },
        )
        .unwrap();
    assert_eq!(
        (attr.atime, attr.mtime),
        (Timestamp(4_102_444_800_000_000_001), Timestamp(5))
    );
    let now = user
        .set(
            "/home/f",
            SetAttr {
                mtime: Some(SetTime::Now),
                ..SetAttr::default()
            },
        )
        .unwrap();
    assert_eq!(now.mtime, now.ctime);
    // Who may write may touch; the rest is the owner's.
    let other = User::other(fs);
    let touch = SetAttr {
        atime: Some(SetTime::Now),
        mtime: Some(SetTime::Now),
        ..SetAttr::default()
    };
    fails(other.set("/home/f", touch), ErrorKind::Access);
    root.chmod("/home/f", 0o666).unwrap();
    other.set("/home/f", touch).unwrap();
    fails(
        other.set(
            "/home/f",
            SetAttr {
                atime: at(1),
                ..touch
            },
        ),
        ErrorKind::NotPermitted,
    );
    user.symlink("f", "/home/l").unwrap();
    let set = SetAttr {
        mtime: at(9),
        ..SetAttr::default()
    };
    blocking(fs.set_attr(&user.who, "/home/l", &set, Follow::No)).unwrap();
    assert_eq!(user.lstat("/home/l").unwrap().mtime, Timestamp(9));
    assert_ne!(user.stat("/home/l").unwrap().mtime, Timestamp(9));
}
