//! A workspace as the package drives it, on a pool that loses what was not synced.
#![cfg(not(target_family = "wasm"))]

use std::sync::Arc;

use tarbox_pool::fault::CrashPolicy;
use tarbox_pool::{FaultPool, OpenOptions, Pool, SahPool};
use tarbox_store::ErrorKind;
use tarbox_web::{OPERATIONS, Request, Workspace};

/// A pool in slots, as in a browser, on a model of a disk.
fn slots(disk: &FaultPool) -> Arc<dyn Pool> {
    let slot = |id: u32| (id, disk.open(&format!("slot-{id}"), OpenOptions::CREATE).unwrap());
    Arc::new(SahPool::open((0..12).map(slot)).unwrap())
}

fn call(w: &mut Workspace, name: &str, request: Request<'_>) -> tarbox_store::Result<Vec<u8>> {
    let number = OPERATIONS
        .iter()
        .position(|(found, _, _)| *found == name)
        .unwrap();
    let mut out = Vec::new();
    w.call(number as u32, &request, &mut out).map(|_| out)
}

fn write(w: &mut Workspace, path: &str, data: &[u8]) {
    call(
        w,
        "writeFile",
        Request {
            first: path,
            data,
            numbers: [420.0, 0.0, 0.0],
            ..Request::default()
        },
    )
    .unwrap();
}

fn read(w: &mut Workspace, path: &str) -> tarbox_store::Result<Vec<u8>> {
    call(
        w,
        "readFile",
        Request {
            first: path,
            numbers: [0.0, f64::INFINITY, 0.0],
            ..Request::default()
        },
    )
}

#[test]
fn what_was_synced_survives_every_crash() {
    let disk = FaultPool::new();
    let mut w = Workspace::open(slots(&disk), 1).unwrap();
    call(
        &mut w,
        "mkdir",
        Request {
            first: "/d/e",
            numbers: [511.0, 1.0, 0.0],
            ..Request::default()
        },
    )
    .unwrap();
    let large = vec![7; 300_000];
    write(&mut w, "/d/e/large", &large);
    write(&mut w, "/small", b"kept");
    w.sync().unwrap();
    write(&mut w, "/small", b"perhaps");
    for seed in 0..20 {
        let after = disk.after_crash(seed, CrashPolicy::Mixed);
        let mut again = Workspace::open(slots(&after), 1).unwrap();
        assert_eq!(read(&mut again, "/d/e/large").unwrap(), large);
        let small = read(&mut again, "/small").unwrap();
        assert!(small == b"kept" || small == b"perhaps");
        assert_eq!(call(&mut again, "fsck", Request::default()).unwrap(), b"[]");
    }
}

#[test]
fn hostile_requests_are_refused() {
    let mut w = Workspace::open(slots(&FaultPool::new()), 1).unwrap();
    for (number, (name, _, _)) in OPERATIONS.iter().enumerate() {
        for numbers in [[-1.0; 3], [f64::NAN; 3], [f64::INFINITY; 3], [1e300; 3], [0.5; 3]] {
            for first in ["", "\0", "relative", "/../..", "{", "/missing"] {
                let request = Request {
                    first,
                    numbers,
                    ..Request::default()
                };
                // Whatever it says, it says it: nothing panics, and the workspace goes on.
                let _ = w.call(number as u32, &request, &mut Vec::new());
            }
        }
        assert_eq!(call(&mut w, "fsck", Request::default()).unwrap(), b"[]", "{name}");
    }
    let unknown = w.call(10_000, &Request::default(), &mut Vec::new()).unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Unsupported);
}
