//! SQLite on files of the workspace, for `node:sqlite`: a VFS over pools in the directories that a script sees, and connections that
//! keep to the script's limits.
//!
//! SQL can name files itself (`ATTACH`, `VACUUM INTO`). All of them are looked for by the VFS, and so in what the script sees; what
//! would reach another VFS or settings of the whole process is refused when a statement is compiled.

mod connection;
mod counted;
mod function;
mod places;
mod statement;

use std::cell::RefCell;
use std::ffi::c_int;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use libsqlite3_sys as ffi;
use tarbox_sqlite_vfs::{Options, Registration, TempFiles, register};

pub(crate) use connection::{Connection, Failure};
pub(crate) use function::{Function, SAFE, too_large};
pub(crate) use statement::{Bound, Column, Statement};

use crate::limits::Watch;
use crate::world::World;
use places::Places;

/// The most databases that a script may have open at once, those in memory included.
const OPEN_MAX: usize = 250;
/// How long to wait before a database is tried again that another process has open.
const PAUSE: Duration = Duration::from_millis(5);

/// What a script may do with a database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    pub(crate) read_only: bool,
    /// How long it waits for another process that has the database open.
    pub(crate) patience: Duration,
}

/// All databases of a script. The VFS is registered when the first is opened.
#[derive(Default)]
pub(crate) struct Databases {
    registration: RefCell<Option<Registration>>,
    open: RefCell<Vec<Weak<Connection>>>,
}

impl Databases {
    /// Opens a database at an absolute path, or one in memory.
    ///
    /// # Errors
    /// As SQLite reports them; `SQLITE_BUSY` while another process has the database open.
    pub(crate) fn open(
        &self,
        world: &World,
        watch: &Rc<Watch>,
        path: &str,
        access: Access,
    ) -> Result<Rc<Connection>, Failure> {
        let mut open = self.open.borrow_mut();
        open.retain(|connection| connection.upgrade().is_some_and(|it| it.is_open()));
        if open.len() >= OPEN_MAX {
            return Err(Failure::new(ffi::SQLITE_NOMEM, "too many open databases"));
        }
        let vfs = self.vfs(world, watch)?;
        let flags = match access.read_only {
            true => ffi::SQLITE_OPEN_READONLY,
            false => ffi::SQLITE_OPEN_READWRITE | ffi::SQLITE_OPEN_CREATE,
        };
        let began = Instant::now();
        loop {
            match Connection::open(path, &vfs, flags, watch) {
                Err(busy) if is_busy(busy.code) && began.elapsed() < access.patience && !watch.look() => {
                    std::thread::sleep(PAUSE);
                }
                Err(error) => return Err(error),
                Ok(connection) => {
                    open.push(Rc::downgrade(&connection));
                    return Ok(connection);
                }
            }
        }
    }

    fn vfs(&self, world: &World, watch: &Rc<Watch>) -> Result<String, Failure> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut registration = self.registration.borrow_mut();
        if let Some(known) = &*registration {
            return Ok(known.name().to_owned());
        }
        let name = format!("tarbox-js-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let options = Options {
            temp_files: TempFiles::Pool,
            ..Options::default()
        };
        let places = Arc::new(Places::new(world, watch.memory()));
        let made = register(&name, places, options);
        *registration = Some(made.map_err(|error| Failure::new(ffi::SQLITE_CANTOPEN, &error.to_string()))?);
        Ok(name)
    }

    /// Closes what a script has left open, before its engine ends.
    pub(crate) fn close(&self) {
        for connection in self.open.borrow_mut().drain(..) {
            if let Some(connection) = connection.upgrade() {
                connection.close();
            }
        }
        self.registration.borrow_mut().take();
    }
}

fn is_busy(code: c_int) -> bool {
    code & 0xff == ffi::SQLITE_BUSY
}
