//! What the engine has compiled, kept between runs.
//!
//! Bytecode is trusted: the engine runs it without looking at it, and what was made up could do anything to this process. So it is
//! read only from where no script can write and nobody but this user, and only if it was written by this very program. A script that
//! is compiled anew and one that was kept are the same, down to `toString` and the places in stack traces.

#[cfg(not(target_family = "wasm"))]
mod bytes;
mod code;
#[cfg(not(target_family = "wasm"))]
mod pack;

#[cfg_attr(not(target_family = "wasm"), path = "kept.rs")]
#[cfg_attr(target_family = "wasm", path = "anew.rs")]
mod compile;

pub(crate) use code::Script;
pub use compile::Bytecode;
pub(crate) use compile::{Compiler, module, script};

use rquickjs::{Ctx, Result, Value};

/// A module of ours, as a function.
pub(crate) fn builtin<'js>(compiler: &Compiler, ctx: &Ctx<'js>, id: &str) -> Result<Value<'js>> {
    let source = crate::builtins::function(id).into_bytes();
    script(compiler, ctx, Script::new(&format!("node:{id}"), source))
}
