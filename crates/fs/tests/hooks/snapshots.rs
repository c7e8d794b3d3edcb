//! Snapshots: every layer as it was.

use tarbox_fs::{AccessMask, At, FilesystemExt, FilesystemInterface, Follow, NewNode, OpenFlags, blocking};
use tarbox_store::{Cookie, ErrorKind, RenameMode, SetAttr, XattrMode};

use crate::shell::*;

/// Two layers, `one` and `two`, and files changed since.
fn history(shell: &Shell<'_>) {
    shell.mkdir("/d").unwrap();
    shell.echo("one", "/d/f").unwrap();
    shell.echo("gone", "/removed").unwrap();
    blocking(shell.fs.symlink_path(&shell.who, b"d/f", "/l")).unwrap();
    shell.echo("one", "/.tarbox/layers/new").unwrap();
    shell.echo("two", "/d/f").unwrap();
    shell.rm("/removed").unwrap();
    shell.echo("two", "/.tarbox/layers/new").unwrap();
    shell.echo("now", "/d/f").unwrap();
}

#[test]
fn every_layer_is_there_by_name_tag_and_number() {
    let fs = workspace();
    let shell = Shell::root(&fs);
    history(&shell);
    shell.echo("one", "/.tarbox/layers/tags/first").unwrap();
    assert_eq!(shell.ls("/.tarbox/snapshots").unwrap(), ["one", "two"]);
    for (layer, content) in [
        ("one", "one\n"),
        ("first", "one\n"),
        ("1", "one\n"),
        ("two", "two\n"),
        ("head", "now\n"),
    ] {
        assert_eq!(
            shell.cat(&format!("/.tarbox/snapshots/{layer}/d/f")).unwrap(),
            content,
            "{layer}"
        );
    }
    assert_eq!(shell.ls("/.tarbox/snapshots/one").unwrap(), ["d", "l", "removed"]);
    assert_eq!(shell.ls("/.tarbox/snapshots/two").unwrap(), ["d", "l"]);
    assert_eq!(shell.cat("/.tarbox/snapshots/one/removed").unwrap(), "gone\n");
    assert_eq!(
        shell.cat("/.tarbox/snapshots/one/l").unwrap(),
        "one\n",
        "links lead on inside"
    );
    for missing in ["none", "99", "..."] {
        fails(
            shell.stat(&format!("/.tarbox/snapshots/{missing}")),
            ErrorKind::NotFound,
        );
    }
    // The workspace being switched makes no difference.
    shell.echo("one", "/.tarbox/layers/switch").unwrap();
    assert_eq!(shell.cat("/.tarbox/snapshots/two/d/f").unwrap(), "two\n");
    assert_eq!(shell.cat("/.tarbox/snapshots/head/d/f").unwrap(), "now\n");
}

#[test]
fn inodes_of_a_snapshot_are_its_own() {
    let fs = workspace();
    let shell = Shell::root(&fs);
    history(&shell);
    let numbers: Vec<_> = ["/d/f", "/.tarbox/snapshots/one/d/f", "/.tarbox/snapshots/two/d/f"]
        .map(|path| shell.stat(path).unwrap().ino)
        .into();
    assert!(numbers[0] != numbers[1] && numbers[1] != numbers[2] && numbers[0] != numbers[2]);
    let by_number = blocking(fs.getattr(numbers[1])).unwrap();
    assert_eq!((by_number.ino, by_number.size), (numbers[1], 4));
    assert_eq!(
        blocking(fs.path_of(numbers[1])).unwrap(),
        b"/.tarbox/snapshots/1/d/f"
    );
    let dir = shell.stat("/.tarbox/snapshots/one/d").unwrap().ino;
    let up = |path: &str| {
        blocking(fs.stat(&shell.who, At::dir(dir).path(path)))
            .unwrap()
            .ino
    };
    assert_eq!(up(".."), shell.stat("/.tarbox/snapshots/one").unwrap().ino);
    assert_eq!(up("../.."), shell.stat("/.tarbox/snapshots").unwrap().ino);
    assert_eq!(up("../../../.."), fs.root());
    let (_, handle) =
        blocking(fs.open_path(&shell.who, "/.tarbox/snapshots/one/d", OpenFlags::DIRECTORY, None)).unwrap();
    let listed = blocking(fs.readdir(handle, Cookie(0), 10)).unwrap();
    assert_eq!(listed[0].attr.ino, numbers[1]);
    blocking(fs.release(handle)).unwrap();
}

