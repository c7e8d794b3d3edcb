//! Dumps of tenants, and copies between databases.

use std::fs;
use std::io::Write;
use std::process::{Child, Stdio};

use crate::support::Workspace;

/// A tenant with two layers, and more content than one commit of a restore takes.
fn workspace() -> Workspace {
    let w = Workspace::new();
    w.ok(["tenant", "create", "ada", "--inodes", "1000"]);
    let ada = |args: &[&str]| w.ok([&["--tenant", "ada"], args].concat());
    ada(&["mkdir", "-p", "/a/b"]);
    ada(&["write", "/a/note", "first"]);
    ada(&["layer", "checkpoint", "one"]);
    ada(&["write", "/a/note", "second"]);
    let mut noise = 88_172_645_463_325_252_u64;
    for _ in 0..30 {
        // What cannot be compressed.
        let bytes: Vec<u8> = (0..1 << 20)
            .map(|_| {
                noise ^= noise << 13;
                noise ^= noise >> 7;
                noise ^= noise << 17;
                noise as u8
            })
            .collect();
        assert_eq!(w.feed(["--tenant", "ada", "append", "/a/large"], &bytes).code, 0);
    }
    w
}

#[track_caller]
fn assert_is_ada(w: &Workspace, global: &[&str]) {
    let ok = |args: &[&str]| w.ok([global, args].concat());
    assert_eq!(ok(&["cat", "/a/note"]), "second");
    assert_eq!(ok(&["cat", "/.tarbox/snapshots/one/a/note"]), "first");
    let large = w.object([global, &["stat", "/a/large"]].concat());
    assert_eq!(large["size"], 30 << 20);
    assert!(ok(&["audit"]).contains("checkpoint"));
}

#[test]
fn a_dump_is_verified_and_restored() {
    let w = workspace();
    let dumped = w.object(["tenant", "dump", "ada", "ada.dump"]);
    assert_eq!((&dumped["tenant"], &dumped["layers"]), (&"ada".into(), &1.into()));
    assert!(
        w.fails(7, ["tenant", "dump", "ada", "ada.dump"])
            .contains("--force")
    );
    w.ok(["tenant", "dump", "ada", "ada.dump", "--force"]);
    assert!(
        w.ok(["tenant", "verify", "ada.dump"])
            .contains("complete and undamaged")
    );
    assert!(
        w.fails(7, ["tenant", "restore", "ada.dump"])
            .contains("already exists")
    );
    let restored = w.object(["tenant", "restore", "ada.dump", "--as", "eve"]);
    assert_eq!(restored["inodes"], dumped["inodes"]);
    assert_is_ada(&w, &["--tenant", "eve"]);
    assert_eq!(w.object(["tenant", "show", "eve"])["quota"]["inodes"], 1000);
    // Into a database that is not there yet, from standard input.
    let bytes = fs::read(w.host("ada.dump")).unwrap();
    let ran = w.feed(["--db", "new.db", "tenant", "restore", "-"], &bytes);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_is_ada(&w, &["--db", "new.db", "--tenant", "ada"]);
    // And to standard output.
    let ran = w.run(["tenant", "dump", "ada", "-"]);
    assert_eq!((ran.code, ran.out.len()), (0, bytes.len()));
    w.check();
}

#[test]
fn what_is_wrong_with_a_dump_is_one_line() {
    let w = workspace();
    w.ok(["tenant", "dump", "ada", "ada.dump"]);
    let mut bytes = fs::read(w.host("ada.dump")).unwrap();
    fs::write(w.host("short.dump"), &bytes[..bytes.len() - 9]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(w.host("damaged.dump"), &bytes).unwrap();
    fs::write(
        w.host("other.dump"),
        b"something else, and long enough to be a header",
    )
    .unwrap();
    for command in ["verify", "restore"] {
        for (file, said) in [
            ("short.dump", "cut short"),
            ("damaged.dump", "frame"),
            ("other.dump", "no dump of a tenant"),
        ] {
            let as_eve: &[&str] = if command == "restore" {
                &["--as", "eve"]
            } else {
                &[]
            };
            let line = w.fails(6, [&["tenant", command, file], as_eve].concat());
            assert!(line.starts_with(file) && line.contains(said), "{line}");
        }
    }
    assert_eq!(w.run(["tenant", "verify", "none.dump"]).code, 3);
    assert_eq!(w.run(["tenant", "dump", "bob", "bob.dump"]).code, 3);
    assert!(!w.host("bob.dump").exists());
    // Nothing is left, and the name is free.
    assert!(!w.ok(["tenant", "list"]).contains("eve"));
    w.check();
}

/// Begins to restore, with part of a dump as its input.
fn begin(w: &Workspace, part: &[u8]) -> Child {
    let mut command = w.command();
    command.args(["tenant", "restore", "-", "--as", "eve"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(part).unwrap();
    child
}

#[test]
fn a_restore_that_is_killed_goes_on() {
    let w = workspace();
    w.ok(["tenant", "dump", "ada", "ada.dump"]);
    let bytes = fs::read(w.host("ada.dump")).unwrap();
    for part in [3, 6, 9] {
        // All of this is taken before it waits for more: less is in the pipe than a buffer holds.
        let mut child = begin(&w, &bytes[..bytes.len() * part / 10]);
        child.kill().unwrap();
        child.wait().unwrap();
        let list = w.ok(["tenant", "list"]);
        assert!(list.contains("restoring"), "{list}");
        let refused = w.fails(4, ["--tenant", "eve", "ls"]);
        assert!(refused.contains("being restored"), "{refused}");
        w.check();
    }
    let restored = w.object(["tenant", "restore", "ada.dump", "--as", "eve"]);
    assert_eq!(restored["resumed"], true);
    assert_is_ada(&w, &["--tenant", "eve"]);
    w.check();
}

#[cfg(feature = "postgres")]
#[test]
fn a_tenant_moves_to_a_server_and_back() {
    let w = workspace();
    let url = tarbox_test_postgres::server().fresh_url();
    let copied = w.object(["tenant", "copy", "ada", "--to", &url]);
    assert_eq!(copied["tenant"], "ada");
    assert_is_ada(&w, &["--db", &url, "--tenant", "ada"]);
    w.ok([
        "--db",
        &url,
        "tenant",
        "copy",
        "ada",
        "--to",
        "sqlite:back.db",
        "--as",
        "eve",
    ]);
    assert_is_ada(&w, &["--db", "back.db", "--tenant", "eve"]);
    for db in ["back.db", &url] {
        assert_eq!(w.object(["--db", db, "fsck"])["problems"], serde_json::json!([]));
    }
    assert!(
        w.fails(7, ["tenant", "copy", "ada", "--to", &url])
            .contains("already exists")
    );
    w.ok(["tenant", "copy", "ada", "--to", "sqlite:tarbox.db", "--as", "bob"]);
    assert_is_ada(&w, &["--tenant", "bob"]);
    w.check();
}
