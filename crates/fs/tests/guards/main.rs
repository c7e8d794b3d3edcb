//! Nobody gets in between the decision that somebody may make a change and the change: what was decided on other grounds is
//! decided anew.

mod meddled;

use tarbox_fs::{Credentials, FilesystemExt, FilesystemInterface, Follow, Fs, OpenFlags, blocking};
use tarbox_store::*;
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

use meddled::Meddled;

type Workspace = Fs<Meddled<SqliteStore>>;

const ROOT: &str = "root";

const CUTTING: OpenFlags = OpenFlags {
    truncate: true,
    ..OpenFlags::WRITE
};

fn root() -> Credentials {
    Credentials::root(ROOT)
}

fn user(uid: u32) -> Credentials {
    Credentials::new(uid, 100, "user").with_umask(0)
}

/// A workspace with a directory for everybody: `/open`.
fn workspace() -> Workspace {
    let database = SqliteDatabase::in_memory(&Options::new()).unwrap();
    blocking(database.create_tenant("test", Quota::default())).unwrap();
    let fs = Fs::new(Meddled::new(blocking(database.open_tenant("test")).unwrap()));
    blocking(fs.mkdir(&root(), fs.root(), b"open", 0o777)).unwrap();
    mode(&fs, "/open", 0o777);
    fs
}

fn mode(fs: &Workspace, path: &str, mode: u32) {
    let set = SetAttr {
        mode: Some(mode),
        ..SetAttr::default()
    };
    blocking(fs.set_attr(&root(), path, &set, Follow::Yes)).unwrap();
}

fn file(fs: &Workspace, who: &Credentials, path: &str, content: &[u8]) -> Attr {
    blocking(fs.write_file(who, path, content)).unwrap();
    blocking(fs.stat(&root(), path)).unwrap()
}

fn find(fs: &Workspace, path: &str) -> Attr {
    blocking(fs.lstat(&root(), path)).unwrap()
}

fn content(fs: &Workspace, path: &str) -> Vec<u8> {
    blocking(fs.read_file(&root(), path)).unwrap()
}

/// Before the next change, somebody sets attributes.
fn set_before(fs: &Workspace, ino: Ino, set: SetAttr) {
    fs.store().before_changes(move |store| {
        blocking(store.set_attr(&root().actor, ino, &set)).unwrap();
        false
    });
}

fn chmod_before(fs: &Workspace, ino: Ino, mode: u32) {
    let set = SetAttr {
        mode: Some(mode),
        ..SetAttr::default()
    };
    set_before(fs, ino, set);
}

fn chown_before(fs: &Workspace, ino: Ino, uid: u32) {
    let set = SetAttr {
        uid: Some(uid),
        ..SetAttr::default()
    };
    set_before(fs, ino, set);
}

/// Before the next change, somebody puts a file of this user in place of a name.
fn replace_before(fs: &Workspace, dir: Ino, name: &'static str, uid: u32) {
    fs.store().before_changes(move |store| {
        let new = NewInode {
            kind: FileKind::File,
            mode: 0o666,
            uid,
            gid: 100,
            rdev: 0,
            target: b"",
        };
        let (by, name) = (root().actor, name.as_bytes());
        let _gone = blocking(store.unlink(&by, dir, name, Unlink::File));
        blocking(store.create(&by, dir, name, &new)).unwrap();
        false
    });
}

#[track_caller]
fn fails<T>(result: Result<T>, kind: ErrorKind) {
    match result {
        Ok(_) => panic!("it succeeded"),
        Err(e) => assert_eq!(e.kind(), kind, "{e}"),
    }
}

#[test]
fn nothing_is_made_in_a_directory_that_was_closed_meanwhile() {
    let fs = workspace();
    let (dir, me) = (find(&fs, "/open").ino, user(1));
    let there = file(&fs, &me, "/open/there", b"");
    for attempt in 0..4 {
        chmod_before(&fs, dir, 0o755);
        match attempt {
            0 => fails(blocking(fs.mkdir(&me, dir, b"new", 0o777)), ErrorKind::Access),
            1 => fails(blocking(fs.write_file(&me, "/open/new", b"x")), ErrorKind::Access),
            2 => fails(blocking(fs.link(&me, there.ino, dir, b"new")), ErrorKind::Access),
            _ => fails(blocking(fs.unlink(&me, dir, b"there")), ErrorKind::Access),
        }
        assert_eq!(fs.store().tried(), 1, "it is decided before it is tried again");
        fails(blocking(fs.lstat(&root(), "/open/new")), ErrorKind::NotFound);
        mode(&fs, "/open", 0o777);
    }
    let refused = LogQuery {
        refused: true,
        ..LogQuery::default()
    };
    assert_eq!(
        blocking(fs.store().log(&refused)).unwrap().len(),
        4,
        "refusals are in the audit"
    );
}

