//! Commands that make, change and remove files.

use crate::support::Workspace;

#[test]
fn write_replaces_and_append_adds() {
    let w = Workspace::new();
    w.ok(["write", "/a", "one"]);
    assert_eq!(w.ok(["cat", "/a"]), "one");
    w.ok(["write", "a", "2"]);
    w.ok(["append", "-n", "/a", "3"]);
    assert_eq!(w.ok(["cat", "/a", "/a"]), "23\n23\n");
    assert_eq!(w.feed(["write", "/b"], b"from\0stdin").code, 0);
    assert_eq!(w.feed(["append", "/b"], b"+").code, 0);
    assert_eq!(w.run(["cat", "/b"]).out, b"from\0stdin+");
    w.ok(["write", "--offset", "5", "/b", "STD"]);
    assert_eq!(
        w.run(["cat", "--offset", "4", "--length", "5", "/b"]).out,
        b"\0STDi"
    );
    w.ok(["write", "/minus", "-x"]);
    assert_eq!(w.ok(["cat", "/minus"]), "-x");
    w.check();
}

#[test]
fn a_hyphen_is_standard_input() {
    let w = Workspace::new();
    let feed = |args: &[&str]| {
        let ran = w.feed(args, b"fed");
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{args:?}");
    };
    feed(&["write", "/a", "-"]);
    feed(&["append", "/a", "-"]);
    feed(&["xattr", "set", "/a", "user.k", "-"]);
    feed(&["import", "-", "/b"]);
    assert_eq!(w.ok(["cat", "/a", "/b"]), "fedfedfed");
    assert_eq!(w.ok(["xattr", "get", "/a", "user.k"]), "fed");
    assert_eq!(w.ok(["export", "/b", "-"]), "fed");
    // After -- it is only a hyphen.
    feed(&["write", "/a", "--", "-"]);
    feed(&["append", "--", "/a", "-"]);
    feed(&["xattr", "set", "/a", "user.k", "--", "-"]);
    assert_eq!(w.ok(["cat", "/a"]), "--");
    assert_eq!(w.ok(["xattr", "get", "/a", "user.k"]), "-");
    assert_eq!(w.feed(["import", "-", "/b"], b"again").code, 7);
    feed(&["import", "--force", "-", "/b"]);
    assert_eq!(w.feed(["import", "-"], b"").code, 1);
    assert_eq!(w.run(["export", "/", "-"]).code, 1);
    w.check();
}

