//! Scripts that were compiled and not run yet.

#![allow(unsafe_code)] // the engine has no safe wrappers for scripts that are compiled only

use std::ffi::CString;

use rquickjs::{Ctx, Error, Result, Value, qjs};

/// A script, not a strict one.
pub(crate) struct Script<'a> {
    /// What it is called in stack traces.
    pub(crate) name: &'a str,
    pub(crate) source: Vec<u8>,
    /// The number of its first line, which may be below zero, so that of what is wrapped the first line is line 1. 0 is taken for 1.
    pub(crate) line: i32,
}

impl<'a> Script<'a> {
    /// A text as it is.
    pub(crate) const fn new(name: &'a str, source: Vec<u8>) -> Self {
        Self {
            name,
            source,
            line: 1,
        }
    }
}

/// A script that was compiled.
pub(super) struct Code<'js>(pub(super) Value<'js>);

/// Compiles a script.
pub(super) fn compile<'js>(ctx: &Ctx<'js>, script: Script<'_>) -> Result<Code<'js>> {
    let (name, length) = (CString::new(script.name)?, script.source.len());
    let source = CString::new(script.source)?;
    let mut options = qjs::JSEvalOptions {
        version: qjs::JS_EVAL_OPTIONS_VERSION as i32,
        eval_flags: (qjs::JS_EVAL_TYPE_GLOBAL | qjs::JS_EVAL_FLAG_COMPILE_ONLY) as i32,
        filename: name.as_ptr(),
        line_num: script.line,
    };
    // SAFETY: the context is live, both texts end with a zero, and `length` is that of the source without it.
    let compiled =
        unsafe { qjs::JS_Eval2(ctx.as_raw().as_ptr(), source.as_ptr(), length as _, &mut options) };
    owned(ctx, compiled).map(Code)
}

/// Runs it, and answers its value.
pub(super) fn run<'js>(ctx: &Ctx<'js>, code: Code<'js>) -> Result<Value<'js>> {
    // SAFETY: the context is live, and the value is what `compile` or `read` made. The engine takes a reference of its own.
    let value = unsafe {
        let code = qjs::JS_DupValue(ctx.as_raw().as_ptr(), code.0.as_raw());
        qjs::JS_EvalFunction(ctx.as_raw().as_ptr(), code)
    };
    owned(ctx, value)
}

/// What a call of the engine answered, which belongs to the caller.
pub(super) fn owned<'js>(ctx: &Ctx<'js>, value: qjs::JSValue) -> Result<Value<'js>> {
    // SAFETY: only the tag is looked at.
    if unsafe { qjs::JS_VALUE_GET_NORM_TAG(value) } == qjs::JS_TAG_EXCEPTION {
        return Err(Error::Exception);
    }
    // SAFETY: the value is of this context, and nobody else has this reference to it.
    Ok(unsafe { Value::from_raw(ctx.clone(), value) })
}
