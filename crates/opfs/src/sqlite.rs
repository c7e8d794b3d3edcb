//! What SQLite's build imports of the clock and of randomness.

use sqlite_wasm_rs::host::LocalTime;

use crate::{imports, now_ms};

#[unsafe(no_mangle)]
extern "C" fn rust_sqlite_wasm_host_sleep(_seconds: u64, _nanoseconds: u32) {}

#[unsafe(no_mangle)]
extern "C" fn rust_sqlite_wasm_host_random(buf: *mut u8, len: usize) -> usize {
    // SAFETY: SQLite's build passes a buffer of that length.
    unsafe { imports::random(buf, len) };
    len
}

#[unsafe(no_mangle)]
extern "C" fn rust_sqlite_wasm_host_fill_entropy(buf: *mut u8, len: usize) -> i32 {
    // SAFETY: SQLite's build passes a buffer of that length.
    unsafe { imports::random(buf, len) };
    sqlite_wasm_rs::host::OK
}

#[unsafe(no_mangle)]
extern "C" fn rust_sqlite_wasm_host_epoch_timestamp_in_ms(out: *mut i64) -> i32 {
    // SAFETY: SQLite's build passes a place for the result.
    unsafe { out.write(now_ms() as i64) };
    sqlite_wasm_rs::host::OK
}

#[unsafe(no_mangle)]
extern "C" fn rust_sqlite_wasm_host_localtime(unix_seconds: i64, out: *mut LocalTime) -> i32 {
    // SAFETY: SQLite's build passes a place for ten numbers.
    unsafe { imports::local_time(unix_seconds as f64, out.cast()) }
}
