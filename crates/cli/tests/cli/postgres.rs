//! The same commands on a PostgreSQL server.

use std::fs;
use std::time::{Duration, Instant};

use tarbox_test_postgres::server;

use crate::support::Workspace;

fn workspace() -> Workspace {
    let w = Workspace::on_a_server(server().fresh_url());
    w.ok(["init"]);
    w
}

#[test]
fn a_tree_goes_in_changes_and_comes_back() {
    let w = workspace();
    let tree = w.host("tree");
    fs::create_dir_all(tree.join("a/b")).unwrap();
    let large: Vec<u8> = (0..3_000_000_u32).map(|i| (i * 7 / 3) as u8).collect();
    fs::write(tree.join("a/large"), &large).unwrap();
    for i in 0..200 {
        fs::write(tree.join(format!("a/b/{i}")), format!("file {i}")).unwrap();
    }
    w.ok(["import", "tree", "/tree"]);
    assert_eq!(w.ok(["cat", "/tree/a/b/77"]), "file 77");
    assert_eq!(w.ok(["ls", "/tree/a/b"]).lines().count(), 200);
    w.ok(["layer", "checkpoint", "one"]);
    w.ok(["rm", "-r", "/tree/a/b"]);
    w.feed(["write", "/tree/new"], b"new");
    assert!(w.ok(["layer", "diff", "one", "head"]).contains("/tree/new"));
    w.ok(["layer", "switch", "one"]);
    assert_eq!(w.ok(["cat", "/tree/a/b/199"]), "file 199");
    w.ok(["layer", "switch", "head"]);
    w.ok(["export", "/tree", "back"]);
    assert_eq!(fs::read(w.host("back/a/large")).unwrap(), large);
    assert!(!w.host("back/a/b").exists());
    w.ok(["gc"]);
    w.ok(["audit"]);
    w.check();
}

#[test]
fn tenants_are_kept_apart() {
    let w = workspace();
    w.ok(["tenant", "create", "other"]);
    w.feed(["--tenant", "other", "write", "/secret"], b"x");
    assert_eq!(
        w.fails(3, ["cat", "/secret"]),
        "/secret: no such file or directory"
    );
    w.ok(["tenant", "suspend", "other"]);
    let refused = w.run(["--tenant", "other", "ls"]);
    assert!(
        refused.code != 0 && refused.err.contains("suspended"),
        "{refused:?}"
    );
    w.ok(["tenant", "delete", "other", "--yes"]);
    assert_eq!(w.ok(["tenant", "list"]).lines().count(), 2);
    w.check();
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let w = Workspace::on_a_server(server().fresh_url());
    assert!(w.fails(3, ["ls"]).contains("make them with 'tarbox init'"));
    let w = Workspace::on_a_server(server().url("nowhere"));
    assert!(w.fails(3, ["ls"]).contains("there is no such database"));
    let w = Workspace::on_a_server("postgres://me:secret@/x?host=/nowhere".into());
    let line = w.run(["ls"]).err;
    assert!(
        line.contains("cannot be reached") && !line.contains("secret"),
        "{line}"
    );
    let w = Workspace::on_a_server("postgres://me@host/x?sslmode=maybe".into());
    assert!(w.run(["ls"]).err.contains("sslmode"));
    // Of a newer program.
    let name = server().fresh();
    let w = Workspace::on_a_server(server().url(&name));
    w.ok(["init"]);
    assert!(server().psql(&name, "UPDATE tarbox.meta SET version = 99"));
    assert!(w.run(["ls"]).err.contains("use a newer Tarbox"));
    assert!(w.run(["init"]).err.contains("use a newer Tarbox"));
}

#[test]
fn who_may_only_read_reads() {
    let name = server().fresh();
    let w = Workspace::on_a_server(server().url(&name));
    w.ok(["init"]);
    w.feed(["write", "/file"], b"content");
    for sql in [
        "CREATE ROLE reader LOGIN",
        "GRANT USAGE ON SCHEMA tarbox TO reader",
        "GRANT SELECT ON ALL TABLES IN SCHEMA tarbox TO reader",
    ] {
        assert!(server().psql(&name, sql), "{sql}");
    }
    let reader = Workspace::on_a_server(server().url(&name).replace("tarbox@", "reader@"));
    assert_eq!(reader.ok(["cat", "/file"]), "content");
    assert_eq!(reader.ok(["ls"]), "file\n");
    let refused = reader.feed(["write", "/file"], b"other");
    assert!(
        refused.code != 0 && refused.err.contains("may not write"),
        "{refused:?}"
    );
    assert_eq!(w.ok(["cat", "/file"]), "content");
}

#[cfg(all(feature = "mount", target_os = "linux"))]
#[test]
fn a_mount_and_commands_agree() {
    let w = workspace();
    let point = w.host("mnt");
    fs::create_dir(&point).unwrap();
    let text = point.to_str().unwrap();
    w.ok(["mount", text]);
    let limit = Instant::now() + Duration::from_secs(30);
    fs::write(point.join("mine"), "from the mount").unwrap();
    assert_eq!(w.ok(["cat", "/mine"]), "from the mount");
    for i in 0..20 {
        let content = format!("round {i}");
        w.feed(["write", "/theirs"], content.as_bytes());
        assert_eq!(fs::read_to_string(point.join("theirs")).unwrap(), content);
        fs::write(point.join("mine"), &content).unwrap();
        assert_eq!(w.ok(["cat", "/mine"]), content);
    }
    w.ok(["rm", "/theirs"]);
    assert!(!point.join("theirs").exists());
    assert!(Instant::now() < limit);
    w.ok(["umount", text]);
    w.check();
}
