//! The tree itself: what is there, and what cannot be done to it.

use std::collections::BTreeSet;

use tarbox_fs::{
    At, FilesystemExt, FilesystemInterface, Follow, FsOptions, Hooks, OpenFlags, Step, blocking,
};
use tarbox_store::{Cookie, ErrorKind, RenameMode, SetAttr, SetTime};

use crate::shell::*;

fn with(hooks: Hooks) -> Workspace {
    workspace_with(FsOptions {
        hooks,
        ..FsOptions::default()
    })
}

#[test]
fn everything_is_listed_and_can_be_opened() {
    let fs = workspace();
    let shell = Shell::root(&fs);
    shell.echo("base", "/.tarbox/layers/new").unwrap();
    shell.echo("base", "/.tarbox/layers/tags/tag").unwrap();
    let mut walk = blocking(fs.walk_tree(&shell.who, "/.tarbox")).unwrap();
    let (mut files, mut numbers) = (Vec::new(), BTreeSet::new());
    while let Some(entry) = blocking(walk.next()).unwrap() {
        if entry.step == Step::Leave {
            continue;
        }
        let path = format!("/.tarbox/{}", String::from_utf8(walk.path().to_vec()).unwrap());
        assert_eq!(shell.stat(&path).unwrap(), entry.attr, "{path}");
        assert!(numbers.insert(entry.attr.ino), "{path} has a number of its own");
        if entry.attr.is_file() {
            shell.cat(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
            files.push(path);
        }
    }
    for file in [
        "README",
        "layers/current",
        "layers/list",
        "layers/new",
        "layers/switch",
        "layers/drop",
        "layers/squash",
        "layers/diff",
        "layers/tree",
        "layers/tags/tag",
        "audit/recent",
        "audit/query",
        "stats/usage",
        "stats/performance",
        "stats/cache",
        "control/flush",
        "control/gc",
        "control/last-error",
    ] {
        assert!(files.contains(&format!("/.tarbox/{file}")), "{file}");
    }
    assert!(shell.cat("/.tarbox/README").unwrap().contains("layers/new"));
    let dir = At::dir(shell.stat("/.tarbox/layers/tags").unwrap().ino);
    let up = |path: &str| blocking(fs.stat(&shell.who, dir.path(path))).unwrap().ino;
    assert_eq!(up(".."), shell.stat("/.tarbox/layers").unwrap().ino);
    assert_eq!(up("../../.."), fs.root());
    fails(shell.stat("/.tarbox/none"), ErrorKind::NotFound);
    fails(shell.stat("/.tarbox/README/x"), ErrorKind::NotDirectory);
    fails(
        shell.stat(&format!("/.tarbox/{}", "n".repeat(256))),
        ErrorKind::NameTooLong,
    );
    assert_eq!(
        blocking(fs.path_of(shell.stat("/.tarbox/layers/tags/tag").unwrap().ino)).unwrap(),
        b"/.tarbox/layers/tags/tag"
    );
}

#[test]
fn the_tree_is_what_it_is() {
    let fs = workspace();
    let shell = Shell::root(&fs);
    shell.echo("x", "/f").unwrap();
    let who = &shell.who;
    fails(shell.mkdir("/.tarbox"), ErrorKind::Exists);
    fails(shell.mkdir("/.tarbox/new"), ErrorKind::NotPermitted);
    fails(shell.mkdir("/.tarbox/layers/tags/d"), ErrorKind::NotPermitted);
    fails(shell.echo("x", "/.tarbox/layers/other"), ErrorKind::NotPermitted);
    fails(shell.rm("/.tarbox/layers/new"), ErrorKind::NotPermitted);
    fails(shell.rm("/.tarbox/layers/none"), ErrorKind::NotFound);
    fails(blocking(fs.remove_dir(who, "/.tarbox")), ErrorKind::Busy);
    fails(
        blocking(fs.symlink_path(who, b"x", "/.tarbox")),
        ErrorKind::Exists,
    );
    let rename = |from: &str, to: &str| blocking(fs.rename_path(who, from, to, RenameMode::Replace));
    fails(rename("/.tarbox", "/x"), ErrorKind::Busy);
    fails(rename("/f", "/.tarbox"), ErrorKind::Busy);
    fails(rename("/f", "/.tarbox/f"), ErrorKind::CrossDevice);
    fails(rename("/.tarbox/README", "/f"), ErrorKind::CrossDevice);
    fails(rename("/.tarbox/README", "/.tarbox/R"), ErrorKind::NotPermitted);
    fails(
        blocking(fs.hard_link(who, "/.tarbox/README", "/g", Follow::No)),
        ErrorKind::CrossDevice,
    );
    fails(shell.echo("x", "/.tarbox/README"), ErrorKind::BadHandle);
    let ino = shell.stat("/.tarbox/layers/new").unwrap().ino;
    let set = |set: SetAttr| blocking(fs.setattr(who, ino, &set));
    fails(
        set(SetAttr {
            mode: Some(0o777),
            ..SetAttr::default()
        }),
        ErrorKind::NotPermitted,
    );
    fails(
        set(SetAttr {
            uid: Some(1),
            ..SetAttr::default()
        }),
        ErrorKind::NotPermitted,
    );
    // What every writer does is no error.
    set(SetAttr {
        size: Some(0),
        ..SetAttr::default()
    })
    .unwrap();
    set(SetAttr {
        atime: Some(SetTime::Now),
        mtime: Some(SetTime::Now),
        ..SetAttr::default()
    })
    .unwrap();
    assert!(blocking(fs.listxattr(who, ino)).unwrap().is_empty());
    let (_, handle) = blocking(fs.open_path(who, "/.tarbox/layers/new", OpenFlags::WRITE, None)).unwrap();
    blocking(fs.truncate(handle, 0)).unwrap();
    blocking(fs.fsync(handle, false)).unwrap();
    fails(
        blocking(fs.fallocate(handle, tarbox_store::Allocate::Extend, 0, 1)),
        ErrorKind::Unsupported,
    );
    blocking(fs.release(handle)).unwrap();
}

#[test]
fn the_door_is_hidden_shown_or_not_there() {
    let hidden = with(Hooks::Hidden);
    let shell = Shell::root(&hidden);
    assert!(shell.ls("/").unwrap().is_empty());
    assert!(shell.stat("/.tarbox").unwrap().is_dir());
    blocking(hidden.remove_dir_all(&shell.who, "/")).unwrap_err();

    let shown = with(Hooks::Listed);
    let shell = Shell::root(&shown);
    for n in 0..20 {
        shell.mkdir(&format!("/d{n}")).unwrap();
    }
    let (_, handle) = blocking(shown.open_path(&shell.who, "/", OpenFlags::DIRECTORY, None)).unwrap();
    for size in [1, 3, 20, 21, 22] {
        let (mut names, mut after) = (Vec::new(), Cookie(0));
        loop {
            let page = blocking(shown.readdir(handle, after, size)).unwrap();
            let ended = page.len() < size;
            after = page.last().map_or(after, |e| e.cookie);
            names.extend(page.into_iter().map(|e| e.name));
            if ended {
                break;
            }
        }
        assert_eq!(names.len(), 21, "pages of {size}");
        assert_eq!(names.last().unwrap(), b".tarbox");
    }
    blocking(shown.release(handle)).unwrap();

    let off = with(Hooks::Off);
    let shell = Shell::root(&off);
    fails(shell.stat("/.tarbox"), ErrorKind::NotFound);
    shell.mkdir("/.tarbox").unwrap();
    shell.echo("mine", "/.tarbox/f").unwrap();
    assert_eq!(shell.ls("/").unwrap(), [".tarbox"]);
}

#[test]
fn a_file_from_a_time_without_hooks_is_covered() {
    let database = database(tarbox_store::Quota::default());
    let open = |hooks| {
        let store = blocking(tarbox_store::Database::open_tenant(&database, "test")).unwrap();
        tarbox_fs::Fs::with_options(
            store,
            FsOptions {
                hooks,
                ..FsOptions::default()
            },
        )
    };
    let off = open(Hooks::Off);
    Shell::root(&off).mkdir("/.tarbox").unwrap();
    Shell::root(&off).mkdir("/other").unwrap();
    for (hooks, names) in [
        (Hooks::Hidden, &["other"][..]),
        (Hooks::Listed, &[".tarbox", "other"]),
    ] {
        let fs = open(hooks);
        let shell = Shell::root(&fs);
        assert_eq!(shell.ls("/").unwrap(), names);
        assert!(shell.stat("/.tarbox/layers").unwrap().is_dir());
    }
}
