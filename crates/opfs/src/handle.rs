//! A browser's file handle as a [`PoolFile`].

use tarbox_pool::{Error, ErrorKind, Operation, PoolFile, Result};

use crate::imports;

/// A `FileSystemSyncAccessHandle`, by the number that the JavaScript side has given it.
#[derive(Debug)]
pub struct OpfsHandle {
    slot: u32,
    name: Box<str>,
}

impl OpfsHandle {
    /// The handle of that number.
    pub fn new(slot: u32) -> Self {
        let name = text(|to, len| {
            // SAFETY: the buffer is that long.
            unsafe { imports::handle_name(slot, to, len) }
        });
        Self {
            slot,
            name: name.into(),
        }
    }

    fn done(&self, operation: Operation, code: i32) -> Result<usize> {
        usize::try_from(code).map_err(|_| self.error(operation, code))
    }

    fn error(&self, operation: Operation, code: i32) -> Error {
        let cause = text(|to, len| {
            // SAFETY: the buffer is that long.
            unsafe { imports::handle_error(to, len) }
        });
        Error::new(kind(code), operation, &self.name).because(cause)
    }
}

/// What the JavaScript side makes of the name of a `DOMException`.
fn kind(code: i32) -> ErrorKind {
    match code {
        -2 => ErrorKind::NoSpace,
        -3 => ErrorKind::Busy,
        -4 => ErrorKind::NotFound,
        -5 => ErrorKind::PermissionDenied,
        -6 => ErrorKind::FileTooLarge,
        _ => ErrorKind::Io,
    }
}

/// A text that the JavaScript side writes into a buffer.
fn text(fill: impl FnOnce(*mut u8, usize) -> usize) -> String {
    let mut buffer = [0; 256];
    let len = fill(buffer.as_mut_ptr(), buffer.len()).min(buffer.len());
    String::from_utf8_lossy(&buffer[..len]).into_owned()
}

/// A browser addresses bytes of a file with doubles, exactly up to 2⁵³.
const LAST: u64 = 1 << 53;

impl OpfsHandle {
    fn offset(&self, operation: Operation, offset: u64) -> Result<f64> {
        if offset > LAST {
            return Err(Error::new(ErrorKind::FileTooLarge, operation, &self.name));
        }
        Ok(offset as f64)
    }
}

impl PoolFile for OpfsHandle {
    fn name(&self) -> &str {
        &self.name
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        if offset > LAST {
            return Ok(0);
        }
        // SAFETY: the buffer is that long, and nobody else's.
        let code = unsafe { imports::handle_read(self.slot, buf.as_mut_ptr(), buf.len(), offset as f64) };
        self.done(Operation::Read, code)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        if data.is_empty() {
            return Ok(());
        }
        let offset = self.offset(Operation::Write, offset)?;
        // SAFETY: the buffer is that long, and only read.
        let code = unsafe { imports::handle_write(self.slot, data.as_ptr(), data.len(), offset) };
        self.done(Operation::Write, code).map(drop)
    }

    fn truncate(&self, len: u64) -> Result<()> {
        let len = self.offset(Operation::Truncate, len)?;
        // SAFETY: passes numbers only.
        let code = unsafe { imports::handle_truncate(self.slot, len) };
        self.done(Operation::Truncate, code).map(drop)
    }

    fn sync(&self) -> Result<()> {
        // SAFETY: passes a number only.
        let code = unsafe { imports::handle_flush(self.slot) };
        self.done(Operation::Sync, code).map(drop)
    }

    fn len(&self) -> Result<u64> {
        // SAFETY: passes a number only.
        let len = unsafe { imports::handle_len(self.slot) };
        if len < 0.0 {
            return Err(self.error(Operation::Len, len as i32));
        }
        Ok(len as u64)
    }
}
