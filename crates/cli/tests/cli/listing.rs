//! Commands that look.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::support::Workspace;

fn sample() -> Workspace {
    let w = Workspace::new();
    w.ok(["mkdir", "-p", "/src/deep", "/.hidden"]);
    w.ok(["write", "/src/b.rs", "12345"]);
    w.ok(["write", "/src/a.rs", ""]);
    w.ok(["write", "/src/deep/c.TXT", "123"]);
    w.ok(["ln", "-s", "b.rs", "/src/link"]);
    w.ok(["touch", "-d", "2020-01-02 03:04", "/src/b.rs"]);
    w
}

#[test]
fn ls_sorts_hides_and_descends() {
    let w = sample();
    assert_eq!(w.ok(["ls"]), "src\n");
    assert_eq!(w.ok(["ls", "-a"]), ".hidden\nsrc\n");
    assert_eq!(w.ok(["ls", "/src"]), "a.rs\nb.rs\ndeep\nlink\n");
    assert_eq!(w.ok(["ls", "-r", "src"]), "link\ndeep\nb.rs\na.rs\n");
    assert_eq!(w.ok(["ls", "-S", "/src"]).lines().last(), Some("a.rs"));
    assert_eq!(w.ok(["ls", "-t", "/src"]).lines().last(), Some("b.rs"));
    assert_eq!(w.ok(["ls", "-d", "/src"]), "/src\n");
    assert_eq!(w.ok(["ls", "/src/b.rs"]), "/src/b.rs\n");
    assert_eq!(
        w.ok(["ls", "-R"]),
        "/:\nsrc\n\n/src:\na.rs\nb.rs\ndeep\nlink\n\n/src/deep:\nc.TXT\n"
    );
    assert_eq!(
        w.ok(["ls", "/src/deep", "/.hidden"]),
        "/src/deep:\nc.TXT\n\n/.hidden:\n"
    );
}

#[test]
fn ls_long_tells_everything_in_columns() {
    let w = sample();
    w.ok(["--user", "0", "chown", "4000000:4000001", "/src/b.rs"]);
    w.ok(["--user", "0", "chmod", "4751", "/src/b.rs"]);
    let out = w.ok(["ls", "-l", "/src"]);
    let lines: Vec<Vec<&str>> = out
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        lines[1][..8],
        [
            "-rwsr-x--x",
            "1",
            "4000000",
            "4000001",
            "5",
            "2020-01-02",
            "03:04",
            "b.rs"
        ]
    );
    assert!(lines[2][0].starts_with("drwx"));
    assert_eq!(lines[3][7..], ["link", "->", "b.rs"]);
}

#[test]
fn ls_json_has_stable_members() {
    let w = sample();
    let entries = w.json(["ls", "/src"]);
    let paths: Vec<_> = entries.iter().map(|e| e["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/src/a.rs", "/src/b.rs", "/src/deep", "/src/link"]);
    let mut members: Vec<_> = entries[3].as_object().unwrap().keys().cloned().collect();
    members.sort();
    assert_eq!(
        members,
        [
            "allocated",
            "atime",
            "btime",
            "ctime",
            "gid",
            "ino",
            "kind",
            "mode",
            "mtime",
            "nlink",
            "path",
            "size",
            "target",
            "uid"
        ]
    );
    assert_eq!(entries[1]["mtime"], "2020-01-02T03:04:00.000000000Z");
    assert_eq!(entries[3]["kind"], "symlink");
}

#[test]
fn stat_shows_all() {
    let w = sample();
    let out = w.ok(["stat", "/src/b.rs", "/src/link"]);
    assert!(
        out.contains("modified 2020-01-02 03:04:00.000000000 +0000"),
        "{out}"
    );
    assert!(out.contains("/src/link -> b.rs"), "{out}");
    assert_eq!(w.object(["stat", "-L", "/src/link"])["kind"], "file");
    assert_eq!(w.fails(3, ["stat", "/none"]), "/none: no such file or directory");
    assert_eq!(
        w.fails(1, ["stat", "/src/b.rs/x"]),
        "/src/b.rs/x: not a directory"
    );
}

