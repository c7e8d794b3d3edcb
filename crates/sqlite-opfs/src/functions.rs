//! Functions, aggregates and collations written in JavaScript. Each has a number, by which it is called.

use std::ffi::{c_char, c_int, c_void};

use sqlite_wasm_rs as ffi;

use crate::value::Value;

#[link(wasm_import_module = "tarbox")]
unsafe extern "C" {
    fn call_function(
        id: usize,
        part: u32,
        context: *mut ffi::sqlite3_context,
        count: c_int,
        values: *const Value,
    );
    fn call_collation(
        id: usize,
        one: *const c_void,
        one_len: c_int,
        other: *const c_void,
        other_len: c_int,
    ) -> c_int;
    fn forget_function(id: usize);
}

/// What is called of a function.
const SCALAR: u32 = 0;
const STEP: u32 = 1;
const FINAL: u32 = 2;
const VALUE: u32 = 3;
const INVERSE: u32 = 4;

/// # Safety
/// SQLite passes `count` arguments.
unsafe fn call(
    part: u32,
    context: *mut ffi::sqlite3_context,
    count: c_int,
    arguments: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: SQLite passes that many arguments, and the number it was given at the registration.
    unsafe {
        let values: Vec<_> = (0..count as usize)
            .map(|at| Value::of_argument(*arguments.add(at)))
            .collect();
        let id = ffi::sqlite3_user_data(context) as usize;
        call_function(id, part, context, count, values.as_ptr());
    }
}

macro_rules! with_arguments {
    ($($name:ident = $part:ident),*) => {
        $(unsafe extern "C" fn $name(
            context: *mut ffi::sqlite3_context,
            count: c_int,
            arguments: *mut *mut ffi::sqlite3_value,
        ) {
            // SAFETY: SQLite calls it with as many arguments as it says.
            unsafe { call($part, context, count, arguments) }
        })*
    };
}

with_arguments!(x_func = SCALAR, x_step = STEP, x_inverse = INVERSE);

unsafe extern "C" fn x_final(context: *mut ffi::sqlite3_context) {
    // SAFETY: there are no arguments.
    unsafe { call(FINAL, context, 0, std::ptr::null_mut()) }
}

unsafe extern "C" fn x_value(context: *mut ffi::sqlite3_context) {
    // SAFETY: there are no arguments.
    unsafe { call(VALUE, context, 0, std::ptr::null_mut()) }
}

unsafe extern "C" fn x_compare(
    id: *mut c_void,
    one_len: c_int,
    one: *const c_void,
    other_len: c_int,
    other: *const c_void,
) -> c_int {
    // SAFETY: passes on what SQLite passes.
    unsafe { call_collation(id as usize, one, one_len, other, other_len) }
}

unsafe extern "C" fn x_destroy(id: *mut c_void) {
    // SAFETY: passes a number only.
    unsafe { forget_function(id as usize) }
}

/// Registers a function: `kind` is 0 for a scalar, 1 for an aggregate, 2 for one that can be used as a window.
#[unsafe(no_mangle)]
unsafe extern "C" fn create_function(
    db: *mut ffi::sqlite3,
    name: *const c_char,
    arguments: c_int,
    flags: c_int,
    id: usize,
    kind: u32,
) -> c_int {
    let data = id as *mut c_void;
    let flags = flags | ffi::SQLITE_UTF8;
    // SAFETY: the connection is open, and the name ends with NUL.
    unsafe {
        match kind {
            0 => ffi::sqlite3_create_function_v2(
                db,
                name,
                arguments,
                flags,
                data,
                Some(x_func),
                None,
                None,
                Some(x_destroy),
            ),
            1 => ffi::sqlite3_create_function_v2(
                db,
                name,
                arguments,
                flags,
                data,
                None,
                Some(x_step),
                Some(x_final),
                Some(x_destroy),
            ),
            _ => ffi::sqlite3_create_window_function(
                db,
                name,
                arguments,
                flags,
                data,
                Some(x_step),
                Some(x_final),
                Some(x_value),
                Some(x_inverse),
                Some(x_destroy),
            ),
        }
    }
}

/// Takes a function away.
#[unsafe(no_mangle)]
unsafe extern "C" fn delete_function(db: *mut ffi::sqlite3, name: *const c_char, arguments: c_int) -> c_int {
    // SAFETY: the connection is open, and the name ends with NUL.
    unsafe {
        ffi::sqlite3_create_function_v2(
            db,
            name,
            arguments,
            ffi::SQLITE_UTF8,
            std::ptr::null_mut(),
            None,
            None,
            None,
            None,
        )
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn create_collation(db: *mut ffi::sqlite3, name: *const c_char, id: usize) -> c_int {
    let data = id as *mut c_void;
    // SAFETY: the connection is open, and the name ends with NUL.
    unsafe {
        ffi::sqlite3_create_collation_v2(db, name, ffi::SQLITE_UTF8, data, Some(x_compare), Some(x_destroy))
    }
}
