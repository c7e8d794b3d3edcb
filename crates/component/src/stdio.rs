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
