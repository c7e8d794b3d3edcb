//! The workspace as an ordinary directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::Workspace;

/// A directory that is no mount any more when the test ends.
struct Point<'w>(&'w Workspace, PathBuf);

impl<'w> Point<'w> {
    fn new(w: &'w Workspace, name: &str) -> Self {
        let dir = w.host(name);
        fs::create_dir(&dir).unwrap();
        Self(w, dir)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.1.join(name)
    }

    fn text(&self) -> &str {
        self.1.to_str().unwrap()
    }
}

impl Drop for Point<'_> {
    fn drop(&mut self) {
        self.0.run(["umount", self.text()]);
    }
}

/// Looks until something is so. It takes milliseconds; the limit only ends a test that failed.
#[track_caller]
fn eventually(mut so: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(30);
    while !so() {
        assert!(Instant::now() < limit, "it never came to be so");
        std::thread::yield_now();
    }
}

fn is_mounted(dir: &Path) -> bool {
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let table = fs::read_to_string("/proc/self/mounts").unwrap();
    table.lines().any(|line| line.split(' ').nth(1) == dir.to_str())
}

/// A process that serves until it is ended.
fn in_foreground(w: &Workspace, point: &Point<'_>) -> Child {
    let mut command = w.command();
    command.args(["mount", "--foreground", point.text()]);
    let server = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    eventually(|| is_mounted(&point.1));
    server
}

#[test]
fn what_is_done_in_the_mount_is_in_the_workspace() {
    let w = Workspace::new();
    let point = Point::new(&w, "m");
    assert_eq!(w.ok(["mount", point.text()]), "");
    fs::create_dir(point.path("d")).unwrap();
    fs::write(point.path("d/f"), "by a plain write").unwrap();
    assert_eq!(w.ok(["cat", "/d/f"]), "by a plain write");
    w.ok(["write", "/d/f", "by the command"]);
    assert_eq!(fs::read(point.path("d/f")).unwrap(), b"by the command");
    w.ok(["--no-sync", "rm", "/d/f"]);
    assert!(!point.path("d/f").exists());
    fs::write(point.path("d/f"), "again").unwrap();
    assert_eq!(w.ok(["cat", "/d/f"]), "again");
    let audit = w.ok(["audit"]);
    assert!(audit.contains("fuse:") && audit.contains("/d/f"), "{audit}");
    assert!(
        w.fails(4, ["mount", point.text()])
            .contains("mounted here already")
    );
    assert_eq!(w.ok(["umount", point.text()]), "");
    assert!(!is_mounted(&point.1));
    assert!(
        w.fails(1, ["umount", point.text()])
            .contains("nothing is mounted here")
    );
    w.check();
}

#[test]
fn layers_are_mounted_as_they_were() {
    let w = Workspace::new();
    w.ok(["write", "/f", "then"]);
    w.ok(["layer", "checkpoint", "base"]);
    w.ok(["write", "/f", "now"]);
    let (then, now) = (Point::new(&w, "then"), Point::new(&w, "now"));
    w.ok(["mount", "--layer", "base", then.text()]);
    w.ok(["mount", "--read-only", now.text()]);
    assert_eq!(fs::read(then.path("f")).unwrap(), b"then");
    assert_eq!(fs::read(now.path("f")).unwrap(), b"now");
    for point in [&then, &now] {
        let error = fs::write(point.path("f"), "x").unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
    }
    let none = Point::new(&w, "none");
    assert!(
        w.fails(3, ["mount", "--layer", "nosuch", none.text()])
            .contains("nosuch")
    );
}

#[test]
fn a_mount_is_refused_where_it_would_hide_something() {
    let w = Workspace::new();
    fs::create_dir(w.host("full")).unwrap();
    fs::write(w.host("full/x"), "").unwrap();
    for (code, dir) in [(7, "full"), (3, "missing"), (1, "full/x")] {
        for form in [&["mount", dir][..], &["mount", "--foreground", dir]] {
            assert!(w.fails(code, form).contains(dir));
        }
    }
}

#[test]
fn a_crash_loses_nothing_synced_and_leaves_nothing_stuck() {
    let w = Workspace::new();
    let point = Point::new(&w, "m");
    let mut server = in_foreground(&w, &point);
    let mut file = fs::File::create(point.path("f")).unwrap();
    std::io::Write::write_all(&mut file, b"synced").unwrap();
    file.sync_all().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(fs::read(point.path("f")).is_err());
    assert!(w.fails(4, ["mount", point.text()]).contains("'tarbox umount'"));
    w.ok(["umount", point.text()]);
    assert!(!is_mounted(&point.1));
    assert_eq!(w.ok(["cat", "/f"]), "synced");
    w.check();
}

#[test]
fn a_signal_takes_the_mount_away() {
    let w = Workspace::new();
    let point = Point::new(&w, "m");
    let mut server = in_foreground(&w, &point);
    fs::write(point.path("f"), "kept").unwrap();
    let pid = rustix::process::Pid::from_child(&server);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(server.wait().unwrap().success());
    assert!(!is_mounted(&point.1));
    assert_eq!(w.ok(["cat", "/f"]), "kept");
}

/// Runs the command under the name of a helper of `mount(8)`.
fn helper(w: &Workspace, name: &str, arguments: &[&str]) -> (i32, String) {
    let link = w.host(name);
    if !link.exists() {
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_tarbox"), &link).unwrap();
    }
    let output = std::process::Command::new(link)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn mount_and_umount_call_the_command_as_their_helper() {
    let w = Workspace::new();
    let point = Point::new(&w, "m");
    let source = format!("{}#default", w.host("tarbox.db").display());
    let (code, said) = helper(
        &w,
        "mount.fuse.tarbox",
        &[&source, point.text(), "-n", "-o", "rw,noexec,nofail"],
    );
    assert_eq!((code, said.as_str()), (0, ""));
    let table = fs::read_to_string("/proc/self/mounts").unwrap();
    let place = point.1.canonicalize().unwrap();
    let line = table
        .lines()
        .find(|line| line.split(' ').nth(1) == place.to_str())
        .unwrap();
    let fields: Vec<&str> = line.split(' ').collect();
    assert_eq!(fields[0].replace("\\043", "#"), source);
    assert_eq!(fields[2], "fuse.tarbox");
    assert!(fields[3].contains("noexec"), "{line}");
    fs::write(point.path("f"), "kept").unwrap();
    assert_eq!(
        helper(&w, "umount.fuse.tarbox", &[point.text()]),
        (0, String::new())
    );
    assert!(!is_mounted(&point.1));
    assert_eq!(w.ok(["cat", "/f"]), "kept");
    let (code, said) = helper(&w, "mount.fuse.tarbox", &[&source, point.text(), "-o", "remount"]);
    assert!(code == 1 && said.contains("remount"), "{code}: {said}");
    let none = format!("{}#none", w.host("tarbox.db").display());
    let (code, said) = helper(&w, "mount.fuse.tarbox", &[&none, point.text()]);
    assert!(code == 32 && said.contains("none"), "{code}: {said}");
}

#[test]
fn nothing_holds_the_database_when_umount_has_returned() {
    let w = Workspace::new();
    let point = Point::new(&w, "m");
    for _ in 0..5 {
        w.ok(["mount", point.text()]);
        let content: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
        fs::write(point.path("f"), &content).unwrap();
        fs::remove_file(point.path("f")).unwrap();
        w.ok(["umount", point.text()]);
        let others = |name: &str| w.host("tarbox.db-blocks").join(name).read_dir().unwrap().count();
        assert_eq!((others("sessions"), others("followers")), (0, 0));
    }
}
