//! What the parser of SQLite's amalgamation calls even where it is left out of the build. No statement of the stores uses any of it,
//! and one that did could not go on.

use std::ffi::{c_char, c_int, c_void};

/// `CURRENT_TIME` and its brothers are null: the stores keep times as numbers. Runtimes of WASI have a C library for them.
#[cfg(target_os = "unknown")]
#[unsafe(no_mangle)]
extern "C" fn gmtime(_seconds: *const c_void) -> *const c_void {
    std::ptr::null()
}

macro_rules! omitted {
    ($(fn $name:ident($($argument:ty),*) $(-> $answer:ty)?;)*) => {
        $(#[unsafe(no_mangle)]
        extern "C" fn $name($(_: $argument),*) $(-> $answer)? {
            std::arch::wasm32::unreachable()
        })*
    };
}

#[cfg(target_os = "unknown")]
omitted! {
    fn strftime(*mut c_char, usize, *const c_char, *const c_void) -> usize;
}

omitted! {
    fn sqlite3VtabBeginParse(*mut c_void, *mut c_void, *mut c_void, *mut c_void, c_int);
    fn sqlite3VtabFinishParse(*mut c_void, *mut c_void);
    fn sqlite3VtabArgInit(*mut c_void);
    fn sqlite3VtabArgExtend(*mut c_void, *mut c_void);
    fn sqlite3Analyze(*mut c_void, *mut c_void, *mut c_void);
    // SQLite leaves out `ALTER TABLE` with virtual tables.
    fn sqlite3AlterRenameTable(*mut c_void, *mut c_void, *mut c_void);
    fn sqlite3AlterRenameColumn(*mut c_void, *mut c_void, *mut c_void, *mut c_void);
    fn sqlite3AlterDropConstraint(*mut c_void, *mut c_void, *mut c_void, *mut c_void);
    fn sqlite3AlterAddConstraint(*mut c_void, *mut c_void, *mut c_void, *mut c_void, *const c_char, c_int, *mut c_void);
    fn sqlite3AlterSetNotNull(*mut c_void, *mut c_void, *mut c_void, *mut c_void);
    fn sqlite3AlterBeginAddColumn(*mut c_void, *mut c_void);
    fn sqlite3AlterFinishAddColumn(*mut c_void, *mut c_void);
    fn sqlite3AlterDropColumn(*mut c_void, *mut c_void, *const c_void);
}
