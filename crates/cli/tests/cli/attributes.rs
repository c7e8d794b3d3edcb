//! Permissions, owners, times, extended attributes.

use crate::support::Workspace;

#[test]
fn chmod_takes_octal_and_symbolic_modes() {
    let w = Workspace::new();
    w.ok(["mkdir", "/d"]);
    w.ok(["write", "/d/f", ""]);
    let mode = |path: &str| w.object(["stat", path])["mode"].as_str().unwrap().to_owned();
    w.ok(["chmod", "640", "/d/f"]);
    assert_eq!(mode("/d/f"), "0640");
    w.ok(["chmod", "u+x,g-r,o=rw", "/d/f"]);
    assert_eq!(mode("/d/f"), "0706");
    w.ok(["chmod", "-x", "/d/f"]);
    assert_eq!(mode("/d/f"), "0606");
    w.ok(["chmod", "-R", "a=rX", "/d"]);
    assert_eq!((mode("/d").as_str(), mode("/d/f").as_str()), ("0555", "0444"));
    w.ok(["chmod", "1777", "/d"]);
    assert_eq!(mode("/d"), "1777");
    assert!(w.run(["chmod", "9", "/d"]).err.contains("is not a mode"));
    assert_eq!(w.run(["chmod", "9", "/d"]).code, 2);
    assert_eq!(
        w.fails(3, ["chmod", "644", "/none"]),
        "/none: no such file or directory"
    );
}

#[test]
fn a_mode_is_set_whole_or_not_at_all() {
    let w = Workspace::new();
    w.ok(["--user", "0", "mkdir", "/d"]);
    w.ok(["--user", "0", "write", "/d/f", ""]);
    w.ok(["--user", "0", "chown", "-R", "4000001:4000003", "/d"]);
    let mode = |path: &str| w.object(["stat", path])["mode"].as_str().unwrap().to_owned();
    for (change, path) in [("g+s", "/d"), ("2700", "/d"), ("g+sx,o+w", "/d/f")] {
        let before = mode(path);
        let line = w.fails(4, ["--user", "4000001:4000002", "chmod", change, path]);
        assert!(
            line.contains("set-group-ID") && line.contains("USER:GROUP,4000003"),
            "{line}"
        );
        assert_eq!(mode(path), before);
        w.ok(["--user", "4000001:4000002,4000003", "chmod", change, path]);
        assert!(mode(path).starts_with('2'), "{change} {path}");
    }
    // The owner may give to a group they are in.
    w.ok(["--user", "4000001:4000002,4000004", "chown", ":4000004", "/d/f"]);
    assert_eq!(
        w.run(["--user", "4000001:4000002", "chown", ":4000003", "/d/f"])
            .code,
        4
    );
    assert_eq!(w.object(["stat", "/d/f"])["gid"], 4_000_004);
}

#[test]
fn directories_keep_the_set_group_id_bit() {
    let w = Workspace::new();
    let mode = |path: &str| w.object(["stat", path])["mode"].as_str().unwrap().to_owned();
    w.ok(["--user", "0", "mkdir", "-m", "2775", "/shared"]);
    assert_eq!(mode("/shared"), "2775");
    w.ok(["--user", "0", "chmod", "750", "/shared"]);
    assert_eq!(mode("/shared"), "2750");
    w.ok(["--user", "0", "mkdir", "-m", "700", "/shared/private"]);
    assert_eq!(mode("/shared/private"), "2700");
    w.ok(["--user", "0", "chmod", "00750", "/shared"]);
    assert_eq!(mode("/shared"), "0750");
}

#[test]
fn users_of_the_host_come_with_their_groups() {
    let w = Workspace::new();
    w.ok(["--user", "root", "write", "/f", ""]);
    w.ok(["--user", "root", "chown", "root:", "/f"]);
    assert_eq!(w.object(["stat", "/f"])["gid"], 0);
    assert_eq!(w.run(["--user", "0", "chown", "4000001:", "/f"]).code, 2);
    for user in ["0:", "4000001:0,,1", "4000001:no such group", ":5"] {
        let expected = if user == "0:" { 0 } else { 2 };
        assert_eq!(w.run(["--user", user, "stat", "/f"]).code, expected, "{user}");
    }
}

#[test]
fn chown_is_for_the_root_of_the_workspace() {
    let w = Workspace::new();
    w.ok(["--user", "0", "mkdir", "/d"]);
    w.ok(["--user", "0", "write", "/d/f", ""]);
    w.ok(["--user", "0", "ln", "-s", "f", "/d/l"]);
    w.ok(["--user", "0", "chown", "-R", "12:34", "/d"]);
    for path in ["/d", "/d/f", "/d/l"] {
        let stat = w.object(["stat", path]);
        assert_eq!(
            (stat["uid"].as_u64(), stat["gid"].as_u64()),
            (Some(12), Some(34)),
            "{path}"
        );
    }
    w.ok(["--user", "0", "chown", ":5", "/d/l"]);
    assert_eq!(w.object(["stat", "/d/f"])["gid"], 5);
    assert_eq!(w.object(["stat", "/d/l"])["gid"], 34);
    assert_eq!(
        w.fails(4, ["--user", "77", "chown", "77", "/d"]),
        "/d: operation not permitted"
    );
}

