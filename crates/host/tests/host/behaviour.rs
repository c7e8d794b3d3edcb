//! Programs print the same transcript here as on Wasmtime's own WASI.

use crate::guests::{self, Target};
use crate::reference;
use crate::run::Workspace;

/// Runs a guest on both hosts, as a module and as a component.
#[track_caller]
fn same(name: &str) {
    for target in Target::BOTH {
        let dir = tempfile::tempdir().unwrap();
        let (expected, status) = reference::run(&guests::path(name, target), target, dir.path(), &[]);
        assert_eq!(
            status, 0,
            "{name} does not run on Wasmtime's own WASI:\n{expected}"
        );
        let printed = Workspace::new()
            .run(&guests::program(name, target), &[])
            .printed();
        assert_eq!(printed, expected, "{name} as {target:?}");
    }
}

#[test]
fn files() {
    same("files");
}

#[test]
fn directories() {
    same("dirs");
}

#[test]
fn links() {
    same("links");
}

#[test]
fn times() {
    same("times");
}
