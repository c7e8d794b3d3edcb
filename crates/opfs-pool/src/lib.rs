//! A [`SahPool`](tarbox_pool::SahPool) in a module of its own, for `packages/nervusdb`.
//!
//! The engine of facts is one module for Node and browsers, and each byte of it counts; only browsers need the pool. So
//! the pool says which handle holds a file and keeps the headers, and the engine's bytes go between its memory and
//! the handle, behind 4,096 bytes of header, without coming through here.
//!
//! Beside these exports are those of `crates/opfs`, by which the pool is opened and looked after.
#![cfg(all(target_family = "wasm", target_os = "unknown"))]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use tarbox_opfs::exchange::{return_input, take_input};
use tarbox_opfs::{pool, with_pool};
use tarbox_pool::{Error, ErrorKind, OpenOptions, Operation, Pool, PoolFile, Result};

thread_local! {
    static FILES: RefCell<Files> = RefCell::default();
}

/// Open files by number. Numbers are not used again.
#[derive(Default)]
struct Files {
    next: i32,
    open: BTreeMap<i32, Arc<dyn PoolFile>>,
}

/// Creates the file if it is missing.
const CREATE: u32 = 1;
/// Fails if the file is there.
const CREATE_NEW: u32 = 2;

/// Opens the file whose name is the input, and gives its number.
#[unsafe(no_mangle)]
extern "C" fn file_open(id: u32, flags: u32) -> i32 {
    let options = match flags & (CREATE | CREATE_NEW) {
        0 => OpenOptions::EXISTING,
        CREATE => OpenOptions::CREATE,
        _ => OpenOptions::CREATE_NEW,
    };
    named(id, |name| {
        let file = pool(id)?.open(name, options)?;
        Ok(FILES.with_borrow_mut(|files| {
            files.next += 1;
            files.open.insert(files.next, file);
            files.next
        }))
    })
}

#[unsafe(no_mangle)]
extern "C" fn file_close(_id: u32, file: i32) -> i32 {
    // Outside of the borrow: closing tells the pool.
    drop(FILES.with_borrow_mut(|files| files.open.remove(&file)));
    0
}

/// Makes contents, length and name of a file durable.
#[unsafe(no_mangle)]
extern "C" fn file_sync(id: u32, file: i32) -> i32 {
    let found = FILES.with_borrow(|files| files.open.get(&file).cloned());
    with_pool(id, |_| {
        let closed = || Error::new(ErrorKind::NotFound, Operation::Sync, "a file that was closed");
        found.ok_or_else(closed)?.sync().map(|()| 0)
    })
}

/// Whether there is a file whose name is the input: 0 no, 1 yes.
#[unsafe(no_mangle)]
extern "C" fn file_exists(id: u32) -> i32 {
    named(id, |name| Ok(i32::from(pool(id)?.exists(name)?)))
}

/// Deletes the file whose name is the input; durable with `file_sync_names`.
#[unsafe(no_mangle)]
extern "C" fn file_delete(id: u32) -> i32 {
    named(id, |name| pool(id)?.delete(name).map(|()| 0))
}

/// Makes all creations and deletions durable.
#[unsafe(no_mangle)]
extern "C" fn file_sync_names(id: u32) -> i32 {
    with_pool(id, |pool| pool.sync_names().map(|()| 0))
}

/// Does something with the name that is the input.
fn named(id: u32, act: impl FnOnce(&str) -> Result<i32>) -> i32 {
    let input = take_input();
    let result = with_pool(id, |_| {
        let invalid = |_| Error::new(ErrorKind::InvalidName, Operation::Open, "");
        act(std::str::from_utf8(&input).map_err(invalid)?)
    });
    return_input(input);
    result
}
