//! Programs: what is in a file, and its compiled form.

use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;

use wasmtime::component::Component;
use wasmtime::{Engine, Module};

use crate::engine::Checks;
use crate::error::one_line;
use crate::wasm::Wasm;
use crate::{Cache, RunError};

/// What kind of program it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A core module of preview 1.
    Module,
    /// A component of WASI 0.2.
    Component,
}

/// A WebAssembly program. It is compiled when first run, and kept compiled for as long as it lives.
pub struct Program {
    name: String,
    kind: Kind,
    wasm: Wasm,
    /// One for each combination of checks.
    compiled: [OnceLock<Compiled>; Checks::COUNT],
}

/// The compiled form of a program.
pub(crate) enum Compiled {
    Module(Module),
    Component(Component),
}

impl Program {
    /// Reads a program. Its name is the file's.
    ///
    /// # Errors
    /// [`RunError::Read`]; [`RunError::NotWasm`] if it does not begin as WebAssembly does.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, RunError> {
        let path = path.as_ref();
        let unreadable = |source| RunError::Read {
            path: path.to_owned(),
            source,
        };
        let wasm = Wasm::from_file(path).map_err(unreadable)?;
        let name = path.file_name().unwrap_or(path.as_os_str());
        let start = wasm.start(HEADER).map_err(unreadable)?;
        Self::new(name.to_string_lossy().into_owned(), &start, wasm)
    }

    /// Reads a program to its end.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn from_reader(name: impl Into<String>, mut reader: impl Read) -> Result<Self, RunError> {
        let (name, mut wasm) = (name.into(), Vec::new());
        if let Err(source) = reader.read_to_end(&mut wasm) {
            let path = name.into();
            return Err(RunError::Read { path, source });
        }
        Self::from_bytes(name, wasm)
    }

    /// A program in memory.
    ///
    /// # Errors
    /// [`RunError::NotWasm`] if it does not begin as WebAssembly does.
    pub fn from_bytes(name: impl Into<String>, wasm: impl Into<Vec<u8>>) -> Result<Self, RunError> {
        let wasm = wasm.into();
        let start = wasm[..wasm.len().min(HEADER)].to_vec();
        Self::new(name.into(), &start, Wasm::new(wasm))
    }

    fn new(name: String, start: &[u8], wasm: Wasm) -> Result<Self, RunError> {
        match kind(start) {
            Ok(kind) => Ok(Self {
                name,
                kind,
                wasm,
                compiled: Default::default(),
            }),
            Err(reason) => Err(RunError::NotWasm {
                program: name,
                reason: reason.into(),
            }),
        }
    }

    /// What messages and the audit call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What kind of program it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn compiled(
        &self,
        engine: &Engine,
        checks: Checks,
        cache: &Cache,
    ) -> Result<&Compiled, RunError> {
        let slot = &self.compiled[checks.index()];
        if let Some(compiled) = slot.get() {
            return Ok(compiled);
        }
        let compiled = match cache.load(engine, self.kind, &self.wasm)? {
            Some(compiled) => compiled,
            None => self.compile(engine, cache)?,
        };
        Ok(slot.get_or_init(|| compiled))
    }

    fn compile(&self, engine: &Engine, cache: &Cache) -> Result<Compiled, RunError> {
        let wasm = self.wasm.bytes()?;
        let compiled = match self.kind {
            Kind::Module => Module::new(engine, wasm).map(Compiled::Module),
            Kind::Component => Component::new(engine, wasm).map(Compiled::Component),
        };
        let compiled = compiled.map_err(|error| RunError::NotWasm {
            program: self.name.clone(),
            reason: one_line(error.root_cause()),
        })?;
        cache.store(engine, &self.wasm, wasm, &compiled);
        Ok(compiled)
    }
}

impl Compiled {
    pub(crate) fn serialize(&self) -> wasmtime::Result<Vec<u8>> {
        match self {
            Self::Module(module) => module.serialize(),
            Self::Component(component) => component.serialize(),
        }
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// How many bytes tell what it is.
const HEADER: usize = 8;

/// Told by the first eight bytes: a magic number, a version and, since components, a layer.
fn kind(wasm: &[u8]) -> Result<Kind, &'static str> {
    match wasm {
        [b'\0', b'a', b's', b'm', 1, 0, 0, 0, ..] => Ok(Kind::Module),
        [b'\0', b'a', b's', b'm', _, _, 1, 0, ..] => Ok(Kind::Component),
        [b'\0', b'a', b's', b'm', ..] => Err("its version is unknown"),
        [] => Err("it is empty"),
        _ => Err("it does not begin with the magic number of WebAssembly"),
    }
}
