//! All that one script has had compiled, in one file of the user's cache.
//!
//! ```text
//! magic 8 | program 32 | for each piece: key 32, length 8, bytecode | BLAKE3 of all that 32
//! ```
//!
//! A key is the BLAKE3 of kind, name and source. `program` is that of the program file as it is (device, inode, length, time of its last
//! change) and of the engine's version: bytecode refers to tables inside the program, so what another one has written is not there.
//! The last hash finds damage, such as a file that was not entirely on the device when the power failed; what keeps others from
//! writing a file is the directory.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tarbox_user_cache::Directory;

/// The most bytes in a file.
const PACK_MAX: usize = 64 << 20;
/// When there are more bytes in all files, those unused for longest go.
const ALL_MAX: u64 = 512 << 20;

const MAGIC: &[u8; 8] = b"tarboxJS";
const HASH: usize = 32;
const HEAD: usize = MAGIC.len() + HASH;
const LENGTH: usize = 8;

/// What a piece is compiled as.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A script whose first line has this number.
    Script(i32),
    Module,
}

pub(super) type Key = [u8; HASH];

/// The key of a source of that name.
pub(super) fn key(kind: Kind, name: &str, source: &[u8]) -> Key {
    let mut hasher = blake3::Hasher::new();
    match kind {
        Kind::Script(line) => hasher.update(&[0]).update(&line.to_le_bytes()),
        Kind::Module => hasher.update(&[1]),
    };
    hasher.update(&(name.len() as u64).to_le_bytes());
    hasher.update(name.as_bytes());
    hasher.update(source);
    *hasher.finalize().as_bytes()
}

/// What the engine has compiled for one script, its modules included; kept from one run to the next in a file that no script can
/// reach.
///
/// It is written when the last engine that uses it ends. A clone is the same once more.
#[derive(Clone)]
pub struct Bytecode(Arc<Mutex<Pack>>);

impl Bytecode {
    /// In `tarbox/bytecode` of the user's cache directory. `script` names the script, such as the workspace and the path; what it
    /// says is not looked at.
    pub fn of_user(script: &[u8]) -> Self {
        Self::new(Directory::of_user("bytecode"), script)
    }

    /// In another directory, which must belong to this user alone.
    pub fn at(dir: impl Into<PathBuf>, script: &[u8]) -> Self {
        Self::new(Directory::at(dir), script)
    }

    fn new(dir: Directory, script: &[u8]) -> Self {
        let program = program();
        let mut pack = Pack {
            dir,
            name: blake3::hash(script).to_hex().to_string(),
            program,
            old: Vec::new(),
            pieces: HashMap::new(),
            added: 0,
        };
        if let Some(program) = program {
            pack.load(&program);
        }
        Self(Arc::new(Mutex::new(pack)))
    }

    /// Lends the bytecode that was kept under this key.
    pub(super) fn with<R>(&self, key: &Key, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let mut pack = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Pack { old, pieces, .. } = &mut *pack;
        match pieces.get_mut(key)? {
            Piece::Old { at, used } => {
                *used = true;
                Some(f(&old[at.clone()]))
            }
            Piece::New(bytes) => Some(f(bytes)),
        }
    }

    /// Keeps bytecode, if there is room.
    pub(super) fn keep(&self, key: Key, bytes: Vec<u8>) {
        let mut pack = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let needed = HASH + LENGTH + bytes.len();
        if pack.program.is_some() && pack.added + needed <= PACK_MAX {
            pack.added += needed;
            pack.pieces.insert(key, Piece::New(bytes));
        }
    }
}

impl fmt::Debug for Bytecode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bytecode").finish_non_exhaustive()
    }
}

struct Pack {
    dir: Directory,
    name: String,
    program: Option<Key>,
    /// The file as it was read.
    old: Vec<u8>,
    pieces: HashMap<Key, Piece>,
    /// How many bytes the new pieces have.
    added: usize,
}

enum Piece {
    Old { at: Range<usize>, used: bool },
    New(Vec<u8>),
}

impl Pack {
    /// Reads the file. One that is not whole, or of another program, is as good as none.
    fn load(&mut self, program: &Key) {
        let Some(file) = self.dir.read(&self.name, PACK_MAX as u64) else {
            return;
        };
        if let Some(pieces) = parse(&file, program) {
            self.pieces = pieces;
            self.old = file;
        }
    }

    /// The file with what is new, what was used, and what else there is room for.
    fn file(&self, program: &Key) -> Vec<u8> {
        let mut file = [&MAGIC[..], program].concat();
        for wanted in [0, 1, 2] {
            for (key, piece) in &self.pieces {
                let (rank, bytes) = match piece {
                    Piece::New(bytes) => (0, &bytes[..]),
                    Piece::Old { at, used: true } => (1, &self.old[at.clone()]),
                    Piece::Old { at, used: false } => (2, &self.old[at.clone()]),
                };
                let end = file.len() + HASH + LENGTH + bytes.len() + HASH;
                if rank == wanted && end <= PACK_MAX {
                    file.extend_from_slice(key);
                    file.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
                    file.extend_from_slice(bytes);
                }
            }
        }
        let hash = blake3::hash(&file);
        file.extend_from_slice(hash.as_bytes());
        file
    }
}

impl Drop for Pack {
    fn drop(&mut self) {
        if let Some(program) = self.program.filter(|_| self.added > 0) {
            // Without it, the next run compiles again.
            if self.dir.write_soon(&self.name, &self.file(&program)).is_ok() {
                self.dir.trim(ALL_MAX);
            }
        }
    }
}

/// The pieces of a whole file of this program.
fn parse(file: &[u8], program: &Key) -> Option<HashMap<Key, Piece>> {
    let (content, hash) = file.split_at_checked(file.len().checked_sub(HASH)?)?;
    let (head, _) = content.split_at_checked(HEAD)?;
    if head[..MAGIC.len()] != *MAGIC
        || head[MAGIC.len()..] != *program
        || *blake3::hash(content).as_bytes() != *hash
    {
        return None;
    }
    let mut pieces = HashMap::new();
    let mut at = HEAD;
    while at < content.len() {
        let key = content.get(at..at + HASH)?.try_into().ok()?;
        let length = content.get(at + HASH..at + HASH + LENGTH)?.try_into().ok()?;
        let begin = at + HASH + LENGTH;
        let end = begin.checked_add(usize::try_from(u64::from_le_bytes(length)).ok()?)?;
        content.get(begin..end)?;
        pieces.insert(
            key,
            Piece::Old {
                at: begin..end,
                used: false,
            },
        );
        at = end;
    }
    Some(pieces)
}

/// What tells this program from every other.
#[cfg(target_os = "linux")]
fn program() -> Option<Key> {
    use std::os::unix::fs::MetadataExt as _;

    // The file that runs, also if another one has taken its name.
    let file = std::fs::metadata("/proc/self/exe").ok()?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
    for part in [
        file.dev(),
        file.ino(),
        file.len(),
        file.mtime() as u64,
        file.mtime_nsec() as u64,
    ] {
        hasher.update(&part.to_le_bytes());
    }
    Some(*hasher.finalize().as_bytes())
}

/// Where the file that runs cannot be told from one that took its place, nothing is kept.
#[cfg(not(target_os = "linux"))]
fn program() -> Option<Key> {
    None
}
