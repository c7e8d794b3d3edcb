//! An open file: the part of its slot behind the header.

use std::sync::{Arc, Mutex, PoisonError};

use super::header::DATA;
use super::table::{SlotId, Table};
use crate::error::{Operation, Result};
use crate::pool::PoolFile;
use crate::rules::check_change;

#[derive(Debug)]
pub(super) struct SahFile {
    pub(super) table: Arc<Mutex<Table>>,
    pub(super) device: Arc<dyn PoolFile>,
    pub(super) slot: SlotId,
    pub(super) name: Box<str>,
    pub(super) read_only: bool,
}

impl SahFile {
    fn check(&self, operation: Operation, end: Option<u64>) -> Result<()> {
        check_change(&self.name, operation, self.read_only, end)
    }
}

impl PoolFile for SahFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        self.device.read_at(buf, offset.saturating_add(DATA))
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        let end = offset.saturating_add(data.len() as u64);
        self.check(Operation::Write, Some(end.saturating_add(DATA)))?;
        self.device.write_at(data, offset + DATA)
    }

    fn truncate(&self, len: u64) -> Result<()> {
        self.check(Operation::Truncate, Some(len.saturating_add(DATA)))?;
        self.device.truncate(len + DATA)
    }

    fn sync(&self) -> Result<()> {
        self.check(Operation::Sync, None)?;
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.sync(self.slot)
    }

    fn len(&self) -> Result<u64> {
        Ok(self.device.len()?.saturating_sub(DATA))
    }
}

impl Drop for SahFile {
    fn drop(&mut self) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.close(self.slot);
    }
}
