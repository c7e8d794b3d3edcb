//! `wasi:cli`: the standard streams, which are the host's.

use crate::Provider;
use crate::bindings::exports::wasi::cli::{stderr, stdin, stdout};
use crate::bindings::exports::wasi::io::streams::{InputStream, OutputStream};
use crate::bindings::wasi::cli as host;
use crate::io::{Input, Output, Urgency};

impl stdin::Guest for Provider {
    fn get_stdin() -> InputStream {
        InputStream::new(Input::Host(host::stdin::get_stdin()))
    }
}

impl stdout::Guest for Provider {
    fn get_stdout() -> OutputStream {
        OutputStream::new(Output::Host(host::stdout::get_stdout(), Urgency::AtLeisure))
    }
}

impl stderr::Guest for Provider {
    fn get_stderr() -> OutputStream {
        OutputStream::new(Output::Host(host::stderr::get_stderr(), Urgency::Always))
    }
}

/// Tells whoever runs the program.
pub(crate) fn complain(what: &str) {
    let line = format!("tarbox: {what}\n");
    let stream = host::stderr::get_stderr();
    for piece in line.as_bytes().chunks(4096) {
        // There is nobody else to tell.
        let _ = stream.blocking_write_and_flush(piece);
    }
}
