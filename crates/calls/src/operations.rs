//! The operations, by number. The package's TypeScript has the numbers from here: `tests/protocol.rs` compares them.

use tarbox_fs::{
    Credentials, FilesystemExt as _, FilesystemInterface as _, Handle, LastComponent, OpenFlags, Realm,
    blocking,
};
use tarbox_store::{Attr, Error, ErrorKind, Result};

use crate::{Place, Request, Workspace, archive, changes, content, entries, handles, history, replace};

type Act<P> = fn(&mut Workspace<P>, &Request<'_>, &mut Vec<u8>) -> Result<f64>;

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
pub(crate) fn zeros(len: u64) -> Result<Vec<u8>> {
    let room = usize::try_from(len)
        .ok()
        .filter(|len| Vec::<u8>::new().try_reserve_exact(*len).is_ok());
    let too_big = || Error::new(ErrorKind::TooBig).because("it does not fit into memory; read it in pieces");
    room.map(|len| vec![0; len]).ok_or_else(too_big)
}

/// Opens a file. What is to be made is no directory, so a `/` behind its name is `IsDirectory`, as on Linux.
pub(crate) fn open_path<P: Place>(
    w: &Workspace<P>,
    who: &Credentials,
    path: &str,
    flags: OpenFlags,
    create: Option<u32>,
) -> Result<(Attr, Handle)> {
    if create.is_some() && path.ends_with('/') {
        let parent = blocking(w.place.fs().resolve_parent(&w.who, w.path(path)))?;
        if parent.last == LastComponent::Name {
            return Err(Error::new(ErrorKind::IsDirectory).about(path));
        }
    }
    let (attr, handle) = blocking(w.place.fs().open_path(who, w.path(path), flags, create))?;
    if flags.write && Realm::of(attr.ino) == Realm::Hook && !w.may_control() {
        blocking(w.place.fs().release(handle))?;
        return Err(Error::new(ErrorKind::NotPermitted)
            .about(path)
            .because("control files are not for this client"));
    }
    Ok((attr, handle))
}

/// Refuses to take an entry out of the control directory for whoever may not control.
pub(crate) fn refuse_control<P: Place>(w: &Workspace<P>, path: &str) -> Result<()> {
    if w.may_control() {
        return Ok(());
    }
    let parent = blocking(w.place.fs().resolve_parent(&w.who, w.path(path)))?;
    match Realm::of(parent.dir) {
        Realm::Hook => Err(Error::new(ErrorKind::NotPermitted)
            .about(path)
            .because("control files are not for this client")),
        _ => Ok(()),
    }
}

/// Lists the operations once: for the package, and to do them.
macro_rules! operations {
    ($($name:literal $effect:ident $module:ident::$act:ident;)*) => {
        /// Every operation: its name and its effect. Its number is its place.
        pub const OPERATIONS: &[(&str, Effect)] = &[$(($name, $effect)),*];

        fn act<P: Place>(operation: usize) -> Option<Act<P>> {
            let acts: &[Act<P>] = &[$($module::$act::<P>),*];
            acts.get(operation).copied()
        }
    };
}

operations! {
    "readFile" Reads content::read_file;
    "writeFile" Writes content::write_file;
    "appendFile" Writes content::append_file;
    "truncate" Writes content::truncate;
    "copy" Writes content::copy;
    "stat" Reads entries::stat;
    "lstat" Reads entries::lstat;
    "list" Reads entries::list;
    "mkdir" Writes entries::mkdir;
    "remove" Writes entries::remove;
    "rmdir" Writes entries::rmdir;
    "rename" Writes entries::rename;
    "symlink" Writes entries::symlink;
    "link" Writes entries::link;
    "readlink" Reads entries::readlink;
    "realpath" Reads entries::realpath;
    "chmod" Writes entries::chmod;
    "chown" Writes entries::chown;
    "utimes" Writes entries::utimes;
    "open" Writes handles::open;
    "close" Writes handles::close;
    "read" Reads handles::read;
    "write" Writes handles::write;
    "fstat" Reads handles::stat;
    "ftruncate" Writes handles::truncate;
    "layers" Reads history::layers;
    "checkpoint" Writes history::checkpoint;
    "switch" Writes history::switch;
    "diff" Reads history::diff;
    "dropLayer" Writes history::drop_layer;
    "tag" Writes history::tag;
    "changes" Reads changes::changes;
    "audit" Reads history::audit;
    "usage" Reads history::usage;
    "gc" Writes history::gc;
    "fsck" Reads history::fsck;
    "openArchive" Writes archive::open;
    "unpack" Writes archive::unpack;
    "closeArchive" Writes archive::close;
    "tarHeaders" Reads archive::headers;
    "stage" Writes replace::stage;
    "replace" Writes replace::replace;
    "copyFile" Writes content::copy_file;
    "fchmod" Writes handles::chmod;
    "fchown" Writes handles::chown;
    "futimes" Writes handles::utimes;
    "sync" Writes history::sync;
}

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
pub(crate) fn call<P: Place>(
    workspace: &mut Workspace<P>,
    operation: u32,
    request: &Request<'_>,
    out: &mut Vec<u8>,
) -> Result<f64> {
    let act = usize::try_from(operation)
        .ok()
        .and_then(act::<P>)
        .ok_or_else(|| {
            Error::new(ErrorKind::Unsupported).because(format!("unknown operation {operation}"))
        })?;
    act(workspace, request, out)
}
