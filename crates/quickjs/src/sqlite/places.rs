//! The directories that a script sees, as one pool: each directory with a database in it is an [`FsPool`](tarbox_fs::FsPool).
//!
//! A database belongs to one process at a time: what has a file of it open keeps the lock of the database, a directory
//! `NAME-lock` beside it. Where nothing may be written (lent read-only, or a layer of the past) there is no lock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tarbox_fs::{Credentials, Follow, PoolAccess};
use tarbox_pool::{Error, ErrorKind, OpenOptions, Operation, Pool, PoolFile, Result};
use tarbox_store::{ErrorKind as Store, Ino};
use tarbox_wasi::{Files, Held};

use super::counted::Room;
use crate::world::World;

/// What the VFS calls temporary files for the moment in which they have a name.
const TEMPORARY: &str = ".sqlite-temp-";
/// What SQLite calls the files beside a database.
const BESIDE: [&str; 2] = ["-journal", "-wal"];

/// A directory, whatever path leads to it: the number of its file system, and its inode.
type Place = (u64, Ino);

pub(super) struct Places {
    world: World,
    /// Another name than the script's: so a pool can tell its own changes from the script's.
    who: Credentials,
    temporary: Room,
    pools: Mutex<HashMap<Place, Arc<dyn Pool>>>,
    locks: Mutex<HashMap<(Place, String), Known>>,
}

/// A lock that somebody has, and under which name of the database.
struct Known {
    lock: Weak<Lock>,
    name: String,
}