#[test]
fn what_is_made_is_as_its_directory_has_it_by_then() {
    let fs = workspace();
    let dir = find(&fs, "/open").ino;
    let set = SetAttr {
        mode: Some(0o2777),
        gid: Some(77),
        ..SetAttr::default()
    };
    set_before(&fs, dir, set);
    let made = blocking(fs.mkdir(&user(1), dir, b"new", 0o755)).unwrap();
    assert_eq!((made.gid, made.mode), (77, 0o2755));
    assert_eq!(fs.store().tried(), 2);
}

#[test]
fn what_others_do_beside_it_does_not_hinder() {
    let fs = workspace();
    let (dir, me) = (find(&fs, "/open").ino, user(1));
    file(&fs, &me, "/open/old", b"");
    for _ in 0..2 {
        replace_before(&fs, dir, "another", 2);
        blocking(fs.mkdir(&me, dir, b"new", 0o777)).unwrap();
        assert_eq!(fs.store().tried(), 1);
        replace_before(&fs, dir, "another", 2);
        blocking(fs.unlink(&me, dir, b"old")).unwrap();
        assert_eq!(fs.store().tried(), 1);
        file(&fs, &me, "/open/old", b"");
        blocking(fs.rmdir(&me, dir, b"new")).unwrap();
        mode(&fs, "/open", 0o1777);
    }
}

#[test]
fn a_sticky_directory_keeps_what_took_a_name_meanwhile() {
    let fs = workspace();
    mode(&fs, "/open", 0o1777);
    let (dir, me) = (find(&fs, "/open").ino, user(1));
    for attempt in 0..4 {
        file(&fs, &me, "/open/mine", b"");
        file(&fs, &me, "/open/other", b"");
        replace_before(&fs, dir, "mine", 2);
        let replace = RenameMode::Replace;
        let refused = match attempt {
            0 => blocking(fs.unlink(&me, dir, b"mine")),
            1 => blocking(fs.rename(&me, (dir, b"mine"), (dir, b"new"), replace)),
            2 => blocking(fs.rename(&me, (dir, b"other"), (dir, b"mine"), replace)),
            _ => blocking(fs.rename(&me, (dir, b"other"), (dir, b"mine"), RenameMode::Exchange)),
        };
        fails(refused, ErrorKind::NotPermitted);
        assert_eq!(find(&fs, "/open/mine").uid, 2);
        fails(blocking(fs.lstat(&root(), "/open/new")), ErrorKind::NotFound);
        blocking(fs.unlink(&root(), dir, b"mine")).unwrap();
    }
    // A name that was free, and that a file of another has by then.
    file(&fs, &me, "/open/other", b"");
    replace_before(&fs, dir, "free", 2);
    fails(
        blocking(fs.rename(&me, (dir, b"other"), (dir, b"free"), RenameMode::Replace)),
        ErrorKind::NotPermitted,
    );
    // What was given away meanwhile is not theirs any more.
    chown_before(&fs, find(&fs, "/open/other").ino, 2);
    fails(blocking(fs.unlink(&me, dir, b"other")), ErrorKind::NotPermitted);
    assert_eq!(find(&fs, "/open/other").uid, 2);
}

#[test]
fn attributes_are_changed_by_who_may_by_then() {
    let fs = workspace();
    let me = user(1);
    let mine = file(&fs, &me, "/open/mine", b"content");
    let ino = mine.ino;
    let mode = SetAttr {
        mode: Some(0o600),
        ..SetAttr::default()
    };
    let cut = SetAttr {
        size: Some(0),
        ..SetAttr::default()
    };
    for attempt in 0..3 {
        chown_before(&fs, ino, 2);
        match attempt {
            0 => fails(blocking(fs.setattr(&me, ino, &mode)), ErrorKind::NotPermitted),
            1 => {
                chmod_before(&fs, ino, 0o444);
                fails(blocking(fs.setattr(&me, ino, &cut)), ErrorKind::Access);
            }
            _ => {
                chmod_before(&fs, ino, 0o444);
                fails(
                    blocking(fs.setxattr(&me, ino, b"user.a", Some(b"b"), XattrMode::Any)),
                    ErrorKind::Access,
                );
            }
        }
        assert_eq!(content(&fs, "/open/mine"), b"content");
        let back = SetAttr {
            mode: Some(0o666),
            uid: Some(1),
            ..SetAttr::default()
        };
        blocking(fs.setattr(&root(), ino, &back)).unwrap();
    }
    assert!(blocking(fs.listxattr(&root(), ino)).unwrap().is_empty());
}

