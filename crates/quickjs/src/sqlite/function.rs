//! Functions of SQL that are written in JavaScript.

#![allow(unsafe_code)] // SQLite calls back through pointers

use std::cell::Cell;
use std::ffi::{CStr, c_int, c_void};
use std::ptr::NonNull;
use std::rc::{Rc, Weak};

use libsqlite3_sys as ffi;
use rquickjs::function::Args;
use rquickjs::{Array, BigInt, Coerced, Ctx, IntoJs, Result, String, TypedArray, Value, qjs};

use super::connection::{Connection, address, lent, transient};
use crate::bytes::Bytes;

/// The largest whole number that every smaller one is exact below.
pub(crate) const SAFE: i64 = (1 << 53) - 1;

/// A function, by its number in the array that each call brings along: so SQLite holds nothing of the engine's.
pub(crate) struct Function {
    /// Where it is in the array.
    pub(crate) index: usize,
    /// How many arguments it takes; -1 for any number.
    pub(crate) arguments: c_int,
    /// Whole numbers arrive as `BigInt`.
    pub(crate) big: bool,
}

/// What SQLite keeps of a function.
struct Registered {
    function: Function,
    connection: Weak<Connection>,
}

impl Function {
    /// Answers SQLite's code.
    pub(super) fn define(
        self,
        raw: NonNull<ffi::sqlite3>,
        connection: &Rc<Connection>,
        name: &CStr,
        flags: c_int,
    ) -> c_int {
        let arguments = self.arguments;
        let registered = Box::new(Registered {
            function: self,
            connection: Rc::downgrade(connection),
        });
        // SAFETY: the connection is open, the name ends with NUL, and what the pointer leads to is freed by `forget`, which SQLite
        // calls once, also where this fails.
        unsafe {
            ffi::sqlite3_create_function_v2(
                raw.as_ptr(),
                name.as_ptr(),
                arguments,
                ffi::SQLITE_UTF8 | flags,
                Box::into_raw(registered).cast(),
                Some(call),
                None,
                None,
                Some(forget),
            )
        }
    }
}

/// Where functions are found while a statement runs.
#[derive(Default)]
pub(super) struct Callees {
    now: Cell<Option<(NonNull<qjs::JSContext>, qjs::JSValue)>>,
    depth: Cell<u32>,
}

impl Callees {
    /// Lends the engine and the array for a call of SQLite.
    pub(super) fn during<'js, R>(
        &self,
        ctx: &Ctx<'js>,
        functions: &Array<'js>,
        run: impl FnOnce() -> R,
    ) -> R {
        let before = self.now.replace(Some((ctx.as_raw(), functions.as_raw())));
        self.depth.set(self.depth.get() + 1);
        let answer = run();
        self.depth.set(self.depth.get() - 1);
        self.now.set(before);
        answer
    }

    pub(super) fn depth(&self) -> u32 {
        self.depth.get()
    }

    fn with(&self, run: impl for<'js> FnOnce(&Ctx<'js>, &Array<'js>)) {
        let Some((ctx, functions)) = self.now.get() else {
            return;
        };
        // SAFETY: both were lent by `during`, which has not returned: it is below on the stack. The array is made an owner of its own.
        let (ctx, functions) = unsafe {
            let ctx = Ctx::from_raw(ctx);
            let functions = Value::from_raw(ctx.clone(), qjs::JS_DupValue(ctx.as_raw().as_ptr(), functions));
            (ctx, functions)
        };
        if let Some(functions) = functions.as_array() {
            run(&ctx, functions);
        }
    }
}

unsafe extern "C" fn forget(registered: *mut c_void) {
    // SAFETY: it is what `define` made, and given back once.
    drop(unsafe { Box::from_raw(registered.cast::<Registered>()) });
}

unsafe extern "C" fn call(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: SQLite passes what was registered, and `count` values.
    let (registered, values) = unsafe {
        let registered = &*ffi::sqlite3_user_data(context).cast::<Registered>();
        let values = match count {
            1.. => std::slice::from_raw_parts(values, count as usize),
            _ => &[],
        };
        (registered, values)
    };
    let Some(connection) = registered.connection.upgrade() else {
        return;
    };
    connection.callees.with(|ctx, functions| {
        // What was thrown stays with the engine, and is what the statement fails with.
        if answer(ctx, functions, &registered.function, values, context).is_err() {
            fail(context, "the function failed");
        }
    });
}

