//! Streams on files, as Wasmtime wants them.

use std::fmt;

use tarbox_wasi::{ErrorKind, p2};
use wasmtime_wasi_io::async_trait;
use wasmtime_wasi_io::bytes::Bytes;
use wasmtime_wasi_io::poll::Pollable;
use wasmtime_wasi_io::streams::{InputStream, OutputStream, StreamError, StreamResult};

/// What failed in a stream: `filesystem-error-code` tells a component the code.
#[derive(Debug)]
pub(super) struct FileError(pub(super) ErrorKind);

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.text())
    }
}

impl std::error::Error for FileError {}

fn stopped(why: p2::Stopped) -> StreamError {
    match why {
        p2::Stopped::Closed => StreamError::Closed,
        p2::Stopped::Failed(kind) => StreamError::LastOperationFailed(FileError(kind).into()),
    }
}

/// An input stream of a file.
pub(super) struct FileInput(pub(super) p2::FileInput);

#[async_trait]
impl Pollable for FileInput {
    async fn ready(&mut self) {}
}

#[async_trait]
impl InputStream for FileInput {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.0.read(size as u64).map(Bytes::from).map_err(stopped)
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.read(size)
    }

    fn skip(&mut self, count: usize) -> StreamResult<usize> {
        let skipped = self.0.skip(count as u64).map_err(stopped)?;
        // It is no more than `count`.
        Ok(skipped as usize)
    }

    async fn blocking_skip(&mut self, count: usize) -> StreamResult<usize> {
        self.skip(count)
    }
}

/// An output stream of a file.
pub(super) struct FileOutput(pub(super) p2::FileOutput);

#[async_trait]
impl Pollable for FileOutput {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for FileOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.write(&bytes).map_err(stopped)
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.write(bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.check_write().map(drop)
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.0.permit().map_err(stopped)
    }
}
