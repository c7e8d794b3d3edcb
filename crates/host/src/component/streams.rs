//! Streams on files. They hold a place in the file, never its content: each read and write goes straight to it, and both
//! are ready at once.

use std::fmt;

use tarbox_store::WriteAt;
use tarbox_wasi::ErrorKind;
use wasmtime_wasi_io::async_trait;
use wasmtime_wasi_io::bytes::Bytes;
use wasmtime_wasi_io::poll::Pollable;
use wasmtime_wasi_io::streams::{InputStream, OutputStream, StreamError, StreamResult};

use super::descriptor::OpenFile;

/// Bytes a stream takes at once; what a component may make the host allocate.
const PERMIT: usize = 1 << 20;

/// What failed in a stream: `filesystem-error-code` tells a component the code.
#[derive(Debug)]
pub(super) struct FileError(pub(super) ErrorKind);

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.text())
    }
}

impl std::error::Error for FileError {}

fn failed(kind: ErrorKind) -> StreamError {
    StreamError::LastOperationFailed(FileError(kind).into())
}

/// Reads a file from an offset to its end, at which it closes.
pub(super) struct FileInput {
    file: OpenFile,
    offset: u64,
}

impl FileInput {
    pub(super) fn new(file: OpenFile, offset: u64) -> Self {
        Self { file, offset }
    }
}

#[async_trait]
impl Pollable for FileInput {
    async fn ready(&mut self) {}
}

#[async_trait]
impl InputStream for FileInput {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size == 0 {
            return Ok(Bytes::new());
        }
        let bytes = self.file.read_some(size as u64, self.offset).map_err(failed)?;
        if bytes.is_empty() {
            return Err(StreamError::Closed);
        }
        self.offset += bytes.len() as u64;
        Ok(bytes.into())
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.read(size)
    }

    fn skip(&mut self, count: usize) -> StreamResult<usize> {
        if count == 0 {
            return Ok(0);
        }
        let size = self.file.file.stat().map_err(failed)?.size;
        let left = size.saturating_sub(self.offset);
        if left == 0 {
            return Err(StreamError::Closed);
        }
        let skipped = left.min(count as u64);
        self.offset += skipped;
        Ok(skipped as usize)
    }

    async fn blocking_skip(&mut self, count: usize) -> StreamResult<usize> {
        self.skip(count)
    }
}

/// Writes a file from an offset on, or at its end. It closes with the first failure.
pub(super) struct FileOutput {
    file: OpenFile,
    at: WriteAt,
    closed: bool,
}

impl FileOutput {
    pub(super) fn new(file: OpenFile, at: WriteAt) -> Self {
        Self {
            file,
            at,
            closed: false,
        }
    }

    fn open(&self) -> StreamResult<()> {
        if self.closed {
            return Err(StreamError::Closed);
        }
        Ok(())
    }
}

#[async_trait]
impl Pollable for FileOutput {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for FileOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.open()?;
        let written = self.file.file.write(self.at, &bytes);
        match written.and_then(|end| self.file.written().map(|()| end)) {
            Ok(end) => {
                if let WriteAt::Offset(_) = self.at {
                    self.at = WriteAt::Offset(end);
                }
                Ok(())
            }
            Err(kind) => {
                self.closed = true;
                Err(failed(kind))
            }
        }
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.write(bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.open()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.open()?;
        Ok(PERMIT)
    }
}
