//! Extended attributes.

use tarbox_store::{ErrorKind, Ino, Result, XattrMode};

use super::user::{User, fails, home};
use crate::interface::{FilesystemInterface, NewNode, blocking};

fn set<F: FilesystemInterface>(user: &User<'_, F>, ino: Ino, name: &str, value: &[u8]) -> Result<()> {
    blocking(
        user.fs
            .setxattr(&user.who, ino, name.as_bytes(), Some(value), XattrMode::Any),
    )
}

fn get<F: FilesystemInterface>(user: &User<'_, F>, ino: Ino, name: &str) -> Result<Vec<u8>> {
    blocking(user.fs.getxattr(&user.who, ino, name.as_bytes()))
}

/// Any bytes to 64 KiB, with create and replace.
pub fn attributes_are_kept_replaced_and_removed<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.touch("/f").unwrap();
    let ino = root.stat("/f").unwrap().ino;
    let as_mode = |name: &str, value: Option<&[u8]>, mode| {
        blocking(fs.setxattr(&root.who, ino, name.as_bytes(), value, mode))
    };
    fails(get(&root, ino, "user.a"), ErrorKind::NoData);
    fails(
        as_mode("user.a", Some(b"1"), XattrMode::Replace),
        ErrorKind::NoData,
    );
    as_mode("user.a", Some(b"1"), XattrMode::Create).unwrap();
    fails(
        as_mode("user.a", Some(b"2"), XattrMode::Create),
        ErrorKind::Exists,
    );
    as_mode("user.a", Some(b"\0\xff"), XattrMode::Replace).unwrap();
    assert_eq!(get(&root, ino, "user.a").unwrap(), b"\0\xff");
    set(&root, ino, "user.empty", b"").unwrap();
    assert_eq!(get(&root, ino, "user.empty").unwrap(), b"");
    let longest = format!("user.{}", "n".repeat(250));
    set(&root, ino, &longest, &[7; 64 << 10]).unwrap();
    fails(
        set(&root, ino, "user.big", &[7; (64 << 10) + 1]),
        ErrorKind::TooBig,
    );
    fails(set(&root, ino, &format!("{longest}n"), b""), ErrorKind::Range);
    fails(set(&root, ino, "user.", b""), ErrorKind::Invalid);
    fails(set(&root, ino, "", b""), ErrorKind::Range);
    let names = blocking(fs.listxattr(&root.who, ino)).unwrap();
    assert_eq!(
        names,
        [
            b"user.a".to_vec(),
            b"user.empty".to_vec(),
            longest.clone().into_bytes()
        ]
    );
    as_mode("user.a", None, XattrMode::Any).unwrap();
    fails(as_mode("user.a", None, XattrMode::Any), ErrorKind::NoData);
    assert_eq!(blocking(fs.listxattr(&root.who, ino)).unwrap().len(), 2);
    // They belong to the inode: another name, and a file in its old place.
    root.link("/f", "/g").unwrap();
    root.unlink("/f").unwrap();
    assert_eq!(
        get(&root, root.stat("/g").unwrap().ino, "user.empty").unwrap(),
        b""
    );
    root.touch("/f").unwrap();
    assert!(
        blocking(fs.listxattr(&root.who, root.stat("/f").unwrap().ino))
            .unwrap()
            .is_empty()
    );
}

/// `user`, `trusted`, `security`, and none else.
pub fn namespaces_have_their_rules<F: FilesystemInterface>(fs: &F) {
    let (root, user) = home(fs);
    user.touch("/home/f").unwrap();
    let ino = user.stat("/home/f").unwrap().ino;
    set(&user, ino, "user.a", b"1").unwrap();
    root.chmod("/home/f", 0o200).unwrap();
    fails(get(&user, ino, "user.a"), ErrorKind::Access);
    root.chmod("/home/f", 0o400).unwrap();
    fails(set(&user, ino, "user.a", b"2"), ErrorKind::Access);
    assert_eq!(get(&user, ino, "user.a").unwrap(), b"1");
    for name in ["trusted.t", "security.s"] {
        fails(set(&user, ino, name, b"x"), ErrorKind::NotPermitted);
        set(&root, ino, name, b"x").unwrap();
    }
    fails(get(&user, ino, "trusted.t"), ErrorKind::NoData);
    assert_eq!(get(&user, ino, "security.s").unwrap(), b"x");
    let seen = |who: &User<'_, F>| blocking(fs.listxattr(&who.who, ino)).unwrap().len();
    assert_eq!((seen(&user), seen(&root)), (2, 3));
    for name in ["system.posix_acl_access", "system.x", "other.x", "nodot"] {
        fails(set(&root, ino, name, b"x"), ErrorKind::Unsupported);
        fails(get(&root, ino, name), ErrorKind::Unsupported);
    }
    // Links and pipes have no content, so no attributes of it either.
    user.symlink("f", "/home/l").unwrap();
    user.make("/home/p", NewNode::Fifo { mode: 0o600 }).unwrap();
    for path in ["/home/l", "/home/p"] {
        let ino = user.lstat(path).unwrap().ino;
        fails(set(&root, ino, "user.a", b"1"), ErrorKind::NotPermitted);
        fails(get(&root, ino, "user.a"), ErrorKind::NoData);
        set(&root, ino, "trusted.a", b"1").unwrap();
    }
    // Everyone may write a sticky directory, but not its attributes.
    root.chmod("/home", 0o1777).unwrap();
    let dir = root.stat("/home").unwrap().ino;
    set(&user, dir, "user.mine", b"1").unwrap();
    fails(
        set(&User::other(fs), dir, "user.mine", b"2"),
        ErrorKind::NotPermitted,
    );
}
