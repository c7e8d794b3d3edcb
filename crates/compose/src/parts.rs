//! The small parts of a composition that are made here: each is a core module of a few instructions, and a component of that.

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, ImportSection, InstructionSink, MemorySection, MemoryType, Module, TypeSection, ValType,
};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::interfaces::bare;
use crate::{Error, Result, adapt};

/// What the provider exports for the beginning and the end of a program.
pub(crate) const LIFE: &str = "tarbox:workspace/life@0.1.0";
/// What the provider imports of whoever composes it.
pub(crate) const BAKED: &str = "tarbox:workspace/baked@0.1.0";

/// The most bytes of packed files: a memory has 4 GiB, and they are not alone in it.
pub(crate) const IMAGE_MAX: u64 = 2 << 30;

const WORKSPACE: &str = "package tarbox:workspace@0.1.0 {
    interface baked {
        settings: func() -> list<tuple<string, string>>;
        image-size: func() -> u64;
        image: func(offset: u64, len: u32) -> list<u8>;
    }
    interface life {
        begin: func() -> result;
        finish: func() -> result;
    }
}";

/// What runs the application: it begins with the workspace, and ends with its last commit.
///
/// # Errors
/// [`Error::Failed`].
pub(crate) fn runner(run: &str) -> Result<Vec<u8>> {
    let version = version(run);
    let wit = format!(
        "package tarbox:runner;
        world runner {{ import {LIFE}; import {run}; export {run}; }}
        package wasi:cli{version} {{ interface run {{ run: func() -> result; }} }}
        {WORKSPACE}"
    );
    let mut part = Part::new();
    let begin = part.import(LIFE, "begin", &[], &[ValType::I32]);
    let finish = part.import(LIFE, "finish", &[], &[ValType::I32]);
    let inner = part.import(run, "run", &[], &[ValType::I32]);
    part.export(&format!("{run}#run"), &[], &[ValType::I32], |code| {
        // A workspace that cannot be opened is the end; whatever the program says, its last commit is made.
        code.call(begin)
            .if_(BlockType::Empty)
            .i32_const(1)
            .return_()
            .end();
        code.call(inner).call(finish).i32_or();
    });
    part.component(&wit, "runner")
}

/// What stands before `wasi:cli/exit`: the last commit comes first, and a program whose changes are lost has not succeeded.
///
/// # Errors
/// [`Error::Failed`].
pub(crate) fn exit(exit: &str, functions: &[String]) -> Result<Vec<u8>> {
    let version = version(exit);
    let declared = |name: &str| match name {
        "exit" => Ok("exit: func(status: result);"),
        "exit-with-code" => Ok("exit-with-code: func(status-code: u8);"),
        other => Err(Error::Mismatch {
            interface: exit.to_owned(),
            reason: format!("there is no function `{other}`"),
        }),
    };
    let declarations = functions
        .iter()
        .map(|name| declared(name))
        .collect::<Result<Vec<_>>>()?;
    let wit = format!(
        "package tarbox:runner;
        world runner {{ import {LIFE}; import {exit}; export {exit}; }}
        package wasi:cli{version} {{ interface exit {{ {} }} }}
        {WORKSPACE}",
        declarations.concat()
    );
    let mut part = Part::new();
    let finish = part.import(LIFE, "finish", &[], &[ValType::I32]);
    let inner: Vec<u32> = functions
        .iter()
        .map(|name| part.import(exit, name, &[ValType::I32], &[]))
        .collect();
    for (name, inner) in functions.iter().zip(inner) {
        part.export(&format!("{exit}#{name}"), &[ValType::I32], &[], |code| {
            // Of two failures the program's own is told.
            code.call(finish).local_set(1);
            code.local_get(0).local_get(1).local_get(0).select().call(inner);
        });
    }
    part.component(&wit, "runner")
}