#[test]
fn a_file_that_was_closed_meanwhile_is_not_cut_by_opening_it() {
    let fs = workspace();
    let me = user(1);
    let mine = file(&fs, &me, "/open/mine", b"content");
    chmod_before(&fs, mine.ino, 0o444);
    fails(blocking(fs.open(&me, mine.ino, CUTTING)), ErrorKind::Access);
    assert_eq!(content(&fs, "/open/mine"), b"content");
    assert!(!blocking(fs.is_open(mine.ino)).unwrap(), "no handle is left");
    // A set-group-ID bit of a foreign group goes, also if it came meanwhile.
    let foreign = SetAttr {
        mode: Some(0o666),
        gid: Some(77),
        ..SetAttr::default()
    };
    blocking(fs.setattr(&root(), mine.ino, &foreign)).unwrap();
    chmod_before(&fs, mine.ino, 0o2666);
    let handle = blocking(fs.open(&me, mine.ino, CUTTING)).unwrap();
    assert_eq!(
        (find(&fs, "/open/mine").mode, find(&fs, "/open/mine").size),
        (0o666, 0)
    );
    blocking(fs.release(handle)).unwrap();
}

#[test]
fn who_changes_permissions_all_the_time_is_an_obstacle() {
    let fs = workspace();
    let dir = find(&fs, "/open").ino;
    let mut bits = 0o777;
    fs.store().before_changes(move |store| {
        bits ^= 0o007;
        let set = SetAttr {
            mode: Some(bits | 0o770),
            ..SetAttr::default()
        };
        blocking(store.set_attr(&root().actor, dir, &set)).unwrap();
        true
    });
    let me = Credentials::new(1, 0, "user");
    fails(blocking(fs.mkdir(&me, dir, b"new", 0o777)), ErrorKind::Busy);
    assert!((2..100).contains(&fs.store().tried()));
    fs.store().before_changes(|_| false);
    blocking(fs.mkdir(&me, dir, b"new", 0o777)).unwrap();
}

/// Before the next change, somebody writes to a file.
fn write_before(fs: &Workspace, ino: Ino) {
    fs.store().before_changes(move |store| {
        let at = WriteAt::Offset(0);
        blocking(store.write(&root().actor, ino, at, b"theirs", false)).unwrap();
        false
    });
}

#[test]
fn a_change_on_condition_of_a_version_is_made_on_that_version_only() {
    let fs = workspace();
    let me = user(1);
    let dir = find(&fs, "/open").ino;
    let ino = file(&fs, &me, "/open/mine", b"mine").ino;
    let expecting = || me.clone().if_version(ino, find(&fs, "/open/mine").version);
    let mode = SetAttr {
        mode: Some(0o600),
        ..SetAttr::default()
    };
    for attempt in 0..6 {
        let who = expecting();
        let open = |flags| blocking(fs.open(&who, ino, flags));
        let handle = open(OpenFlags::READ_WRITE).unwrap();
        write_before(&fs, ino);
        match attempt {
            0 => fails(
                blocking(fs.write(handle, WriteAt::End, b"mine")),
                ErrorKind::Stale,
            ),
            1 => fails(blocking(fs.truncate(handle, 0)), ErrorKind::Stale),
            2 => fails(blocking(fs.setattr(&who, ino, &mode)), ErrorKind::Stale),
            3 => fails(blocking(fs.unlink(&who, dir, b"mine")), ErrorKind::Stale),
            4 => fails(open(CUTTING), ErrorKind::Stale),
            _ => fails(
                blocking(fs.setxattr(&who, ino, b"user.a", Some(b"b"), XattrMode::Any)),
                ErrorKind::Stale,
            ),
        }
        assert_eq!(fs.store().tried(), 1, "it is for the caller to read it again");
        assert_eq!(content(&fs, "/open/mine"), b"theirs");
        fails(open(OpenFlags::READ), ErrorKind::Stale);
        blocking(fs.release(handle)).unwrap();
        file(&fs, &me, "/open/mine", b"mine");
    }
    // The first change through a handle meets the condition, and the others follow from it.
    let who = expecting();
    let handle = blocking(fs.open(&who, ino, OpenFlags::WRITE)).unwrap();
    for _ in 0..3 {
        blocking(fs.write(handle, WriteAt::Offset(0), b"again")).unwrap();
    }
    blocking(fs.truncate(handle, 2)).unwrap();
    blocking(fs.release(handle)).unwrap();
    assert_eq!(content(&fs, "/open/mine"), b"ag");
    let handle = blocking(fs.open(&expecting(), ino, CUTTING)).unwrap();
    blocking(fs.write(handle, WriteAt::Offset(0), b"cut")).unwrap();
    blocking(fs.release(handle)).unwrap();
    assert_eq!(content(&fs, "/open/mine"), b"cut");
    blocking(fs.unlink(&expecting(), dir, b"mine")).unwrap();
}
