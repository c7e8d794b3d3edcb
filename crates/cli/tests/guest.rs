//! `tarbox.wasm`: the command itself, compiled to WASI, on a database in a preopened directory.
//!
//! It runs under `node:wasi` and under `tarbox run` (then its database is a file of another workspace). Databases that it
//! writes open natively, and the other way round.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// The module, built once as `cargo xtask sizes` builds it.
fn module() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        if let Some(module) = std::env::var_os("TARBOX_WASM") {
            return module.into();
        }
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guest");
        let status = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--package",
                "tarbox-cli",
                "--target",
                "wasm32-wasip1",
            ])
            .args(["--no-default-features", "--profile", "wasm", "--target-dir"])
            .arg(&target)
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .status()
            .expect("cargo runs");
        assert!(
            status.success(),
            "tarbox.wasm cannot be built: run `cargo xtask setup`, and test with `cargo xtask test`"
        );
        target.join("wasm32-wasip1/wasm/tarbox.wasm")
    })
}

/// A way to run the module with `/work` preopened.
trait Runtime {
    fn command(&self) -> Command;

    fn output(&self, args: &[&str], stdin: &str) -> Output {
        let mut command = self.command();
        command
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the runtime starts");
        child
            .stdin
            .take()
            .expect("a pipe")
            .write_all(stdin.as_bytes())
            .expect("the guest takes its input");
        child.wait_with_output().expect("the runtime ends")
    }

    fn run(&self, args: &[&str], stdin: &str) -> String {
        let mut all = vec!["--db", "sqlite:/work/inner.db"];
        all.extend(args);
        let output = self.output(&all, stdin);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "tarbox {args:?} ended with {}: {stderr}",
            output.status
        );
        String::from_utf8(output.stdout).expect("text")
    }
}

struct Node(PathBuf);

impl Runtime for Node {
    fn command(&self) -> Command {
        let mut command = Command::new("node");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/node/wasi.mjs");
        command
            .arg("--no-warnings")
            .arg(script)
            .arg(module())
            .arg(&self.0);
        command
    }
}

/// `tarbox run`, with a directory of the outer workspace as `/work`.
struct Outer(PathBuf);

impl Runtime for Outer {
    fn command(&self) -> Command {
        let mut command = native(&self.0);
        command.args(["run", "--dir", "/inside::/work"]).arg(module());
        command
    }
}

fn native(database: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tarbox"));
    let mut place = std::ffi::OsString::from("sqlite:");
    place.push(database);
    command.arg("--db").arg(place);
    command
}

fn native_run<S: AsRef<OsStr>>(database: &Path, args: &[S]) -> String {
    let output = native(database).args(args).output().expect("tarbox runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "tarbox ended with {}: {stderr}",
        output.status
    );
    String::from_utf8(output.stdout).expect("text")
}

/// What a user does first: files, a checkpoint, a change, and back.
fn files_and_layers_work(runtime: &dyn Runtime) {
    runtime.run(&["init"], "");
    runtime.run(&["mkdir", "/docs"], "");
    runtime.run(&["write", "/docs/small"], "hello");
    let large = "0123456789abcdef".repeat(20_000);
    runtime.run(&["write", "/docs/large"], &large);
    assert_eq!(runtime.run(&["cat", "/docs/small"], ""), "hello");
    assert!(runtime.run(&["cat", "/docs/large"], "") == large);
    let list = runtime.run(&["ls", "/docs"], "");
    assert_eq!(list.split_whitespace().collect::<Vec<_>>(), ["large", "small"]);
    runtime.run(&["layer", "checkpoint", "one"], "");
    runtime.run(&["write", "/docs/small"], "changed");
    runtime.run(&["rm", "/docs/large"], "");
    let diff = runtime.run(&["--json", "layer", "diff"], "");
    assert!(
        diff.contains("/docs/large") && diff.contains("deleted") && diff.contains("modified"),
        "{diff}"
    );
    runtime.run(&["layer", "switch", "one"], "");
    assert_eq!(runtime.run(&["cat", "/docs/small"], ""), "hello");
    assert!(runtime.run(&["cat", "/docs/large"], "") == large);
    runtime.run(&["layer", "switch", "head"], "");
    assert_eq!(runtime.run(&["cat", "/docs/small"], ""), "changed");
    // There are no nameless files, and what is exported has to replace what is there.
    let large = large.repeat(5);
    runtime.run(&["write", "/docs/large"], &large);
    for _ in 0..2 {
        runtime.run(&["export-tar", "--force", "/docs", "/work/docs.tar"], "");
        runtime.run(&["export", "--force", "/docs", "/work/out"], "");
    }
    runtime.run(&["import-tar", "/work/docs.tar", "/again"], "");
    runtime.run(&["import", "/work/out/large", "/more"], "");
    for copy in ["/again/large", "/more"] {
        assert!(runtime.run(&["cat", copy], "") == large, "{copy}");
    }
    let missing = runtime.output(&["--db", "sqlite:/work/inner.db", "cat", "/nowhere"], "");
    assert_eq!(
        missing.status.code(),
        Some(3),
        "{}",
        String::from_utf8_lossy(&missing.stderr)
    );
}

#[test]
fn the_command_works_under_node_and_its_database_opens_natively() {
    let dir = tempfile::tempdir().unwrap();
    files_and_layers_work(&Node(dir.path().into()));
    let database = dir.path().join("inner.db");
    assert_eq!(native_run(&database, &["cat", "/docs/small"]), "changed");
    native_run(&database, &["write", "/docs/native", "from outside"]);
    assert_eq!(
        Node(dir.path().into()).run(&["cat", "/docs/native"], ""),
        "from outside"
    );
    native_run(&database, &["fsck"]);
}

#[test]
fn the_command_works_under_tarbox_run_on_a_database_inside_a_workspace() {
    let dir = tempfile::tempdir().unwrap();
    let outer = dir.path().join("outer.db");
    native_run(&outer, &["init"]);
    native_run(&outer, &["mkdir", "/inside"]);
    files_and_layers_work(&Outer(outer.clone()));
    assert!(native_run(&outer, &["ls", "/inside"]).contains("inner.db"));
    native_run(&outer, &["fsck"]);
}
