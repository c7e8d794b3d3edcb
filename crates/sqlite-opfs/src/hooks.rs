//! Hooks of a connection written in JavaScript. A number names whom to call; 0 takes the hook away.

use std::ffi::{c_char, c_int, c_void};

use sqlite_wasm_rs as ffi;

#[link(wasm_import_module = "tarbox")]
unsafe extern "C" {
    fn call_update_hook(
        id: usize,
        operation: c_int,
        database: *const c_char,
        table: *const c_char,
        rowid: i64,
    );
    /// A commit hook returns whether to roll back; a progress handler, whether to interrupt; a busy handler, whether to
    /// try again.
    fn call_hook(id: usize, number: c_int) -> c_int;
    fn call_trace(id: usize, event: u32, subject: *mut c_void, detail: *mut c_void) -> c_int;
    fn call_authorizer(
        id: usize,
        action: c_int,
        one: *const c_char,
        two: *const c_char,
        three: *const c_char,
        four: *const c_char,
    ) -> c_int;
}

unsafe extern "C" fn x_update(
    id: *mut c_void,
    operation: c_int,
    database: *const c_char,
    table: *const c_char,
    rowid: i64,
) {
    // SAFETY: passes on what SQLite passes.
    unsafe { call_update_hook(id as usize, operation, database, table, rowid) }
}

unsafe extern "C" fn x_hook(id: *mut c_void) -> c_int {
    // SAFETY: passes numbers only.
    unsafe { call_hook(id as usize, 0) }
}

unsafe extern "C" fn x_busy(id: *mut c_void, count: c_int) -> c_int {
    // SAFETY: passes numbers only.
    unsafe { call_hook(id as usize, count) }
}

unsafe extern "C" fn x_rollback(id: *mut c_void) {
    // SAFETY: passes numbers only.
    unsafe { call_hook(id as usize, 0) };
}

unsafe extern "C" fn x_trace(
    event: u32,
    id: *mut c_void,
    subject: *mut c_void,
    detail: *mut c_void,
) -> c_int {
    // SAFETY: passes on what SQLite passes.
    unsafe { call_trace(id as usize, event, subject, detail) }
}

unsafe extern "C" fn x_authorizer(
    id: *mut c_void,
    action: c_int,
    one: *const c_char,
    two: *const c_char,
    three: *const c_char,
    four: *const c_char,
) -> c_int {
    // SAFETY: passes on what SQLite passes.
    unsafe { call_authorizer(id as usize, action, one, two, three, four) }
}

/// What SQLite is to call, or nothing for the number 0.
fn unless_zero<F>(id: usize, hook: F) -> Option<F> {
    (id != 0).then_some(hook)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn update_hook(db: *mut ffi::sqlite3, id: usize) {
    let hook: Option<unsafe extern "C" fn(_, _, _, _, _)> = unless_zero(id, x_update as _);
    // SAFETY: the connection is open.
    unsafe { ffi::sqlite3_update_hook(db, hook, id as *mut c_void) };
}

#[unsafe(no_mangle)]
unsafe extern "C" fn commit_hook(db: *mut ffi::sqlite3, id: usize) {
    let hook: Option<unsafe extern "C" fn(_) -> c_int> = unless_zero(id, x_hook as _);
    // SAFETY: the connection is open.
    unsafe { ffi::sqlite3_commit_hook(db, hook, id as *mut c_void) };
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rollback_hook(db: *mut ffi::sqlite3, id: usize) {
    let hook: Option<unsafe extern "C" fn(_)> = unless_zero(id, x_rollback as _);
    // SAFETY: the connection is open.
    unsafe { ffi::sqlite3_rollback_hook(db, hook, id as *mut c_void) };
}

#[unsafe(no_mangle)]
unsafe extern "C" fn progress_handler(db: *mut ffi::sqlite3, every: c_int, id: usize) {
    let hook: Option<unsafe extern "C" fn(_) -> c_int> = unless_zero(id, x_hook as _);
    // SAFETY: the connection is open.
    unsafe { ffi::sqlite3_progress_handler(db, every, hook, id as *mut c_void) };
}

#[unsafe(no_mangle)]
unsafe extern "C" fn busy_handler(db: *mut ffi::sqlite3, id: usize) -> c_int {
    let hook: Option<unsafe extern "C" fn(_, _) -> c_int> = unless_zero(id, x_busy as _);
    // SAFETY: the connection is open.
    unsafe { ffi::sqlite3_busy_handler(db, hook, id as *mut c_void) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn trace(db: *mut ffi::sqlite3, mask: u32, id: usize) -> c_int {
    let hook: Option<unsafe extern "C" fn(_, _, _, _) -> c_int> = unless_zero(id, x_trace as _);
    // SAFETY: the connection is open.
    unsafe { ffi::sqlite3_trace_v2(db, mask, hook, id as *mut c_void) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn set_authorizer(db: *mut ffi::sqlite3, id: usize) -> c_int {
    let hook: Option<unsafe extern "C" fn(_, _, _, _, _, _) -> c_int> = unless_zero(id, x_authorizer as _);
    // SAFETY: the connection is open.
    unsafe { ffi::sqlite3_set_authorizer(db, hook, id as *mut c_void) }
}
