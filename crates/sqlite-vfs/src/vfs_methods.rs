//! SQLite's VFS methods: from C to the pool and back.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::time::Duration;

use tarbox_pool::{ErrorKind, MAX_NAME_LEN, OpenOptions, Pool};

use crate::codes::errno;
use crate::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_vfs};
use crate::io_methods::FileSlot;
use crate::names::pool_name;
use crate::open::{Request, open};
use crate::state::{VfsState, describe};

/// 1970-01-01 00:00 UTC as a Julian day number, in milliseconds.
const UNIX_EPOCH_MS: i64 = 210_866_760_000_000;
const DAY_MS: f64 = 86_400_000.0;

type DlSymbol = Option<unsafe extern "C" fn(*mut sqlite3_vfs, *mut c_void, *const c_char)>;

/// What SQLite is given at registration. It owns one count of `state`, which is never given back: see
/// [`Registration`](crate::Registration).
pub(crate) fn methods(state: Arc<VfsState>) -> sqlite3_vfs {
    sqlite3_vfs {
        iVersion: 3,
        szOsFile: size_of::<FileSlot>() as c_int,
        mxPathname: MAX_NAME_LEN as c_int,
        pNext: std::ptr::null_mut(),
        zName: state.name.as_ptr(),
        pAppData: Arc::into_raw(state).cast_mut().cast(),
        xOpen: Some(x_open),
        xDelete: Some(x_delete),
        xAccess: Some(x_access),
        xFullPathname: Some(x_full_pathname),
        xDlOpen: Some(x_dl_open),
        xDlError: Some(x_dl_error),
        xDlSym: Some(x_dl_sym),
        xDlClose: Some(x_dl_close),
        xRandomness: Some(x_randomness),
        xSleep: Some(x_sleep),
        xCurrentTime: Some(x_current_time),
        xGetLastError: Some(x_get_last_error),
        xCurrentTimeInt64: Some(x_current_time_int64),
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }
}

/// The state behind a registered VFS.
///
/// # Safety
/// `vfs` was made by [`methods`].
unsafe fn state_of(vfs: *mut sqlite3_vfs) -> ManuallyDrop<Arc<VfsState>> {
    // SAFETY: `pAppData` came from `Arc::into_raw`, and its count is not given back here either.
    ManuallyDrop::new(unsafe { Arc::from_raw((*vfs).pAppData.cast_const().cast::<VfsState>()) })
}

/// A path from SQLite; `None` if it is null.
///
/// # Safety
/// `path` is null or ends with NUL, and outlives the result.
unsafe fn path_of<'a>(path: *const c_char) -> Option<Result<&'a str, c_int>> {
    if path.is_null() {
        return None;
    }
    // SAFETY: by the caller's promise.
    let path = unsafe { CStr::from_ptr(path) };
    Some(path.to_str().map_err(|_| ffi::SQLITE_CANTOPEN_FULLPATH))
}

fn code(result: Result<(), c_int>) -> c_int {
    result.err().unwrap_or(ffi::SQLITE_OK)
}

unsafe extern "C" fn x_open(
    vfs: *mut sqlite3_vfs,
    path: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes the VFS that it calls, and a file's memory, whose methods stay null if opening
    // fails.
    let state = unsafe {
        (*file).pMethods = std::ptr::null();
        state_of(vfs)
    };
    // SAFETY: SQLite's paths end with NUL.
    let name = match unsafe { path_of(path) }.transpose() {
        Ok(name) => name,
        Err(code) => return code,
    };
    let belongs_to_a_database = flags & (ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_WAL) != 0;
    let database = match name {
        // SAFETY: the path of a journal or log is the one SQLite keeps with its database, whose file is open
        // and at rest while it opens them.
        Some(_) if belongs_to_a_database => unsafe {
            FileSlot::connection(ffi::sqlite3_database_file_object(path))
        },
        _ => None,
    };
    match state.report(open(&state, Request { name, flags }, database)) {
        Err(code) => code,
        Ok((open_file, flags)) => {
            // SAFETY: SQLite has allocated `szOsFile` bytes for the file; the place for the flags may be
            // null.
            unsafe {
                FileSlot::fill(file, open_file);
                if !out_flags.is_null() {
                    out_flags.write(flags);
                }
            }
            ffi::SQLITE_OK
        }
    }
}

unsafe extern "C" fn x_delete(vfs: *mut sqlite3_vfs, path: *const c_char, sync_names: c_int) -> c_int {
    // SAFETY: SQLite passes the VFS that it calls, and a path that ends with NUL.
    let (state, path) = unsafe { (state_of(vfs), path_of(path)) };
    let (Some(Ok(name)), Some(pool)) = (path, state.pool()) else {
        return ffi::SQLITE_IOERR_DELETE;
    };
    if let Err(error) = pool.delete(name) {
        // SQLite asks for files that may be gone, and means nothing by it.
        return match error.kind() {
            ErrorKind::NotFound => ffi::SQLITE_IOERR_DELETE_NOENT,
            _ => code(state.report(Err(error))),
        };
    }
    match state.take_synced(name) || sync_names != 0 {
        true => code(state.report(pool.sync_names())),
        false => ffi::SQLITE_OK,
    }
}

unsafe extern "C" fn x_access(
    vfs: *mut sqlite3_vfs,
    path: *const c_char,
    flags: c_int,
    result: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes the VFS that it calls, and a path that ends with NUL.
    let (state, path) = unsafe { (state_of(vfs), path_of(path)) };
    let (Some(Ok(name)), Some(pool)) = (path, state.pool()) else {
        return ffi::SQLITE_IOERR_ACCESS;
    };
    match state.report(is_accessible(&*pool, name, flags)) {
        Err(_) => ffi::SQLITE_IOERR_ACCESS,
        Ok(accessible) => {
            // SAFETY: SQLite passes a place for the result.
            unsafe { result.write(c_int::from(accessible)) }
            ffi::SQLITE_OK
        }
    }
}

