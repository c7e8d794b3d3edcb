//! `wasi:io`: streams and pollables, each of the workspace or of the host, as one type.

use std::cell::RefCell;

use tarbox_wasi::{ErrorKind, p2};

use crate::bindings::exports::wasi::io::error::{Error, Guest as ErrorInterface, GuestError};
use crate::bindings::exports::wasi::io::poll::{
    Guest as PollInterface, GuestPollable, Pollable, PollableBorrow,
};
use crate::bindings::exports::wasi::io::streams::{
    Guest, GuestInputStream, GuestOutputStream, InputStreamBorrow, StreamError,
};
use crate::bindings::wasi::io as host;
use crate::{Provider, workspace};

/// Bytes of one step of a splice, and of zeros.
const STEP: u64 = 64 * 1024;

type Result<T> = std::result::Result<T, StreamError>;

/// Why a stream failed.
pub(crate) enum Failed {
    /// A file of the workspace.
    File(ErrorKind),
    /// A stream of the host.
    Host(host::error::Error),
}

/// Where bytes come from.
pub(crate) enum Input {
    /// A file, which is always ready.
    File(RefCell<p2::FileInput>),
    /// The host.
    Host(host::streams::InputStream),
}

/// Where bytes go to.
pub(crate) enum Output {
    /// A file, which is always ready.
    File(FileOutput),
    /// The host. What was done before somebody is told has to be committed.
    Host(host::streams::OutputStream, Urgency),
}

/// How much must be committed before output leaves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// All: it may be the last word of a program that is about to trap.
    Always,
    /// As much as the pace of commits allows.
    AtLeisure,
}

/// A stream into a file.
pub(crate) struct FileOutput(RefCell<p2::FileOutput>);

/// What can be waited for.
pub(crate) enum Wait {
    /// Nothing: it is ready.
    Ready,
    /// Something of the host.
    Host(host::poll::Pollable),
}

impl Input {
    pub(crate) fn file(input: p2::FileInput) -> Self {
        Self::File(RefCell::new(input))
    }
}

impl Output {
    pub(crate) fn file(output: p2::FileOutput) -> Self {
        Self::File(FileOutput(RefCell::new(output)))
    }

    /// Before something leaves for the host.
    fn told(urgency: Urgency) {
        match urgency {
            Urgency::Always => workspace::get().tell(),
            Urgency::AtLeisure => workspace::get().changed(),
        }
    }
}

impl FileOutput {
    fn write(&self, bytes: &[u8]) -> Result<()> {
        self.0.borrow_mut().write(bytes).map_err(stopped)?;
        workspace::get().wrote();
        Ok(())
    }

    fn permit(&self) -> Result<u64> {
        let permit = self.0.borrow().permit().map_err(stopped)?;
        Ok(permit as u64)
    }

    /// Writes `len` zeros, a piece at a time.
    fn zeros(&self, mut len: u64) -> Result<()> {
        self.permit()?;
        let zeros = vec![0; len.min(STEP) as usize];
        while len > 0 {
            let piece = len.min(STEP);
            self.write(&zeros[..piece as usize])?;
            len -= piece;
        }
        Ok(())
    }
}

impl Drop for FileOutput {
    fn drop(&mut self) {
        workspace::get().closed();
    }
}

fn stopped(why: p2::Stopped) -> StreamError {
    match why {
        p2::Stopped::Closed => StreamError::Closed,
        p2::Stopped::Failed(kind) => StreamError::LastOperationFailed(Error::new(Failed::File(kind))),
    }
}

fn of_host(error: host::streams::StreamError) -> StreamError {
    match error {
        host::streams::StreamError::Closed => StreamError::Closed,
        host::streams::StreamError::LastOperationFailed(error) => {
            StreamError::LastOperationFailed(Error::new(Failed::Host(error)))
        }
    }
}

impl ErrorInterface for Provider {
    type Error = Failed;
}

impl GuestError for Failed {
    fn to_debug_string(&self) -> String {
        match self {
            Self::File(kind) => kind.text().to_owned(),
            Self::Host(error) => error.to_debug_string(),
        }
    }
}

impl PollInterface for Provider {
    type Pollable = Wait;

    fn poll(all: Vec<PollableBorrow<'_>>) -> Vec<u32> {
        assert!(!all.is_empty(), "an empty list is polled");
        let waits = || {
            all.iter()
                .zip(0..)
                .map(|(wait, index)| (wait.get::<Wait>(), index))
        };
        if waits().any(|(wait, _)| matches!(wait, Wait::Ready)) {
            return waits()
                .filter(|(wait, _)| wait.ready())
                .map(|(_, index)| index)
                .collect();
        }
        workspace::get().pause();
        let of_host = waits().filter_map(|(wait, _)| match wait {
            Wait::Ready => None,
            Wait::Host(wait) => Some(wait),
        });
        host::poll::poll(&of_host.collect::<Vec<_>>())
    }
}

