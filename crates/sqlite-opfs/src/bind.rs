//! Binding a row of values in one call.

use std::ffi::c_int;

use sqlite_wasm_rs as ffi;

use crate::value::{BIGINT, BLOB, FLOAT, INTEGER, TEXT, Value};

/// Binds `count` values to the parameters from `first` on, and returns SQLite's first result that is not `SQLITE_OK`.
#[unsafe(no_mangle)]
unsafe extern "C" fn bind_values(
    statement: *mut ffi::sqlite3_stmt,
    first: c_int,
    values: *const Value,
    count: c_int,
) -> c_int {
    for at in 0..count {
        // SAFETY: there are `count` values, and the bytes they speak of stay until the call returns.
        let code = unsafe { bind(statement, first + at, *values.add(at as usize)) };
        if code != ffi::SQLITE_OK {
            return code;
        }
    }
    ffi::SQLITE_OK
}

/// # Safety
/// As [`bind_values`].
unsafe fn bind(statement: *mut ffi::sqlite3_stmt, at: c_int, value: Value) -> c_int {
    let len = value.len as c_int;
    // SAFETY: by the caller's promise; SQLite copies the bytes.
    unsafe {
        match value.tag {
            INTEGER => ffi::sqlite3_bind_int64(statement, at, f64::from_bits(value.bits) as i64),
            BIGINT => ffi::sqlite3_bind_int64(statement, at, value.bits as i64),
            FLOAT => ffi::sqlite3_bind_double(statement, at, f64::from_bits(value.bits)),
            TEXT => ffi::sqlite3_bind_text(statement, at, value.place().cast(), len, ffi::SQLITE_TRANSIENT()),
            BLOB => ffi::sqlite3_bind_blob(statement, at, value.place().cast(), len, ffi::SQLITE_TRANSIENT()),
            _ => ffi::sqlite3_bind_null(statement, at),
        }
    }
}
