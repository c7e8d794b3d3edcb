//! Paths and where they lead.

use tarbox_store::{ErrorKind, RenameMode};

use super::user::{User, fails};
use crate::ext::FilesystemExt;
use crate::interface::{FilesystemInterface, NewNode, OpenFlags, blocking};
use crate::path::At;

/// `.`, `..` and empty components.
pub fn dots_and_slashes_lead_where_they_should<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.mkdir("/a").unwrap();
    root.mkdir("/a/b").unwrap();
    root.touch("/a/f").unwrap();
    let ino = |path: &str| root.stat(path).unwrap().ino;
    for same in [
        "/a/b",
        "a/b",
        "//a///b",
        "/./a/./b/.",
        "/a/b/../b",
        "/../../a/b",
        "a/b/",
        "/a/../a/b/./",
    ] {
        assert_eq!(ino(same), ino("/a/b"), "{same}");
    }
    for top in [
        "/",
        "//",
        ".",
        "..",
        "/..",
        "/a/..",
        "a/b/../..",
        "/a/b/../../../..",
    ] {
        assert_eq!(ino(top), fs.root(), "{top}");
    }
    let inside = At::dir(ino("/a/b"));
    assert_eq!(root.stat(inside.path("../f")).unwrap().ino, ino("/a/f"));
    assert_eq!(root.stat(inside.path(".")).unwrap().ino, ino("/a/b"));
    assert_eq!(root.stat(inside.path("/a")).unwrap().ino, ino("/a"));
    for wrong in ["/a/f/..", "/a/f/.", "/a/f/x", "a/f/../f"] {
        fails(root.stat(wrong), ErrorKind::NotDirectory);
    }
    for missing in ["", "/x", "/a/x", "/x/..", "/a/x/../f"] {
        fails(root.stat(missing), ErrorKind::NotFound);
    }
}

/// A name with a `/` behind it is a directory, or there is no such thing.
pub fn a_trailing_slash_means_a_directory<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.mkdir("/d").unwrap();
    root.touch("/f").unwrap();
    root.symlink("d", "/ld").unwrap();
    root.symlink("f", "/lf").unwrap();
    assert!(root.lstat("/ld/").unwrap().is_dir());
    fails(root.stat("/f/"), ErrorKind::NotDirectory);
    fails(root.lstat("/lf/"), ErrorKind::NotDirectory);
    fails(root.open("/f/", OpenFlags::READ), ErrorKind::NotDirectory);
    fails(root.unlink("/f/"), ErrorKind::NotDirectory);
    fails(root.unlink("/ld/"), ErrorKind::NotDirectory);
    fails(root.unlink("/d/"), ErrorKind::IsDirectory);
    fails(root.rmdir("/ld/"), ErrorKind::NotDirectory);
    fails(
        root.create("/new/", OpenFlags::WRITE, 0o644),
        ErrorKind::IsDirectory,
    );
    fails(
        root.create("/f/", OpenFlags::WRITE, 0o644),
        ErrorKind::NotDirectory,
    );
    fails(root.symlink("x", "/new/"), ErrorKind::NotFound);
    fails(root.link("/f", "/new/"), ErrorKind::NotFound);
    fails(root.link("/f", "/d/"), ErrorKind::Exists);
    fails(
        root.make("/new/", NewNode::File { mode: 0o644 }),
        ErrorKind::NotFound,
    );
    fails(root.rename("/f", "/new/"), ErrorKind::NotDirectory);
    fails(root.rename("/f/", "/new"), ErrorKind::NotDirectory);
    root.mkdir("/e/").unwrap();
    root.rename("/e/", "/g/").unwrap();
    root.rmdir("/g/").unwrap();
    assert_eq!(root.names("/").unwrap(), ["d", "f", "ld", "lf"]);
}

