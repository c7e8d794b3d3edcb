//! SQLite's file methods: from C to [`OpenFile`] and back.

use std::ffi::{c_int, c_void};

use tarbox_pool::Error;

use crate::codes::errno;
use crate::connection::Connection;
use crate::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_io_methods};
use crate::file::{OpenFile, Read};
use crate::locks::Level;
use crate::shm;

/// The smallest piece a pool's device is assumed to write whole pages of; SQLite pads its journal's header to
/// it.
const SECTOR_SIZE: c_int = 4096;

/// What SQLite allocates for each open file.
#[repr(C)]
pub(crate) struct FileSlot {
    /// What SQLite sees. It must come first. Its methods are null unless `open` is set.
    base: sqlite3_file,
    /// Owned by this slot: made by `Box::into_raw` in [`FileSlot::fill`], and taken back by `x_close`.
    open: *mut OpenFile,
}

impl FileSlot {
    /// Hands an open file to SQLite.
    ///
    /// # Safety
    /// `file` points to memory for a [`FileSlot`] that SQLite has allocated.
    pub(crate) unsafe fn fill(file: *mut sqlite3_file, open: OpenFile) {
        let open = Box::into_raw(Box::new(open));
        let slot = Self {
            base: sqlite3_file {
                pMethods: &raw const METHODS,
            },
            open,
        };
        // SAFETY: the memory is large enough and aligned by the caller's promise, and holds nothing to be
        // dropped.
        unsafe { file.cast::<Self>().write(slot) }
    }

    /// The connection an open file belongs to; `None` if it is not a file of this crate.
    ///
    /// # Safety
    /// `file` is null or points to a file that SQLite has opened, and no method of it is running.
    pub(crate) unsafe fn connection(file: *mut sqlite3_file) -> Option<Connection> {
        if file.is_null() {
            return None;
        }
        // SAFETY: not null, so it points to an opened file, which begins with its methods.
        let methods = unsafe { (*file).pMethods };
        if !std::ptr::eq(methods, &raw const METHODS) {
            return None;
        }
        // SAFETY: only `fill` sets these methods, so it is a slot with an open file in it.
        Some(unsafe { (*(*file.cast::<Self>()).open).connection.clone() })
    }
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 3,
    xClose: Some(x_close),
    xRead: Some(x_read),
    xWrite: Some(x_write),
    xTruncate: Some(x_truncate),
    xSync: Some(x_sync),
    xFileSize: Some(x_file_size),
    xLock: Some(x_lock),
    xUnlock: Some(x_unlock),
    xCheckReservedLock: Some(x_check_reserved_lock),
    xFileControl: Some(x_file_control),
    xSectorSize: Some(x_sector_size),
    xDeviceCharacteristics: Some(x_device_characteristics),
    xShmMap: Some(x_shm_map),
    xShmLock: Some(x_shm_lock),
    xShmBarrier: Some(x_shm_barrier),
    xShmUnmap: Some(x_shm_unmap),
    xFetch: Some(x_fetch),
    xUnfetch: Some(x_unfetch),
};

/// The open file behind a pointer from SQLite.
///
/// # Safety
/// `file` was filled by [`FileSlot::fill`] and not closed since, and the reference is not kept beyond the
/// method it is passed to: SQLite calls the methods of one file one at a time.
unsafe fn open_file<'a>(file: *mut sqlite3_file) -> &'a mut OpenFile {
    // SAFETY: by the caller's promise the slot holds a valid pointer that nobody else uses now.
    unsafe { &mut *(*file.cast::<FileSlot>()).open }
}

fn code(file: &OpenFile, result: Result<(), Error>) -> c_int {
    match file.vfs.report(result) {
        Ok(()) => ffi::SQLITE_OK,
        Err(code) => code,
    }
}

unsafe extern "C" fn x_close(file: *mut sqlite3_file) -> c_int {
    let slot = file.cast::<FileSlot>();
    // SAFETY: SQLite closes a file it has opened once, so the slot still owns what `fill` put there.
    let open = unsafe {
        (*slot).base.pMethods = std::ptr::null();
        Box::from_raw(std::mem::replace(&mut (*slot).open, std::ptr::null_mut()))
    };
    let vfs = open.vfs.clone();
    match vfs.report(open.close()) {
        Ok(()) => ffi::SQLITE_OK,
        Err(_) => ffi::SQLITE_IOERR_CLOSE,
    }
}

