//! What reaches the device, and when, as the kernel sees it: a child does its work under `strace`, and between marks in the
//! trace stand the syncs that were promised, and none where nobody should wait for one.
//!
//! `strace` is a program that `cargo xtask setup` installs.
#![cfg(target_os = "linux")]

mod trace;
mod work;

use std::process::{Command, Stdio};

use trace::{Event, Trace};

const ROLE: &str = "TARBOX_TEST_TRACED";

/// What the child does, if there is one to be.
#[test]
fn child() {
    if let Ok(role) = std::env::var(ROLE) {
        work::play(&role);
    }
}

/// Runs a role under `strace`, and answers the trace.
fn traced(role: &str) -> Trace {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("trace");
    let started = Command::new("strace")
        .args([
            "-f",
            "-y",
            "-s",
            "64",
            "-e",
            "trace=fdatasync,fsync,sync_file_range,msync,pwrite64,pwritev,write,writev",
        ])
        .arg("-o")
        .arg(&out)
        .arg(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .current_dir(dir.path())
        .stdout(Stdio::null())
        .status();
    let status = started.unwrap_or_else(|e| {
        panic!("strace cannot be started ({e}): install it with `cargo xtask setup`, or as package 'strace'")
    });
    assert!(status.success(), "the traced child failed: {status}");
    Trace::parse(&std::fs::read_to_string(out).unwrap())
}

/// The syncs that one thread waited for.
fn waits<'a>(events: &[&'a Event], thread: u32) -> Vec<&'a Event> {
    let syncs = events.iter().filter(|e| e.thread == thread && e.is_sync());
    syncs.copied().collect()
}

/// A sync that was complete before the end of the span, and began after everything of this file had been written.
fn assert_synced(span: &[&Event], path_end: &str, what: &str) {
    let written = span.iter().filter(|e| e.is_write() && e.path.ends_with(path_end));
    let last = written.map(|e| e.end).max();
    let synced = span.iter().filter(|e| e.is_sync() && e.path.ends_with(path_end));
    let after = synced.filter(|e| last.is_none_or(|last| e.start > last));
    assert!(after.count() > 0, "{what}: nothing synced {path_end}\n{span:#?}");
}

#[test]
fn a_sync_waits_for_the_log() {
    for role in ["small", "small in the foreground"] {
        let trace = traced(role);
        for round in 0..3 {
            let span = trace.between(&format!("write {round}"), &format!("synced {round}"));
            assert_synced(&span, "t.db-wal", role);
            let call = trace.between(&format!("sync {round}"), &format!("synced {round}"));
            let waited = waits(&call, trace.main);
            assert!(
                waited.iter().any(|e| e.path.ends_with("t.db-wal")),
                "{role}: the caller waits itself\n{call:#?}"
            );
        }
    }
}

#[test]
fn blocks_are_on_the_device_before_the_rows_that_name_them() {
    for role in ["large", "large in the foreground"] {
        let trace = traced(role);
        let span = trace.between("write", "synced");
        assert_synced(&span, "t.db-wal", role);
        assert_synced(&span, "t1/00000001", role);
        let last_block = span
            .iter()
            .filter(|e| e.is_write() && e.path.ends_with("t1/00000001"))
            .map(|e| e.end)
            .max();
        let synced = span
            .iter()
            .find(|e| e.is_sync() && e.path.ends_with("t1/00000001") && Some(e.start) > last_block);
        let synced = synced.expect("the segment is synced after its last block");
        // The file is made in the same commit or an earlier one; the chunk's row comes with the last pages of the log.
        let rows = span
            .iter()
            .filter(|e| e.is_write() && e.path.ends_with("t.db-wal"))
            .map(|e| e.start)
            .max();
        assert!(
            rows > Some(synced.end),
            "{role}: rows are written after their blocks are synced\n{span:#?}"
        );
    }
}

#[test]
fn a_new_segment_is_durable_with_its_name() {
    let trace = traced("large");
    let span = trace.between("write", "synced");
    for directory in ["t.db-blocks/t1", "t.db-blocks"] {
        assert!(
            span.iter().any(|e| e.is_sync() && e.path.ends_with(directory)),
            "{directory} is synced\n{span:#?}"
        );
    }
}

#[test]
fn history_is_durable_when_the_call_returns() {
    let trace = traced("history");
    for call in [
        "checkpoint",
        "tag",
        "switch",
        "switch back",
        "drop",
        "create tenant",
        "set quota",
    ] {
        let span = trace.between(call, &format!("{call} done"));
        assert_synced(&span, "t.db-wal", call);
        assert!(!waits(&span, trace.main).is_empty(), "{call} waits");
    }
}

#[test]
fn a_sync_of_what_another_handle_committed_waits_too() {
    for role in ["two handles", "two handles that sync"] {
        let trace = traced(role);
        let span = trace.between("sync", "synced");
        assert_synced(&span, "t.db-wal", role);
    }
}

#[test]
fn a_sync_with_nothing_new_costs_nothing() {
    let trace = traced("nothing new");
    let span = trace.between("again", "again done");
    assert!(span.iter().all(|e| !e.is_sync() && !e.is_write()), "{span:#?}");
}

#[test]
fn plain_operations_never_wait_for_the_device() {
    for role in ["plain", "plain in the foreground"] {
        let trace = traced(role);
        let span = trace.between("begin", "end");
        let waited = waits(&span, trace.main);
        assert!(waited.is_empty(), "{role}: {waited:#?}");
    }
}

#[test]
fn making_things_visible_does_not_wait_for_the_device() {
    let trace = traced("flush");
    let span = trace.between("flush", "flushed");
    assert!(
        span.iter().any(|e| e.is_write() && e.path.ends_with("t.db-wal")),
        "it is committed\n{span:#?}"
    );
    assert!(waits(&span, trace.main).is_empty(), "{span:#?}");
}
