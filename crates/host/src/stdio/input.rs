//! Standard input of core modules.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tarbox_wasi::p1::{self, Errno, Failure, Input};

use super::Source;
use crate::deadline::Deadline;

/// A source as a core module reads it, waiting no longer than the deadline allows.
pub(crate) enum HostInput {
    Inherit(Deadline),
    Bytes { bytes: Arc<[u8]>, position: usize },
}

impl HostInput {
    pub(crate) fn new(source: Source, deadline: Deadline) -> Self {
        let bytes = match source {
            Source::Inherit => return Self::Inherit(deadline),
            Source::Empty => Arc::from([]),
            Source::Bytes(bytes) => bytes,
        };
        Self::Bytes { bytes, position: 0 }
    }
}

impl Input for HostInput {
    fn read(&mut self, buffer: &mut [u8]) -> p1::Result<usize> {
        match self {
            Self::Inherit(deadline) => {
                wait(*deadline, None)?;
                read(buffer).map_err(|e| errno(&e))
            }
            Self::Bytes { bytes, position } => {
                let rest = &bytes[*position..];
                let count = rest.len().min(buffer.len());
                buffer[..count].copy_from_slice(&rest[..count]);
                *position += count;
                Ok(count)
            }
        }
    }

    fn wait(&mut self, timeout: Option<Duration>) -> p1::Result<bool> {
        match self {
            Self::Inherit(deadline) => wait(*deadline, timeout),
            Self::Bytes { .. } => Ok(true),
        }
    }

    fn is_terminal(&self) -> bool {
        matches!(self, Self::Inherit(_)) && io::IsTerminal::is_terminal(&io::stdin())
    }
}

fn errno(error: &io::Error) -> Failure {
    Failure::Errno(match error.kind() {
        io::ErrorKind::WouldBlock => Errno::Again,
        io::ErrorKind::IsADirectory => Errno::Isdir,
        _ => Errno::Io,
    })
}

/// Waits for input as long as both the caller and the deadline allow.
#[cfg(unix)]
fn wait(deadline: Deadline, timeout: Option<Duration>) -> p1::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno as Os;

    let left = deadline.left();
    let bound = timeout.into_iter().chain(left).min();
    let bound = bound.and_then(|bound| Timespec::try_from(bound).ok());
    let stdin = io::stdin();
    let ready = loop {
        match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], bound.as_ref()) {
            Err(Os::INTR) => {}
            Ok(count) => break count > 0,
            Err(_) => return Err(Errno::Io.into()),
        }
    };
    if !ready && deadline.exceeded().is_some() {
        return Err(Failure::Interrupted);
    }
    Ok(ready)
}

/// Past the standard library's buffer, which would hide bytes from the wait.
#[cfg(unix)]
fn read(buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match rustix::io::read(io::stdin(), &mut *buffer) {
            Err(rustix::io::Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
}

#[cfg(not(unix))]
fn wait(_deadline: Deadline, _timeout: Option<Duration>) -> p1::Result<bool> {
    Ok(true)
}

#[cfg(not(unix))]
fn read(buffer: &mut [u8]) -> io::Result<usize> {
    io::Read::read(&mut io::stdin(), buffer)
}