/// Relative links lead on from where they stand, absolute ones from the root.
pub fn symbolic_links_are_followed_to_the_end<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.mkdir("/a").unwrap();
    root.mkdir("/a/b").unwrap();
    root.write("/a/b/f", b"here").unwrap();
    for (path, target) in [
        ("/abs", "/a/b"),
        ("/a/rel", "b/f"),
        ("/a/b/up", "../../a/rel"),
        ("/chain", "abs/up"),
        ("/slash", "a/b/"),
        ("/dangling", "a/none"),
        ("/through", "a/b/f/x"),
    ] {
        root.symlink(target, path).unwrap();
    }
    for path in [
        "/abs/f",
        "/a/rel",
        "/a/b/up",
        "/chain",
        "/slash/f",
        "/abs/../b/f",
        "/slash/../../chain",
    ] {
        assert_eq!(root.read(path).unwrap(), b"here", "{path}");
    }
    assert!(root.lstat("/chain").unwrap().is_symlink());
    fails(root.stat("/dangling"), ErrorKind::NotFound);
    fails(root.stat("/through"), ErrorKind::NotDirectory);
    fails(root.stat("/dangling/x"), ErrorKind::NotFound);
    fails(
        root.open("/chain", OpenFlags::READ.not_following()),
        ErrorKind::Loop,
    );
    let link = root
        .open(
            "/chain",
            OpenFlags {
                no_follow: true,
                ..OpenFlags::PATH_ONLY
            },
        )
        .unwrap();
    assert_eq!(fs.handle(link).unwrap().ino, root.lstat("/chain").unwrap().ino);
    root.close(link);
    // A link in the middle is followed whatever is said of the last.
    assert_eq!(root.lstat("/abs/f").unwrap().size, 4);
}

/// Loops end, and long chains are no loops.
pub fn forty_links_are_followed_and_no_more<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.touch("/0").unwrap();
    for n in 1..=41 {
        root.symlink(&format!("{}", n - 1), &format!("/{n}")).unwrap();
    }
    assert!(root.stat("/40").unwrap().is_file());
    fails(root.stat("/41"), ErrorKind::Loop);
    fails(root.open("/41", OpenFlags::READ), ErrorKind::Loop);
    root.symlink("self", "/self").unwrap();
    root.symlink("pong", "/ping").unwrap();
    root.symlink("ping", "/pong").unwrap();
    for path in ["/self", "/ping", "/self/x", "/ping/.."] {
        fails(root.stat(path), ErrorKind::Loop);
    }
    fails(root.create("/self", OpenFlags::WRITE, 0o644), ErrorKind::Loop);
    fails(root.create("/ping", OpenFlags::WRITE, 0o644), ErrorKind::Loop);
    root.unlink("/self").unwrap();
}

/// 255 bytes of name, 4096 of path.
pub fn long_names_and_paths_are_refused<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    let (fits, long) = ("n".repeat(255), "n".repeat(256));
    root.mkdir(&fits).unwrap();
    fails(root.mkdir(&long), ErrorKind::NameTooLong);
    fails(root.stat(&long), ErrorKind::NameTooLong);
    fails(root.stat(&format!("{fits}/{long}/x")), ErrorKind::NameTooLong);
    // What is missing before it is told first.
    fails(root.stat(&format!("none/{long}")), ErrorKind::NotFound);
    fails(root.rename(&fits, &long), ErrorKind::NameTooLong);
    fails(root.unlink(&long), ErrorKind::NameTooLong);
    let path = format!("/{}", "./".repeat(2047));
    assert_eq!(
        root.stat(&format!("{path}.")).unwrap().ino,
        fs.root(),
        "4096 bytes are a path"
    );
    fails(root.stat(&format!("{path}./")), ErrorKind::NameTooLong);
    fails(root.touch(&"x/".repeat(3000)), ErrorKind::NameTooLong);
}

/// A NUL is never cut off silently.
pub fn a_nul_is_refused_in_every_path<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.touch("/f").unwrap();
    let bad = "/f\0";
    fails(root.stat(bad), ErrorKind::Invalid);
    fails(root.touch(bad), ErrorKind::Invalid);
    fails(root.mkdir(bad), ErrorKind::Invalid);
    fails(root.unlink(bad), ErrorKind::Invalid);
    fails(root.rename("/f", bad), ErrorKind::Invalid);
    fails(root.rename(bad, "/g"), ErrorKind::Invalid);
    fails(root.link("/f", bad), ErrorKind::Invalid);
    fails(root.symlink("a\0b", "/l"), ErrorKind::Invalid);
    assert_eq!(root.names("/").unwrap(), ["f"]);
}

