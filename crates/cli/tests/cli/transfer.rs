//! Import and export: everything arrives as it was, nothing arrives where it should not.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::snapshot::{assert_same, compare, snapshot};
use crate::support::{Workspace, is_root, put};

/// A tree with everything in it.
pub(crate) fn make_tree(root: &Path) {
    put(&root.join("empty"), b"");
    put(&root.join("text"), b"hello\n");
    put(&root.join("sub/deep/er/file"), &[7; 5000]);
    put(
        &root.join("big"),
        &(0..3_000_000u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>()[..5_000_003],
    );
    put(&root.join(std::ffi::OsStr::from_bytes(b"not \xff utf-8")), b"x");
    put(&root.join("new\nline"), b"x");
    put(&root.join("x".repeat(255)), b"long name");
    fs::create_dir(root.join("nothing in it")).unwrap();
    symlink("text", root.join("link")).unwrap();
    symlink("/nowhere/at all", root.join("sub/dangling")).unwrap();
    symlink("..", root.join("sub/up")).unwrap();
    fs::hard_link(root.join("text"), root.join("sub/same")).unwrap();
    fs::hard_link(root.join("text"), root.join("zz same")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        root.join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o640),
        0,
    )
    .unwrap();
    sparse(&root.join("sparse"));
    set_xattr(&root.join("text"), "user.author", b"ada\0\xff");
    set_xattr(&root.join("sub"), "user.kind", b"directory");
    for (name, mode) in [
        ("empty", 0o000),
        ("big", 0o4751),
        ("sub/deep", 0o2775),
        ("nothing in it", 0o1777),
    ] {
        fs::set_permissions(root.join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    set_time(&root.join("text"), 1_234_567_890, 123_456_789);
    set_time(&root.join("big"), 1, 1);
    set_time(&root.join("sub/deep"), 946_684_799, 999_999_999);
    set_time(&root.join("sub"), 5, 0);
    fs::set_permissions(root.join("empty"), fs::Permissions::from_mode(0o444)).unwrap();
}

/// Data at 1 MiB and at 5 MiB, and a hole at the end.
fn sparse(path: &Path) {
    let mut file = File::create(path).unwrap();
    file.seek(SeekFrom::Start(1 << 20)).unwrap();
    file.write_all(&[1; 4096]).unwrap();
    file.seek(SeekFrom::Start(5 << 20)).unwrap();
    file.write_all(b"tail").unwrap();
    file.set_len(9 << 20).unwrap();
}

fn set_time(path: &Path, seconds: u64, nanos: u32) {
    let time = SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos);
    let times = fs::FileTimes::new().set_modified(time).set_accessed(time);
    File::open(path).unwrap().set_times(times).unwrap();
}

fn set_xattr(path: &Path, name: &str, value: &[u8]) {
    rustix::fs::setxattr(path, name, value, rustix::fs::XattrFlags::empty())
        .expect("the file system of the temporary directory keeps extended attributes");
}

#[test]
fn a_tree_comes_back_as_it_went() {
    let w = Workspace::new();
    let tree = w.host("tree");
    make_tree(&tree);
    let moved = w.object(["import", "tree", "/t"]);
    assert_eq!(moved["failed"], 0);
    assert_eq!(moved["entries"], snapshot(&tree).len());
    w.check();

    let sparse = w.object(["stat", "/t/sparse"]);
    assert_eq!(sparse["size"], 9 << 20);
    assert!(sparse["allocated"].as_u64().unwrap() < 1 << 20, "{sparse}");
    assert_eq!(w.object(["stat", "/t/text"])["nlink"], 3);
    assert_eq!(
        w.object(["stat", "/t/text"])["mtime"],
        "2009-02-13T23:31:30.123456789Z"
    );

    assert_eq!(w.object(["export", "/t", "out"])["entries"], moved["entries"]);
    assert_same(&tree, &w.host("out"));
    let meta = fs::metadata(w.host("out/sparse")).unwrap();
    assert!(meta.blocks() * 512 < 1 << 20, "the holes were filled");

    // Once more, from a past layer and through another name.
    w.ok(["layer", "checkpoint", "before"]);
    w.ok(["rm", "-r", "/t"]);
    w.ok(["export", "/.tarbox/snapshots/before/t", "past"]);
    assert_same(&tree, &w.host("past"));
}

#[test]
fn owners_are_kept_for_root_and_can_be_chosen() {
    let w = Workspace::new();
    put(&w.host("tree/f"), b"x");
    let mine = fs::metadata(w.host("tree/f")).unwrap();
    w.ok(["--user", "0", "import", "--owner", "71:72", "tree", "/fixed"]);
    assert_eq!(w.object(["stat", "/fixed/f"])["uid"], 71);
    w.ok(["--user", "0", "import", "tree", "/kept"]);
    assert_eq!(w.object(["stat", "/kept/f"])["uid"], mine.uid());
    w.ok(["--user", "0", "mkdir", "-m", "777", "/open"]);
    w.ok(["--user", "81:82", "import", "tree", "/open/own"]);
    assert_eq!(w.object(["stat", "/open/own/f"])["uid"], 81);
    if is_root() {
        w.ok(["export", "/fixed", "out"]);
        assert_eq!(fs::metadata(w.host("out/f")).unwrap().uid(), 71);
    }
    w.ok(["export", "--owner", "caller", "/fixed", "caller"]);
    assert_eq!(fs::metadata(w.host("caller/f")).unwrap().uid(), mine.uid());
}

#[test]
fn what_is_there_is_not_replaced_unless_it_may_be() {
    let w = Workspace::new();
    put(&w.host("tree/a"), b"host");
    put(&w.host("tree/b"), b"host");
    w.ok(["mkdir", "/t"]);
    w.ok(["write", "/t/a", "workspace"]);
    let ran = w.run(["import", "tree", "/t"]);
    assert_eq!(ran.err, "tarbox: /t/a: file exists (use --force to replace it)\n");
    assert_eq!(ran.code, 7);
    assert_eq!(w.ok(["cat", "/t/a", "/t/b"]), "workspacehost");
    w.ok(["import", "--force", "tree", "/t"]);
    assert_eq!(w.ok(["cat", "/t/a"]), "host");

    put(&w.host("out/mine"), b"precious");
    let line = w.fails(7, ["export", "/t", "out"]);
    assert!(
        line.starts_with("out: the directory is not empty; use --force"),
        "{line}"
    );
    assert_eq!(fs::read_dir(w.host("out")).unwrap().count(), 1);
    put(&w.host("out/a"), b"old");
    w.ok(["export", "--force", "/t", "out"]);
    assert_eq!(fs::read(w.host("out/a")).unwrap(), b"host");
    assert_eq!(fs::read(w.host("out/mine")).unwrap(), b"precious");
}

#[test]
fn an_export_touches_nothing_outside() {
    let w = Workspace::new();
    w.ok(["mkdir", "-p", "/t/dir"]);
    w.ok(["write", "/t/dir/file", "escaped"]);
    w.ok(["write", "/t/f", "escaped"]);
    w.ok(["chmod", "700", "/t/dir", "/t/f"]);
    put(&w.host("outside/precious"), b"precious");
    fs::create_dir(w.host("out")).unwrap();
    symlink("../outside", w.host("out/dir")).unwrap();
    symlink("../outside/precious", w.host("out/f")).unwrap();
    let before = snapshot(&w.host("outside"));
    w.ok(["export", "--force", "/t", "out"]);
    compare(&before, &snapshot(&w.host("outside")));
    // The links are replaced by what should be there.
    assert_eq!(fs::read(w.host("out/dir/file")).unwrap(), b"escaped");
    assert!(fs::symlink_metadata(w.host("out/f")).unwrap().is_file());
    // A directory is never replaced.
    let w = Workspace::new();
    w.ok(["write", "/f", "x"]);
    put(&w.host("out/f/inner"), b"precious");
    let line = w.fails(1, ["export", "--force", "/", "out"]);
    assert!(line.starts_with("out/f: is a directory"), "{line}");
    assert_eq!(fs::read(w.host("out/f/inner")).unwrap(), b"precious");
}

#[test]
fn single_files_and_exclusions() {
    let w = Workspace::new();
    put(&w.host("tree/keep/a.rs"), b"a");
    put(&w.host("tree/keep/a.o"), b"o");
    put(&w.host("tree/target/x"), b"x");
    put(&w.host("tree/doc/draft/y"), b"y");
    w.ok([
        "import",
        "-x",
        "*.o",
        "--exclude",
        "target",
        "-x",
        "doc/draft",
        "tree",
        "/t",
    ]);
    assert_eq!(w.ok(["find", "/t"]), "/t\n/t/doc\n/t/keep\n/t/keep/a.rs\n");

    w.ok(["import", "tree/keep/a.rs", "/t"]);
    w.ok(["import", "tree/keep/a.rs", "/renamed"]);
    assert_eq!(w.ok(["cat", "/t/a.rs", "/renamed"]), "aa");
    w.ok(["export", "/renamed", "single"]);
    fs::create_dir(w.host("dir")).unwrap();
    w.ok(["export", "/renamed", "dir"]);
    assert_eq!(
        fs::read(w.host("single")).unwrap(),
        fs::read(w.host("dir/renamed")).unwrap()
    );
    assert_eq!(w.run(["export", "/renamed", "single"]).code, 7);
    w.ok(["export", "-f", "/renamed", "single"]);
    let line = w.fails(3, ["import", "none", "/t"]);
    assert_eq!(line, "none: no such file or directory (on the host)");
}

#[test]
fn the_database_does_not_import_itself() {
    let w = Workspace::new();
    put(&w.host("a"), b"x");
    w.ok(["import", "."]);
    assert_eq!(w.ok(["find", "--type", "f"]), "/a\n");
}

#[test]
fn what_cannot_be_moved_is_reported_and_the_rest_is() {
    let w = Workspace::new();
    put(&w.host("tree/a"), b"a");
    put(&w.host("tree/.tarbox/layers/new"), b"evil");
    let _socket = UnixListener::bind(w.host("tree/socket")).unwrap();
    let ran = w.run(["import", "tree", "/"]);
    assert_eq!(
        ran.err,
        "tarbox: /.tarbox: operation not permitted (this name is reserved for control files; skipped)\n"
    );
    assert_eq!(ran.code, 4);
    assert_eq!(w.json(["layer", "list"]).len(), 1);
    assert_eq!(w.ok(["ls"]), "a\nsocket\n");
    assert_eq!(w.object(["stat", "/socket"])["kind"], "socket");
    w.check();
}

#[test]
fn a_tree_too_deep_changes_nothing() {
    let w = Workspace::new();
    let tree = w.host("tree");
    fs::create_dir(&tree).unwrap();
    let mut dir = rustix::fs::open(&tree, rustix::fs::OFlags::RDONLY, rustix::fs::Mode::empty()).unwrap();
    for _ in 0..10_000 {
        rustix::fs::mkdirat(&dir, "d", rustix::fs::Mode::from_raw_mode(0o755)).unwrap();
        dir = rustix::fs::openat(&dir, "d", rustix::fs::OFlags::RDONLY, rustix::fs::Mode::empty()).unwrap();
    }
    let line = w.fails(1, ["import", "tree", "/t"]);
    assert!(
        line.contains("path too long for a workspace") && line.contains("nothing was imported"),
        "{line}"
    );
    assert_eq!(w.ok(["ls"]), "");
    remove_deep(&tree);
}

#[test]
fn a_deep_tree_needs_few_open_files() {
    const DEPTH: usize = 1_500;
    let w = Workspace::new();
    let path = format!("/t{}", "/d".repeat(DEPTH));
    w.ok(["mkdir", "-p", &path]);
    w.ok(["write", &format!("{path}/leaf"), "at the end"]);
    w.ok(["ln", &format!("{path}/leaf"), &format!("{path}/same")]);
    for args in ["export /t out", "import out /again", "export /again again"] {
        let mut command = std::process::Command::new("sh");
        let limited = format!("ulimit -n 100; exec \"$0\" {args}");
        let ran = command
            .args(["-c", &limited, env!("CARGO_BIN_EXE_tarbox")])
            .current_dir(w.host("."))
            .env_remove("TARBOX_DB")
            .output()
            .unwrap();
        assert!(
            ran.status.success(),
            "{args}: {}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }
    assert_eq!(
        w.ok(["cat", &format!("/again{}/leaf", "/d".repeat(DEPTH))]),
        "at the end"
    );
    let leaf = w.host(&format!("again{}/same", "/d".repeat(DEPTH)));
    assert_eq!(fs::read(leaf).unwrap(), b"at the end");
    w.check();
}

/// Removes a chain of directories that is too deep for a path.
fn remove_deep(root: &Path) {
    let moved = root.with_extension("moved");
    while let Some(entry) = fs::read_dir(root).unwrap().next() {
        let inner = entry.unwrap().path();
        // What is inside takes the place of what is outside.
        fs::rename(inner.join("d"), &moved).ok();
        fs::remove_dir(&inner).unwrap();
        if moved.exists() {
            fs::rename(&moved, root.join("d")).unwrap();
        }
    }
}

#[test]
fn a_quota_stops_an_import_with_one_line() {
    let w = Workspace::new();
    for i in 0..50 {
        put(&w.host(&format!("tree/{i:02}")), &[i; 20_000]);
    }
    w.ok(["tenant", "create", "small", "--bytes", "200k"]);
    let line = w.fails(5, ["--tenant", "small", "import", "tree", "/"]);
    assert!(line.contains(": quota exceeded (tenant 'small'"), "{line}");
    w.check();
}

#[test]
fn what_an_import_cannot_replace_stays() {
    let w = Workspace::new();
    w.ok(["tenant", "create", "small", "--bytes", "3M"]);
    let small = |args: &[&str]| w.run([&["--tenant", "small"], args].concat());
    let mut old = vec![b'-'; 2_000_000];
    for (i, byte) in old.iter_mut().enumerate() {
        *byte = (i / 1000) as u8;
    }
    put(&w.host("tree/f"), &old);
    assert_eq!(small(&["import", "tree", "/t"]).code, 0);
    let mut new = old.repeat(2);
    new.iter_mut().for_each(|byte| *byte = !*byte);
    for (i, chunk) in new.chunks_mut(1000).enumerate() {
        chunk[..4].copy_from_slice(&(i as u32).to_le_bytes());
    }
    put(&w.host("tree/f"), &new);
    put(&w.host("f"), &new);
    for args in [
        &["import", "--force", "tree", "/t"][..],
        &["import", "--force", "f", "/t"],
    ] {
        assert_eq!(small(args).code, 5, "{args:?}");
        assert!(small(&["cat", "/t/f"]).out == old, "{args:?}");
        assert_eq!(small(&["ls", "-a", "/t"]).text(), "f\n", "{args:?}");
    }
    w.check();
}

#[test]
fn a_directory_that_cannot_be_listed_is_exported_without_what_is_in_it() {
    let w = Workspace::new();
    w.ok(["mkdir", "-p", "/t/closed", "/t/open"]);
    w.ok(["write", "/t/closed/f", "x"]);
    w.ok(["write", "/t/open/f", "x"]);
    w.ok(["chmod", "700", "/t/closed"]);
    let line = w.fails(4, ["--user", "1000", "export", "/t", "out"]);
    assert_eq!(line, "/t/closed: permission denied");
    assert!(w.host("out/open/f").exists() && w.host("out/closed").read_dir().unwrap().next().is_none());
}
