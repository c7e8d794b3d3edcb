//! Standard output and standard error of core modules.

use std::io::{self, IsTerminal as _};

use tarbox_wasi::p1::{self, Errno, Output};

use super::{Capture, Sink};

/// A sink as a core module writes it.
pub(crate) enum HostOutput {
    Stdout,
    Stderr,
    Discard,
    Capture(Capture),
}

impl HostOutput {
    pub(crate) fn stdout(sink: Sink) -> Self {
        Self::new(sink, Self::Stdout)
    }

    pub(crate) fn stderr(sink: Sink) -> Self {
        Self::new(sink, Self::Stderr)
    }

    fn new(sink: Sink, inherited: Self) -> Self {
        match sink {
            Sink::Inherit => inherited,
            Sink::Discard => Self::Discard,
            Sink::Capture(capture) => Self::Capture(capture),
        }
    }
}

impl Output for HostOutput {
    fn write(&mut self, bytes: &[u8]) -> p1::Result<usize> {
        let written = match self {
            Self::Stdout => write_through(io::stdout().lock(), bytes),
            Self::Stderr => write_through(io::stderr().lock(), bytes),
            Self::Discard => Ok(()),
            Self::Capture(capture) => {
                capture.push(bytes);
                Ok(())
            }
        };
        match written {
            Ok(()) => Ok(bytes.len()),
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Err(Errno::Pipe.into()),
            Err(e) if e.kind() == io::ErrorKind::StorageFull => Err(Errno::Nospc.into()),
            Err(_) => Err(Errno::Io.into()),
        }
    }

    fn is_terminal(&self) -> bool {
        match self {
            Self::Stdout => io::stdout().is_terminal(),
            Self::Stderr => io::stderr().is_terminal(),
            Self::Discard | Self::Capture(_) => false,
        }
    }
}

/// The guest has its own buffer; what it has written is to be seen.
fn write_through(mut stream: impl io::Write, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes)?;
    stream.flush()
}
