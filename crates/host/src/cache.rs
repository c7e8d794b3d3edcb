//! Compiled modules, kept on disk.
//!
//! A compiled module is machine code that is mapped and run, so it is kept where only this user can write. An entry is named by the
//! BLAKE3 of the module and of everything about the engine that its compiled form depends on.
//!
//! To read and hash a program takes longer than to start it. So a note says which entry belongs to a file as it is: device,
//! inode, length and times, as `make` and `git` know files. A file that was changed within the last seconds gets none.

use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use tarbox_user_cache::Directory;
use wasmtime::component::Component;
use wasmtime::{Engine, Module};

use crate::RunError;
use crate::program::{Compiled, Kind};
use crate::wasm::Wasm;

mod index;

/// When there are more bytes than this, those unused for longest go.
const BYTES_MAX: u64 = 1 << 30;

/// Where compiled modules are kept.
#[derive(Debug, Clone)]
pub struct Cache(Directory);

impl Cache {
    /// `$XDG_CACHE_HOME/tarbox/modules`, or `~/.cache/tarbox/modules`; nowhere if there is neither.
    pub fn of_user() -> Self {
        Self(Directory::of_user("modules"))
    }

    /// This directory, which is made with its parents when first needed.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self(Directory::at(dir))
    }

    /// Nowhere: every run compiles.
    pub const fn none() -> Self {
        Self(Directory::none())
    }

    /// The compiled form of a program, if it is here. Where its file is known, it is not read.
    pub(crate) fn load(
        &self,
        engine: &Engine,
        kind: Kind,
        wasm: &Wasm,
    ) -> Result<Option<Compiled>, RunError> {
        let known = wasm
            .identity()
            .and_then(|identity| index::entry(&self.0, &index::name(engine, identity)))
            .and_then(|name| open(&self.0, engine, kind, &name));
        if known.is_some() || self.0.path().is_none() {
            return Ok(known);
        }
        let name = name(engine, wasm.bytes()?);
        let found = open(&self.0, engine, kind, &name);
        if found.is_some() {
            remember(&self.0, engine, wasm, &name);
        }
        Ok(found)
    }

    /// Keeps the compiled form of a program, whose bytes these are. What goes wrong only means that it will be compiled
    /// again.
    pub(crate) fn store(&self, engine: &Engine, wasm: &Wasm, bytes: &[u8], compiled: &Compiled) {
        if self.0.path().is_none() {
            return;
        }
        let Ok(code) = compiled.serialize() else { return };
        let name = name(engine, bytes);
        if self.0.write(&name, &code).is_ok() {
            remember(&self.0, engine, wasm, &name);
            self.0.trim(BYTES_MAX);
        }
    }
}

/// Opens an entry.
fn open(dir: &Directory, engine: &Engine, kind: Kind, name: &str) -> Option<Compiled> {
    let (_file, path) = dir.open(name)?;
    deserialize(engine, kind, &path)
}

/// Notes which entry belongs to the program's file. Without the note the file will be read again.
fn remember(dir: &Directory, engine: &Engine, wasm: &Wasm, entry: &str) {
    if let Some(identity) = wasm.identity_of_what_was_read() {
        let _ = dir.write(&index::name(engine, identity), entry.as_bytes());
    }
}

/// The name of an entry: 64 hexadecimal digits.
fn name(engine: &Engine, bytes: &[u8]) -> String {
    let mut hasher = Blake3(blake3::Hasher::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    // Compiled code may use any instruction that this processor has.
    std::env::consts::ARCH.hash(&mut hasher);
    hasher.0.update(bytes);
    hasher.0.finalize().to_hex().to_string()
}

/// Lets types that only know the standard trait be hashed by BLAKE3.
struct Blake3(blake3::Hasher);

impl Hasher for Blake3 {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let hash = self.0.finalize();
        u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("a hash has 32 bytes"))
    }
}

#[expect(unsafe_code, reason = "machine code cannot be verified when it is loaded")]
fn deserialize(engine: &Engine, kind: Kind, path: &Path) -> Option<Compiled> {
    match kind {
        // SAFETY: The file was written by `store` above: its directory and the file itself belong to this user and only
        // this user can have changed them, who could as well change this program. It was complete before it had its
        // name. That it is of this version and of this machine Wasmtime checks itself.
        Kind::Module => unsafe { Module::deserialize_file(engine, path) }
            .ok()
            .map(Compiled::Module),
        // SAFETY: As above.
        Kind::Component => unsafe { Component::deserialize_file(engine, path) }
            .ok()
            .map(Compiled::Component),
    }
}
