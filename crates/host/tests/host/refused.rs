//! What cannot be run is told in one line, and nothing has changed.

use tarbox_host::{Program, RunError};

use crate::guests::{self, Target};
use crate::run::Workspace;

#[track_caller]
fn refused(program: Result<Program, RunError>) -> (u8, String) {
    let workspace = Workspace::new();
    let before = workspace.changes();
    let error = program
        .and_then(|program| workspace.run(&program, &[]).status)
        .unwrap_err();
    assert_eq!(workspace.changes(), before);
    let line = error.to_string();
    assert!(!line.contains('\n'), "{line}");
    (error.exit_code(), line)
}

fn module(text: &str) -> Result<Program, RunError> {
    Program::from_bytes("p.wasm", wat::parse_str(text).unwrap())
}

#[test]
fn files_that_are_no_programs() {
    let (code, line) = refused(Program::from_file("/no/such/file.wasm"));
    assert_eq!(
        (code, line.as_str()),
        (1, "/no/such/file.wasm: No such file or directory (os error 2)")
    );
    for (bytes, reason) in [
        (&b""[..], "it is empty"),
        (
            b"#!/bin/sh",
            "it does not begin with the magic number of WebAssembly",
        ),
        (b"\0asm\x07\0\0\0", "its version is unknown"),
    ] {
        let (code, line) = refused(Program::from_bytes("p", bytes));
        assert_eq!(
            (code, line),
            (126, format!("p: not a WebAssembly program: {reason}"))
        );
    }
}

#[test]
fn broken_modules() {
    for target in Target::BOTH {
        let whole = std::fs::read(guests::path("exit", target)).unwrap();
        for len in [8, 9, 100, whole.len() / 2, whole.len() - 1] {
            let (code, _) = refused(Program::from_bytes("p", &whole[..len]));
            assert_eq!(code, 126, "{len}");
        }
    }
}

#[test]
fn imports_that_are_not_there() {
    let (code, line) = refused(module(
        r#"(module (import "env" "launch" (func)) (func (export "_start")))"#,
    ));
    assert_eq!(
        (code, line.as_str()),
        (
            126,
            "p.wasm: needs the function `env.launch`, which Tarbox does not provide"
        )
    );
    let (_, line) = refused(module(
        r#"(module (import "env" "memory" (memory 1)) (func (export "_start")))"#,
    ));
    assert_eq!(
        line,
        "p.wasm: needs the memory `env.memory`, which Tarbox does not provide"
    );
    let (_, line) = refused(module(
        r#"(module (import "wasi_snapshot_preview1" "fd_close" (func (param i64))) (func (export "_start")))"#,
    ));
    assert!(line.contains("fd_close"), "{line}");
    let (code, line) = refused(module(
        r#"(component (import "acme:rocket/launch@1.0.0" (instance (export "go" (func)))))"#,
    ));
    assert_eq!(
        (code, line.contains("acme:rocket/launch@1.0.0")),
        (126, true),
        "{line}"
    );
}

#[test]
fn libraries() {
    let (code, line) = refused(module(r#"(module (func (export "f")))"#));
    assert_eq!(
        (code, line.as_str()),
        (
            126,
            "p.wasm: a library, not a program: it does not export the function `_start` without arguments and results"
        )
    );
    let (_, line) = refused(module(r#"(module (func (export "_start") (param i32)))"#));
    assert!(line.contains("`_start`"), "{line}");
    let (_, line) = refused(module("(component)"));
    assert!(line.contains("wasi:cli/run"), "{line}");
}
