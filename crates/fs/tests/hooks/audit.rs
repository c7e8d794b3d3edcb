//! Audit, statistics and control.

use tarbox_fs::{FilesystemExt, FilesystemInterface, Follow, blocking};
use tarbox_store::{Database, ErrorKind, Quota, SetAttr};

use crate::shell::*;

const QUERY: &str = "/.tarbox/audit/query";

fn lines(shell: &Shell<'_>, file: &str) -> Vec<String> {
    let records = shell.json(file);
    let line = |r: &serde_json::Value| {
        format!(
            "{} {}",
            r["operation"].as_str().unwrap(),
            r["path"].as_str().unwrap()
        )
    };
    records.as_array().unwrap().iter().map(line).collect()
}

#[test]
fn what_was_done_is_told_newest_first() {
    let fs = workspace();
    let shell = Shell::root(&fs);
    shell.mkdir("/d").unwrap();
    shell.echo("x", "/d/f").unwrap();
    shell.rm("/d/f").unwrap();
    let recent = lines(&shell, "/.tarbox/audit/recent");
    assert_eq!(recent[..2], ["unlink /d/f", "write /d/f"]);
    assert!(recent.contains(&"mkdir /d".to_owned()));
    let first = &shell.json("/.tarbox/audit/recent")[0];
    assert_eq!(
        (&first["agent"], &first["uid"], &first["errno"]),
        (&"shell".into(), &0.into(), &0.into())
    );
}

#[test]
fn queries_are_written_and_their_answers_read() {
    let fs = workspace();
    let shell = Shell::root(&fs);
    shell.mkdir("/a").unwrap();
    shell.mkdir("/b").unwrap();
    shell.echo("x", "/a/f").unwrap();
    assert!(shell.cat(QUERY).unwrap().starts_with("write: KEY=VALUE"));
    shell.echo("operation=mkdir", QUERY).unwrap();
    assert_eq!(lines(&shell, QUERY), ["mkdir /a", "mkdir /b"]);
    shell.echo("op=mkdir newest=1 limit=1", QUERY).unwrap();
    assert_eq!(lines(&shell, QUERY), ["mkdir /b"]);
    shell
        .echo("{\"path\": \"/a\", \"operation\": \"create\"}", QUERY)
        .unwrap();
    assert_eq!(lines(&shell, QUERY), ["create /a/f"]);
    // The question stays: later answers have later records.
    shell.echo("y", "/a/g").unwrap();
    assert_eq!(lines(&shell, QUERY), ["create /a/f", "create /a/g"]);
    shell.echo("uid=9", QUERY).unwrap();
    assert_eq!(lines(&shell, QUERY), Vec::<String>::new());
}

#[test]
fn refusals_are_recorded_with_their_path() {
    let fs = workspace();
    let (root, user) = (Shell::root(&fs), Shell::user(&fs, 7));
    root.mkdir("/ro").unwrap();
    root.echo("x", "/ro/f").unwrap();
    fails(user.echo("y", "/ro/f"), ErrorKind::Access);
    fails(user.echo("y", "/ro/new"), ErrorKind::Access);
    fails(user.rm("/ro/f"), ErrorKind::Access);
    fails(user.mkdir("/ro/d"), ErrorKind::Access);
    let chmod = SetAttr {
        mode: Some(0o777),
        ..SetAttr::default()
    };
    fails(
        blocking(fs.set_attr(&user.who, "/ro/f", &chmod, Follow::Yes)),
        ErrorKind::NotPermitted,
    );
    fails(user.cat("/ro/none"), ErrorKind::NotFound);
    fails(user.echo("head", "/.tarbox/layers/switch"), ErrorKind::Access);
    root.echo("refused=1", QUERY).unwrap();
    let expected = [
        "write /ro/f",
        "create /ro/new",
        "unlink /ro/f",
        "mkdir /ro/d",
        "setattr /ro/f",
        "write /.tarbox/layers/switch",
    ];
    assert_eq!(lines(&root, QUERY), expected);
    let records = root.json(QUERY);
    let codes: Vec<i64> = records
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["errno"].as_i64().unwrap())
        .collect();
    assert_eq!(codes, [13, 13, 13, 13, 1, 13]);
    assert!(records.as_array().unwrap().iter().all(|r| r["uid"] == 7));
    // In the past everything is refused, and that is recorded, too.
    root.echo("base", "/.tarbox/layers/new").unwrap();
    root.echo("base", "/.tarbox/layers/switch").unwrap();
    fails(root.rm("/ro/f"), ErrorKind::ReadOnly);
    root.echo("refused=1 newest=1 limit=1", QUERY).unwrap();
    assert_eq!(lines(&root, QUERY), ["unlink /ro/f"]);
}