unsafe extern "C" fn x_read(
    file: *mut sqlite3_file,
    buf: *mut c_void,
    amount: c_int,
    offset: sqlite3_int64,
) -> c_int {
    let (Ok(amount), Ok(offset)) = (usize::try_from(amount), u64::try_from(offset)) else {
        return ffi::SQLITE_IOERR_READ;
    };
    if amount == 0 {
        return ffi::SQLITE_OK;
    }
    // SAFETY: SQLite calls methods on open files only, and `buf` holds `amount` bytes that it owns until this
    // returns.
    let (file, buf) = unsafe {
        (
            open_file(file),
            std::slice::from_raw_parts_mut(buf.cast::<u8>(), amount),
        )
    };
    let result = file.read(buf, offset);
    match file.vfs.report(result) {
        Ok(Read::Full) => ffi::SQLITE_OK,
        Ok(Read::Short) => ffi::SQLITE_IOERR_SHORT_READ,
        Err(code) => code,
    }
}

unsafe extern "C" fn x_write(
    file: *mut sqlite3_file,
    data: *const c_void,
    amount: c_int,
    offset: sqlite3_int64,
) -> c_int {
    let (Ok(amount), Ok(offset)) = (usize::try_from(amount), u64::try_from(offset)) else {
        return ffi::SQLITE_IOERR_WRITE;
    };
    if amount == 0 {
        return ffi::SQLITE_OK;
    }
    // SAFETY: SQLite calls methods on open files only, and `data` holds `amount` bytes until this returns.
    let (file, data) = unsafe {
        (
            open_file(file),
            std::slice::from_raw_parts(data.cast::<u8>(), amount),
        )
    };
    let result = file.write(data, offset);
    code(file, result)
}

unsafe extern "C" fn x_truncate(file: *mut sqlite3_file, len: sqlite3_int64) -> c_int {
    let Ok(len) = u64::try_from(len) else {
        return ffi::SQLITE_IOERR_TRUNCATE;
    };
    // SAFETY: SQLite calls methods on open files only.
    let file = unsafe { open_file(file) };
    let result = file.truncate(len);
    code(file, result)
}

unsafe extern "C" fn x_sync(file: *mut sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: SQLite calls methods on open files only.
    let file = unsafe { open_file(file) };
    let result = file.sync();
    code(file, result)
}

unsafe extern "C" fn x_file_size(file: *mut sqlite3_file, len: *mut sqlite3_int64) -> c_int {
    // SAFETY: SQLite calls methods on open files only.
    let file = unsafe { open_file(file) };
    match file.vfs.report(file.len()) {
        Ok(found) => {
            // SAFETY: SQLite passes a place for the result. A pool's lengths fit a signed 64-bit integer.
            unsafe { len.write(found as sqlite3_int64) }
            ffi::SQLITE_OK
        }
        Err(code) => code,
    }
}

unsafe extern "C" fn x_lock(file: *mut sqlite3_file, level: c_int) -> c_int {
    // SAFETY: SQLite calls methods on open files only.
    let file = unsafe { open_file(file) };
    match file.raise_lock(level_of(level)) {
        Ok(()) => ffi::SQLITE_OK,
        Err(_) => ffi::SQLITE_BUSY,
    }
}

unsafe extern "C" fn x_unlock(file: *mut sqlite3_file, level: c_int) -> c_int {
    // SAFETY: SQLite calls methods on open files only.
    let file = unsafe { open_file(file) };
    let result = file.lower_lock(level_of(level));
    code(file, result)
}

unsafe extern "C" fn x_check_reserved_lock(file: *mut sqlite3_file, reserved: *mut c_int) -> c_int {
    // SAFETY: SQLite calls methods on open files only.
    let file = unsafe { open_file(file) };
    // SAFETY: SQLite passes a place for the result.
    unsafe { reserved.write(c_int::from(file.vfs.locks.is_reserved(file.name()))) }
    ffi::SQLITE_OK
}

fn level_of(level: c_int) -> Level {
    match level {
        ffi::SQLITE_LOCK_NONE => Level::None,
        ffi::SQLITE_LOCK_SHARED => Level::Shared,
        ffi::SQLITE_LOCK_RESERVED => Level::Reserved,
        _ => Level::Exclusive,
    }
}

