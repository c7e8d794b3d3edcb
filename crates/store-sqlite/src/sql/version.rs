//! Has anyone else committed? Answered from memory that all processes share, at the price of reading 48 bytes.
//!
//! In WAL mode SQLite maps a wal-index into every process that has the database open, and each commit changes the
//! header it begins with (<https://sqlite.org/walformat.html#the_wal_index_header>). SQLite itself compares that header
//! to decide whether a connection's cache is stale; this does the same for the caches above SQL, without starting a
//! transaction for it.

#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::atomic::AtomicU32;

use rusqlite::{Connection, ffi};

/// The header's bytes, as of some moment. Two that are equal mean that nothing was committed in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Version([u64; 6]);

/// Where the header is, for as long as the connection it came from is open.
#[derive(Debug)]
pub(crate) struct WalIndex(*const u64);

// SAFETY: the pointer is only read, with volatile loads, and the memory behind it is shared between processes anyway.
unsafe impl Send for WalIndex {}
// SAFETY: as above: concurrent reads of shared memory; a torn read only makes two versions unequal.
unsafe impl Sync for WalIndex {}

/// Bytes of the first region of a wal-index.
const REGION: c_int = 32_768;

impl WalIndex {
    /// The wal-index of a connection, if it shares one with other processes.
    ///
    /// The result must not be used after the connection is closed; [`Engine`](super::Engine) owns both.
    pub(crate) fn of(connection: &Connection) -> Option<Self> {
        let mut file: *mut ffi::sqlite3_file = ptr::null_mut();
        // SAFETY: the handle is valid while `connection` is borrowed, and this operation stores the address of the
        // connection's file object, which lives as long as the connection.
        let code = unsafe {
            ffi::sqlite3_file_control(
                connection.handle(),
                c"main".as_ptr(),
                ffi::SQLITE_FCNTL_FILE_POINTER,
                (&raw mut file).cast::<c_void>(),
            )
        };
        if code != ffi::SQLITE_OK || file.is_null() {
            return None;
        }
        // SAFETY: `file` was just given by SQLite; a file that is open has its methods set.
        let methods = unsafe { (*file).pMethods.as_ref()? };
        let map = methods.xShmMap.filter(|_| methods.iVersion >= 2)?;
        let mut region: *mut c_void = ptr::null_mut();
        // SAFETY: asks for the first region without extending it; SQLite has mapped it if the connection has read in
        // WAL mode, and answers null otherwise. A mapped region stays where it is until the connection is closed.
        let code = unsafe { map(file, 0, REGION, 0, (&raw mut region).cast()) };
        (code == ffi::SQLITE_OK && !region.is_null()).then_some(Self(region.cast()))
    }

    /// The header as it is now.
    pub(crate) fn version(&self) -> Version {
        let mut words = [0; 6];
        for (i, word) in words.iter_mut().enumerate() {
            // SAFETY: the region is 32 KiB, aligned to a page, and mapped (see `of`).
            *word = unsafe { self.0.add(i).read_volatile() };
        }
        Version(words)
    }

    /// The number of commits, which SQLite keeps in the third word of the header.
    pub(crate) fn commits(&self) -> &AtomicU32 {
        // SAFETY: as in `version`; whoever changes it does so with a store of these four bytes or more.
        unsafe { AtomicU32::from_ptr(self.0.cast::<u32>().cast_mut().add(2)) }
    }
}
