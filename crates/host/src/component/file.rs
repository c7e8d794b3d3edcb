//! Reading and writing files at an offset.

use tarbox_store::WriteAt;

use super::descriptor::{OpenFile, Result};

/// The most bytes of one read: what a component asks for, the host has to allocate.
const READ_MAX: u64 = 1 << 20;

impl OpenFile {
    /// Up to `len` bytes from `offset`, and whether the end was reached: nothing was there any more.
    pub(super) fn read(&self, len: u64, offset: u64) -> Result<(Vec<u8>, bool)> {
        let bytes = self.read_some(len, offset)?;
        let end = bytes.is_empty() && len > 0;
        Ok((bytes, end))
    }

    pub(super) fn read_some(&self, len: u64, offset: u64) -> tarbox_wasi::Result<Vec<u8>> {
        let mut bytes = vec![0; len.min(READ_MAX) as usize];
        let count = self.file.read(offset, &mut bytes)?;
        bytes.truncate(count);
        Ok(bytes)
    }

    pub(super) fn write(&self, bytes: &[u8], offset: u64) -> Result<u64> {
        self.file.write(WriteAt::Offset(offset), bytes)?;
        self.written()?;
        Ok(bytes.len() as u64)
    }
}
