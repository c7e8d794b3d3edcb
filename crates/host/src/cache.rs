//! Compiled modules, kept on disk.
//!
//! A compiled module is machine code that is mapped and run, so the directory must be as safe as the program itself: it
//! belongs to this user and nobody else may enter it, else it is not used. An entry is named by the BLAKE3 of the module
//! and of everything about the engine that its compiled form depends on; it is complete and on the device before it
//! gets its name.
//!
//! To read and hash a program takes longer than to start it. So a note says which entry belongs to a file as it is: device,
//! inode, length and times, as `make` and `git` know files. A file that was changed within the last seconds gets none.

use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use wasmtime::component::Component;
use wasmtime::{Engine, Module};

use crate::RunError;
use crate::program::{Compiled, Kind};
use crate::wasm::Wasm;

mod index;
mod private;

/// When there are more bytes than this, those unused for longest go.
const BYTES_MAX: u64 = 1 << 30;
/// How old the time of an entry may be before a use renews it.
const RENEW_AFTER: Duration = Duration::from_secs(60 * 60);

/// Where compiled modules are kept.
#[derive(Debug, Clone)]
pub struct Cache {
    dir: Option<PathBuf>,
}

impl Cache {
    /// `$XDG_CACHE_HOME/tarbox/modules`, or `~/.cache/tarbox/modules`; nowhere if there is neither.
    pub fn of_user() -> Self {
        let absolute = |path: PathBuf| path.is_absolute().then_some(path);
        let xdg = std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .and_then(absolute);
        let home = || Some(std::env::home_dir().and_then(absolute)?.join(".cache"));
        Self {
            dir: xdg.or_else(home).map(|base| base.join("tarbox").join("modules")),
        }
    }

    /// This directory, which is made with its parents when first needed.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: Some(dir.into()),
        }
    }

    /// Nowhere: every run compiles.
    pub fn none() -> Self {
        Self { dir: None }
    }

    /// The compiled form of a program, if it is here. Where its file is known, it is not read.
    pub(crate) fn load(
        &self,
        engine: &Engine,
        kind: Kind,
        wasm: &Wasm,
    ) -> Result<Option<Compiled>, RunError> {
        let Some(dir) = self.dir.as_deref().filter(|dir| private::directory(dir)) else {
            return Ok(None);
        };
        let known = wasm
            .identity()
            .and_then(|identity| index::entry(dir, &index::name(engine, identity)))
            .and_then(|name| open(engine, kind, &dir.join(name)));
        if known.is_some() {
            return Ok(known);
        }
        let name = name(engine, wasm.bytes()?);
        let found = open(engine, kind, &dir.join(&name));
        if found.is_some() {
            remember(dir, engine, wasm, &name);
        }
        Ok(found)
    }

    /// Keeps the compiled form of a program, whose bytes these are. What goes wrong only means that it will be compiled
    /// again.
    pub(crate) fn store(&self, engine: &Engine, wasm: &Wasm, bytes: &[u8], compiled: &Compiled) {
        let Some(dir) = self.dir.as_deref() else { return };
        if private::create(dir).is_err() || !private::directory(dir) {
            return;
        }
        let Ok(code) = compiled.serialize() else { return };
        let name = name(engine, bytes);
        if write(dir, &name, &code).is_ok() {
            remember(dir, engine, wasm, &name);
            trim(dir, BYTES_MAX);
        }
    }
}

/// Opens an entry.
fn open(engine: &Engine, kind: Kind, path: &Path) -> Option<Compiled> {
    let file = File::open(path).ok()?;
    if !private::file(&file) {
        return None;
    }
    renew(&file);
    deserialize(engine, kind, path)
}

/// Notes which entry belongs to the program's file. Without the note the file will be read again.
fn remember(dir: &Path, engine: &Engine, wasm: &Wasm, entry: &str) {
    if let Some(identity) = wasm.identity_of_what_was_read() {
        let _ = write(dir, &index::name(engine, identity), entry.as_bytes());
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
        // SAFETY: The file was written by `store` below: its directory and the file itself belong to this user and only
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

/// Writes an entry under a temporary name, and gives it its own when it is on the device.
fn write(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let unique = NEXT.fetch_add(1, Ordering::Relaxed);
    let temporary = dir.join(format!("{name}.{}.{unique}", std::process::id()));
    let mut file = private::create_file(&temporary)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&temporary, dir.join(name)));
    if written.is_err() {
        // Whatever is left of it goes when the cache is trimmed.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Marks an entry as used. If that fails it may go a little early.
fn renew(file: &File) {
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    let age = modified.ok().and_then(|modified| modified.elapsed().ok());
    if age.is_some_and(|age| age > RENEW_AFTER) {
        let _ = file.set_modified(SystemTime::now());
    }
}

/// Removes what was unused for longest, until no more than `limit` bytes are left.
fn trim(dir: &Path, limit: u64) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    let mut files: Vec<_> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let metadata = entry.metadata().ok()?;
            Some((metadata.modified().ok()?, metadata.len(), entry.path()))
        })
        .collect();
    files.sort();
    let mut total: u64 = files.iter().map(|(_, len, _)| len).sum();
    for (_, len, path) in files {
        if total <= limit {
            break;
        }
        // Another process may have been faster.
        let _ = fs::remove_file(path);
        total -= len;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first() {
        let dir = tempfile::tempdir().unwrap();
        for (age, name) in [(3, "a"), (1, "b"), (2, "c")] {
            let file = File::create(dir.path().join(name)).unwrap();
            file.set_len(100).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1000 - age))
                .unwrap();
        }
        trim(dir.path(), 250);
        let left = |name: &str| dir.path().join(name).exists();
        assert_eq!((left("a"), left("b"), left("c")), (false, true, true));
    }
}
