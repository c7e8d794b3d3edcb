//! What the JavaScript side provides. Numbers are doubles where they may pass 2³²; a negative result is an error whose
//! text `handle_error` gives.

#[link(wasm_import_module = "tarbox")]
unsafe extern "C" {
    pub(crate) fn handle_read(slot: u32, to: *mut u8, len: usize, offset: f64) -> i32;
    pub(crate) fn handle_write(slot: u32, from: *const u8, len: usize, offset: f64) -> i32;
    pub(crate) fn handle_truncate(slot: u32, len: f64) -> i32;
    pub(crate) fn handle_flush(slot: u32) -> i32;
    pub(crate) fn handle_len(slot: u32) -> f64;
    /// The file's name in its directory.
    pub(crate) fn handle_name(slot: u32, to: *mut u8, len: usize) -> usize;
    /// The text of the last error.
    pub(crate) fn handle_error(to: *mut u8, len: usize) -> usize;
    pub(crate) fn now() -> f64;
    #[cfg(feature = "sqlite")]
    pub(crate) fn random(to: *mut u8, len: usize);
    #[cfg(feature = "sqlite")]
    /// Ten numbers as `rust_sqlite_wasm_host_localtime` wants them.
    pub(crate) fn local_time(unix_seconds: f64, to: *mut i32) -> i32;
    pub(crate) fn console(from: *const u8, len: usize);
}
