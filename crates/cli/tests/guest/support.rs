//! Modules of WASI that are shipped, and ways to run them.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// A module that is shipped: the one that this variable names, or else built as `cargo xtask sizes` builds it.
fn built(variable: &str, package: &str, file: &str) -> PathBuf {
    if let Some(module) = std::env::var_os(variable) {
        return module.into();
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guest");
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--package",
            package,
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
        "{file} cannot be built: run `cargo xtask setup`, and test with `cargo xtask test`"
    );
    target.join("wasm32-wasip1/wasm").join(file)
}

/// The command.
pub(crate) fn tarbox_wasm() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| built("TARBOX_WASM", "tarbox-cli", "tarbox.wasm"))
}

/// JavaScript.
pub(crate) fn js_wasm() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| built("TARBOX_JS_WASM", "tarbox-js", "tarbox-js.wasm"))
}

/// A way to run a module with `/work` preopened.
pub(crate) trait Runtime {
    fn command(&self, module: &Path) -> Command;

    fn output(&self, module: &Path, args: &[&str], stdin: &str) -> Output {
        let mut command = self.command(module);
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

    /// Runs it on a database in there; it must succeed.
    fn run(&self, module: &Path, args: &[&str], stdin: &str) -> String {
        let mut all = vec!["--db", "sqlite:/work/inner.db"];
        all.extend(args);
        text(self.output(module, &all, stdin), args)
    }
}

/// The output of what succeeded.
pub(crate) fn text(output: Output, args: &[&str]) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{args:?} ended with {}: {stderr}",
        output.status
    );
    String::from_utf8(output.stdout).expect("text")
}

/// `node:wasi`, on a directory of this machine.
pub(crate) struct Node(pub(crate) PathBuf);

impl Runtime for Node {
    fn command(&self, module: &Path) -> Command {
        let mut command = Command::new("node");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/node/wasi.mjs");
        command.arg("--no-warnings").arg(script).arg(module).arg(&self.0);
        command
    }
}

/// `tarbox run`, with a directory of the outer workspace as `/work`.
pub(crate) struct Outer(pub(crate) PathBuf);

impl Runtime for Outer {
    fn command(&self, module: &Path) -> Command {
        let mut command = native(&self.0);
        command.args(["run", "--dir", "/inside::/work"]).arg(module);
        command
    }
}

pub(crate) fn native(database: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tarbox"));
    let mut place = std::ffi::OsString::from("sqlite:");
    place.push(database);
    command.arg("--db").arg(place);
    command
}

pub(crate) fn native_run<S: AsRef<OsStr>>(database: &Path, args: &[S]) -> String {
    let output = native(database).args(args).output().expect("tarbox runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "tarbox ended with {}: {stderr}",
        output.status
    );
    String::from_utf8(output.stdout).expect("text")
}