#[test]
fn nothing_in_a_snapshot_changes() {
    let fs = workspace();
    let shell = Shell::root(&fs);
    history(&shell);
    let snapshot = "/.tarbox/snapshots/one";
    let file = format!("{snapshot}/d/f");
    let ino = shell.stat(&file).unwrap().ino;
    let who = &shell.who;
    fails(shell.echo("x", &file), ErrorKind::ReadOnly);
    fails(shell.echo("x", &format!("{snapshot}/new")), ErrorKind::ReadOnly);
    fails(shell.mkdir(&format!("{snapshot}/new")), ErrorKind::ReadOnly);
    fails(shell.mkdir(&format!("{snapshot}/d")), ErrorKind::Exists);
    fails(shell.rm(&file), ErrorKind::ReadOnly);
    fails(shell.rm(&format!("{snapshot}/none")), ErrorKind::NotFound);
    fails(blocking(fs.open(who, ino, OpenFlags::WRITE)), ErrorKind::ReadOnly);
    fails(
        blocking(fs.access(who, ino, AccessMask::WRITE)),
        ErrorKind::ReadOnly,
    );
    let chmod = SetAttr {
        mode: Some(0),
        ..SetAttr::default()
    };
    fails(blocking(fs.setattr(who, ino, &chmod)), ErrorKind::ReadOnly);
    fails(
        blocking(fs.setxattr(who, ino, b"user.a", Some(b""), XattrMode::Any)),
        ErrorKind::ReadOnly,
    );
    let rename = |from: &str, to: &str| blocking(fs.rename_path(who, from, to, RenameMode::Replace));
    fails(rename(&file, &format!("{snapshot}/g")), ErrorKind::ReadOnly);
    fails(rename(&file, "/g"), ErrorKind::CrossDevice);
    fails(rename("/d/f", &file), ErrorKind::CrossDevice);
    fails(rename(&file, "/.tarbox/snapshots/two/g"), ErrorKind::CrossDevice);
    fails(
        blocking(fs.hard_link(who, file.as_str(), "/g", Follow::No)),
        ErrorKind::CrossDevice,
    );
    fails(
        blocking(fs.remove_dir_all(who, "/.tarbox/snapshots/one")),
        ErrorKind::ReadOnly,
    );
    assert_eq!(shell.cat(&file).unwrap(), "one\n");
    // But it can be copied out.
    blocking(fs.copy(who, file.as_str(), "/restored")).unwrap();
    assert_eq!(shell.cat("/restored").unwrap(), "one\n");
}

#[test]
fn the_permissions_of_then_hold() {
    let fs = workspace();
    let (root, user) = (Shell::root(&fs), Shell::user(&fs, 7));
    root.echo("secret", "/f").unwrap();
    let mode = |mode| {
        let set = SetAttr {
            mode: Some(mode),
            ..SetAttr::default()
        };
        blocking(fs.set_attr(&root.who, "/f", &set, Follow::Yes)).unwrap();
    };
    mode(0o600);
    root.echo("closed", "/.tarbox/layers/new").unwrap();
    mode(0o644);
    root.echo("open", "/.tarbox/layers/new").unwrap();
    fails(user.cat("/.tarbox/snapshots/closed/f"), ErrorKind::Access);
    assert_eq!(user.cat("/.tarbox/snapshots/open/f").unwrap(), "secret\n");
}

#[test]
fn a_special_file_in_the_past_is_not_opened_either() {
    let fs = workspace();
    let shell = Shell::root(&fs);
    blocking(fs.make_node(&shell.who, "/pipe", NewNode::Fifo { mode: 0o644 })).unwrap();
    shell.echo("base", "/.tarbox/layers/new").unwrap();
    fails(
        shell.cat("/.tarbox/snapshots/base/pipe"),
        ErrorKind::NoSuchAddress,
    );
}

#[test]
fn a_dropped_snapshot_is_gone() {
    let fs = workspace();
    let shell = Shell::root(&fs);
    history(&shell);
    let root = shell.stat("/.tarbox/snapshots/one").unwrap().ino;
    shell.echo("one", "/.tarbox/layers/drop").unwrap();
    fails(shell.stat("/.tarbox/snapshots/one"), ErrorKind::NotFound);
    fails(blocking(fs.getattr(root)), ErrorKind::NotFound);
}
