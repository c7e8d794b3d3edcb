//! The operations, by number. The package's TypeScript has the numbers from here: `tests/protocol.rs` compares them.

pub(crate) mod archive;
mod changes;
mod content;
mod entries;
mod handles;
mod history;
mod replace;
mod version;

use tarbox_fs::{Credentials, FilesystemExt as _, Handle, LastComponent, OpenFlags, blocking};
use tarbox_store::{Attr, Error, ErrorKind, Result};

use crate::{Request, Workspace};

type Act = fn(&mut Workspace, &Request<'_>, &mut Vec<u8>) -> Result<f64>;

/// Whether an operation changes anything, and so waits for the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It only looks.
    Reads,
    /// It changes something.
    Writes,
}

use Effect::{Reads, Writes};

/// So many zeros, at once: to resize a vector costs a step for each byte where code is made for size.
///
/// # Errors
/// `TooBig` if there is no memory for them.
fn zeros(len: u64) -> Result<Vec<u8>> {
    let room = usize::try_from(len)
        .ok()
        .filter(|len| Vec::<u8>::new().try_reserve_exact(*len).is_ok());
    let too_big = || Error::new(ErrorKind::TooBig).because("it does not fit into memory; read it in pieces");
    room.map(|len| vec![0; len]).ok_or_else(too_big)
}

/// Opens a file. What is to be made is no directory, so a `/` behind its name is `IsDirectory`, as on Linux.
fn open_path(
    w: &Workspace,
    who: &Credentials,
    path: &str,
    flags: OpenFlags,
    create: Option<u32>,
) -> Result<(Attr, Handle)> {
    if create.is_some() && path.ends_with('/') {
        let parent = blocking(w.fs.resolve_parent(&w.who, path))?;
        if parent.last == LastComponent::Name {
            return Err(Error::new(ErrorKind::IsDirectory).about(path));
        }
    }
    blocking(w.fs.open_path(who, path, flags, create))
}

/// Every operation: its name, its effect and what does it. Its number is its place.
pub const OPERATIONS: &[(&str, Effect, Act)] = &[
    ("readFile", Reads, content::read_file),
    ("writeFile", Writes, content::write_file),
    ("appendFile", Writes, content::append_file),
    ("truncate", Writes, content::truncate),
    ("copy", Writes, content::copy),
    ("stat", Reads, entries::stat),
    ("lstat", Reads, entries::lstat),
    ("list", Reads, entries::list),
    ("mkdir", Writes, entries::mkdir),
    ("remove", Writes, entries::remove),
    ("rmdir", Writes, entries::rmdir),
    ("rename", Writes, entries::rename),
    ("symlink", Writes, entries::symlink),
    ("link", Writes, entries::link),
    ("readlink", Reads, entries::readlink),
    ("realpath", Reads, entries::realpath),
    ("chmod", Writes, entries::chmod),
    ("chown", Writes, entries::chown),
    ("utimes", Writes, entries::utimes),
    ("open", Writes, handles::open),
    ("close", Writes, handles::close),
    ("read", Reads, handles::read),
    ("write", Writes, handles::write),
    ("fstat", Reads, handles::stat),
    ("ftruncate", Writes, handles::truncate),
    ("layers", Reads, history::layers),
    ("checkpoint", Writes, history::checkpoint),
    ("switch", Writes, history::switch),
    ("diff", Reads, history::diff),
    ("dropLayer", Writes, history::drop_layer),
    ("tag", Writes, history::tag),
    ("changes", Reads, changes::changes),
    ("audit", Reads, history::audit),
    ("usage", Reads, history::usage),
    ("gc", Writes, history::gc),
    ("fsck", Reads, history::fsck),
    ("openArchive", Writes, archive::open),
    ("unpack", Writes, archive::unpack),
    ("closeArchive", Writes, archive::close),
    ("tarHeaders", Reads, archive::headers),
    ("stage", Writes, replace::stage),
    ("replace", Writes, replace::replace),
    ("copyFile", Writes, content::copy_file),
    ("fchmod", Writes, handles::chmod),
    ("fchown", Writes, handles::chown),
    ("futimes", Writes, handles::utimes),
    ("sync", Writes, history::sync),
];

/// Names of errors and their numbers on Linux, as far as operations give them.
pub const CODES: &[ErrorKind] = &[
    ErrorKind::NotFound,
    ErrorKind::Exists,
    ErrorKind::NotDirectory,
    ErrorKind::IsDirectory,
    ErrorKind::NotEmpty,
    ErrorKind::Invalid,
    ErrorKind::NameTooLong,
    ErrorKind::Loop,
    ErrorKind::NoSpace,
    ErrorKind::QuotaExceeded,
    ErrorKind::ReadOnly,
    ErrorKind::Access,
    ErrorKind::NotPermitted,
    ErrorKind::BadHandle,
    ErrorKind::Busy,
    ErrorKind::Stale,
    ErrorKind::Io,
];

/// Does one operation.
pub(crate) fn call(
    workspace: &mut Workspace,
    operation: u32,
    request: &Request<'_>,
    out: &mut Vec<u8>,
) -> Result<f64> {
    let found = usize::try_from(operation).ok().and_then(|at| OPERATIONS.get(at));
    let (_, _, act) = found.ok_or_else(|| {
        Error::new(ErrorKind::Unsupported).because(format!("unknown operation {operation}"))
    })?;
    act(workspace, request, out)
}
