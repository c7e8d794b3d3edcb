//! `examples/wasmedge`, in both versions.

use std::process::Command;

use crate::support::{example, output, tarbox_wasm};

/// WasmEdge of this version, with a directory as `guest`.
pub(crate) fn wasmedge(version: &str) -> String {
    let name = format!("wasmedge-{version}");
    let there = Command::new(&name).arg("--version").output();
    assert!(
        there.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains(version)),
        "there is no {name}: run `cargo xtask setup tests`, and test with `cargo xtask test` or in its environment"
    );
    name
}

fn works(version: &str) {
    let said = output(
        Command::new(example("wasmedge/run.sh"))
            .env("WASMEDGE", wasmedge(version))
            .env("TARBOX_WASM", tarbox_wasm()),
    );
    assert!(said.contains("back.\n") && said.contains("\nfirst\n"), "{said}");
    assert!(said.contains("\nsecond\n"), "{said}");
    assert!(
        said.contains("\na\nat-once-1\nat-once-2\nat-once-3\nat-once-4\n"),
        "{said}"
    );
    assert!(said.contains("no problems found"), "{said}");
}

#[test]
fn the_script_works_in_0_14() {
    works("0.14");
}

#[test]
fn the_script_works_in_0_17() {
    works("0.17");
}
