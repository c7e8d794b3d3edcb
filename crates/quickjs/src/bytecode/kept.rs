//! Compiling, unless it was done before.

use std::rc::Rc;

use rquickjs::module::{Declared, WriteOptions};
use rquickjs::{Ctx, Module, Result, Value};

use super::bytes;
use super::code::{self, Script};
pub use super::pack::Bytecode;
use super::pack::{Key, Kind, key};
use crate::limits::Watch;

/// How much more memory than its source a script's bytecode takes at most, while it is written.
const TIMES: u64 = 16;
/// Memory that is left to the script, at least.
const SPARED: u64 = 1 << 20;

/// What compiles.
#[derive(Clone)]
pub(crate) struct Compiler {
    bytecode: Option<Bytecode>,
    watch: Rc<Watch>,
}

impl Compiler {
    pub(crate) fn new(bytecode: Option<&Bytecode>, watch: &Rc<Watch>) -> Self {
        Self {
            bytecode: bytecode.cloned(),
            watch: Rc::clone(watch),
        }
    }

    /// Where it is kept, for other engines of the same script.
    pub(crate) fn bytecode(&self) -> Option<Bytecode> {
        self.bytecode.clone()
    }

    /// Where bytecode of a source of this length may go: to be kept must not be what ends a script.
    fn keeper(&self, length: usize) -> Option<&Bytecode> {
        let needed = (length as u64).saturating_mul(TIMES).saturating_add(SPARED);
        self.bytecode
            .as_ref()
            .filter(|_| self.watch.memory_left() > needed)
    }
}

/// The value of a script.
pub(crate) fn script<'js>(compiler: &Compiler, ctx: &Ctx<'js>, script: Script<'_>) -> Result<Value<'js>> {
    let Some(bytecode) = &compiler.bytecode else {
        return code::run(ctx, code::compile(ctx, script)?);
    };
    let (key, length) = (script.key(), script.source.len());
    if let Some(code) = bytecode.with(&key, |kept| bytes::read(ctx, kept)) {
        return code::run(ctx, code?);
    }
    let code = code::compile(ctx, script)?;
    if let Some(bytecode) = compiler.keeper(length) {
        keep(ctx, bytecode, key, bytes::write(ctx, &code));
    }
    code::run(ctx, code)
}

impl Script<'_> {
    fn key(&self) -> Key {
        key(Kind::Script(self.line), self.name, &self.source)
    }
}

/// An ES module of this name.
pub(crate) fn module<'js>(
    compiler: &Compiler,
    ctx: &Ctx<'js>,
    name: &str,
    source: &str,
) -> Result<Module<'js, Declared>> {
    // What is said of an import (`with { type: 'json' }`) is not part of the engine's bytecode.
    let bytecode = compiler.bytecode.as_ref().filter(|_| !has_attributes(source));
    let Some(bytecode) = bytecode else {
        return Module::declare(ctx.clone(), name, source);
    };
    let key = key(Kind::Module, name, source.as_bytes());
    if let Some(module) = bytecode.with(&key, |kept| bytes::read_module(ctx, kept)) {
        return module;
    }
    let module = Module::declare(ctx.clone(), name, source)?;
    if let Some(bytecode) = compiler.keeper(source.len()) {
        keep(ctx, bytecode, key, module.write(WriteOptions::default()));
    }
    Ok(module)
}

/// What cannot be written is compiled again the next time.
fn keep(ctx: &Ctx<'_>, bytecode: &Bytecode, key: Key, written: Result<Vec<u8>>) {
    match written {
        Ok(bytes) => bytecode.keep(key, bytes),
        Err(_) => drop(ctx.catch()),
    }
}

/// Whether there may be attributes: the word `with`, and a brace behind it.
fn has_attributes(source: &str) -> bool {
    source.match_indices("with").any(|(at, word)| {
        let rest = source[at + word.len()..].trim_start();
        rest.starts_with('{') || rest.starts_with('/')
    })
}

#[cfg(test)]
mod tests {
    use super::has_attributes;

    #[test]
    fn attributes_are_noticed() {
        for source in [
            "import a from './a.json' with { type: 'json' }",
            "import a from './a.json' with\n{type:'json'}",
            "export * from './a.json' with/**/{ type: 'json' }",
        ] {
            assert!(has_attributes(source), "{source}");
        }
        assert!(!has_attributes("import { a } from './with.js'; without(a)"));
    }
}
