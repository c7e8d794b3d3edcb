//! What SQLite's build imports of the clock and of randomness.
#![allow(unsafe_code)] // it calls by these names, with addresses

use sqlite_wasm_rs::host::LocalTime;

use crate::bindings::wasi::random::random::get_random_bytes;
use crate::clocks;

#[unsafe(no_mangle)]
extern "C" fn rust_sqlite_wasm_host_sleep(_seconds: u64, _nanoseconds: u32) {}

#[unsafe(no_mangle)]
extern "C" fn rust_sqlite_wasm_host_random(to: *mut u8, len: usize) -> usize {
    let bytes = get_random_bytes(len as u64);
    let count = bytes.len().min(len);
    // SAFETY: SQLite's build passes a buffer of `len` bytes.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, count) };
    count
}

#[unsafe(no_mangle)]
extern "C" fn rust_sqlite_wasm_host_fill_entropy(to: *mut u8, len: usize) -> i32 {
    rust_sqlite_wasm_host_random(to, len);
    sqlite_wasm_rs::host::OK
}

#[unsafe(no_mangle)]
extern "C" fn rust_sqlite_wasm_host_epoch_timestamp_in_ms(out: *mut i64) -> i32 {
    let ms = i64::try_from(clocks::wall() / 1_000_000).unwrap_or(i64::MAX);
    // SAFETY: SQLite's build passes a place for the result.
    unsafe { out.write(ms) };
    sqlite_wasm_rs::host::OK
}

/// The workspace asks for no local time, and WASI knows none.
#[unsafe(no_mangle)]
extern "C" fn rust_sqlite_wasm_host_localtime(_unix_seconds: i64, _out: *mut LocalTime) -> i32 {
    1
}