/// Whether SQLite may use the file. As in SQLite's own VFS, an empty file is not there: it is no journal and
/// no log.
fn is_accessible(pool: &dyn Pool, name: &str, flags: c_int) -> tarbox_pool::Result<bool> {
    if flags != ffi::SQLITE_ACCESS_EXISTS {
        return Ok(pool.exists(name)? && (flags == ffi::SQLITE_ACCESS_READ || !pool.is_read_only()));
    }
    match pool.open(name, OpenOptions::READ_ONLY) {
        Ok(file) => Ok(!file.is_empty()?),
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotDirectory | ErrorKind::IsDirectory => Ok(false),
            _ => Err(error),
        },
    }
}

unsafe extern "C" fn x_full_pathname(
    vfs: *mut sqlite3_vfs,
    path: *const c_char,
    capacity: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite passes the VFS that it calls, and a path that ends with NUL.
    let (state, path) = unsafe { (state_of(vfs), path_of(path)) };
    let Some(Ok(path)) = path else {
        return ffi::SQLITE_CANTOPEN_FULLPATH;
    };
    match state.report(pool_name(path)) {
        Ok(name) if name.len() < usize::try_from(capacity).unwrap_or(0) => {
            // SAFETY: the name and its NUL fit in the buffer, which does not overlap with it.
            unsafe { copy_with_nul(name.as_bytes(), out) }
            ffi::SQLITE_OK
        }
        _ => ffi::SQLITE_CANTOPEN_FULLPATH,
    }
}

/// # Safety
/// `out` has room for `bytes` and a NUL, and does not overlap with `bytes`.
unsafe fn copy_with_nul(bytes: &[u8], out: *mut c_char) {
    let out = out.cast::<u8>();
    // SAFETY: by the caller's promise.
    unsafe {
        out.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        out.add(bytes.len()).write(0);
    }
}

/// Copies as much of a text as fits, with a NUL.
///
/// # Safety
/// `out` has room for `capacity` bytes.
unsafe fn copy_text(text: &str, capacity: c_int, out: *mut c_char) {
    let Some(room) = usize::try_from(capacity)
        .ok()
        .and_then(|capacity| capacity.checked_sub(1))
    else {
        return;
    };
    if !out.is_null() {
        let end = text.floor_char_boundary(room);
        // SAFETY: `end` bytes and a NUL fit in the capacity.
        unsafe { copy_with_nul(&text.as_bytes()[..end], out) }
    }
}

unsafe extern "C" fn x_dl_open(_vfs: *mut sqlite3_vfs, _path: *const c_char) -> *mut c_void {
    std::ptr::null_mut()
}

unsafe extern "C" fn x_dl_error(_vfs: *mut sqlite3_vfs, capacity: c_int, out: *mut c_char) {
    // SAFETY: SQLite passes a buffer of that capacity.
    unsafe { copy_text("extensions cannot be loaded from a pool", capacity, out) }
}

unsafe extern "C" fn x_dl_sym(
    _vfs: *mut sqlite3_vfs,
    _library: *mut c_void,
    _symbol: *const c_char,
) -> DlSymbol {
    None
}

unsafe extern "C" fn x_dl_close(_vfs: *mut sqlite3_vfs, _library: *mut c_void) {}

unsafe extern "C" fn x_randomness(vfs: *mut sqlite3_vfs, amount: c_int, out: *mut c_char) -> c_int {
    let Ok(len @ 1..) = usize::try_from(amount) else {
        return 0;
    };
    // SAFETY: SQLite passes the VFS that it calls, and a buffer of that size.
    let (state, buf) = unsafe {
        (
            state_of(vfs),
            std::slice::from_raw_parts_mut(out.cast::<u8>(), len),
        )
    };
    state.options.environment.fill_random(buf);
    amount
}

unsafe extern "C" fn x_sleep(vfs: *mut sqlite3_vfs, microseconds: c_int) -> c_int {
    // SAFETY: SQLite passes the VFS that it calls.
    let state = unsafe { state_of(vfs) };
    let duration = Duration::from_micros(u64::try_from(microseconds).unwrap_or(0));
    state.options.environment.sleep(duration);
    microseconds
}

unsafe extern "C" fn x_current_time_int64(vfs: *mut sqlite3_vfs, now: *mut sqlite3_int64) -> c_int {
    // SAFETY: SQLite passes the VFS that it calls, and a place for the result.
    unsafe { now.write(julian_ms(&state_of(vfs))) }
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_current_time(vfs: *mut sqlite3_vfs, now: *mut f64) -> c_int {
    // SAFETY: SQLite passes the VFS that it calls, and a place for the result.
    unsafe { now.write(julian_ms(&state_of(vfs)) as f64 / DAY_MS) }
    ffi::SQLITE_OK
}

fn julian_ms(state: &VfsState) -> i64 {
    state
        .options
        .environment
        .unix_time_ms()
        .saturating_add(UNIX_EPOCH_MS)
}

unsafe extern "C" fn x_get_last_error(vfs: *mut sqlite3_vfs, capacity: c_int, out: *mut c_char) -> c_int {
    // SAFETY: SQLite passes the VFS that it calls.
    let state = unsafe { state_of(vfs) };
    let Some(error) = state.last_error() else { return 0 };
    // SAFETY: SQLite passes a buffer of that capacity, or none and no capacity.
    unsafe { copy_text(&describe(&error), capacity, out) }
    errno(error.kind())
}
