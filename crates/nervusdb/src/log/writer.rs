//! Appends to the log.

use std::sync::Arc;

use tarbox_pool::PoolFile;

use super::{HEADER_LEN, RECORD_HEAD_LEN, check, first_seed, header};
use crate::device::{Device, FileName};
use crate::error::Result;

/// A write that is synced is followed by zeros up to a multiple of this, so that the next ones do not change the length
/// of the file, which a sync would have to store too. Zeros are no record.
const ROOM: u64 = 64 * 1024;
/// Commits gathered beyond this are written without waiting to be asked.
const GATHER_LIMIT: usize = 64 * 1024;

/// The end of the log. Commits gather in memory until [`write`](Self::write), so one device write and one
/// sync can serve a group.
#[derive(Debug)]
pub(crate) struct LogWriter {
    file: Arc<dyn PoolFile>,
    pub(crate) number: u32,
    /// Where the next write goes.
    at: u64,
    /// Where the file ends.
    end: u64,
    seed: u32,
    gathered: Vec<u8>,
    /// Something was written since the last sync.
    unsynced: bool,
    /// A write or sync failed: what the file holds is not known, and a new log must take its place.
    pub(crate) suspect: bool,
}

impl LogWriter {
    /// A new, empty log, durable.
    pub(crate) fn create(device: &Device, number: u32) -> Result<Self> {
        let file = device.create(FileName::Log(number))?;
        file.write_at(&header(number), 0)?;
        file.sync()?;
        Ok(Self::at(file, number, HEADER_LEN as u64, first_seed(number)))
    }

    /// Goes on after the last whole record.
    pub(crate) fn resume(device: &Device, number: u32, end: u64, seed: u32) -> Result<Self> {
        let file = device.open(FileName::Log(number))?;
        if file.len()? > end {
            file.truncate(end)?;
        }
        Ok(Self {
            // Records that a crash of the process left may not be on the device yet.
            unsynced: true,
            ..Self::at(file, number, end, seed)
        })
    }

    fn at(file: Arc<dyn PoolFile>, number: u32, at: u64, seed: u32) -> Self {
        Self {
            file,
            number,
            at,
            end: at,
            seed,
            gathered: Vec::new(),
            unsynced: false,
            suspect: false,
        }
    }

    /// Adds a record whose payload `fill` appends.
    pub(crate) fn append(&mut self, fill: impl FnOnce(&mut Vec<u8>)) {
        let begin = self.gathered.len();
        self.gathered.extend_from_slice(&[0; RECORD_HEAD_LEN]);
        fill(&mut self.gathered);
        let (head, payload) = self.gathered[begin..].split_at_mut(RECORD_HEAD_LEN);
        self.seed = check(payload, self.seed);
        head[..4].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        head[4..].copy_from_slice(&self.seed.to_le_bytes());
    }

    /// Whether enough has gathered to be written.
    pub(crate) fn is_full(&self) -> bool {
        self.gathered.len() >= GATHER_LIMIT
    }

    /// Hands what has gathered to the pool: it survives the process.
    pub(crate) fn write(&mut self) -> Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.file.write_at(&self.gathered, self.at) {
            self.suspect = true;
            return Err(error.into());
        }
        self.written(self.gathered.len());
        Ok(())
    }

    /// The first `len` gathered bytes are in the file.
    fn written(&mut self, len: usize) {
        self.at += len as u64;
        self.end = self.end.max(self.at);
        self.gathered.clear();
        self.unsynced = true;
        self.gathered.shrink_to(4 * GATHER_LIMIT);
    }

    /// As [`write`](Self::write), with zeros after it if the file does not reach further.
    fn write_with_room(&mut self) -> Result<()> {
        let len = self.gathered.len();
        let after = self.at + len as u64;
        if after > self.end {
            let room = after.next_multiple_of(ROOM) - after;
            self.gathered.resize(len + room as usize, 0);
            if self.file.write_at(&self.gathered, self.at).is_ok() {
                self.end = after + room;
                self.written(len);
                return Ok(());
            }
            // Perhaps the device has no room for that; the records may fit yet.
            self.gathered.truncate(len);
        }
        self.write()
    }

    /// Writes and syncs: it survives a power cut.
    pub(crate) fn sync(&mut self) -> Result<()> {
        if !self.gathered.is_empty() {
            self.write_with_room()?;
        }
        if self.unsynced {
            if let Err(error) = self.file.sync() {
                self.suspect = true;
                return Err(error.into());
            }
            self.unsynced = false;
        }
        Ok(())
    }

    /// Whether it holds no record.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == HEADER_LEN as u64
    }

    /// Bytes of the log, gathered ones included.
    pub(crate) fn len(&self) -> u64 {
        self.at + self.gathered.len() as u64
    }
}
