//! What JavaScript cannot say itself: compiling, jobs, and looking into promises and proxies.

use std::rc::Rc;

use rquickjs::context::EvalOptions;
use rquickjs::{Array, Ctx, IntoJs, Module, Object, Result, Value};

use super::{Data, Shared, functions};
use crate::bytecode::{self, Script};

/// What makes a function of a CommonJS module. Its first line is a line of its own, and line 1.
const BEFORE: &[u8] = b"(function (exports, require, module, __filename, __dirname) {\n\n";
const AFTER: &[u8] = b"\n})";
const LINE: i32 = -1;

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>, shared: &Rc<Shared>) -> Result<()> {
    let alive = shared.clone();
    let compiler = shared.compiler.clone();
    let ours = shared.compiler.clone();
    functions!(ctx, native, {
        // The value of a script, which is named so in stack traces.
        "compile" => |ctx: Ctx<'js>, source: Data<'js>, name: String| {
            let mut options = EvalOptions::default();
            options.strict = false;
            options.filename = Some(name);
            ctx.eval_with_options::<Value<'js>, _>(source.to_vec(), options)
        },
        // A CommonJS module as the function that it is.
        "compileModule" => move |ctx: Ctx<'js>, source: Data<'js>, name: String| {
            let source = source.with(|source| [BEFORE, source, AFTER].concat());
            let script = Script { name: &name, source, line: LINE };
            bytecode::script(&compiler, &ctx, script)
        },
        // A module of ours, as a function.
        "builtin" => move |ctx: Ctx<'js>, id: String| {
            bytecode::builtin(&ours, &ctx, &id)
        },
        "import" => |ctx: Ctx<'js>, specifier: String| Module::import(&ctx, specifier),
        "runJobs" => move |ctx: Ctx<'js>| {
            while ctx.execute_pending_job() {
                alive.alive(&ctx)?;
            }
            alive.alive(&ctx)
        },
        // The state of a promise (0 pending, 1 fulfilled, 2 rejected) and its result; undefined of anything else.
        "promise" => |ctx: Ctx<'js>, value: Value<'js>| {
            let Some(promise) = value.as_promise() else {
                return Ok(Value::new_undefined(ctx));
            };
            let details = Array::new(ctx.clone())?;
            let (state, result) = match promise.result::<Value<'js>>() {
                None => (0, Value::new_undefined(ctx.clone())),
                Some(Ok(value)) => (1, value),
                Some(Err(_)) => (2, ctx.catch()),
            };
            details.set(0, state)?;
            details.set(1, result)?;
            details.into_js(&ctx)
        },
        // Target and handler of a proxy; undefined of anything else.
        "proxy" => |ctx: Ctx<'js>, value: Value<'js>| {
            let Some(proxy) = value.as_proxy() else {
                return Ok(Value::new_undefined(ctx));
            };
            let details = Array::new(ctx.clone())?;
            details.set(0, proxy_part(&ctx, proxy.target()))?;
            details.set(1, proxy_part(&ctx, proxy.handler()))?;
            details.into_js(&ctx)
        },
        "collect" => |ctx: Ctx<'js>| ctx.run_gc(),
    });
    Ok(())
}

/// A part of a proxy; null of one that was revoked.
fn proxy_part<'js>(ctx: &Ctx<'js>, part: Result<Object<'js>>) -> Value<'js> {
    part.map_or_else(|_| Value::new_null(ctx.clone()), Object::into_value)
}
