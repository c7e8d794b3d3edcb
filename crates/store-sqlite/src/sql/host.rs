//! How SQLite calls the host, where a device without room would end the process or be taken for a broken one.
//!
//! Before SQLite maps a part of the wal-index it writes one byte in each 4 KiB. Where the blocks of the file system are
//! smaller, the rest stays a hole, and who writes there on a full device is killed by `SIGBUS`. So the whole part gets
//! its room before it is mapped. And a user's quota that is used up (`EDQUOT`) is a full device, not an I/O error.

#![allow(unsafe_code)]

use std::ffi::{CStr, c_int, c_void};
use std::os::fd::BorrowedFd;
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::libc::{MAP_FAILED, PROT_WRITE, off_t, size_t, ssize_t};
use rusqlite::ffi;
use rustix::fs::FallocateFlags;

type Map = unsafe extern "C" fn(*mut c_void, size_t, c_int, c_int, c_int, off_t) -> *mut c_void;
type Write = unsafe extern "C" fn(c_int, *const c_void, size_t, off_t) -> ssize_t;

static MAP: OnceLock<Map> = OnceLock::new();
static WRITE: OnceLock<Write> = OnceLock::new();

/// Stands between SQLite and the host, from the first call on. Every file that this process opens with SQLite's own VFS
/// is treated so, which none can mind.
pub(super) fn stand_between() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        // SAFETY: SQLite's documented way to replace a system call; the types are those of the calls named, as SQLite
        // itself casts them. It is done once, before this process opens its first shared database.
        unsafe {
            replace(
                c"mmap",
                &MAP,
                std::mem::transmute::<Map, unsafe extern "C" fn()>(map),
            );
            replace(
                c"pwrite",
                &WRITE,
                std::mem::transmute::<Write, unsafe extern "C" fn()>(write),
            );
        }
    });
}

/// Replaces a call by another, and keeps the original for it. Without a call of that name there is nothing to do.
///
/// # Safety
/// `F` is the type of the call of this name, and `new` is of that type, too.
unsafe fn replace<F: Copy>(name: &CStr, original: &OnceLock<F>, new: unsafe extern "C" fn()) {
    // SAFETY: a VFS that is found stays; `unix` is never unregistered.
    let Some(vfs) = (unsafe { ffi::sqlite3_vfs_find(c"unix".as_ptr()).as_mut() }) else {
        return;
    };
    let (Some(get), Some(set)) = (vfs.xGetSystemCall, vfs.xSetSystemCall) else {
        return;
    };
    // SAFETY: the methods of a VFS are called with that VFS and a name; `F` is a function pointer like what is answered.
    unsafe {
        if let Some(there) = get(vfs, name.as_ptr()) {
            let _first = original.set(std::mem::transmute_copy::<unsafe extern "C" fn(), F>(&there));
            set(vfs, name.as_ptr(), Some(new));
        }
    }
}

unsafe extern "C" fn map(
    at: *mut c_void,
    len: size_t,
    access: c_int,
    flags: c_int,
    fd: c_int,
    offset: off_t,
) -> *mut c_void {
    let Some(original) = MAP.get() else {
        return MAP_FAILED;
    };
    if access & PROT_WRITE != 0 && fd >= 0 {
        // SAFETY: SQLite has the file open, and goes on using it after the call.
        let file = unsafe { BorrowedFd::borrow_raw(fd) };
        let room = rustix::fs::fallocate(file, FallocateFlags::KEEP_SIZE, offset as u64, len as u64);
        // Where a file system cannot do it, SQLite's own care has to do.
        if let Err(rustix::io::Errno::NOSPC | rustix::io::Errno::DQUOT) = room {
            Errno::ENOSPC.set();
            return MAP_FAILED;
        }
    }
    // SAFETY: the call as SQLite made it.
    unsafe { original(at, len, access, flags, fd, offset) }
}

unsafe extern "C" fn write(fd: c_int, data: *const c_void, len: size_t, offset: off_t) -> ssize_t {
    let Some(original) = WRITE.get() else {
        return -1;
    };
    // SAFETY: the call as SQLite made it.
    let written = unsafe { original(fd, data, len, offset) };
    if written < 0 && Errno::last() == Errno::EDQUOT {
        Errno::ENOSPC.set();
    }
    written
}