/// Settings and packed files, as data.
///
/// # Errors
/// [`Error::TooLarge`]; [`Error::Failed`].
pub(crate) fn baked(settings: &[(String, String)], image: &[u8]) -> Result<Vec<u8>> {
    let size = image.len() as u64;
    if size > IMAGE_MAX {
        return Err(Error::TooLarge(size));
    }
    let wit = format!("package tarbox:runner; world runner {{ export {BAKED}; }} {WORKSPACE}");
    // At the start of the memory: the result of `settings`, that of `image`, then the table of settings, their texts and
    // the image.
    const SETTINGS: u32 = 8;
    const IMAGE: u32 = 16;
    const TABLE: u32 = 24;
    let mut table = Vec::new();
    let mut texts: Vec<u8> = Vec::new();
    let texts_at = TABLE as usize + settings.len() * 16;
    for text in settings.iter().flat_map(|(name, value)| [name, value]) {
        table.extend(((texts_at + texts.len()) as u32).to_le_bytes());
        table.extend((text.len() as u32).to_le_bytes());
        texts.extend(text.as_bytes());
    }
    let mut data = Vec::new();
    data.extend(TABLE.to_le_bytes());
    data.extend((settings.len() as u32).to_le_bytes());
    data.extend([0; (TABLE - IMAGE) as usize]);
    data.extend(table);
    data.extend(texts);
    let image_at = SETTINGS as usize + data.len();
    data.extend(image);

    let mut part = Part::new();
    part.data = Some((SETTINGS, data));
    part.export(&format!("{BAKED}#settings"), &[], &[ValType::I32], |code| {
        code.i32_const(SETTINGS as i32);
    });
    part.export(&format!("{BAKED}#image-size"), &[], &[ValType::I64], |code| {
        code.i64_const(size as i64);
    });
    let image = format!("{BAKED}#image");
    part.export(&image, &[ValType::I64, ValType::I32], &[ValType::I32], |code| {
        // From the offset or the end, whichever comes first, and as much as there is behind it.
        code.local_get(0).i64_const(size as i64);
        code.local_get(0).i64_const(size as i64).i64_lt_u().select();
        code.i32_wrap_i64().local_set(2);
        code.i32_const(IMAGE as i32);
        code.i32_const(image_at as i32).local_get(2).i32_add();
        code.i32_store(at(0));
        code.i32_const(IMAGE as i32);
        code.i32_const(size as i32).local_get(2).i32_sub().local_tee(2);
        code.local_get(1);
        code.local_get(2).local_get(1).i32_lt_u().select();
        code.i32_store(at(4));
        code.i32_const(IMAGE as i32);
    });
    part.component(&wit, "runner")
}

fn at(offset: u64) -> wasm_encoder::MemArg {
    wasm_encoder::MemArg {
        offset,
        align: 2,
        memory_index: 0,
    }
}

/// `@0.2.3` of `wasi:cli/run@0.2.3`.
fn version(name: &str) -> &str {
    &name[bare(name).len()..]
}

/// A core module in the making.
struct Part {
    types: TypeSection,
    imports: ImportSection,
    imported: u32,
    functions: FunctionSection,
    exports: ExportSection,
    code: CodeSection,
    defined: u32,
    data: Option<(u32, Vec<u8>)>,
}

impl Part {
    fn new() -> Self {
        Self {
            types: TypeSection::new(),
            imports: ImportSection::new(),
            imported: 0,
            functions: FunctionSection::new(),
            exports: ExportSection::new(),
            code: CodeSection::new(),
            defined: 0,
            data: None,
        }
    }

    fn define(&mut self, params: &[ValType], results: &[ValType]) -> u32 {
        let index = self.types.len();
        let types = self.types.ty();
        types.function(params.iter().copied(), results.iter().copied());
        index
    }

    /// Imports come before everything that is defined.
    fn import(&mut self, interface: &str, name: &str, params: &[ValType], results: &[ValType]) -> u32 {
        let ty = self.define(params, results);
        self.imports.import(interface, name, EntityType::Function(ty));
        self.imported += 1;
        self.imported - 1
    }

    /// A function with one local variable more than it has parameters.
    fn export(
        &mut self,
        name: &str,
        params: &[ValType],
        results: &[ValType],
        code: impl FnOnce(&mut InstructionSink<'_>),
    ) {
        let ty = self.define(params, results);
        self.functions.function(ty);
        let mut function = Function::new([(1, ValType::I32)]);
        let mut sink = function.instructions();
        code(&mut sink);
        sink.end();
        self.code.function(&function);
        self.exports
            .export(name, ExportKind::Func, self.imported + self.defined);
        self.defined += 1;
    }

    fn component(mut self, wit: &str, world: &str) -> Result<Vec<u8>> {
        let failed = |what: &str, e: &dyn std::fmt::Display| Error::Failed(format!("{what}: {e:#}"));
        let mut module = Module::new();
        let mut memories = MemorySection::new();
        let end = self
            .data
            .as_ref()
            .map_or(0, |(at, data)| u64::from(*at) + data.len() as u64);
        memories.memory(MemoryType {
            minimum: end.div_ceil(1 << 16),
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        self.exports.export("memory", ExportKind::Memory, 0);
        module
            .section(&self.types)
            .section(&self.imports)
            .section(&self.functions)
            .section(&memories)
            .section(&self.exports)
            .section(&self.code);
        if let Some((at, data)) = &self.data {
            let mut section = DataSection::new();
            section.active(0, &ConstExpr::i32_const(*at as i32), data.iter().copied());
            module.section(&section);
        }
        let mut bytes = module.finish();
        let mut resolve = Resolve::default();
        let package = resolve
            .push_str("part.wit", wit)
            .map_err(|e| failed("the interfaces of a part", &e))?;
        let world = resolve
            .select_world(&[package], Some(world))
            .map_err(|e| failed("the world of a part", &e))?;
        embed_component_metadata(&mut bytes, &resolve, world, StringEncoding::UTF8)
            .map_err(|e| failed("the description of a part", &e))?;
        adapt::of_module(&bytes).map_err(|e| failed("a part", &e))
    }
}