#[test]
fn a_quota_that_is_used_up_is_recorded() {
    let database = database(Quota {
        inodes: Some(3),
        ..Quota::default()
    });
    let fs = tarbox_fs::Fs::new(blocking(database.open_tenant("test")).unwrap());
    let shell = Shell::root(&fs);
    let mut made = 0;
    let refused = loop {
        match shell.mkdir(&format!("/d{made}")) {
            Ok(()) => made += 1,
            Err(e) => break e,
        }
        assert!(made < 10, "the quota never ends");
    };
    assert_eq!(refused.kind(), ErrorKind::QuotaExceeded);
    shell.echo("refused=yes", QUERY).unwrap();
    assert_eq!(lines(&shell, QUERY), [format!("mkdir /d{made}")]);
    let space = blocking(fs.statfs()).unwrap();
    assert_eq!((space.files, space.files_free), (3, 0));
}

#[test]
fn statistics_are_json() {
    let fs = workspace();
    let shell = Shell::root(&fs);
    shell.echo("x", "/f").unwrap();
    let usage = shell.json("/.tarbox/stats/usage");
    assert_eq!(
        (&usage["name"], &usage["state"]),
        (&"test".into(), &"active".into())
    );
    assert!(usage["usage"]["inodes"].as_u64().unwrap() >= 2);
    assert!(shell.json("/.tarbox/stats/performance")["commits"].is_u64());
    let ratio = shell.json("/.tarbox/stats/cache")["rows"]["hit_ratio"]
        .as_f64()
        .unwrap();
    assert!((0.0..=1.0).contains(&ratio));
}

#[test]
fn flush_and_gc_are_done_before_the_write_returns() {
    let fs = workspace();
    let shell = Shell::root(&fs);
    shell.echo("x", "/f").unwrap();
    shell.echo("1", "/.tarbox/control/flush").unwrap();
    assert!(
        shell.json("/.tarbox/stats/performance")["syncs"]
            .as_u64()
            .unwrap()
            >= 1
    );
    assert!(shell.cat("/.tarbox/control/gc").unwrap().starts_with("write: "));
    shell.echo("now", "/.tarbox/control/gc").unwrap();
    assert!(shell.json("/.tarbox/control/gc")["bytes_freed"].is_u64());
}

#[test]
fn other_tenants_are_not_there() {
    let database = database(Quota::default());
    blocking(database.create_tenant("other", Quota::default())).unwrap();
    let mine = tarbox_fs::Fs::new(blocking(database.open_tenant("test")).unwrap());
    let theirs = tarbox_fs::Fs::new(blocking(database.open_tenant("other")).unwrap());
    let (me, them) = (Shell::root(&mine), Shell::root(&theirs));
    them.mkdir("/private").unwrap();
    them.echo("secret", "/private/f").unwrap();
    them.echo("their-layer", "/.tarbox/layers/new").unwrap();
    them.echo("their-layer", "/.tarbox/layers/tags/their-tag")
        .unwrap();
    let ino = them.stat("/private/f").unwrap().ino;
    fails(me.stat("/private"), ErrorKind::NotFound);
    fails(blocking(mine.getattr(ino)), ErrorKind::NotFound);
    fails(
        blocking(mine.open(&me.who, ino, tarbox_fs::OpenFlags::READ)),
        ErrorKind::NotFound,
    );
    fails(blocking(mine.path_of(ino)), ErrorKind::NotFound);
    let snapshot = them.stat("/.tarbox/snapshots/their-layer/private/f").unwrap().ino;
    fails(blocking(mine.getattr(snapshot)), ErrorKind::NotFound);
    for hidden in ["/.tarbox/snapshots/their-layer", "/.tarbox/layers/tags/their-tag"] {
        fails(me.stat(hidden), ErrorKind::NotFound);
    }
    fails(
        me.echo("their-layer", "/.tarbox/layers/switch"),
        ErrorKind::Invalid,
    );
    for file in [
        "layers/list",
        "layers/tree",
        "audit/recent",
        "stats/usage",
        "control/last-error",
    ] {
        let text = me.cat(&format!("/.tarbox/{file}")).unwrap();
        for word in ["private", "secret", "their-tag", "other"] {
            assert!(!text.contains(word), "{file} tells of {word}: {text}");
        }
    }
    assert!(
        blocking(mine.changes(b"/", tarbox_store::Seq(0), 100))
            .unwrap()
            .events
            .iter()
            .all(|e| !e.path.starts_with(b"/private"))
    );
}