/// `RESOLVE_BENEATH`: no way out, by dots, links or roots.
pub fn paths_beneath_do_not_escape<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    for dir in ["/out", "/jail", "/jail/a", "/jail/a/b"] {
        root.mkdir(dir).unwrap();
    }
    root.write("/out/secret", b"no").unwrap();
    root.write("/jail/f", b"yes").unwrap();
    for (path, target) in [
        ("/jail/abs", "/jail/f"),
        ("/jail/up", "../out/secret"),
        ("/jail/a/b/fine", "../../f"),
        ("/jail/a/far", "../../jail/f"),
        ("/jail/dots", ".."),
    ] {
        root.symlink(target, path).unwrap();
    }
    let jail = At::beneath(root.stat("/jail").unwrap().ino);
    for path in [
        "f",
        "./f",
        "a/../f",
        "a/b/../../f",
        "a/b/fine",
        "a/b/fine",
        "a/../a/b/fine",
    ] {
        assert_eq!(root.read(jail.path(path)).unwrap(), b"yes", "{path}");
    }
    for path in [
        "..",
        "/",
        "/jail/f",
        "../jail/f",
        "a/../../jail/f",
        "abs",
        "up",
        "a/far",
        "dots",
        "dots/out",
        "a/b/../../..",
    ] {
        fails(root.stat(jail.path(path)), ErrorKind::NotPermitted);
        fails(root.write(jail.path(path), b"x"), ErrorKind::NotPermitted);
    }
    let whole = |path| jail.path(path);
    fails(
        blocking(fs.create_dir(&root.who, whole("../new"))),
        ErrorKind::NotPermitted,
    );
    fails(
        blocking(fs.create_dir(&root.who, whole("dots/new"))),
        ErrorKind::NotPermitted,
    );
    fails(
        blocking(fs.remove_file(&root.who, whole("../out/secret"))),
        ErrorKind::NotPermitted,
    );
    fails(
        blocking(fs.rename_path(&root.who, whole("f"), whole("../f"), RenameMode::Replace)),
        ErrorKind::NotPermitted,
    );
    fails(
        blocking(fs.create_dir_all(&root.who, whole("a/../../x"))),
        ErrorKind::NotPermitted,
    );
    // A link may say what it likes; only following it is refused.
    blocking(fs.symlink_path(&root.who, b"../out", whole("liar"))).unwrap();
    assert!(root.lstat(whole("liar")).unwrap().is_symlink());
    assert_eq!(root.names("/out").unwrap(), ["secret"]);
    assert_eq!(root.names("/").unwrap(), ["jail", "out"]);
    assert_eq!(root.read("/out/secret").unwrap(), b"no");
}

/// A root of one's own: `..` and absolute links stay inside.
pub fn paths_in_a_root_stay_in_it<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.mkdir("/jail").unwrap();
    root.mkdir("/jail/a").unwrap();
    root.write("/f", b"out").unwrap();
    root.write("/jail/f", b"in").unwrap();
    root.symlink("/f", "/jail/abs").unwrap();
    root.symlink("../../../f", "/jail/a/up").unwrap();
    let jail = At::in_root(root.stat("/jail").unwrap().ino);
    for path in ["f", "/f", "../../f", "abs", "a/up", "/a/../../f"] {
        assert_eq!(root.read(jail.path(path)).unwrap(), b"in", "{path}");
    }
    assert_eq!(root.read("/jail/abs").unwrap(), b"out");
}

/// Deeper than any path could name.
pub fn deep_trees_are_walked_and_removed<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    let mut dir = root.mkdir("/deep").unwrap().ino;
    for _ in 0..1_500 {
        dir = blocking(fs.mkdir(&root.who, dir, b"deeper", 0o755)).unwrap().ino;
    }
    assert_eq!(root.stat(At::dir(dir).path("../..")).unwrap().nlink, 3);
    fails(root.stat(At::beneath(dir).path("..")), ErrorKind::NotPermitted);
    blocking(fs.remove_dir_all(&root.who, "/deep")).unwrap();
    assert_eq!(root.names("/").unwrap(), Vec::<String>::new());
}

/// `.` and `..` are nobody's to make or take.
pub fn dots_cannot_be_made_or_removed<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.mkdir("/a").unwrap();
    root.mkdir("/a/b").unwrap();
    for path in ["/", "/a/.", "/a/b/..", "."] {
        fails(root.mkdir(path), ErrorKind::Exists);
        fails(root.symlink("x", path), ErrorKind::Exists);
        fails(root.unlink(path), ErrorKind::IsDirectory);
        fails(root.create(path, OpenFlags::WRITE, 0o644), ErrorKind::IsDirectory);
        fails(
            root.create(path, OpenFlags::WRITE.exclusively(), 0o644),
            ErrorKind::Exists,
        );
        fails(root.rename(path, "/x"), ErrorKind::Busy);
        fails(root.rename("/a", path), ErrorKind::Busy);
    }
    fails(root.rmdir("/a/."), ErrorKind::Invalid);
    fails(root.rmdir("/a/b/.."), ErrorKind::NotEmpty);
    fails(root.rmdir("/"), ErrorKind::Busy);
    assert_eq!(root.names("/a").unwrap(), ["b"]);
}
