//! Making a pool known to SQLite, and taking it back.

use std::ffi::{CString, c_int};
use std::ptr::NonNull;
use std::sync::Arc;

use tarbox_pool::{Error, Pool};
use thiserror::Error as ThisError;

use crate::ffi;
use crate::options::Options;
use crate::state::{VfsState, log};
use crate::vfs_methods::methods;

/// Why a VFS could not be registered.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum RegisterError {
    /// SQLite's names are C strings.
    #[error("the VFS name {name:?} contains a NUL")]
    InvalidName {
        /// The name asked for.
        name: String,
    },
    /// Registering it again would take it from its connections.
    #[error("a VFS named {name:?} is registered already: unregister it first, or choose another name")]
    NameTaken {
        /// The name asked for.
        name: String,
    },
    /// SQLite refused.
    #[error("SQLite could not register the VFS {name:?} (result code {code})")]
    Refused {
        /// The name asked for.
        name: String,
        /// SQLite's result code.
        code: c_int,
    },
}

/// A VFS cannot be unregistered while its files are open.
#[derive(Debug, ThisError)]
#[error("the VFS {:?} still has {open_files} open files: close its connections first", registration.name())]
pub struct StillInUse {
    /// The registration, as it was.
    pub registration: Registration,
    /// How many files are open.
    pub open_files: usize,
}

/// A registered VFS.
///
/// When it is dropped, the VFS is unregistered and the pool let go; if files are still open, the VFS stays
/// registered for the rest of the process, with a line in SQLite's error log.
/// [`unregister`](Self::unregister) reports that instead.
///
/// A connection keeps a pointer to its VFS even while it has no file open. Therefore a few hundred bytes for
/// each registration are never freed; a process registers few.
#[derive(Debug)]
pub struct Registration {
    vfs: VfsPointer,
    state: Arc<VfsState>,
}

/// Points to a `sqlite3_vfs` that is never freed.
#[derive(Debug)]
struct VfsPointer(NonNull<ffi::sqlite3_vfs>);

// SAFETY: SQLite changes the structure under its own global mutex, and nothing else does after it was made.
unsafe impl Send for VfsPointer {}
// SAFETY: as above.
unsafe impl Sync for VfsPointer {}

/// Registers `pool` as a VFS of that name, for connections to open databases in.
///
/// A pool belongs to one registration at a time: locks between connections do not reach across two.
///
/// # Errors
/// If the name is taken or not a C string.
pub fn register(name: &str, pool: Arc<dyn Pool>, options: Options) -> Result<Registration, RegisterError> {
    let owned = || name.to_owned();
    let c_name = CString::new(name).map_err(|_| RegisterError::InvalidName { name: owned() })?;
    // SAFETY: the name ends with NUL. SQLite initialises itself first.
    if !unsafe { ffi::sqlite3_vfs_find(c_name.as_ptr()) }.is_null() {
        return Err(RegisterError::NameTaken { name: owned() });
    }
    let make_default = c_int::from(options.make_default);
    let state = Arc::new(VfsState::new(c_name, pool, options));
    let vfs = NonNull::from(Box::leak(Box::new(methods(state.clone()))));
    // SAFETY: the structure and what it points to are never freed.
    match unsafe { ffi::sqlite3_vfs_register(vfs.as_ptr(), make_default) } {
        ffi::SQLITE_OK => Ok(Registration {
            vfs: VfsPointer(vfs),
            state,
        }),
        code => Err(RegisterError::Refused { name: owned(), code }),
    }
}

impl Registration {
    /// The name it is registered under.
    pub fn name(&self) -> &str {
        self.state.name.to_str().unwrap_or_default()
    }

    /// The last error of the pool, with everything SQLite's result codes leave out.
    pub fn last_error(&self) -> Option<Error> {
        self.state.last_error()
    }

    /// Unregisters the VFS and lets go of the pool.
    ///
    /// # Errors
    /// If files are open; then nothing has changed.
    pub fn unregister(self) -> Result<(), Box<StillInUse>> {
        match self.close() {
            Ok(()) => Ok(()),
            Err(open_files) => Err(Box::new(StillInUse {
                registration: self,
                open_files,
            })),
        }
    }

    fn close(&self) -> Result<(), usize> {
        self.state.close()?;
        // SAFETY: it was registered; to unregister it twice does nothing.
        unsafe { ffi::sqlite3_vfs_unregister(self.vfs.0.as_ptr()) };
        Ok(())
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Err(open_files) = self.close() {
            let name = self.name();
            log(
                ffi::SQLITE_MISUSE,
                &format!("the VFS {name:?} stays registered: it has {open_files} open files"),
            );
        }
    }
}
