//! Ending a script from inside a native call, in a way that it cannot catch.

#![allow(unsafe_code)] // the engine's flag for uncatchable errors has no safe wrapper

use rquickjs::{Ctx, Error, Exception};

/// An exception that passes every `catch` and `finally`.
pub(crate) fn uncatchable(ctx: &Ctx<'_>, message: &str) -> Error {
    let exception = match Exception::from_message(ctx.clone(), message) {
        Ok(exception) => exception,
        Err(error) => return error,
    };
    let value = exception.into_object().into_value();
    // SAFETY: `value` is a live object of the live context `ctx`; the call only sets a flag on it.
    unsafe { rquickjs::qjs::JS_SetUncatchableError(ctx.as_raw().as_ptr(), value.as_raw()) };
    ctx.throw(value)
}