fn fail(context: *mut ffi::sqlite3_context, message: &str) {
    // SAFETY: SQLite's context of this call; the message is copied.
    unsafe { ffi::sqlite3_result_error(context, message.as_ptr().cast(), message.len() as c_int) }
}

fn answer<'js>(
    ctx: &Ctx<'js>,
    functions: &Array<'js>,
    function: &Function,
    values: &[*mut ffi::sqlite3_value],
    context: *mut ffi::sqlite3_context,
) -> Result<()> {
    let callee: rquickjs::Function<'js> = functions.get(function.index)?;
    let mut args = Args::new(ctx.clone(), values.len());
    for value in values {
        args.push_arg(argument(ctx, *value, function.big)?)?;
    }
    let answer: Value<'js> = callee.call_arg(args)?;
    // SAFETY: SQLite's context of this call; bytes are copied before it returns.
    unsafe {
        if answer.is_null() || answer.is_undefined() {
            ffi::sqlite3_result_null(context);
        } else if let Some(number) = answer.as_number() {
            ffi::sqlite3_result_double(context, number);
        } else if let Some(text) = answer.as_string() {
            let text = text.to_string()?;
            let (from, length) = (address(text.as_bytes()).cast(), text.len() as u64);
            ffi::sqlite3_result_text64(context, from, length, transient(), ffi::SQLITE_UTF8 as u8);
        } else if let Some(number) = answer.as_big_int() {
            let (low, digits) = (
                number.clone().to_i64()?,
                answer.get::<Coerced<std::string::String>>()?.0,
            );
            match digits == low.to_string() {
                true => ffi::sqlite3_result_int64(context, low),
                false => fail(context, "BigInt value is too large for SQLite"),
            }
        } else if answer.is_promise() {
            fail(context, "Asynchronous user-defined functions are not supported");
        } else {
            match <Bytes<'js> as rquickjs::FromJs<'js>>::from_js(ctx, answer) {
                Ok(bytes) => bytes.with(|bytes| {
                    ffi::sqlite3_result_blob64(context, address(bytes), bytes.len() as u64, transient());
                }),
                Err(_) => {
                    ctx.catch();
                    fail(
                        context,
                        "Returned JavaScript value cannot be converted to a SQLite value",
                    );
                }
            }
        }
    }
    Ok(())
}

fn argument<'js>(ctx: &Ctx<'js>, value: *mut ffi::sqlite3_value, big: bool) -> Result<Value<'js>> {
    // SAFETY: a value of the call that runs; its bytes are copied before anything else is done with it.
    unsafe {
        match ffi::sqlite3_value_type(value) {
            ffi::SQLITE_INTEGER => {
                let number = ffi::sqlite3_value_int64(value);
                match big {
                    true => BigInt::from_i64(ctx.clone(), number)?.into_js(ctx),
                    false if (-SAFE..=SAFE).contains(&number) => (number as f64).into_js(ctx),
                    false => Err(too_large(ctx, number)),
                }
            }
            ffi::SQLITE_FLOAT => ffi::sqlite3_value_double(value).into_js(ctx),
            ffi::SQLITE_TEXT => {
                let from = ffi::sqlite3_value_text(value);
                let bytes = lent(from.cast(), ffi::sqlite3_value_bytes(value));
                String::from_str(ctx.clone(), &std::string::String::from_utf8_lossy(bytes))?.into_js(ctx)
            }
            ffi::SQLITE_BLOB => {
                let from = ffi::sqlite3_value_blob(value);
                TypedArray::new_copy(ctx.clone(), lent(from, ffi::sqlite3_value_bytes(value)))?.into_js(ctx)
            }
            _ => Ok(Value::new_null(ctx.clone())),
        }
    }
}

/// A whole number that no number of JavaScript can hold.
pub(crate) fn too_large(ctx: &Ctx<'_>, number: i64) -> rquickjs::Error {
    let message = format!("Value is too large to be represented as a JavaScript number: {number}");
    rquickjs::Exception::throw_range(ctx, &message);
    let thrown = ctx.catch();
    if let Some(error) = thrown.as_object() {
        // The engine's own object takes a property; if not, the message still tells.
        let _ = error.set("code", "ERR_OUT_OF_RANGE");
    }
    ctx.throw(thrown)
}
