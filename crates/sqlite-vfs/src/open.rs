//! Opening: which file of the pool, for what, and with which rights.

use std::ffi::c_int;
use std::sync::Arc;

use tarbox_pool::{Error, ErrorKind, OpenOptions, Operation, Pool, PoolFile};

use crate::connection::Connection;
use crate::durability::WalDurability;
use crate::ffi;
use crate::file::{OpenFile, Role, Wal};
use crate::locks::Level;
use crate::options::TempFiles;
use crate::state::VfsState;
use crate::wal::WalWriter;

/// The start of the names of temporary files in the pool, for the moment in which they have one.
const TEMP_PREFIX: &str = ".sqlite-temp-";

/// What `xOpen` asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    /// `None` for a temporary file.
    pub(crate) name: Option<&'a str>,
    /// SQLite's `SQLITE_OPEN_…` flags.
    pub(crate) flags: c_int,
}

impl Request<'_> {
    fn has(self, flag: c_int) -> bool {
        self.flags & flag != 0
    }
}

/// A file as the pool gave it.
struct Opened {
    file: Arc<dyn PoolFile>,
    created: bool,
    read_only: bool,
}

/// Opens a file. `database` is the connection of the database that a journal or log belongs to, if it is
/// known. Also gives the flags to report to SQLite.
pub(crate) fn open(
    vfs: &Arc<VfsState>,
    request: Request<'_>,
    database: Option<Connection>,
) -> Result<(OpenFile, c_int), Error> {
    let name = request.name.unwrap_or("");
    let closed = || Error::new(ErrorKind::NotFound, Operation::Open, name).because("the VFS is unregistered");
    let pool = vfs.file_opens().ok_or_else(closed)?;
    let opened = match request.name {
        Some(name) => open_named(&*pool, name, request),
        None => open_temporary(vfs, &*pool),
    };
    let Opened {
        file,
        created,
        read_only,
    } = opened.inspect_err(|_| vfs.file_closes())?;
    let open_file = OpenFile {
        vfs: vfs.clone(),
        role: role(request, created, database.is_some()),
        connection: database.unwrap_or_else(|| Connection::new(vfs.options.gather_limit)),
        file,
        lock: Level::None,
        shm: None,
        persist_wal: false,
        powersafe_overwrite: true,
        delete_on_close: request.name.is_some() && request.has(ffi::SQLITE_OPEN_DELETEONCLOSE),
    };
    if let Role::Wal(_) = open_file.role {
        open_file.connection.gather().set_log(true);
    }
    let access = if read_only {
        ffi::SQLITE_OPEN_READONLY
    } else {
        ffi::SQLITE_OPEN_READWRITE
    };
    let rest = request.flags & !(ffi::SQLITE_OPEN_READONLY | ffi::SQLITE_OPEN_READWRITE);
    Ok((open_file, rest | access))
}

/// A journal or log whose database is unknown (its VFS is wrapped by another) is not gathered: what it holds
/// back could not be brought to the device when that database commits.
fn role(request: Request<'_>, created: bool, database_is_known: bool) -> Role {
    if request.name.is_none() {
        Role::Other
    } else if request.has(ffi::SQLITE_OPEN_MAIN_DB) {
        Role::Database
    } else if request.has(ffi::SQLITE_OPEN_MAIN_JOURNAL) && database_is_known {
        Role::Journal { failed: false }
    } else if request.has(ffi::SQLITE_OPEN_WAL) && database_is_known {
        let durability = WalDurability::new(created);
        Role::Wal(Box::new(Wal {
            writer: WalWriter::default(),
            durability,
        }))
    } else {
        Role::Other
    }
}

fn open_named(pool: &dyn Pool, name: &str, request: Request<'_>) -> Result<Opened, Error> {
    if !request.has(ffi::SQLITE_OPEN_READWRITE) {
        let file = pool.open(name, OpenOptions::READ_ONLY)?;
        return Ok(Opened {
            file,
            created: false,
            read_only: true,
        });
    }
    match open_writable(pool, name, request) {
        Err(error) if matches!(error.kind(), ErrorKind::ReadOnly | ErrorKind::PermissionDenied) => {
            open_read_only(pool, name, request).map_err(|_| error)
        }
        result => result,
    }
}

fn open_writable(pool: &dyn Pool, name: &str, request: Request<'_>) -> Result<Opened, Error> {
    let creates = request.has(ffi::SQLITE_OPEN_CREATE);
    if creates && request.has(ffi::SQLITE_OPEN_EXCLUSIVE) {
        let file = pool.open(name, OpenOptions::CREATE_NEW)?;
        return Ok(Opened {
            file,
            created: true,
            read_only: false,
        });
    }
    match pool.open(name, OpenOptions::EXISTING) {
        Ok(file) => Ok(Opened {
            file,
            created: false,
            read_only: false,
        }),
        Err(error) if error.kind() == ErrorKind::NotFound && creates => {
            // Whoever was faster, if anyone, has created a file that is as empty; but it is not known to be
            // new.
            match pool.open(name, OpenOptions::CREATE_NEW) {
                Err(error) if error.kind() == ErrorKind::Exists => {
                    let file = pool.open(name, OpenOptions::EXISTING)?;
                    Ok(Opened {
                        file,
                        created: false,
                        read_only: false,
                    })
                }
                result => Ok(Opened {
                    file: result?,
                    created: true,
                    read_only: false,
                }),
            }
        }
        Err(error) => Err(error),
    }
}

/// What can only be read is opened so. A database in WAL mode whose log is gone was closed cleanly, but
/// SQLite insists on a log, so a read-only pool shows it an empty one.
fn open_read_only(pool: &dyn Pool, name: &str, request: Request<'_>) -> Result<Opened, Error> {
    let file = match pool.open(name, OpenOptions::READ_ONLY) {
        Err(error) if error.kind() == ErrorKind::NotFound && request.has(ffi::SQLITE_OPEN_WAL) => nameless()?,
        result => result?,
    };
    Ok(Opened {
        file,
        created: false,
        read_only: true,
    })
}

fn open_temporary(vfs: &VfsState, pool: &dyn Pool) -> Result<Opened, Error> {
    let file = match vfs.options.temp_files {
        TempFiles::Memory => nameless()?,
        TempFiles::Pool => {
            let mut random = [0; 16];
            vfs.options.environment.fill_random(&mut random);
            let name = format!("{TEMP_PREFIX}{:032x}", u128::from_le_bytes(random));
            let file = pool.open(&name, OpenOptions::CREATE_NEW)?;
            pool.delete(&name)?;
            file
        }
    };
    Ok(Opened {
        file,
        created: true,
        read_only: false,
    })
}

/// An empty file in memory.
fn nameless() -> Result<Arc<dyn PoolFile>, Error> {
    tarbox_pool::MemoryPool::new().open("temporary", OpenOptions::CREATE)
}
