//! Streams on files. They hold a place in the file, never its content: each read and write goes straight to it, and both
//! are ready at once.

use tarbox_store::WriteAt;

use super::OpenFile;
use crate::ErrorKind;

/// Bytes a stream takes at once.
const PERMIT: usize = 1 << 20;

/// Why a stream does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// It has ended.
    Closed,
    /// The operation failed; an output stream closes with that.
    Failed(ErrorKind),
}

impl From<ErrorKind> for Stopped {
    fn from(kind: ErrorKind) -> Self {
        Self::Failed(kind)
    }
}

/// Reads a file from an offset to its end, at which it closes.
#[derive(Debug)]
pub struct FileInput {
    file: OpenFile,
    offset: u64,
}

impl FileInput {
    pub(super) fn new(file: OpenFile, offset: u64) -> Self {
        Self { file, offset }
    }

    /// Up to `len` bytes, and at most 1 MiB.
    ///
    /// # Errors
    /// `Closed` at the end; those of reading the file.
    pub fn read(&mut self, len: u64) -> Result<Vec<u8>, Stopped> {
        if len == 0 {
            return Ok(Vec::new());
        }
        let bytes = self.file.read(len, self.offset)?;
        if bytes.is_empty() {
            return Err(Stopped::Closed);
        }
        self.offset += bytes.len() as u64;
        Ok(bytes)
    }

    /// Passes over up to `len` bytes, and answers how many.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn skip(&mut self, len: u64) -> Result<u64, Stopped> {
        if len == 0 {
            return Ok(0);
        }
        let left = self.file.stat()?.size.saturating_sub(self.offset);
        if left == 0 {
            return Err(Stopped::Closed);
        }
        let skipped = left.min(len);
        self.offset += skipped;
        Ok(skipped)
    }
}

/// Writes a file from an offset on, or at its end. It closes with the first failure.
#[derive(Debug)]
pub struct FileOutput {
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

    /// How many bytes it takes at once.
    ///
    /// # Errors
    /// `Closed` after a failure.
    pub fn permit(&self) -> Result<usize, Stopped> {
        match self.closed {
            true => Err(Stopped::Closed),
            false => Ok(PERMIT),
        }
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// `Closed` after a failure; those of writing the file.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Stopped> {
        self.permit()?;
        match self.file.write(self.at, bytes) {
            Ok(end) => {
                if let WriteAt::Offset(_) = self.at {
                    self.at = WriteAt::Offset(end);
                }
                Ok(())
            }
            Err(kind) => {
                self.closed = true;
                Err(kind.into())
            }
        }
    }
}
