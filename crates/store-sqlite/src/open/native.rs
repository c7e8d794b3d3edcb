//! A database file that processes share.

mod beginning;
mod guest;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tarbox_pool::DirectoryPool;
use tarbox_store::{Error, ErrorKind, Result};

use crate::database::Surroundings;
use crate::followers::Followers;
use crate::lease::Lease;
use crate::owner::refuse_owner;
use crate::room::Room;
use crate::sessions::Sessions;
use crate::sql::{Connections, Place, device};
use crate::{Options, SqliteDatabase};
use beginning::Beginning;

impl SqliteDatabase {
    /// Opens a database file, which other processes may have open too. Its blocks are in the directory of the same name
    /// with `-blocks` at its end.
    ///
    /// # Errors
    /// `NotFound` if it is not there and not to be made; `Invalid` if it is something else; `Unsupported` if a newer Tarbox wrote it;
    /// `Busy` if an older Tarbox did and others have it open, or if a program of Node.js or inside WebAssembly has, which cannot share it.
    pub fn open(path: impl AsRef<Path>, options: &Options) -> Result<Self> {
        let path = path.as_ref();
        if !options.create && !path.exists() {
            return Err(Error::new(ErrorKind::NotFound).about(path.as_os_str().as_encoded_bytes()));
        }
        refuse_one_byte(path)?;
        let mut blocks = path.as_os_str().to_owned();
        blocks.push("-blocks");
        let blocks = PathBuf::from(blocks);
        guest::succeed_guest(path, &blocks)?;
        let room = Room::of(&blocks);
        let beginning = Beginning::of(path, &blocks, options.create);
        let early = early_sign(path, &blocks, &room)?;
        let is_alone = || match &early {
            Some(sessions) => sessions.alone(),
            None => Sessions::are_over(&blocks),
        };
        let sql = open_engine(path, options.create, &room, &is_alone).map_err(|e| explain(e, path))?;
        let pool = DirectoryPool::open(&blocks).map_err(device)?;
        let sessions = early.map_or_else(|| sign_in(path, &blocks, &room), Ok)?;
        beginning.end();
        let lease = || Lease::of(&blocks);
        let mut lease = lease().or_else(|e| if_room_was_made(e, &room, lease))?;
        // Everything that began before this session was known is committed when the lease comes.
        lease.acquire()?;
        lease.release()?;
        room.restore();
        let directory = path.parent().map(|p| {
            if p.as_os_str().is_empty() {
                PathBuf::from(".")
            } else {
                p.into()
            }
        });
        Self::assemble(
            Surroundings {
                sql,
                pool: Arc::new(pool),
                prefix: "",
                lease,
                sessions: Some(sessions),
                room,
                followers: Followers::of(&blocks),
                directory,
                vfs: None,
                redo: None,
            },
            options,
        )
    }
}

/// Signs in before SQLite looks at the log, which must not be that of a program of Node.js. Where there is no directory yet, no such
/// program has begun. What else keeps from it the database itself explains better, so that is for later.
fn early_sign(path: &Path, blocks: &Path, room: &Room) -> Result<Option<Sessions>> {
    refuse_owner(blocks).map_err(|e| e.about(path.as_os_str().as_encoded_bytes()))?;
    if !blocks.is_dir() {
        return Ok(None);
    }
    match sign_in(path, blocks, room) {
        Err(e) if e.kind() != ErrorKind::Busy => Ok(None),
        signed => signed.map(Some),
    }
}

/// Shows that this process has the database open, and sees that no program of Node.js has it alone.
fn sign_in(path: &Path, blocks: &Path, room: &Room) -> Result<Sessions> {
    let begin = || Sessions::begin(blocks);
    let sessions = begin().or_else(|e| if_room_was_made(e, room, begin))?;
    refuse_owner(blocks).map_err(|e| e.about(path.as_os_str().as_encoded_bytes()))?;
    Ok(sessions)
}

/// Opens the database; on a full device with the room of the reserve, or else without what other processes would share.
fn open_engine(path: &Path, create: bool, room: &Room, is_alone: &dyn Fn() -> bool) -> Result<Connections> {
    let open = || {
        Connections::open(&Place::File(path.to_owned()), create, is_alone).map_err(|e| match e.kind() {
            // SQLite only says that a file beside the database cannot be opened.
            ErrorKind::NotFound if is_from_sqlite(&e) && room.is_out_of_inodes() => {
                Error::new(ErrorKind::NoSpace)
                    .about(path.as_os_str().as_encoded_bytes())
                    .because("the device has no free inodes: remove some files there")
            }
            _ => e,
        })
    };
    open()
        .or_else(|e| if_room_was_made(e, room, open))
        .or_else(|e| match e.kind() {
            ErrorKind::NoSpace if !create => {
                Connections::open(&Place::Unshared(path.to_owned()), false, is_alone)
            }
            _ => Err(e),
        })
}

/// Tries again what failed on a full device, with the room of the reserve.
fn if_room_was_made<T>(error: Error, room: &Room, again: impl FnOnce() -> Result<T>) -> Result<T> {
    match error.kind() {
        ErrorKind::NoSpace if room.spend() => again(),
        _ => Err(error),
    }
}

/// SQLite takes a file of one byte for an empty one, and would write over it.
fn refuse_one_byte(path: &Path) -> Result<()> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_file() && meta.len() == 1 => Err(Error::new(ErrorKind::Invalid)
            .about(path.as_os_str().as_encoded_bytes())
            .because("the file is not a Tarbox database")),
        _ => Ok(()),
    }
}

/// What has no source was said here.
fn is_from_sqlite(error: &Error) -> bool {
    std::error::Error::source(error).is_some()
}

/// SQLite says of every file that it cannot open it; the host says why.
fn explain(error: Error, path: &Path) -> Error {
    if error.kind() != ErrorKind::NotFound || !is_from_sqlite(&error) {
        return error;
    }
    let about = |kind: ErrorKind, why: &str| {
        Error::new(kind)
            .about(path.as_os_str().as_encoded_bytes())
            .because(why)
    };
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => about(ErrorKind::IsDirectory, "a directory is not a database"),
        Ok(_) => match fs::OpenOptions::new().read(true).write(true).open(path) {
            Ok(_) => about(
                ErrorKind::Access,
                "cannot create files next to the database, where its log is stored",
            ),
            Err(e) => about(ErrorKind::Access, "the database cannot be opened").caused_by(e),
        },
        Err(_) => error,
    }
}