/// The lock of a database.
struct Lock(#[allow(dead_code)] Box<dyn Held>); // it is held, not used

/// A name, taken apart.
struct Found {
    files: Arc<dyn Files>,
    place: Place,
    pool: Arc<dyn Pool>,
    last: String,
}

impl Places {
    /// `memory` bounds temporary files, in bytes.
    pub(super) fn new(world: &World, memory: u64) -> Self {
        let mut who = world.who.clone();
        who.actor.agent = format!("{}:sqlite", who.actor.agent).into();
        Self {
            world: World::new(world.mounts(), who.clone(), b"/"),
            who,
            temporary: Room::new(memory),
            pools: Mutex::default(),
            locks: Mutex::default(),
        }
    }

    fn find(&self, operation: Operation, name: &str) -> Result<Found> {
        let failed = |error: tarbox_store::Error| {
            let kind = match error.kind() {
                Store::NotFound => ErrorKind::NotFound,
                Store::NotDirectory => ErrorKind::NotDirectory,
                Store::Access | Store::NotPermitted => ErrorKind::PermissionDenied,
                _ => ErrorKind::Io,
            };
            Error::new(kind, operation, name).because(error)
        };
        let (directory, last) = name.rsplit_once('/').unwrap_or(("", name));
        let spot = self
            .world
            .spot(format!("/{directory}").as_bytes())
            .map_err(failed)?;
        let attr = spot
            .files
            .resolve(&self.who, spot.path(), Follow::Yes)
            .map_err(failed)?;
        let place = (spot.device, attr.ino);
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let pool = match pools.get(&place) {
            Some(pool) => Arc::clone(pool),
            None => {
                let open = |access| Arc::clone(spot.files).pool(&self.who, attr.ino, access);
                let pool = match spot.writable() {
                    Err(_) => open(PoolAccess::ReadOnly)?,
                    Ok(()) => match open(PoolAccess::ReadWrite) {
                        Err(error)
                            if matches!(error.kind(), ErrorKind::ReadOnly | ErrorKind::PermissionDenied) =>
                        {
                            open(PoolAccess::ReadOnly)?
                        }
                        opened => opened?,
                    },
                };
                pools.insert(place, Arc::clone(&pool));
                pool
            }
        };
        Ok(Found {
            files: Arc::clone(spot.files),
            place,
            pool,
            last: last.to_owned(),
        })
    }

    /// The lock of the database that a file belongs to.
    fn lock(&self, operation: Operation, name: &str, found: &Found) -> Result<Option<Arc<Lock>>> {
        if found.pool.is_read_only() {
            return Ok(None);
        }
        let of_database = |name: &str| {
            let short = BESIDE.iter().find_map(|end| name.strip_suffix(end));
            short.unwrap_or(name).to_owned()
        };
        let (name, last) = (of_database(name), of_database(&found.last));
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        locks.retain(|_, known| known.lock.strong_count() > 0);
        let key = (found.place, last);
        if let Some(known) = locks.get(&key) {
            // The VFS knows databases by their names: under two of them it would let both write.
            return match known.lock.upgrade().filter(|_| known.name == name) {
                Some(lock) => Ok(Some(lock)),
                None => Err(Error::new(ErrorKind::Busy, operation, &name).because("open by another path")),
            };
        }
        let owner = format!("{}, process {}", self.who.actor.agent, std::process::id());
        let directory = format!("{}-lock", key.1);
        let files = Arc::clone(&found.files);
        let held = files.lock(&self.who, found.place.1, directory.as_bytes(), &owner);
        let held = held.map_err(|error| {
            let kind = match error.kind() {
                Store::Busy => ErrorKind::Busy,
                Store::NameTooLong => ErrorKind::InvalidName,
                Store::NoSpace | Store::QuotaExceeded => ErrorKind::NoSpace,
                Store::Access | Store::NotPermitted => ErrorKind::PermissionDenied,
                _ => ErrorKind::Io,
            };
            Error::new(kind, operation, &name).because(error)
        })?;
        let lock = Arc::new(Lock(held));
        let known = Known {
            lock: Arc::downgrade(&lock),
            name,
        };
        locks.insert(key, known);
        Ok(Some(lock))
    }
}

impl Pool for Places {
    fn open(&self, name: &str, options: OpenOptions) -> Result<Arc<dyn PoolFile>> {
        if name.starts_with(TEMPORARY) {
            return self.temporary.file();
        }
        let found = self.find(options.operation(), name)?;
        let lock = self.lock(options.operation(), name, &found)?;
        let file = found.pool.open(&found.last, options)?;
        Ok(Arc::new(Locked { file, _lock: lock }))
    }

    fn exists(&self, name: &str) -> Result<bool> {
        match self.find(Operation::Exists, name) {
            Ok(found) => found.pool.exists(&found.last),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotDirectory) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn delete(&self, name: &str) -> Result<()> {
        if name.starts_with(TEMPORARY) {
            return Ok(());
        }
        let found = self.find(Operation::Delete, name)?;
        found.pool.delete(&found.last)
    }

    /// SQLite asks for no list.
    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        Err(Error::new(ErrorKind::Unsupported, Operation::List, prefix))
    }

    fn sync_names(&self) -> Result<()> {
        let pools: Vec<_> = {
            let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
            pools.values().cloned().collect()
        };
        pools.iter().try_for_each(|pool| pool.sync_names())
    }

    /// Each directory says so itself.
    fn is_read_only(&self) -> bool {
        false
    }
}

impl std::fmt::Debug for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Places").finish_non_exhaustive()
    }
}

/// A file of a database, which keeps its lock.
struct Locked {
    // The file is closed before the lock is given up.
    file: Arc<dyn PoolFile>,
    _lock: Option<Arc<Lock>>,
}

impl PoolFile for Locked {
    fn name(&self) -> &str {
        self.file.name()
    }
    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        self.file.read_at(buf, offset)
    }
    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        self.file.write_at(data, offset)
    }
    fn truncate(&self, len: u64) -> Result<()> {
        self.file.truncate(len)
    }
    fn sync(&self) -> Result<()> {
        self.file.sync()
    }
    fn len(&self) -> Result<u64> {
        self.file.len()
    }
}

impl std::fmt::Debug for Locked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.file.fmt(f)
    }
}
