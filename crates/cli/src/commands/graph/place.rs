//! Where a graph is: a small file that says what it is, and the directory with everything else.

use std::sync::Arc;

use nervusdb::{Graph, Options};
use tarbox_fs::{
    Credentials, DirectoryLock, FilesystemExt, FilesystemInterface, FsPool, OpenFlags, PoolAccess, blocking,
};
use tarbox_store::{ErrorKind, WriteAt};

use super::files::{DIRECTORY, Files};
use super::{failed, pool_failed};
use crate::failure::{Failure, Result};
use crate::workspace::{Workspace, join, trim_slashes};

/// Marks what is done for a graph in the audit; nothing else has this name, and layers are not switched by it.
const AGENT: &str = "cli:graph";
const MAGIC: &[u8; 8] = b"NERVUSDB";
const VERSION: u32 = 1;
const HEADER: usize = 16;

/// A graph that is open for writing.
pub(super) struct Writer<F: FilesystemInterface + 'static> {
    pub(super) graph: Graph,
    _lock: DirectoryLock<F>,
}

/// Finds a graph to look at. Nothing is written, so it may be one of the past.
pub(super) fn find<F: FilesystemInterface + 'static>(
    fs: &Arc<F>,
    w: &Workspace<'_, F>,
    path: &[u8],
) -> Result<Arc<Files<F>>> {
    let who = credentials(w);
    let Some(directory) = directory(&**fs, &who, path)? else {
        let message = "there is no graph here; 'tarbox graph import' makes one";
        return Err(Failure::new(ErrorKind::NotFound, message).about(path));
    };
    let pool = FsPool::open(fs.clone(), who, &directory, PoolAccess::ReadOnly);
    pool.map(|pool| Arc::new(Files(pool)))
        .map_err(|error| pool_failed(&error, &directory))
}

/// Opens a graph to look at.
pub(super) fn open<F: FilesystemInterface + 'static>(
    fs: &Arc<F>,
    w: &Workspace<'_, F>,
    path: &[u8],
) -> Result<Graph> {
    let options = Options {
        read_only: true,
        ..Options::default()
    };
    Graph::open(find(fs, w, path)?, DIRECTORY, options).map_err(|error| failed(&error, path))
}

/// Opens a graph to write to it, and makes it if there is none. The file at its path comes last: what has it is whole.
pub(super) fn open_or_create<F: FilesystemInterface + 'static>(
    fs: &Arc<F>,
    w: &Workspace<'_, F>,
    path: &[u8],
) -> Result<Writer<F>> {
    let who = credentials(w);
    let known = directory(&**fs, &who, path)?;
    let place = known.unwrap_or_else(|| default_directory(path));
    let pool = FsPool::open(fs.clone(), who.clone(), &place, PoolAccess::ReadWrite)
        .map_err(|error| pool_failed(&error, &place))?;
    let owner = format!("tarbox graph, process {}", std::process::id());
    let lock = pool.lock("writer", &owner).map_err(Failure::from)?;
    sign(&**fs, &who, &place, &owner).map_err(|e| Failure::of(e, &place))?;
    // Another may have made it before the lock was free.
    let is_new = directory(&**fs, &who, path)?.is_none();
    let options = Options {
        create: is_new,
        memtable_bytes: 32 << 20,
        ..Options::default()
    };
    let graph =
        Graph::open(Arc::new(Files(pool)), DIRECTORY, options).map_err(|error| failed(&error, path))?;
    if is_new {
        write_header(&**fs, &who, path).map_err(|e| Failure::of(e, path))?;
    }
    Ok(Writer { graph, _lock: lock })
}

/// Leaves a name that the package finds when it has the graph open and writes to it next: what it has in memory is old then.
fn sign<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    directory: &[u8],
    owner: &str,
) -> tarbox_store::Result<()> {
    let now = blocking(fs.last_change())?;
    let name = format!("{owner}, after change {}", now.0);
    blocking(fs.write_file(who, &join(directory, b"last-writer"), name.as_bytes()))
}

fn credentials<F: FilesystemInterface>(w: &Workspace<'_, F>) -> Credentials {
    let mut who = w.who.clone();
    who.actor.agent = AGENT.into();
    who
}

fn default_directory(path: &[u8]) -> Vec<u8> {
    [trim_slashes(path), b".pages"].concat()
}

/// The directory that the file at the path tells; `None` without such a file.
fn directory<F: FilesystemInterface>(fs: &F, who: &Credentials, path: &[u8]) -> Result<Option<Vec<u8>>> {
    let wrong = |what: &str| {
        let message = format!("{what}; give the path of a graph, or of nothing yet");
        Failure::new(ErrorKind::Invalid, message).about(path)
    };
    match blocking(fs.stat(who, path)) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Failure::of(e, path)),
        Ok(attr) if attr.is_dir() => return Err(wrong("is a directory, and no graph")),
        Ok(attr) if attr.size > 64 << 10 => return Err(wrong("is a file, and no graph")),
        Ok(_) => (),
    }
    let content = blocking(fs.read_file(who, path)).map_err(|e| Failure::of(e, path))?;
    let Some((head, rest)) = content
        .split_at_checked(HEADER)
        .filter(|(head, _)| head.starts_with(MAGIC))
    else {
        return Err(wrong("is a file, and no graph"));
    };
    let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    if number(8) != VERSION {
        let message = format!(
            "is a graph of format version {}, and this program reads {VERSION}; use a newer one",
            number(8)
        );
        return Err(Failure::new(ErrorKind::Corrupt, message).about(path));
    }
    let text = rest.get(..number(12) as usize).unwrap_or_default();
    let Ok(header) = serde_json::from_slice::<serde_json::Value>(text) else {
        let message = "the file of the graph is damaged; write it again by importing to a new path";
        return Err(Failure::new(ErrorKind::Corrupt, message).about(path));
    };
    Ok(Some(match header["directory"].as_str() {
        Some(chosen) if chosen.starts_with('/') => chosen.as_bytes().to_vec(),
        Some(chosen) => join(parent(path), chosen.as_bytes()),
        None => default_directory(path),
    }))
}

fn parent(path: &[u8]) -> &[u8] {
    let path = trim_slashes(path);
    path.iter()
        .rposition(|byte| *byte == b'/')
        .map_or(b"/", |at| &path[..at])
}

fn write_header<F: FilesystemInterface>(fs: &F, who: &Credentials, path: &[u8]) -> tarbox_store::Result<()> {
    let mut content = MAGIC.to_vec();
    content.extend_from_slice(&VERSION.to_le_bytes());
    content.extend_from_slice(&2_u32.to_le_bytes());
    content.extend_from_slice(b"{}");
    let path = trim_slashes(path);
    let (_, handle) = blocking(fs.open_path(who, path, OpenFlags::WRITE.exclusively(), Some(0o666)))?;
    let written = blocking(fs.write(handle, WriteAt::Offset(0), &content));
    let synced = written.and_then(|_| blocking(fs.fsync(handle, false)));
    blocking(fs.release(handle)).and(synced)
}
