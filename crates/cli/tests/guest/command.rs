//! `tarbox.wasm`: the command itself, compiled to WASI, on a database in a preopened directory.
//!
//! It runs under `node:wasi` and under `tarbox run` (then its database is a file of another workspace). Databases that it
//! writes open natively, and the other way round.

use crate::support::{Node, Outer, Runtime, native_run, tarbox_wasm};

/// What a user does first: files, a checkpoint, a change, and back.
fn files_and_layers_work(runtime: &dyn Runtime) {
    let wasm = tarbox_wasm();
    runtime.run(wasm, &["init"], "");
    runtime.run(wasm, &["mkdir", "/docs"], "");
    runtime.run(wasm, &["write", "/docs/small"], "hello");
    let large = "0123456789abcdef".repeat(20_000);
    runtime.run(wasm, &["write", "/docs/large"], &large);
    assert_eq!(runtime.run(wasm, &["cat", "/docs/small"], ""), "hello");
    assert!(runtime.run(wasm, &["cat", "/docs/large"], "") == large);
    let list = runtime.run(wasm, &["ls", "/docs"], "");
    assert_eq!(list.split_whitespace().collect::<Vec<_>>(), ["large", "small"]);
    runtime.run(wasm, &["layer", "checkpoint", "one"], "");
    runtime.run(wasm, &["write", "/docs/small"], "changed");
    runtime.run(wasm, &["rm", "/docs/large"], "");
    let diff = runtime.run(wasm, &["--json", "layer", "diff"], "");
    assert!(
        diff.contains("/docs/large") && diff.contains("deleted") && diff.contains("modified"),
        "{diff}"
    );
    runtime.run(wasm, &["layer", "switch", "one"], "");
    assert_eq!(runtime.run(wasm, &["cat", "/docs/small"], ""), "hello");
    assert!(runtime.run(wasm, &["cat", "/docs/large"], "") == large);
    runtime.run(wasm, &["layer", "switch", "head"], "");
    assert_eq!(runtime.run(wasm, &["cat", "/docs/small"], ""), "changed");
    // There are no nameless files, and what is exported has to replace what is there.
    let large = large.repeat(5);
    runtime.run(wasm, &["write", "/docs/large"], &large);
    for _ in 0..2 {
        runtime.run(wasm, &["export-tar", "--force", "/docs", "/work/docs.tar"], "");
        runtime.run(wasm, &["export", "--force", "/docs", "/work/out"], "");
    }
    runtime.run(wasm, &["import-tar", "/work/docs.tar", "/again"], "");
    runtime.run(wasm, &["import", "/work/out/large", "/more"], "");
    for copy in ["/again/large", "/more"] {
        assert!(runtime.run(wasm, &["cat", copy], "") == large, "{copy}");
    }
    let missing = runtime.output(wasm, &["--db", "sqlite:/work/inner.db", "cat", "/nowhere"], "");
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
        Node(dir.path().into()).run(tarbox_wasm(), &["cat", "/docs/native"], ""),
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