#[test]
fn a_user_is_held_to_permissions() {
    let w = Workspace::new();
    w.ok(["--user", "0", "write", "/secret", "s"]);
    w.ok(["--user", "0", "chmod", "600", "/secret"]);
    assert_eq!(
        w.fails(4, ["--user", "1234", "cat", "/secret"]),
        "/secret: permission denied"
    );
    assert_eq!(w.run(["--user", "1234", "write", "/secret", "x"]).code, 4);
    let refused = w.json(["audit", "--refused", "--uid", "1234"]);
    assert!(
        refused.iter().any(|r| r["path"] == "/secret" && r["errno"] == 13),
        "{refused:?}"
    );
    assert!(w.run(["--user", "nobody at all", "ls"]).err.contains("no user"));
}

#[test]
fn touch_sets_times_and_makes_files() {
    let w = Workspace::new();
    w.ok(["touch", "/new"]);
    assert_eq!(w.object(["stat", "/new"])["size"], 0);
    w.ok(["touch", "-d", "2026-11-21T08:52:00.123456789Z", "/new"]);
    let stat = w.object(["stat", "/new"]);
    assert_eq!(stat["mtime"], "2026-11-21T08:52:00.123456789Z");
    assert_eq!(stat["atime"], stat["mtime"]);
    w.ok(["touch", "-m", "-d", "1969-12-31 23:59:59", "/new"]);
    let stat = w.object(["stat", "/new"]);
    assert_eq!(stat["mtime"], "1969-12-31T23:59:59.000000000Z");
    assert_eq!(stat["atime"], "2026-11-21T08:52:00.123456789Z");
    w.ok(["touch", "-r", "/new", "/other"]);
    assert_eq!(w.object(["stat", "/other"])["mtime"], stat["mtime"]);
    w.ok(["touch", "-c", "/none"]);
    assert_eq!(w.run(["stat", "/none"]).code, 3);
    assert_eq!(w.run(["touch", "-d", "soon", "/new"]).code, 2);
    w.ok(["touch", "-t", "202611210852.30", "/new"]);
    assert_eq!(
        w.object(["stat", "/new"])["mtime"],
        "2026-11-21T08:52:30.000000000Z"
    );
}

#[test]
fn times_that_no_file_can_have_become_the_nearest() {
    let w = Workspace::new();
    for (time, kept) in [
        ("1500-01-01", "1677-09-21T00:12:43.145224192Z"),
        ("@-99999999999999999999", "1677-09-21T00:12:43.145224192Z"),
        ("2400-01-01", "2262-04-11T23:47:16.854775807Z"),
        ("@13136941795.642118959", "2262-04-11T23:47:16.854775807Z"),
    ] {
        w.ok(["touch", "-d", time, "/f"]);
        assert_eq!(w.object(["stat", "/f"])["mtime"], kept, "{time}");
    }
}

#[test]
fn extended_attributes() {
    let w = Workspace::new();
    w.ok(["write", "/f", ""]);
    w.ok(["xattr", "set", "/f", "user.b", "two"]);
    w.ok(["xattr", "set", "/f", "user.a", "one"]);
    assert_eq!(w.feed(["xattr", "set", "/f", "user.bin"], b"\0\xff").code, 0);
    assert_eq!(w.ok(["xattr", "get", "/f", "user.b"]), "two");
    assert_eq!(w.ok(["xattr", "list", "/f"]), "user.a\nuser.b\nuser.bin\n");
    assert_eq!(
        w.ok(["xattr", "list", "-v", "/f"]),
        "user.a = one\nuser.b = two\nuser.bin = \\x00\\xff\n"
    );
    assert_eq!(w.object(["xattr", "get", "/f", "user.bin"])["value_hex"], "00ff");
    assert_eq!(w.json(["xattr", "list", "/f"])[0]["name"], "user.a");
    assert_eq!(
        w.fails(7, ["xattr", "set", "--create", "/f", "user.a", "x"]),
        "/f [user.a]: file exists"
    );
    assert_eq!(
        w.fails(3, ["xattr", "set", "--replace", "/f", "user.c", "x"]),
        "/f [user.c]: no data available"
    );
    w.ok(["xattr", "rm", "/f", "user.a"]);
    assert_eq!(
        w.fails(3, ["xattr", "get", "/f", "user.a"]),
        "/f [user.a]: no data available"
    );
    let large = w.feed(["xattr", "set", "/f", "user.l"], &[0; 70_000]);
    assert_eq!(large.code, 1);
    w.check();
}
