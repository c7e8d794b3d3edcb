//! Where nothing can be kept: in a module, scripts could reach whatever it could reach.

use std::rc::Rc;

use rquickjs::module::Declared;
use rquickjs::{Ctx, Module, Result, Value};

use super::code::{self, Script};
use crate::limits::Watch;

/// There is none.
#[derive(Debug, Clone)]
pub enum Bytecode {}

/// What compiles.
#[derive(Clone)]
pub(crate) struct Compiler;

impl Compiler {
    pub(crate) const fn new(_bytecode: Option<&Bytecode>, _watch: &Rc<Watch>) -> Self {
        Self
    }

    pub(crate) const fn bytecode(&self) -> Option<Bytecode> {
        None
    }
}

/// The value of a script.
pub(crate) fn script<'js>(_compiler: &Compiler, ctx: &Ctx<'js>, script: Script<'_>) -> Result<Value<'js>> {
    code::run(ctx, code::compile(ctx, script)?)
}

/// An ES module of this name.
pub(crate) fn module<'js>(
    _compiler: &Compiler,
    ctx: &Ctx<'js>,
    name: &str,
    source: &str,
) -> Result<Module<'js, Declared>> {
    Module::declare(ctx.clone(), name, source)
}
