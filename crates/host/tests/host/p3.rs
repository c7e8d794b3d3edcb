//! Programs of WASI 0.3.

use std::time::Duration;

use tarbox_host::{Capability, Limit, Preopen, RunError};

use crate::guests::{self, Target};
use crate::reference;
use crate::run::Workspace;

const GUEST: &str = "guest_p3";

#[test]
fn files_are_as_on_wasmtimes_own_wasi() {
    let dir = tempfile::tempdir().unwrap();
    let path = guests::path(GUEST, Target::P3);
    let (expected, status) = reference::run(&path, Target::P3, dir.path(), &[]);
    assert_eq!(status, 0, "{expected}");
    let workspace = Workspace::new();
    let printed = workspace.run(&guests::program(GUEST, Target::P3), &[]).printed();
    assert_eq!(printed, expected);
    assert_eq!(workspace.read("/d/f").unwrap().len(), 5);
    assert!(workspace.agents().contains(&"run:guest_p3.wasm".to_owned()));
}

#[test]
fn what_is_lent_read_only_stays() {
    let workspace = Workspace::new();
    let before = workspace.changes();
    let mut options = workspace.options();
    options.preopens = vec![Preopen::new(workspace.fs.clone(), "/").with(Capability::ReadOnly)];
    let ended = workspace.run_with(&guests::program(GUEST, Target::P3), options);
    // It takes for granted that it can make its file.
    assert!(matches!(ended.status, Err(RunError::Trap(_))), "{ended:?}");
    assert_eq!(workspace.changes(), before);
}

#[test]
fn limits_hold() {
    let workspace = Workspace::new();
    let program = guests::program(GUEST, Target::P3);
    let mut waits = workspace.options();
    waits.args = vec!["wait".into()];
    waits.limits.timeout = Some(Duration::from_millis(300));
    let mut computes = workspace.options();
    computes.limits.fuel = Some(10_000);
    let mut grows = workspace.options();
    grows.limits.memory = Some(64 << 10);
    for (options, limit) in [
        (waits, Limit::Time(Duration::from_millis(300))),
        (computes, Limit::Fuel(10_000)),
        (grows, Limit::Memory(64 << 10)),
    ] {
        let ended = workspace.run_with(&program, options);
        assert!(
            matches!(&ended.status, Err(RunError::Limit { limit: is, .. }) if *is == limit),
            "{limit:?}: {ended:?}"
        );
    }
}
