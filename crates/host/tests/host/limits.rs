//! Limits end a program with a message that names them, and leave the workspace usable.

use std::time::Duration;

use tarbox_host::{Limit, Limits, RunError};

use crate::guests::{self, Target};
use crate::run::{Ended, Workspace};

fn unfinished(what: &str, target: Target, limits: Limits) -> (Workspace, Ended) {
    let workspace = Workspace::new();
    let mut options = workspace.options();
    options.args = vec![what.into()];
    options.limits = limits;
    let ended = workspace.run_with(&guests::program("unfinished", target), options);
    workspace.write("/after", b"still usable");
    assert_eq!(workspace.read("/after").as_deref(), Some(&b"still usable"[..]));
    (workspace, ended)
}

/// Whether it did what comes before the end: a slow machine may have run out of time sooner.
fn started(workspace: &Workspace, ended: &Ended) -> bool {
    let file = workspace.read("/started");
    ended.out == "started\n" && file.as_deref() == Some(&b"before the end"[..])
}

#[test]
fn time_ends_a_program_that_computes_waits_or_writes() {
    let limits = Limits {
        timeout: Some(Duration::from_millis(500)),
        ..Limits::default()
    };
    for target in Target::BOTH {
        for what in ["spin", "sleep", "write"] {
            let (_, ended) = unfinished(what, target, limits);
            let line = "unfinished.wasm: ended: time limit of 0.5 s exceeded";
            assert_eq!(ended.error(), (124, line.into()), "{what} as {target:?}");
        }
    }
}

#[test]
fn fuel_runs_out() {
    let limits = Limits {
        fuel: Some(100_000_000),
        ..Limits::default()
    };
    for target in Target::BOTH {
        let (workspace, ended) = unfinished("spin", target, limits);
        assert!(started(&workspace, &ended));
        let line = "unfinished.wasm: ended: fuel limit of 100000000 units exceeded";
        assert_eq!(ended.error(), (152, line.into()));
    }
}

#[test]
fn memory_is_bounded() {
    let limits = Limits {
        memory: Some(16 << 20),
        ..Limits::default()
    };
    for target in Target::BOTH {
        let (workspace, ended) = unfinished("memory", target, limits);
        assert!(started(&workspace, &ended));
        assert!(
            matches!(ended.status, Err(RunError::Limit { limit: Limit::Memory(bytes), .. }) if bytes == 16 << 20)
        );
        let line = "unfinished.wasm: ended: memory limit of 16 MiB exceeded";
        assert_eq!(ended.error(), (137, line.into()));
    }
}

#[test]
fn a_limit_that_is_kept_changes_nothing() {
    let limits = Limits {
        timeout: Some(Duration::from_secs(600)),
        fuel: Some(u64::MAX),
        memory: Some(1 << 30),
        descriptors: Some(64),
    };
    for target in Target::BOTH {
        let workspace = Workspace::new();
        let mut options = workspace.options();
        options.limits = limits;
        let printed = workspace
            .run_with(&guests::program("files", target), options)
            .printed();
        assert!(
            printed.ends_with("remove again: error 44 (NotFound)\n"),
            "{printed}"
        );
    }
}

#[test]
fn traps_are_told_in_one_line() {
    for target in Target::BOTH {
        let (workspace, ended) = unfinished("panic", target, Limits::default());
        assert!(started(&workspace, &ended));
        let (code, line) = ended.error();
        assert!(ended.err.contains("as asked"), "{}", ended.err);
        assert_eq!(code, 134);
        assert!(
            line.starts_with("unfinished.wasm: trapped: wasm `unreachable` instruction executed"),
            "{line}"
        );
        // Its own stack in linear memory ends before the machine's does.
        let (_, ended) = unfinished("recurse", target, Limits::default());
        let (code, line) = ended.error();
        assert_eq!(code, 134);
        assert!(line.ends_with("in unfinished::deeper"), "{line}");
    }
}

#[test]
fn descriptors_run_out() {
    let workspace = Workspace::new();
    let mut options = workspace.options();
    options.limits.descriptors = Some(32);
    let ended = workspace.run_with(&guests::program("many", Target::P1), options);
    assert_eq!(ended.printed(), "27 then Some(33)\n");
    assert!(workspace.read("/many-26").is_some() && workspace.read("/many-27").is_none());
}
