//! The clock and the randomness of the page, through the functions that SQLite's build for it imports anyway.

use sqlite_wasm_rs::WasmOsCallback;
use sqlite_wasm_rs::vfs::OsCallback as _;

use super::Environment;

/// The clock and the randomness that the module is given. A browser's worker cannot sleep.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEnvironment;

impl Environment for SystemEnvironment {
    fn fill_random(&self, buf: &mut [u8]) {
        WasmOsCallback.random(buf);
    }

    fn unix_time_ms(&self) -> i64 {
        WasmOsCallback.epoch_timestamp_in_ms().unwrap_or(0)
    }
}
