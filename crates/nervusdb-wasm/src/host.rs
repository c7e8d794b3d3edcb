//! The storage that JavaScript lends: a pool, function by function.
//!
//! Negative results are errors, by the number of their kind; see [`crate::pool`].

#[link(wasm_import_module = "host")]
unsafe extern "C" {
    /// Opens a file and gives its number. Flags: 1 creates it, 2 fails if it is there, 4 only reads.
    pub(crate) safe fn pool_open(name: *const u8, len: usize, flags: u32) -> i32;
    pub(crate) safe fn pool_close(file: i32);
    /// Fills up to `len` bytes at `to`, and gives how many they were.
    pub(crate) safe fn pool_read(file: i32, to: *mut u8, len: usize, offset: f64) -> i32;
    /// Writes all or fails.
    pub(crate) safe fn pool_write(file: i32, from: *const u8, len: usize, offset: f64) -> i32;
    pub(crate) safe fn pool_truncate(file: i32, len: f64) -> i32;
    pub(crate) safe fn pool_sync(file: i32) -> i32;
    pub(crate) safe fn pool_len(file: i32) -> f64;
    pub(crate) safe fn pool_exists(name: *const u8, len: usize) -> i32;
    pub(crate) safe fn pool_delete(name: *const u8, len: usize) -> i32;
    /// Finds the names that begin with a prefix, and gives the number of their bytes, each name followed by NUL.
    pub(crate) safe fn pool_list(prefix: *const u8, len: usize) -> i32;
    /// Copies these bytes to `to`.
    pub(crate) safe fn pool_list_take(to: *mut u8);
    pub(crate) safe fn pool_sync_names() -> i32;
}