impl GuestPollable for Wait {
    fn ready(&self) -> bool {
        match self {
            Self::Ready => true,
            Self::Host(wait) => wait.ready(),
        }
    }

    fn block(&self) {
        if let Self::Host(wait) = self {
            workspace::get().pause();
            wait.block();
        }
    }
}

impl Guest for Provider {
    type InputStream = Input;
    type OutputStream = Output;
}

impl GuestInputStream for Input {
    fn read(&self, len: u64) -> Result<Vec<u8>> {
        match self {
            Self::File(file) => file.borrow_mut().read(len).map_err(stopped),
            Self::Host(stream) => stream.read(len).map_err(of_host),
        }
    }

    fn blocking_read(&self, len: u64) -> Result<Vec<u8>> {
        match self {
            Self::File(_) => self.read(len),
            Self::Host(stream) => {
                workspace::get().pause();
                stream.blocking_read(len).map_err(of_host)
            }
        }
    }

    fn skip(&self, len: u64) -> Result<u64> {
        match self {
            Self::File(file) => file.borrow_mut().skip(len).map_err(stopped),
            Self::Host(stream) => stream.skip(len).map_err(of_host),
        }
    }

    fn blocking_skip(&self, len: u64) -> Result<u64> {
        match self {
            Self::File(_) => self.skip(len),
            Self::Host(stream) => {
                workspace::get().pause();
                stream.blocking_skip(len).map_err(of_host)
            }
        }
    }

    fn subscribe(&self) -> Pollable {
        Pollable::new(match self {
            Self::File(_) => Wait::Ready,
            Self::Host(stream) => Wait::Host(stream.subscribe()),
        })
    }
}

impl GuestOutputStream for Output {
    fn check_write(&self) -> Result<u64> {
        match self {
            Self::File(file) => file.permit(),
            Self::Host(stream, _) => stream.check_write().map_err(of_host),
        }
    }

    fn write(&self, contents: Vec<u8>) -> Result<()> {
        match self {
            Self::File(file) => file.write(&contents),
            Self::Host(stream, urgency) => {
                Self::told(*urgency);
                stream.write(&contents).map_err(of_host)
            }
        }
    }

    fn blocking_write_and_flush(&self, contents: Vec<u8>) -> Result<()> {
        match self {
            Self::File(file) => file.write(&contents),
            Self::Host(stream, urgency) => {
                Self::told(*urgency);
                stream.blocking_write_and_flush(&contents).map_err(of_host)
            }
        }
    }

    fn flush(&self) -> Result<()> {
        match self {
            Self::File(file) => file.permit().map(drop),
            Self::Host(stream, _) => stream.flush().map_err(of_host),
        }
    }

    fn blocking_flush(&self) -> Result<()> {
        match self {
            Self::File(file) => file.permit().map(drop),
            Self::Host(stream, _) => stream.blocking_flush().map_err(of_host),
        }
    }

    fn subscribe(&self) -> Pollable {
        Pollable::new(match self {
            Self::File(_) => Wait::Ready,
            Self::Host(stream, _) => Wait::Host(stream.subscribe()),
        })
    }

    fn write_zeroes(&self, len: u64) -> Result<()> {
        match self {
            Self::File(file) => file.zeros(len),
            Self::Host(stream, _) => stream.write_zeroes(len).map_err(of_host),
        }
    }

    fn blocking_write_zeroes_and_flush(&self, len: u64) -> Result<()> {
        match self {
            Self::File(file) => file.zeros(len),
            Self::Host(stream, _) => stream.blocking_write_zeroes_and_flush(len).map_err(of_host),
        }
    }

    fn splice(&self, source: InputStreamBorrow<'_>, len: u64) -> Result<u64> {
        let source = source.get::<Input>();
        if let (Self::Host(to, urgency), Input::Host(from)) = (self, source) {
            Self::told(*urgency);
            return to.splice(from, len).map_err(of_host);
        }
        let room = self.check_write()?;
        let bytes = source.read(len.min(room).min(STEP))?;
        let moved = bytes.len() as u64;
        self.write(bytes)?;
        Ok(moved)
    }

    fn blocking_splice(&self, source: InputStreamBorrow<'_>, len: u64) -> Result<u64> {
        if let Self::Host(to, _) = self {
            workspace::get().pause();
            to.subscribe().block();
        }
        if let Input::Host(from) = source.get::<Input>() {
            workspace::get().pause();
            from.subscribe().block();
        }
        self.splice(source, len)
    }
}