unsafe extern "C" fn x_file_control(file: *mut sqlite3_file, op: c_int, arg: *mut c_void) -> c_int {
    // SAFETY: SQLite calls methods on open files only.
    let file = unsafe { open_file(file) };
    match op {
        // The moments at which nothing may be held back any more. Errors of the second are ignored by SQLite,
        // but the bytes are kept and the error comes again with the next access.
        ffi::SQLITE_FCNTL_SYNC | ffi::SQLITE_FCNTL_COMMIT_PHASETWO | ffi::SQLITE_FCNTL_CKPT_DONE => {
            let result = file.flush();
            code(file, result)
        }
        ffi::SQLITE_FCNTL_SIZE_HINT => ffi::SQLITE_OK,
        // SAFETY: these take an integer that says 0 or 1, or asks with a negative number and gets the answer.
        ffi::SQLITE_FCNTL_PERSIST_WAL => unsafe { set_or_get(&mut file.persist_wal, arg.cast()) },
        // SAFETY: as above.
        ffi::SQLITE_FCNTL_POWERSAFE_OVERWRITE => unsafe {
            set_or_get(&mut file.powersafe_overwrite, arg.cast())
        },
        // SAFETY: these take a place for an integer.
        ffi::SQLITE_FCNTL_LOCKSTATE => unsafe { answer(arg, file.lock as c_int) },
        // SAFETY: as above.
        ffi::SQLITE_FCNTL_HAS_MOVED => unsafe { answer(arg, 0) },
        // SAFETY: as above.
        ffi::SQLITE_FCNTL_LAST_ERRNO => unsafe {
            answer(arg, file.vfs.last_error().map_or(0, |error| errno(error.kind())))
        },
        // SAFETY: it takes a place for a string, which the caller frees with `sqlite3_free`.
        ffi::SQLITE_FCNTL_VFSNAME => unsafe {
            arg.cast::<*mut std::ffi::c_char>()
                .write(ffi::sqlite3_mprintf(c"%s".as_ptr(), file.vfs.name.as_ptr()));
            ffi::SQLITE_OK
        },
        _ => ffi::SQLITE_NOTFOUND,
    }
}

/// # Safety
/// `arg` points to an integer.
unsafe fn set_or_get(value: &mut bool, arg: *mut c_int) -> c_int {
    // SAFETY: by the caller's promise.
    unsafe {
        match *arg {
            asked if asked < 0 => *arg = c_int::from(*value),
            given => *value = given != 0,
        }
    }
    ffi::SQLITE_OK
}

/// # Safety
/// `arg` points to an integer.
unsafe fn answer(arg: *mut c_void, value: c_int) -> c_int {
    // SAFETY: by the caller's promise.
    unsafe { arg.cast::<c_int>().write(value) }
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_sector_size(_file: *mut sqlite3_file) -> c_int {
    SECTOR_SIZE
}

unsafe extern "C" fn x_device_characteristics(file: *mut sqlite3_file) -> c_int {
    // SAFETY: SQLite calls methods on open files only.
    unsafe { open_file(file) }.device_characteristics()
}

unsafe extern "C" fn x_shm_map(
    file: *mut sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    let (Ok(region), Ok(size)) = (usize::try_from(region), usize::try_from(size)) else {
        return ffi::SQLITE_IOERR_SHMMAP;
    };
    // SAFETY: SQLite calls methods on open files only.
    let found = unsafe { open_file(file) }.shm().region(region, size, extend != 0);
    // SAFETY: SQLite passes a place for the result.
    unsafe { out.write(found.map_or(std::ptr::null_mut(), |start| start.as_ptr().cast())) }
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_shm_lock(file: *mut sqlite3_file, first: c_int, count: c_int, flags: c_int) -> c_int {
    let Some(range) = shm::locks(first, count) else {
        return ffi::SQLITE_IOERR_SHMLOCK;
    };
    // SAFETY: SQLite calls methods on open files only.
    let shm = unsafe { open_file(file) }.shm();
    let locked = if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
        shm.unlock(range);
        Ok(())
    } else if flags & ffi::SQLITE_SHM_SHARED != 0 {
        shm.share(range.start)
    } else {
        shm.exclude(range)
    };
    locked.map_or(ffi::SQLITE_BUSY, |()| ffi::SQLITE_OK)
}

unsafe extern "C" fn x_shm_barrier(_file: *mut sqlite3_file) {
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}

unsafe extern "C" fn x_shm_unmap(file: *mut sqlite3_file, _delete: c_int) -> c_int {
    // SAFETY: SQLite calls methods on open files only.
    unsafe { open_file(file) }.leave_shm();
    ffi::SQLITE_OK
}

/// There is no memory to map, so SQLite reads instead.
unsafe extern "C" fn x_fetch(
    _file: *mut sqlite3_file,
    _offset: sqlite3_int64,
    _amount: c_int,
    page: *mut *mut c_void,
) -> c_int {
    // SAFETY: SQLite passes a place for the result.
    unsafe { page.write(std::ptr::null_mut()) }
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_unfetch(
    _file: *mut sqlite3_file,
    _offset: sqlite3_int64,
    _page: *mut c_void,
) -> c_int {
    ffi::SQLITE_OK
}