#[test]
fn find_filters() {
    let w = sample();
    let found = |args: &[&str]| w.ok([&["find"], args].concat());
    assert_eq!(
        found(&["/src"]),
        "/src\n/src/a.rs\n/src/b.rs\n/src/deep\n/src/deep/c.TXT\n/src/link\n"
    );
    assert_eq!(found(&["--name", "*.rs"]), "/src/a.rs\n/src/b.rs\n");
    assert_eq!(found(&["--iname", "*.txt"]), "/src/deep/c.TXT\n");
    assert_eq!(found(&["--path", "/src/d*c*"]), "/src/deep/c.TXT\n");
    assert_eq!(found(&["--type", "l"]), "/src/link\n");
    assert_eq!(found(&["--type", "f", "--size", "+3"]), "/src/b.rs\n");
    assert_eq!(found(&["--size", "-3"]), "/src/a.rs\n");
    assert_eq!(found(&["--type", "f", "--older", "2021-01-01"]), "/src/b.rs\n");
    assert_eq!(
        found(&["--type", "f", "--newer", "/src/b.rs"]),
        "/src/a.rs\n/src/deep/c.TXT\n"
    );
    assert_eq!(found(&["--empty", "--type", "f"]), "/src/a.rs\n");
    assert_eq!(found(&["--max-depth", "1"]), "/\n/.hidden\n/src\n");
    assert_eq!(found(&["--min-depth", "3"]), "/src/deep/c.TXT\n");
    assert_eq!(found(&["/src/deep", "-0"]), "/src/deep\0/src/deep/c.TXT\0");
    assert_eq!(w.json(["find", "--name", "b.rs"])[0]["size"], 5);
    assert_eq!(w.run(["find", "--name", "["]).code, 2);
}

#[test]
fn du_sums_up() {
    let w = sample();
    w.ok(["ln", "/src/b.rs", "/src/deep/again"]);
    assert_eq!(w.feed(["write", "/src/deep/big"], &[1; 10_000]).code, 0);
    let sums = w.json(["du", "/src"]);
    let of = |path: &str| {
        sums.iter()
            .find(|s| s["path"] == path)
            .unwrap_or_else(|| panic!("{sums:?}"))
    };
    assert_eq!(of("/src")["files"], 5);
    assert_eq!(of("/src")["directories"], 2);
    assert_eq!(of("/src/deep")["size"], 10_003);
    assert!(of("/src/deep")["allocated"].as_u64().unwrap() >= 10_000);
    assert_eq!(w.json(["du", "-s", "/src"]).len(), 1);
    assert_eq!(w.json(["du", "-a", "/src"]).len(), 8);
    assert_eq!(
        w.ok(["du", "-s", "-b", "--apparent-size", "/src/deep"]),
        "10,008  /src/deep\n"
    );
}

#[test]
fn tree_draws_branches() {
    let w = sample();
    assert_eq!(
        w.ok(["tree"]),
        "/\n└── src\n    ├── a.rs\n    ├── b.rs\n    ├── deep\n    │   └── c.TXT\n    └── link -> b.rs\n\n\
         2 directories, 4 files\n"
    );
    assert_eq!(
        w.ok(["tree", "-L", "1", "-a"]),
        "/\n├── .hidden\n└── src\n\n2 directories, 0 files\n"
    );
    assert_eq!(
        w.ok(["tree", "-d", "/src"]),
        "/src\n└── deep\n\n1 directories, 0 files\n"
    );
    assert_eq!(w.json(["tree", "/src"]).len(), 6);
}

#[test]
fn names_are_never_obeyed_by_a_terminal() {
    let w = Workspace::new();
    w.ok(["write", "/\x1b[31mred\nline", "x"]);
    w.ok([OsStr::new("write"), OsStr::from_bytes(b"/\xff\\")]);
    assert_eq!(w.ok(["ls"]), "\\x1b[31mred\\nline\n\\xff\\\\\n");
    let entries = w.json(["ls"]);
    assert_eq!(entries[0]["path"], "/\u{1b}[31mred\nline");
    assert_eq!(entries[1]["path"], "/\u{fffd}\\");
    assert_eq!(entries[1]["path_hex"], "2fff5c");
    assert_eq!(
        w.run(["find", "--type", "f", "-0"]).out,
        b"/\x1b[31mred\nline\0/\xff\\\0"
    );
    assert!(w.fails(3, ["cat", "/\x1b[2J"]).starts_with("/\\x1b[2J: "));
    for args in [
        vec!["tree"],
        vec!["ls", "-l"],
        vec!["du", "-a"],
        vec!["audit"],
        vec!["stat", "/\x1b[31mred\nline"],
    ] {
        assert!(!w.run(&args).out.contains(&0x1b), "{args:?}");
    }
}

#[test]
fn colours_only_where_they_are_wanted() {
    let w = sample();
    let coloured = |args: &[&str]| w.ok(args).contains('\x1b');
    assert!(!coloured(&["ls", "-l"]));
    assert!(coloured(&["--color", "always", "ls", "-l"]));
    assert!(!coloured(&["--color", "always", "--json", "ls", "-l"]));
    assert!(!coloured(&["--color", "never", "ls"]));
}

#[test]
fn the_end_of_the_reader_is_the_end_of_the_writer() {
    let w = sample();
    let mut child = w
        .command()
        .args(["audit", "--all", "--json"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(141));
}
