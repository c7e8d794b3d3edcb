//! Ending a script in a way that it cannot catch.
//!
//! The engine has a flag for errors that pass every `catch` and `finally`. Two things take that flag's force away: where memory is
//! used up, there is none for the error; and some of the engine's own functions swallow whatever was thrown in a call they made,
//! such as the one that describes a stack. So a script that is to end also loses its stack: from then on no function can be
//! called, native or not. What is left to it is the function it is in, up to the next time that the engine asks the [`Watch`].
//! And since the engine asks at regular distances, which a loop could arrange to fall into what swallows errors, the distances are
//! made irregular then.
//!
//! [`Watch`]: crate::limits::Watch

#![allow(unsafe_code)] // the engine has safe wrappers neither for the flag nor for its stack inside a call

use std::cell::Cell;
use std::ptr::NonNull;

use rquickjs::{Ctx, Error, Exception, Function, Persistent, qjs};

/// An exception that passes every `catch` and `finally`.
pub(crate) fn uncatchable(ctx: &Ctx<'_>, message: &str) -> Error {
    let exception = match Exception::from_message(ctx.clone(), message) {
        Ok(exception) => exception,
        Err(error) => return error,
    };
    let value = exception.into_object().into_value();
    // SAFETY: `value` is a live object of the live context `ctx`; the call only sets a flag on it.
    unsafe { qjs::JS_SetUncatchableError(ctx.as_raw().as_ptr(), value.as_raw()) };
    ctx.throw(value)
}

/// Takes the stack away from an engine.
#[derive(Default)]
pub(crate) struct Brake {
    engine: Cell<Option<Engine>>,
    /// Keeps the function alive.
    idle: Cell<Option<Persistent<Function<'static>>>>,
    pulled: Cell<u32>,
}

#[derive(Clone, Copy)]
struct Engine {
    runtime: NonNull<qjs::JSRuntime>,
    context: NonNull<qjs::JSContext>,
    /// A native function that does nothing.
    idle: qjs::JSValue,
}

/// The most calls by which a distance is shortened: fewer than there are in one.
const SLIP_MAX: u32 = 7919;

impl Brake {
    /// From here on it can be pulled, until [`disarm`](Self::disarm), which comes before the end of the engine.
    ///
    /// # Errors
    /// If there is no memory.
    pub(crate) fn arm(&self, ctx: &Ctx<'_>) -> rquickjs::Result<()> {
        let idle = Function::new(ctx.clone(), || {})?;
        let context = ctx.as_raw();
        // SAFETY: the context is live, and asked for the engine that it belongs to.
        let runtime = unsafe { qjs::JS_GetRuntime(context.as_ptr()) };
        self.engine.set(NonNull::new(runtime).map(|runtime| Engine {
            runtime,
            context,
            idle: idle.as_raw(),
        }));
        self.idle.set(Some(Persistent::save(ctx, idle)));
        Ok(())
    }

    pub(crate) fn disarm(&self) {
        self.engine.set(None);
        self.idle.set(None);
    }

    /// No function can be called any more.
    pub(crate) fn pull(&self) {
        if let Some(Engine { runtime, .. }) = self.engine.get() {
            // SAFETY: the engine is live between `arm` and `disarm`, and used by this thread alone. The call sets two numbers in
            // it that are read when a function is called; it is meant to be made at any time.
            unsafe { qjs::JS_SetMaxStackSize(runtime.as_ptr(), 1) };
        }
    }

    /// Makes the engine ask again a little sooner than it would, each time by another amount. Called when it has just asked.
    pub(crate) fn slip(&self) {
        let Some(Engine { context, idle, .. }) = self.engine.get() else {
            return;
        };
        let pulled = self
            .pulled
            .get()
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        self.pulled.set(pulled);
        for _ in 0..(pulled >> 8) % SLIP_MAX {
            // SAFETY: context and function are live between `arm` and `disarm`. The engine asks where calls are made, so one may be
            // made here. Each counts as a unit of work, and does nothing else: the function takes nothing from the stack or from
            // memory, and there are fewer calls than there are units until the engine asks again.
            unsafe { qjs::JS_Call(context.as_ptr(), idle, qjs::JS_UNDEFINED, 0, std::ptr::null_mut()) };
        }
    }
}
