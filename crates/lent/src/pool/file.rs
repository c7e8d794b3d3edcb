//! An open file of the host.

use std::rc::Rc;

use tarbox_pool::{Error, ErrorKind, MAX_FILE_LEN, Operation, PoolFile, Result};

use super::{Shared, failed};
use crate::bindings::wasi::filesystem::types::Descriptor;

/// The most bytes that cross at once: whatever crosses is copied.
const PIECE: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct HostFile {
    shared: Rc<Shared>,
    name: Box<str>,
    file: Rc<Descriptor>,
    read_only: bool,
    /// Its syncs may be put off.
    is_redo: bool,
}

impl HostFile {
    pub(super) fn new(shared: Rc<Shared>, name: &str, file: Descriptor, read_only: bool) -> Self {
        Self {
            shared,
            is_redo: name.ends_with("-redo"),
            name: name.into(),
            file: Rc::new(file),
            read_only,
        }
    }

    fn check(&self, operation: Operation, end: u64) -> Result<()> {
        if self.read_only {
            return Err(Error::new(ErrorKind::ReadOnly, operation, &self.name));
        }
        if end > MAX_FILE_LEN {
            return Err(Error::new(ErrorKind::FileTooLarge, operation, &self.name));
        }
        self.shared.guard(operation, &self.name)
    }
}

impl PoolFile for HostFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        let mut filled = 0;
        while filled < buf.len() {
            let at = offset.saturating_add(filled as u64);
            let wanted = (buf.len() - filled).min(PIECE);
            let read = self.file.read(wanted as u64, at);
            let (bytes, is_end) = read.map_err(|code| failed(Operation::Read, &self.name, code))?;
            let count = bytes.len().min(wanted);
            buf[filled..filled + count].copy_from_slice(&bytes[..count]);
            filled += count;
            if is_end || count == 0 {
                break;
            }
        }
        Ok(filled)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        if data.is_empty() {
            return Ok(());
        }
        self.check(Operation::Write, offset.saturating_add(data.len() as u64))?;
        let mut written = 0;
        while written < data.len() {
            let piece = &data[written..(written + PIECE).min(data.len())];
            let count = self.file.write(piece, offset + written as u64);
            match count.map_err(|code| failed(Operation::Write, &self.name, code))? {
                0 => {
                    return Err(Error::new(ErrorKind::Io, Operation::Write, &self.name)
                        .because("nothing was written"));
                }
                count => written += (count as usize).min(piece.len()),
            }
        }
        Ok(())
    }

    fn truncate(&self, len: u64) -> Result<()> {
        self.check(Operation::Truncate, len)?;
        self.file
            .set_size(len)
            .map_err(|code| failed(Operation::Truncate, &self.name, code))
    }

    fn sync(&self) -> Result<()> {
        self.check(Operation::Sync, 0)?;
        if self.is_redo && self.shared.soft.get() {
            self.shared.unsynced.replace(Some(Rc::clone(&self.file)));
            return Ok(());
        }
        // Not `sync-data`: the first sync after a file grew is for its length, too.
        self.file
            .sync()
            .map_err(|code| failed(Operation::Sync, &self.name, code))?;
        if self.is_redo {
            self.shared.unsynced.take();
        }
        Ok(())
    }

    fn len(&self) -> Result<u64> {
        let stat = self.file.stat();
        Ok(stat
            .map_err(|code| failed(Operation::Len, &self.name, code))?
            .size)
    }
}
