//! The redo log: what a sync makes durable before the database has it.
//!
//! A transaction writes whole pages, six for one small file. A record has the changed rows alone, and many syncs share
//! one transaction later. The file begins anew with every such transaction:
//!
//! ```text
//!   0       4       8        16       24             24+len   +16
//!   ├ magic ┼ len   ┼ epoch  ┼ number ┼ rows …       ┼ digest ┤ next record …
//! ```
//!
//! `epoch` is one more than what the database says in `durable.redo`: the transaction that takes the records over sets
//! that, so records are never applied twice, nor to another database. `number` counts from 0. The first record that is
//! not whole, or of another epoch, is the end: it was never acknowledged, or is older.

use std::sync::Arc;

use tarbox_pool::{OpenOptions, Pool, PoolFile, PoolFileExt};
use tarbox_store::Result;

use crate::sql::device;

/// Bytes of the file. It has them from the start: overwriting costs a device less than growing.
const LEN: u64 = 512 * 1024;
/// A record that is longer has work for a transaction of its own.
const RECORD_MAX: usize = 64 * 1024;

const MAGIC: [u8; 4] = *b"TBXR";
const HEAD: usize = 24;
const DIGEST: usize = 16;

/// The redo log of a database.
#[derive(Debug)]
pub(crate) struct Redo {
    pool: Arc<dyn Pool>,
    name: String,
    file: Option<Arc<dyn PoolFile>>,
    /// Of the records that come.
    epoch: u64,
    /// How many records there are, and where they end.
    count: u64,
    end: u64,
    /// A record behind the end was not acknowledged, and may be there all the same.
    is_astray: bool,
    buffer: Vec<u8>,
}

impl Redo {
    /// The log of the database of this name, which has taken over the records of the epoch `done`; and the records that it
    /// has not.
    ///
    /// # Errors
    /// Those of the device.
    pub(crate) fn open(pool: Arc<dyn Pool>, name: &str, done: u64) -> Result<(Self, Vec<Vec<u8>>)> {
        let name = format!("{name}-redo");
        let mut redo = Self {
            file: None,
            epoch: done + 1,
            count: 0,
            end: 0,
            is_astray: false,
            buffer: Vec::new(),
            pool,
            name,
        };
        if !redo.pool.exists(&redo.name).map_err(device)? {
            return Ok((redo, Vec::new()));
        }
        let file = redo
            .pool
            .open(&redo.name, OpenOptions::EXISTING)
            .map_err(device)?;
        let mut bytes = vec![0; LEN as usize];
        let len = file.read_up_to(&mut bytes, 0).map_err(device)?;
        bytes.truncate(len);
        redo.file = Some(file);
        let mut records = Vec::new();
        while let Some(rows) = redo.next(&bytes) {
            records.push(rows.to_vec());
            redo.count += 1;
            redo.end += (HEAD + rows.len() + DIGEST) as u64;
        }
        Ok((redo, records))
    }

    /// The rows of the record behind those that were read.
    fn next<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let rest = bytes.get(self.end as usize..)?;
        let head = rest.first_chunk::<HEAD>()?;
        let len = u32::from_le_bytes(head[4..8].try_into().ok()?) as usize;
        let (record, rest) = rest.split_at_checked(HEAD.checked_add(len)?)?;
        let expected = self.head(len);
        let is_whole = *head == expected && *rest.first_chunk::<DIGEST>()? == digest(record);
        is_whole.then(|| &record[HEAD..])
    }

    fn head(&self, len: usize) -> [u8; HEAD] {
        let mut head = [0; HEAD];
        head[..4].copy_from_slice(&MAGIC);
        head[4..8].copy_from_slice(&(len as u32).to_le_bytes());
        head[8..16].copy_from_slice(&self.epoch.to_le_bytes());
        head[16..].copy_from_slice(&self.count.to_le_bytes());
        head
    }

    /// Adds a record of rows, and returns when it is on the device: `false` if it is too much for the log.
    ///
    /// # Errors
    /// Those of the device; then the record may be there or not, and the next one takes its place.
    pub(crate) fn append(&mut self, rows: &[u8]) -> Result<bool> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        buffer.resize(HEAD, 0);
        buffer.extend_from_slice(rows);
        let len = buffer.len() - HEAD;
        let end = self.end + (buffer.len() + DIGEST) as u64;
        let fits = len <= RECORD_MAX && end <= LEN;
        if fits {
            buffer[..HEAD].copy_from_slice(&self.head(len));
            let digest = digest(&buffer);
            buffer.extend_from_slice(&digest);
            self.is_astray = true;
            self.write(&buffer)?;
            self.is_astray = false;
            self.count += 1;
            self.end = end;
        }
        self.buffer = buffer;
        Ok(fits)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if let Some(file) = &self.file {
            file.write_at(bytes, self.end).map_err(device)?;
            return file.sync().map_err(device);
        }
        let made = self.make(bytes);
        if made.is_err() {
            // On a full device the transaction that comes instead needs the room. If this fails, too, that will say so.
            let _kept = self.pool.delete(&self.name);
        }
        self.file = Some(made?);
        Ok(())
    }

    fn make(&self, first: &[u8]) -> Result<Arc<dyn PoolFile>> {
        let file = self.pool.open(&self.name, OpenOptions::CREATE).map_err(device)?;
        file.write_at(&vec![0; LEN as usize], 0).map_err(device)?;
        file.write_at(first, 0).map_err(device)?;
        file.sync().map_err(device)?;
        Ok(file)
    }

    /// Whether there are records that the database has not taken over.
    pub(crate) fn holds_records(&self) -> bool {
        self.count > 0
    }

    /// Whether the next transaction has to say that what the file holds is done with.
    pub(crate) fn must_end(&self) -> bool {
        self.is_astray || self.holds_records()
    }

    /// What the transaction says that takes the records over.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The database has the records, durably: the next one is the first of a new epoch.
    pub(crate) fn begin_anew(&mut self) {
        self.epoch += 1;
        self.count = 0;
        self.end = 0;
        self.is_astray = false;
    }
}

fn digest(bytes: &[u8]) -> [u8; DIGEST] {
    let mut digest = [0; DIGEST];
    digest.copy_from_slice(&blake3::hash(bytes).as_bytes()[..DIGEST]);
    digest
}
