//! Runs the conformance suite on a directory: `conformance DIRECTORY`.
//!
//! It builds for `wasm32-wasip1` too, where there is no test harness that can open files: run it there under a WASI
//! host with DIRECTORY preopened. The directory is left as the last case left it, one folder for each case.

use std::process::ExitCode;
use std::sync::Arc;

use tarbox_pool::DirectoryPool;
use tarbox_pool::conformance::CASES;

fn main() -> ExitCode {
    let Some(directory) = std::env::args().nth(1) else {
        eprintln!("usage: conformance DIRECTORY");
        return ExitCode::from(2);
    };
    for (name, case) in CASES {
        match DirectoryPool::open(format!("{directory}/{name}")) {
            // A case that fails panics, which names the broken promise.
            Ok(pool) => case(Arc::new(pool)),
            Err(error) => {
                eprintln!("{name}: {error}");
                return ExitCode::FAILURE;
            }
        }
        println!("{name} ... ok");
    }
    ExitCode::SUCCESS
}
