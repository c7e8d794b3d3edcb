//! What nobody should give it: one clear line, an exit code, nothing changed.

use std::fs;

use crate::support::{Workspace, put};

#[test]
fn no_database() {
    let w = Workspace::empty();
    assert_eq!(
        w.fails(3, ["ls"]),
        "no database at ./tarbox.db; create one with 'tarbox init'"
    );
    assert_eq!(
        w.fails(3, ["--db", "/nowhere/x.db", "fsck"]),
        "no database at /nowhere/x.db; create one with 'tarbox init'"
    );
    assert!(
        fs::read_dir(w.host(".")).unwrap().next().is_none(),
        "something was made"
    );
}

#[test]
fn not_a_database() {
    let w = Workspace::empty();
    let text = b"This is text, and longer than the header of a database would be, but no database at all. "
        .repeat(50);
    put(&w.host("tarbox.db"), &text);
    for command in [&["ls"][..], &["init"], &["fsck"], &["tenant", "list"]] {
        let line = w.fails(6, command);
        assert!(line.contains("tarbox.db"), "{line}");
    }
    assert_eq!(fs::read(w.host("tarbox.db")).unwrap(), text);
}

#[test]
fn a_directory_where_the_database_should_be() {
    let w = Workspace::empty();
    fs::create_dir(w.host("tarbox.db")).unwrap();
    let ran = w.run(["ls"]);
    assert_ne!(ran.code, 0);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
}

#[test]
fn a_truncated_database() {
    let w = Workspace::new();
    w.ok(["write", "/a", "x"]);
    for i in 0..300 {
        w.feed(["append", "/a"], format!("{i}").as_bytes());
        if i == 20 {
            break;
        }
    }
    let whole = fs::read(w.host("tarbox.db")).unwrap();
    fs::write(w.host("tarbox.db"), &whole[..whole.len() / 3]).unwrap();
    let ran = w.run(["ls", "-lR"]);
    assert_ne!(ran.code, 0);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    let ran = w.run(["fsck"]);
    assert_eq!(ran.code, 6, "{ran:?}");
}

#[test]
fn a_future_version() {
    let w = Workspace::new();
    let mut bytes = fs::read(w.host("tarbox.db")).unwrap();
    // SQLite's `user_version`, where migrations count.
    bytes[60..64].copy_from_slice(&999_999u32.to_be_bytes());
    fs::write(w.host("tarbox.db"), &bytes).unwrap();
    let line = w.fails(6, ["ls"]);
    assert!(line.contains("newer"), "{line}");
    assert_eq!(fs::read(w.host("tarbox.db")).unwrap(), bytes);
}

#[test]
fn paths_that_are_too_much() {
    let w = Workspace::new();
    let deep = "/a".repeat(10_000);
    let line = w.fails(1, ["mkdir", "-p", &deep]);
    assert!(
        line.contains("path too long (20000 bytes; 4096 is the limit)"),
        "{line}"
    );
    assert_eq!(w.ok(["ls"]), "");
    let long = format!("/{}", "x".repeat(256));
    assert!(w.fails(1, ["write", &long, ""]).contains("file name too long"));
    w.ok(["mkdir", "-p", &"/d".repeat(2000)]);
    assert_eq!(w.json(["find", "/d"]).len(), 2000);
    w.ok(["rm", "-r", "/d"]);
    assert!(w.fails(3, ["ls", ""]).contains("the root is /"));
    w.check();
}

#[test]
fn a_nul_in_a_path_of_an_archive() {
    let w = Workspace::new();
    let record = b"17 path=a\0b/evil\n";
    let mut archive = header("x", b'x', record.len());
    archive.extend_from_slice(record);
    archive.resize(1024, 0);
    archive.extend(header("x", b'0', 0));
    archive.resize(archive.len() + 1024, 0);
    let ran = w.feed(["import-tar", "-", "/t"], &archive);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.starts_with("tarbox: /t/a\\x00b/evil: "), "{}", ran.err);
    assert_eq!(w.ok(["ls", "/t"]), "");
}

/// A header block of a tar archive.
pub(crate) fn header(name: &str, kind: u8, size: usize) -> Vec<u8> {
    let mut block = vec![0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..107].copy_from_slice(b"0000644");
    block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    block[148..156].copy_from_slice(b"        ");
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block
}

#[test]
fn a_full_disk() {
    let w = Workspace::new();
    let output = w
        .command()
        .args(["completions", "bash"])
        .stdout(fs::File::create("/dev/full").unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "tarbox: standard output: no space left on device (on the host)\n"
    );
    w.ok(["write", "/a", "x"]);
    let line = w.fails(5, ["export-tar", "--force", "/", "/dev/full"]);
    assert!(line.starts_with("/dev/full: no space left"), "{line}");
}

#[cfg(feature = "run")]
#[test]
fn nothing_names_all_hosts() {
    let w = Workspace::new();
    put(&w.host("p.wasm"), b"(not read)");
    let line = w.run(["run", "--allow-host", "*", "p.wasm"]);
    assert_eq!(line.code, 2, "{line:?}");
    assert!(line.err.contains("--allow-host"), "{line:?}");
    put(&w.host("p.wasm"), b"\0asm\x01\0\0\0");
    put(
        &w.host("tarbox.toml"),
        b"[wasi.http]\nallowed_hosts = ['*.org']\n",
    );
    let line = w.fails(2, ["run", "--no-cache", "p.wasm"]);
    assert_eq!(
        line,
        "./tarbox.toml: [wasi.http] allowed_hosts: '*.org': '*.' stands before a domain of two labels or more"
    );
}
