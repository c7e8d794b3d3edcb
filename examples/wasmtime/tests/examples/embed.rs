//! The host of `examples/wasmtime`.

use std::process::Command;

use tarbox_fs::{FilesystemExt as _, Fs, blocking};
use tarbox_store::{Database as _, Quota};
use tarbox_store_sqlite::{Options, SqliteDatabase};

use crate::support::{left_in, root};

/// Makes the directory `/made`, calls the host's function twice, and ends with the status 7.
const PROGRAM: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_create_directory" (func $make (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (import "host" "step" (func $step))
    (memory (export "memory") 1)
    (data (i32.const 0) "made")
    (func (export "_start")
        (call $step)
        (call $step)
        (if (call $make (i32.const 3) (i32.const 0) (i32.const 4)) (then unreachable))
        (call $exit (i32.const 7))))"#;

#[test]
fn a_program_has_its_workspace_and_functions_of_the_hosts() {
    let dir = tempfile::tempdir().unwrap();
    let database = dir.path().join("tarbox.db");
    {
        let database = SqliteDatabase::open(&database, &Options::new().create(true)).unwrap();
        blocking(database.create_tenant("default", Quota::default())).unwrap();
        blocking(Fs::open_tenant(&database, "default")).unwrap();
    }
    let program = dir.path().join("program.wasm");
    std::fs::write(&program, wat::parse_str(PROGRAM).unwrap()).unwrap();
    let run = || {
        let mut host = Command::new(env!("CARGO_BIN_EXE_tarbox-example-wasmtime"));
        host.arg(&database).arg(&program).output().unwrap()
    };
    let ended = run();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!((ended.status.code(), &*said), (Some(7), "2 steps\n"));
    let left = left_in(dir.path());
    assert!(blocking(left.read_dir(&root(), "/made")).unwrap().is_empty());
    drop(left);
    // The directory is there already, so it traps.
    let ended = run();
    assert_eq!(ended.status.code(), Some(125));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("unreachable"));
}