#[test]
fn a_large_file_goes_through_in_pieces() {
    let w = Workspace::new();
    let bytes: Vec<u8> = (0..5_000_001u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    assert_eq!(w.feed(["write", "/big"], &bytes).code, 0);
    assert!(w.run(["cat", "/big"]).out == bytes);
    assert_eq!(w.object(["stat", "/big"])["size"], 5_000_001);
    w.check();
}

/// Bytes that share no block with those of another seed.
fn noise(seed: u32, len: u32) -> Vec<u8> {
    (0..len)
        .map(|i| ((i ^ seed).wrapping_mul(2_654_435_761) >> 24) as u8 ^ (i >> 9) as u8)
        .collect()
}

#[test]
fn what_cannot_replace_a_file_leaves_it_as_it_was() {
    let w = Workspace::new();
    for (tenant, len, quota) in [("small", 60_000, "100k"), ("large", 2_000_000, "3M")] {
        w.ok(["tenant", "create", tenant, "--bytes", quota]);
        let (old, new) = (noise(1, len), noise(2, 3 * len));
        assert_eq!(w.feed(["--tenant", tenant, "write", "/f"], &old).code, 0);
        let kept = |what: &str| assert!(w.run(["--tenant", tenant, "cat", "/f"]).out == old, "{what}");
        for command in [&["write", "/f"][..], &["import", "--force", "-", "/f"]] {
            let args = [&["--tenant", tenant], command].concat();
            assert_eq!(w.feed(&args, &new).code, 5, "{args:?}");
            kept(&format!("{args:?} over the quota of {quota}"));
            // A directory can be opened, but not read.
            let mut broken = w.command();
            broken
                .args(&args)
                .stdin(std::fs::File::open(w.host(".")).unwrap());
            assert_eq!(broken.output().unwrap().status.code(), Some(1), "{args:?}");
            kept(&format!("{args:?} of what cannot be read"));
        }
        assert_eq!(w.ok(["--tenant", tenant, "ls", "-a"]), "f\n");
    }
    w.check();
}

#[test]
fn a_file_that_is_replaced_keeps_what_is_not_its_content() {
    let w = Workspace::new();
    w.ok(["write", "/f", "old"]);
    w.ok(["ln", "/f", "/other"]);
    w.ok(["xattr", "set", "/f", "user.k", "v"]);
    w.ok(["chmod", "620", "/f"]);
    w.ok(["--user", "0", "chown", "77:78", "/f"]);
    let before = w.object(["stat", "/f"]);
    for content in [
        noise(1, 3_000_000),
        noise(2, 5),
        noise(3, 1 << 20),
        noise(4, 2_000),
        vec![],
    ] {
        // The directory is not the owner's to write.
        assert_eq!(w.feed(["--user", "77:78", "write", "/f"], &content).code, 0);
        assert!(w.run(["cat", "/other"]).out == content, "{} bytes", content.len());
        let now = w.object(["stat", "/f"]);
        for key in ["ino", "mode", "uid", "gid", "nlink"] {
            assert_eq!(now[key], before[key], "{key}");
        }
        assert_eq!(w.ok(["xattr", "get", "/f", "user.k"]), "v");
    }
    assert_eq!(w.ok(["ls", "-a"]), "f\nother\n");
    w.check();
}

#[test]
fn directories_are_made_and_removed() {
    let w = Workspace::new();
    w.ok(["mkdir", "/a", "/a/b"]);
    w.ok(["mkdir", "-p", "/a/b/c/d", "/a"]);
    assert_eq!(w.fails(7, ["mkdir", "/a"]), "/a: file exists");
    assert_eq!(w.fails(3, ["mkdir", "/x/y"]), "/x/y: no such file or directory");
    w.ok(["mkdir", "-m", "u=rwx,go=", "/private"]);
    assert_eq!(w.object(["stat", "/private"])["mode"], "0700");
    w.ok(["write", "/a/b/file", "x"]);
    assert_eq!(
        w.fails(1, ["rm", "/a"]),
        "/a: is a directory; use -r to remove it and everything in it"
    );
    assert_eq!(w.fails(7, ["rm", "-d", "/a"]), "/a: directory not empty");
    w.ok(["rm", "-r", "/a"]);
    w.ok(["rm", "-d", "/private"]);
    assert_eq!(w.ok(["ls", "-a"]), "");
    w.check();
}

#[test]
fn rm_does_what_it_can_and_says_what_it_cannot() {
    let w = Workspace::new();
    w.ok(["write", "/b", ""]);
    let ran = w.run(["rm", "/a", "/b", "/c"]);
    assert_eq!(ran.code, 3);
    assert_eq!(
        ran.err,
        "tarbox: /a: no such file or directory\ntarbox: /c: no such file or directory\n"
    );
    assert_eq!(w.fails(3, ["cat", "/b"]), "/b: no such file or directory");
    w.ok(["rm", "-f", "/a", "/b"]);
    for path in ["/", "/.", "/.."] {
        assert_eq!(w.run(["rm", "-r", path]).code, 4, "{path}");
    }
}

#[test]
fn mv_renames_replaces_and_moves_into_directories() {
    let w = Workspace::new();
    w.ok(["write", "/a", "a"]);
    w.ok(["write", "/b", "b"]);
    w.ok(["mkdir", "/d", "/e"]);
    w.ok(["mv", "/a", "/b"]);
    assert_eq!(w.ok(["cat", "/b"]), "a");
    w.ok(["write", "/c", "c"]);
    assert_eq!(w.fails(7, ["mv", "-n", "/b", "/c"]), "/c: file exists");
    w.ok(["mv", "--exchange", "/b", "/c"]);
    assert_eq!(w.ok(["cat", "/b", "/c"]), "ca");
    w.ok(["mv", "/b", "/c", "/d"]);
    assert_eq!(w.ok(["ls", "/d"]), "b\nc\n");
    w.ok(["mv", "/d", "/e"]);
    assert_eq!(w.ok(["ls", "-R", "/e"]), "/e:\nd\n\n/e/d:\nb\nc\n");
    assert_eq!(
        w.fails(1, ["mv", "-T", "/e", "/e/d/x"]),
        "/e: a directory cannot be moved into itself"
    );
    assert_eq!(
        w.fails(1, ["mv", "/e", "/e/d", "/none"]),
        "/none: with several sources, the target must be a directory"
    );
    assert_eq!(
        w.fails(3, ["mv", "/none", "/x"]),
        "/none: no such file or directory"
    );
    w.check();
}

#[test]
fn cp_copies_files_and_trees() {
    let w = Workspace::new();
    w.ok(["mkdir", "-p", "/s/sub"]);
    w.ok(["write", "/s/f", "content"]);
    w.ok(["chmod", "750", "/s/f"]);
    w.ok(["ln", "-s", "f", "/s/link"]);
    w.ok(["ln", "/s/f", "/s/sub/same"]);
    w.ok(["xattr", "set", "/s/f", "user.k", "v"]);
    w.ok(["touch", "-d", "@1.000000002", "/s/f"]);

    w.ok(["cp", "/s/link", "/plain"]);
    assert_eq!(w.ok(["cat", "/plain"]), "content");
    assert_eq!(w.object(["stat", "/plain"])["kind"], "file");
    assert_eq!(
        w.fails(1, ["cp", "/s", "/x"]),
        "/s: is a directory; use -r to copy it and everything in it"
    );

    w.ok(["cp", "-r", "/s", "/r"]);
    assert_eq!(w.ok(["cat", "/r/sub/same"]), "content");
    assert_eq!(w.object(["stat", "/r/link"])["target"], "f");
    assert_eq!(w.object(["stat", "/r/f"])["nlink"], 1);

    w.ok(["cp", "-a", "/s", "/r"]);
    let copy = w.object(["stat", "/r/s/f"]);
    assert_eq!(copy["nlink"], 2);
    assert_eq!(copy["mode"], "0750");
    assert_eq!(copy["mtime"], "1970-01-01T00:00:01.000000002Z");
    assert_eq!(w.ok(["xattr", "get", "/r/s/f", "user.k"]), "v");
    assert_eq!(copy["ino"], w.object(["stat", "/r/s/sub/same"])["ino"]);

    assert_eq!(
        w.fails(1, ["cp", "-r", "/s", "/s/sub"]),
        "/s/sub/s: a directory cannot be copied into itself"
    );
    assert_eq!(
        w.fails(1, ["cp", "/s/f", "/s/sub/same"]),
        "/s/sub/same: source and target are the same file"
    );
    assert_eq!(w.run(["cp", "-n", "/s/f", "/plain"]).code, 7);
    w.check();
}

#[test]
fn cp_takes_the_content_of_a_directory() {
    let w = Workspace::new();
    w.ok(["mkdir", "-p", "/d/sub", "/o/sub"]);
    w.ok(["write", "/d/sub/f", "new"]);
    w.ok(["write", "/o/sub/own", "kept"]);
    w.ok(["chmod", "700", "/o"]);
    w.ok(["ln", "-s", "o", "/to"]);
    for (from, to) in [
        ("/d/.", "/o"),
        ("/d/./", "/o/"),
        ("/d/sub/..", "/o"),
        ("/d/.", "/to/"),
    ] {
        w.ok(["cp", "-r", from, to]);
        assert_eq!(
            w.ok(["ls", "/o", "/o/sub"]),
            "/o:\nsub\n\n/o/sub:\nf\nown\n",
            "{from} {to}"
        );
        w.ok(["rm", "/o/sub/f"]);
    }
    assert_eq!(w.object(["stat", "/o"])["mode"], "0700", "it was there");
    w.ok(["cp", "-r", "/d/.", "/made"]);
    assert_eq!(w.ok(["cat", "/made/sub/f"]), "new");
    w.ok(["cp", "-a", "/d/sub/.", "/"]);
    assert_eq!(w.ok(["cat", "/f"]), "new");
    assert_eq!(
        w.fails(1, ["cp", "-r", "/d/.", "/d/sub"]),
        "/d/sub: a directory cannot be copied into itself"
    );
    assert_eq!(
        w.fails(1, ["cp", "-rT", "/d", "/to"]).split(", which").next(),
        Some("/to: is a symbolic link")
    );
    w.check();
}

#[test]
fn a_copy_goes_on_behind_what_cannot_be_copied() {
    let w = Workspace::new();
    w.ok(["--user", "0", "mkdir", "-p", "/s/a", "/s/b", "/t/s/a"]);
    w.ok(["--user", "0", "chmod", "-R", "777", "/"]);
    for (path, mode) in [("/s/a/secret", "600"), ("/s/b/f", "644"), ("/s/last", "644")] {
        w.ok(["--user", "0", "write", path, path]);
        w.ok(["--user", "0", "chmod", mode, path]);
    }
    w.ok(["--user", "0", "write", "/t/s/b", "in the way of a directory"]);
    let ran = w.run(["--user", "77", "cp", "-r", "/s", "/t"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert_eq!(
        ran.err,
        "tarbox: /s/a/secret: permission denied\n\
         tarbox: /s/b: a directory cannot replace something that is not a directory\n"
    );
    assert_eq!(w.ok(["cat", "/t/s/last"]), "/s/last");
    w.check();
}

#[test]
fn targets_can_be_said_first_or_be_names() {
    let w = Workspace::new();
    w.ok(["mkdir", "/d"]);
    for name in ["/a", "/b", "/c"] {
        w.ok(["write", name, name]);
    }
    w.ok(["cp", "-f", "-t", "/d", "/a", "/b"]);
    w.ok(["mv", "-t", "/d", "/c"]);
    w.ok(["ln", "-t", "/d", "-s", "../a", "../b", "-f"]);
    assert_eq!(w.ok(["ls", "/d"]), "a\nb\nc\n");
    assert_eq!(w.object(["stat", "/d/a"])["target"], "../a");
    assert_eq!(w.run(["cp", "-t", "/a", "/b"]).code, 1);
    assert_eq!(w.run(["cp", "/a"]).code, 2);
    assert_eq!(w.run(["mv", "-T", "/a", "/b", "/d"]).code, 2);
    assert_eq!(w.run(["mv", "-T", "/a", "/d"]).code, 1);
    assert_eq!(
        w.fails(4, ["mv", "/d/.", "/e"]),
        "/d/.: the root, '.' and '..' cannot be moved; name the files in them"
    );
    w.check();
}

#[test]
fn a_copy_shares_its_blocks() {
    let w = Workspace::new();
    assert_eq!(w.feed(["write", "/a"], &vec![7; 3 << 20]).code, 0);
    let before = w.object(["stats"])["usage"]["bytes"].as_u64().unwrap();
    w.ok(["cp", "/a", "/b"]);
    let after = w.object(["stats"])["usage"]["bytes"].as_u64().unwrap();
    assert!(after - before < 1024, "{before} {after}");
}

#[test]
fn links() {
    let w = Workspace::new();
    w.ok(["write", "/a", "x"]);
    w.ok(["mkdir", "/d"]);
    w.ok(["ln", "/a", "/b"]);
    w.ok(["ln", "-s", "../a", "/d/l"]);
    w.ok(["ln", "-s", "/a", "/d"]);
    assert_eq!(w.ok(["ls", "/d"]), "a\nl\n");
    assert_eq!(w.ok(["cat", "/b", "/d/l", "/d/a"]), "xxx");
    assert_eq!(w.object(["stat", "/a"])["nlink"], 2);
    assert_eq!(w.fails(7, ["ln", "/a", "/b"]), "/b: file exists");
    w.ok(["ln", "-sf", "gone", "/b"]);
    assert_eq!(w.fails(3, ["cat", "/b"]), "/b: no such file or directory");
    w.ok(["ln", "-s", "loop", "/loop"]);
    assert!(
        w.fails(1, ["cat", "/loop"])
            .contains("too many levels of symbolic links")
    );
    assert_eq!(w.run(["ln", "/d", "/hard"]).code, 4);
    // A link to a directory is changed, not filled.
    w.ok(["ln", "-s", "d", "/current"]);
    w.ok(["ln", "-sfn", "other", "/current"]);
    assert_eq!(w.object(["stat", "/current"])["target"], "other");
    w.check();
}

#[test]
fn truncate_cuts_and_extends() {
    let w = Workspace::new();
    w.ok(["write", "/a", "abcdef"]);
    w.ok(["truncate", "-s", "3", "/a"]);
    assert_eq!(w.ok(["cat", "/a"]), "abc");
    w.ok(["truncate", "-s", "-1", "/a"]);
    w.ok(["truncate", "-s", "+2", "/a"]);
    assert_eq!(w.run(["cat", "/a"]).out, b"ab\0\0");
    w.ok(["truncate", "--size", "1T", "/new"]);
    let new = w.object(["stat", "/new"]);
    assert_eq!(
        (&new["size"], &new["allocated"]),
        (&(1u64 << 40).into(), &0.into())
    );
    w.ok(["truncate", "-c", "-s", "1", "/none"]);
    assert_eq!(w.run(["stat", "/none"]).code, 3);
}
