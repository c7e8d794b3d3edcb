//! Archives in both directions, against the system's `tar`, and against those who mean harm.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Output};

use crate::bad_input::header;
use crate::snapshot::{compare, snapshot};
use crate::support::{Workspace, put};
use crate::transfer::make_tree;

/// Runs the system's tar.
fn tar(w: &Workspace, args: &[&str]) {
    let output = Command::new("tar")
        .args(args)
        .current_dir(w.host("."))
        .output()
        .expect("tar is installed");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn an_archive_of_ours_is_read_by_tar_and_by_us() {
    let w = Workspace::new();
    make_tree(&w.host("tree"));
    w.ok(["import", "tree", "/t"]);
    w.ok(["export-tar", "/t", "t.tar"]);
    assert!(
        fs::metadata(w.host("t.tar")).unwrap().len() < 7 << 20,
        "the holes were written out"
    );
    let expected = snapshot(&w.host("tree"));

    fs::create_dir(w.host("theirs")).unwrap();
    tar(&w, &["--xattrs", "-xpf", "t.tar", "-C", "theirs"]);
    compare(&expected, &snapshot(&w.host("theirs")));

    w.ok(["import-tar", "t.tar", "/again"]);
    assert!(w.object(["stat", "/again/sparse"])["allocated"].as_u64().unwrap() < 1 << 20);
    w.ok(["export", "/again", "ours"]);
    compare(&expected, &snapshot(&w.host("ours")));
    w.check();
}

#[test]
fn archives_of_tar_are_read_in_every_format() {
    let w = Workspace::new();
    make_tree(&w.host("tree"));
    let expected = snapshot(&w.host("tree"));
    let formats: &[(&str, &[&str])] = &[
        ("pax", &["--format=posix", "--xattrs", "-S"]),
        (
            "pax01",
            &["--format=posix", "--xattrs", "-S", "--sparse-version=0.1"],
        ),
        (
            "pax00",
            &["--format=posix", "--xattrs", "-S", "--sparse-version=0.0"],
        ),
        ("dense", &["--format=posix", "--xattrs"]),
    ];
    for (name, options) in formats {
        let archive = format!("{name}.tar");
        tar(&w, &[options, &["-cf", &archive, "-C", "tree", "."][..]].concat());
        w.ok(["import-tar", &archive, &format!("/{name}")]);
        w.ok(["export", &format!("/{name}"), name]);
        compare(&expected, &snapshot(&w.host(name)));
    }
    // GNU's own format keeps seconds only and no attributes.
    tar(&w, &["--format=gnu", "-S", "-cf", "gnu.tar", "-C", "tree", "."]);
    w.ok(["import-tar", "gnu.tar", "/gnu"]);
    w.ok(["export", "/gnu", "gnu"]);
    let strip = |tree: std::collections::BTreeMap<Vec<u8>, crate::snapshot::Seen>| {
        tree.into_iter()
            .map(|(path, mut seen)| {
                seen.mtime.1 = 0;
                seen.xattrs.clear();
                (path, seen)
            })
            .collect()
    };
    compare(&strip(expected), &strip(snapshot(&w.host("gnu"))));
    w.check();
}

#[test]
fn standard_input_and_output() {
    let w = Workspace::new();
    w.ok(["mkdir", "/d"]);
    w.ok(["write", "/d/f", "content"]);
    let archive = w.run(["export-tar", "/d", "-"]);
    assert_eq!((archive.code, archive.err.as_str()), (0, ""));
    let ran = w.feed(["--json", "import-tar", "-", "/copy"], &archive.out);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(w.ok(["cat", "/copy/f"]), "content");
    w.ok(["export-tar", "all.tar"]);
    assert_eq!(
        w.fails(7, ["export-tar", "all.tar"]),
        "all.tar: file exists (on the host); use --force to replace it"
    );
    w.ok(["export-tar", "--force", "/d/f", "all.tar"]);
    w.ok(["import-tar", "all.tar", "/single"]);
    assert_eq!(w.ok(["ls", "/single"]), "f\n");
}

/// Runs where no file may become longer than half a MiB or so: who `ignores` the signal gets an error, others are killed.
fn with_short_files(w: &Workspace, ignores: bool, args: &[&str]) -> Output {
    let trap = if ignores { "trap '' XFSZ;" } else { "" };
    Command::new("sh")
        .args([
            "-c",
            &format!("{trap} ulimit -c 0; ulimit -f 1000; exec \"$0\" \"$@\""),
        ])
        .arg(w.command().get_program())
        .args(args)
        .current_dir(w.host("."))
        .output()
        .unwrap()
}

#[test]
fn an_export_that_fails_leaves_what_was_there() {
    let w = Workspace::new();
    let content: Vec<u8> = (0..3_000_000u32).map(|i| (i / 7) as u8).collect();
    assert_eq!(w.feed(["write", "/f"], &content).code, 0);
    fs::create_dir(w.host("out")).unwrap();
    let left = || {
        let mut names: Vec<_> = fs::read_dir(w.host("out"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    for there in [None, Some("old")] {
        for (name, args) in [
            ("all.tar", &["export-tar", "--force", "/", "out/all.tar"][..]),
            ("f", &["export", "--force", "/f", "out"]),
        ] {
            for ignores in [true, false] {
                let ran = with_short_files(&w, ignores, args);
                assert_eq!(ran.status.code().is_some(), ignores, "{ran:?}");
                assert!(!ran.status.success(), "{ran:?}");
                match there {
                    None => assert_eq!(left(), [""; 0], "{args:?}"),
                    Some(old) => assert_eq!(fs::read(w.host("out").join(name)).unwrap(), old.as_bytes()),
                }
            }
        }
        for name in ["all.tar", "f"] {
            put(&w.host("out").join(name), b"old");
        }
    }
    // A link stays one, permissions are kept, and what is no file is not replaced.
    let mode = |name: &str| fs::metadata(w.host(name)).unwrap().permissions().mode() & 0o777;
    fs::set_permissions(w.host("out/all.tar"), PermissionsExt::from_mode(0o600)).unwrap();
    symlink("out/all.tar", w.host("link")).unwrap();
    w.ok(["export-tar", "--force", "link"]);
    assert!(w.host("link").is_symlink());
    assert!(fs::metadata(w.host("out/all.tar")).unwrap().len() > 3_000_000);
    assert_eq!(mode("out/all.tar"), 0o600);
    w.ok(["export", "--force", "/f", "out"]);
    assert!(fs::read(w.host("out/f")).unwrap() == content);
    assert_eq!(left(), ["all.tar", "f"]);
    w.ok(["export-tar", "--force", "/dev/null"]);
    assert!(
        w.fails(7, ["export", "--force", "/f", "/dev/null"])
            .starts_with("/dev/null: not a regular file")
    );
    w.check();
}

/// An archive from members: name, kind, link target, content.
fn archive(members: &[(&str, u8, &str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, kind, link, content) in members {
        let mut block = header(name, *kind, content.len());
        block[157..157 + link.len()].copy_from_slice(link.as_bytes());
        block[148..156].copy_from_slice(b"        ");
        let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        archive.extend(block);
        archive.extend_from_slice(content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

#[test]
fn hostile_archives_stay_where_they_are_put() {
    let w = Workspace::new();
    w.ok(["write", "/victim", "safe"]);
    w.ok(["mkdir", "/safe"]);
    let evil = archive(&[
        ("/absolute", b'0', "", b"inside"),
        ("../victim", b'0', "", b"evil"),
        ("a/../../victim", b'0', "", b"evil"),
        ("up", b'2', "..", b""),
        ("up/victim", b'0', "", b"evil"),
        ("root", b'2', "/", b""),
        ("root/safe/x", b'0', "", b"evil"),
        ("hard", b'1', "../victim", b""),
        ("hard2", b'1', "up/victim", b""),
        ("hard3", b'1', "missing", b""),
        ("file", b'0', "", b"plain"),
        ("file/below", b'0', "", b"evil"),
        ("good", b'0', "", b"good"),
    ]);
    let ran = w.feed(["import-tar", "-", "/t"], &evil);
    assert_ne!(ran.code, 0);
    assert_eq!(ran.err.lines().count(), 8, "{}", ran.err);
    assert_eq!(w.ok(["ls", "/t"]), "absolute\nfile\ngood\nroot\nup\n");
    assert_eq!(
        w.ok(["cat", "/victim", "/t/absolute", "/t/good"]),
        "safeinsidegood"
    );
    assert_eq!(w.ok(["ls", "/safe"]), "");
    w.check();
}

#[test]
fn the_control_directory_is_out_of_reach() {
    let w = Workspace::new();
    let evil = archive(&[
        (".tarbox/layers/new", b'0', "", b"evil"),
        (".tarbox", b'5', "", b""),
        ("./.tarbox/control/gc", b'0', "", b"1"),
    ]);
    let ran = w.feed(["import-tar", "-"], &evil);
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert_eq!(w.json(["layer", "list"]).len(), 1);
}

#[test]
fn devices_are_for_root() {
    let w = Workspace::new();
    w.ok(["--user", "0", "mkdir", "-m", "777", "/t"]);
    let devices = archive(&[("null", b'3', "", b""), ("pipe", b'6', "", b"")]);
    let ran = w.feed(["--user", "5", "import-tar", "-", "/t"], &devices);
    assert!(ran.line_of(4).starts_with("/t/null: operation not permitted"));
    assert_eq!(w.ok(["ls", "/t"]), "pipe\n");
    assert_eq!(
        w.feed(["--user", "0", "import-tar", "-", "/dev"], &devices).code,
        0
    );
    assert_eq!(w.object(["stat", "/dev/null"])["kind"], "chardevice");
}

#[test]
fn a_name_that_comes_twice_counts_the_second_time() {
    let w = Workspace::new();
    let twice = archive(&[
        ("f", b'0', "", b"first"),
        ("d", b'5', "", b""),
        ("f", b'0', "", b"second"),
    ]);
    assert_eq!(w.feed(["import-tar", "-", "/t"], &twice).code, 0);
    assert_eq!(w.ok(["cat", "/t/f"]), "second");
    let ran = w.feed(["import-tar", "-", "/t"], &twice);
    assert_eq!(ran.code, 7, "{}", ran.err);
    assert_eq!(w.feed(["import-tar", "--force", "-", "/t"], &twice).code, 0);
}

#[test]
fn what_is_no_archive_is_called_so() {
    let w = Workspace::new();
    fs::write(w.host("no.tar"), b"no archive").unwrap();
    let line = w.fails(1, ["import-tar", "no.tar", "/t"]);
    assert_eq!(
        line,
        "no.tar: not a valid tar archive: it does not begin like one"
    );
    let cut = archive(&[("whole", b'0', "", b"x"), ("cut", b'0', "", &[1; 5000])]);
    let ran = w.feed(["import-tar", "-", "/t"], &cut[..3000]);
    assert!(ran.line_of(1).contains("cut off at byte 3000"));
    assert_eq!(w.ok(["ls", "/t"]), "whole\n");
    w.check();
}

#[test]
fn what_is_odd_is_a_warning_and_what_is_damaged_a_failure() {
    let w = Workspace::new();
    let odd = archive(&[("f", b'Z', "", b"content"), ("g", b'0', "", b"more")]);
    let ran = w.feed(["import-tar", "-", "/t"], &odd);
    assert_eq!(
        (ran.code, w.ok(["cat", "/t/f", "/t/g"]).as_str()),
        (0, "contentmore")
    );
    assert_eq!(
        ran.err,
        "tarbox: warning: f: a member of the unknown type 'Z'; unpacked as a file\n"
    );
    let ran = w.feed(["--json", "import-tar", "-", "/json"], &odd);
    assert!(ran.err.starts_with("{\"warning\":\"f: "), "{}", ran.err);

    let mut damaged = archive(&[
        ("a", b'0', "", b"A"),
        ("b", b'0', "", b"B"),
        ("c", b'0', "", b"C"),
    ]);
    damaged[1024] ^= 1;
    let ran = w.feed(["import-tar", "-", "/d"], &damaged);
    assert!(ran.line_of(1).contains("the header at byte 1024 is damaged"));
    assert_eq!(w.ok(["ls", "/d"]), "a\nc\n");
    w.check();
}

#[test]
fn members_that_are_too_deep_are_named_briefly() {
    let w = Workspace::new();
    let record = |path: &str| {
        let len = path.len() + 12;
        format!("{len} path={path}\n").into_bytes()
    };
    let mut members = Vec::new();
    for depth in 0..200 {
        members.extend(crate::bad_input::header(
            "x",
            b'x',
            record(&"d/".repeat(20_000 + depth)).len(),
        ));
        members.extend(record(&"d/".repeat(20_000 + depth)));
        members.resize(members.len().next_multiple_of(512), 0);
        members.extend(crate::bad_input::header("f", b'0', 0));
    }
    members.resize(members.len() + 1024, 0);
    let ran = w.feed(["import-tar", "-", "/t"], &members);
    assert_eq!(
        (ran.code, ran.err.lines().count()),
        (1, 200),
        "{}",
        &ran.err[..ran.err.len().min(500)]
    );
    assert!(ran.err.len() < 200 * 250, "{} bytes", ran.err.len());
    assert!(
        ran.err.contains("40000 bytes; 4096 is the limit"),
        "{}",
        &ran.err[..300]
    );
    w.check();
}

#[test]
fn what_the_user_had_stays_until_the_new_one_is_whole() {
    let w = Workspace::new();
    w.ok(["mkdir", "/t"]);
    w.ok(["write", "/t/f", "mine"]);
    let itself = archive(&[("f", b'1', "f", b"")]);
    assert_eq!(w.feed(["import-tar", "--force", "-", "/t"], &itself).code, 0);
    assert_eq!(w.ok(["cat", "/t/f"]), "mine");
    let cut = archive(&[("f", b'0', "", &[b'n'; 5000])]);
    let ran = w.feed(["import-tar", "--force", "-", "/t"], &cut[..3000]);
    assert!(ran.line_of(1).contains("cut off at byte 3000"));
    assert_eq!(w.ok(["cat", "/t/f"]), "mine");
    assert_eq!(w.json(["find", "/t"]).len(), 2);
    w.check();
}
