//! Programs that mean harm end themselves and nothing else.

use tarbox_host::Program;

use crate::run::{Ended, Workspace};

const IMPORTS: &str = r#"
    (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open"
        (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))"#;

/// Runs a body with one page of memory; its last value is the exit status.
fn run(body: &str) -> Ended {
    let text = format!(
        r#"(module {IMPORTS} (memory (export "memory") 1)
            (data (i32.const 1024) "../../../../etc/passwd")
            (func $body (result i32) {body})
            (func (export "_start") (call $proc_exit (call $body))))"#
    );
    let program = Program::from_bytes("p.wasm", wat::parse_str(text).unwrap()).unwrap();
    Workspace::new().run(&program, &[])
}

#[test]
fn bad_addresses_are_traps() {
    let ended = run("(call $random_get (i32.const 65000) (i32.const 1000))");
    let line = "p.wasm: trapped: bad address in random_get: 1000 bytes at 0xfde8 are not within the program's 65536 bytes \
                of memory";
    let (code, told) = ended.error();
    assert_eq!(code, 134);
    assert!(told.starts_with(line), "{told}");
    for body in [
        "(call $fd_write (i32.const 1) (i32.const -8) (i32.const 1) (i32.const 0))",
        "(call $fd_write (i32.const 1) (i32.const 0) (i32.const -1) (i32.const 0))",
        "(call $fd_write (i32.const 1) (i32.const 2) (i32.const 1) (i32.const 0))",
        "(call $fd_read (i32.const 0) (i32.const 65536) (i32.const 1) (i32.const 0))",
        "(call $random_get (i32.const 0) (i32.const -1))",
    ] {
        assert_eq!(run(body).error().0, 134, "{body}");
    }
}

#[test]
fn paths_out_are_refused() {
    let open = "(call $path_open (i32.const 3) (i32.const 1) (i32.const 1024) (i32.const 22) (i32.const 0)
        (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 0))";
    assert_eq!(run(open).status.unwrap(), 63);
}

#[test]
fn recursion_ends_with_the_stack() {
    let text = r#"(module (func $deeper (export "_start") (call $deeper)))"#;
    let program = Program::from_bytes("p.wasm", wat::parse_str(text).unwrap()).unwrap();
    let (code, line) = Workspace::new().run(&program, &[]).error();
    assert_eq!(
        (code, line.as_str()),
        (134, "p.wasm: trapped: call stack exhausted, in deeper")
    );
}

#[test]
fn memory_and_tables_cannot_be_hoarded_without_a_limit() {
    let text = r#"(module (table $t 1 funcref) (memory (export "memory") 1)
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (func (export "_start")
            (call $exit (i32.eq (table.grow $t (ref.null func) (i32.const 2000000000)) (i32.const -1)))))"#;
    let text = text.replace(r#"(table $t 1 funcref) (memory (export "memory") 1)"#, "");
    let text = text.replacen(
        "(func (export",
        r#"(table $t 1 funcref) (memory (export "memory") 1) (func (export"#,
        1,
    );
    let program = Program::from_bytes("p.wasm", wat::parse_str(text).unwrap()).unwrap();
    assert_eq!(Workspace::new().run(&program, &[]).status.unwrap(), 1);
}

#[test]
fn a_module_without_memory_gets_no_service() {
    let text = r#"(module (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
        (func (export "_start") (drop (call $yield))))"#;
    let program = Program::from_bytes("p.wasm", wat::parse_str(text).unwrap()).unwrap();
    let (code, line) = Workspace::new().run(&program, &[]).error();
    assert_eq!(code, 134);
    assert!(line.contains("without exporting a memory"), "{line}");
}

#[test]
fn calls_while_it_is_instantiated_are_served() {
    let text = r#"(module (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func $early (drop (call $random (i32.const 0) (i32.const 8))))
        (start $early)
        (func (export "_start") (call $exit (i64.ne (i64.load (i32.const 0)) (i64.const 0)))))"#;
    let program = Program::from_bytes("p.wasm", wat::parse_str(text).unwrap()).unwrap();
    assert_eq!(Workspace::new().run(&program, &[]).status.unwrap(), 1);
}
