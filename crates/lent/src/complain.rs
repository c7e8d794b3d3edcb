//! Standard error.

use crate::bindings::wasi::cli::stderr::get_stderr;

/// Tells whoever runs the program.
pub fn complain(what: &str) {
    let line = format!("tarbox: {what}\n");
    let stream = get_stderr();
    for piece in line.as_bytes().chunks(4096) {
        // There is nobody else to tell.
        let _ = stream.blocking_write_and_flush(piece);
    }
}
