//! What was compiled, as bytes.

#![allow(unsafe_code)] // whether bytes are bytecode, only who keeps them can know

use rquickjs::module::Declared;
use rquickjs::{Ctx, Error, Module, Result, qjs};

use super::code::{Code, owned};

/// As bytes.
pub(super) fn write(ctx: &Ctx<'_>, code: &Code<'_>) -> Result<Vec<u8>> {
    let mut length = 0;
    // SAFETY: the context and the value are live. The engine answers memory of that length, or null.
    unsafe {
        let bytes = qjs::JS_WriteObject(
            ctx.as_raw().as_ptr(),
            &mut length,
            code.0.as_raw(),
            qjs::JS_WRITE_OBJ_BYTECODE as i32,
        );
        if bytes.is_null() {
            return Err(Error::Exception);
        }
        let copy = std::slice::from_raw_parts(bytes, length as usize).to_vec();
        qjs::js_free(ctx.as_raw().as_ptr(), bytes.cast());
        Ok(copy)
    }
}

/// From bytes that `write` answered, in this process or another one of the same program.
pub(super) fn read<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<Code<'js>> {
    // SAFETY: `pack` lends only what this program has written, and the engine copies what it needs of it.
    let compiled = unsafe {
        qjs::JS_ReadObject(
            ctx.as_raw().as_ptr(),
            bytes.as_ptr(),
            bytes.len() as _,
            qjs::JS_READ_OBJ_BYTECODE as i32,
        )
    };
    owned(ctx, compiled).map(Code)
}

/// The same for a module, from bytes that `Module::write` answered.
pub(super) fn read_module<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<Module<'js, Declared>> {
    // SAFETY: as above.
    unsafe { Module::load(ctx.clone(), bytes) }
}
