//! The gather buffer of one connection: many small writes become one.
//!
//! SQLite writes a frame of the log as a header of 24 bytes and a page, a record of the journal as three
//! pieces, and the pages of a checkpoint one by one in ascending order. Each run of adjacent pieces is
//! collected here and reaches the device as one write.
//!
//! **At most one file of a connection has bytes in the buffer**; writing to another file flushes it first. So
//! the device sees writes to the database, its journal and its log in the order SQLite made them, and a
//! process that dies leaves behind what plain SQLite would.
//!
//! SQLite was told that these bytes are written. When the device does not take them, SQLite hears of it with a later
//! call, and undoes something. They stay until that is done, since a journal may hold what is needed for it, and must
//! not be in its way: see [`Gather::write`], [`Gather::truncate`] and [`Gather::forget`].

use std::sync::Arc;

use tarbox_pool::{PoolFile, PoolFileExt, Result};

/// A buffer that grew beyond this for a large transaction is given back when it has been flushed.
const KEPT_CAPACITY: usize = 256 * 1024;

#[derive(Debug)]
pub(crate) struct Gather {
    /// The most bytes that are held back.
    limit: usize,
    /// Where `bytes` belong; `None` exactly if there are none.
    target: Option<Arc<dyn PoolFile>>,
    start: u64,
    bytes: Vec<u8>,
    /// SQLite has read its journal, and so is putting back what that holds.
    undoing: bool,
    /// Other connections may write the log, too.
    shares_log: bool,
    /// There is a log, so that only checkpoints write to the database.
    has_log: bool,
}

/// How a range of a file lies to the bytes held back.
enum Relation {
    /// All of it is in the buffer, from that index on.
    Inside(usize),
    /// None of it is.
    Disjoint,
    Overlapping,
}

impl Gather {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            target: None,
            start: 0,
            bytes: Vec::new(),
            undoing: false,
            has_log: false,
            shares_log: false,
        }
    }

    /// Notes whether SQLite reads its journal, or writes it.
    pub(crate) fn set_undoing(&mut self, undoing: bool) {
        self.undoing = undoing;
    }

    /// Notes whether there is a log.
    pub(crate) fn set_log(&mut self, has_log: bool) {
        self.undoing = false;
        self.has_log = has_log;
    }

    /// Notes whether other connections may write the log.
    pub(crate) fn set_sharing(&mut self, shares_log: bool) {
        self.shares_log = shares_log;
    }

    pub(crate) fn shares_log(&self) -> bool {
        self.shares_log
    }

    /// Takes a write, and flushes what it does not join.
    ///
    /// What puts a database back does not wait for bytes that the device does not take: on the device are the journal's
    /// records of every page that has changed there, since they went out before it did.
    ///
    /// # Errors
    /// Those of the device. Bytes that could not be flushed stay in the buffer, and `data` is not taken.
    pub(crate) fn write(&mut self, file: &Arc<dyn PoolFile>, data: &[u8], offset: u64) -> Result<()> {
        let joins = self.holds(file) && (self.start..=self.end()).contains(&offset);
        let end = offset + data.len() as u64;
        if (!joins || end.saturating_sub(self.start) > self.limit as u64)
            && let Err(error) = self.flush()
        {
            return if self.undoing {
                self.write_beside(file, data, offset)
            } else {
                Err(error)
            };
        }
        if data.len() > self.limit {
            return file.write_at(data, offset);
        }
        if self.target.is_none() {
            self.target = Some(file.clone());
            self.start = offset;
        }
        let at = (offset - self.start) as usize;
        let overlap = data.len().min(self.bytes.len() - at);
        self.bytes[at..at + overlap].copy_from_slice(&data[..overlap]);
        self.bytes.extend_from_slice(&data[overlap..]);
        Ok(())
    }

    /// Takes a write to bytes that were written before: into the buffer where that has them, else straight to
    /// the device, so that the run being gathered goes on.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub(crate) fn overwrite(&mut self, file: &Arc<dyn PoolFile>, data: &[u8], offset: u64) -> Result<()> {
        match self.relation(file, offset, data.len()) {
            Relation::Inside(at) => {
                self.bytes[at..at + data.len()].copy_from_slice(data);
                return Ok(());
            }
            Relation::Disjoint if self.holds(file) => (),
            Relation::Disjoint | Relation::Overlapping => self.flush()?,
        }
        file.write_at(data, offset)
    }

    /// Takes the next piece of a log. Whatever was to follow it is not part of the log any more, and what the device does
    /// not take neither: SQLite undoes a transaction whose frames it cannot write.
    ///
    /// # Errors
    /// Those of the device.
    pub(crate) fn append(
        &mut self,
        file: &Arc<dyn PoolFile>,
        data: &[u8],
        offset: u64,
        is_last: bool,
    ) -> Result<()> {
        self.forget(file, offset);
        let mut written = self.write(file, data, offset);
        if is_last {
            written = written.and_then(|()| self.flush());
        }
        written.inspect_err(|_| self.forget(file, 0))
    }

    /// Writes to the device, and to the bytes held back as far as they are the same.
    fn write_beside(&mut self, file: &Arc<dyn PoolFile>, data: &[u8], offset: u64) -> Result<()> {
        if let Some((from, to)) = self.overlap(file, offset, data.len()) {
            let held = (from - self.start) as usize..(to - self.start) as usize;
            self.bytes[held].copy_from_slice(&data[(from - offset) as usize..(to - offset) as usize]);
        }
        file.write_at(data, offset)
    }

    /// Reads as if everything had been written, and returns how far the file reaches into `buf`.
    ///
    /// # Errors
    /// Those of the device.
    pub(crate) fn read(&self, file: &Arc<dyn PoolFile>, buf: &mut [u8], offset: u64) -> Result<usize> {
        if let Relation::Inside(at) = self.relation(file, offset, buf.len()) {
            buf.copy_from_slice(&self.bytes[at..at + buf.len()]);
            return Ok(buf.len());
        }
        let count = file.read_up_to(buf, offset)?;
        if !self.holds(file) || self.end() <= offset {
            return Ok(count);
        }
        // The file logically reaches to the bytes held back, over what may be a hole.
        buf[count..].fill(0);
        if let Some((from, to)) = self.overlap(file, offset, buf.len()) {
            let held = (from - self.start) as usize..(to - self.start) as usize;
            buf[(from - offset) as usize..(to - offset) as usize].copy_from_slice(&self.bytes[held]);
        }
        Ok(count.max(
            usize::try_from(self.end() - offset)
                .unwrap_or(usize::MAX)
                .min(buf.len()),
        ))
    }

    /// The length of a file as if everything had been written.
    ///
    /// # Errors
    /// Those of the device.
    pub(crate) fn len(&self, file: &Arc<dyn PoolFile>) -> Result<u64> {
        let len = file.len()?;
        Ok(if self.holds(file) {
            len.max(self.end())
        } else {
            len
        })
    }

    /// Brings everything to the device, in one write.
    ///
    /// # Errors
    /// Those of the device. The bytes then stay, are still read, and go out with the next flush.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let Some(target) = &self.target else { return Ok(()) };
        target.write_at(&self.bytes, self.start)?;
        self.clear();
        Ok(())
    }

    fn clear(&mut self) {
        self.target = None;
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_CAPACITY);
    }

    /// Brings everything to the device. That another file's bytes stay is not this file's failure.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    pub(crate) fn settle(&mut self, file: &Arc<dyn PoolFile>) -> Result<()> {
        let own = self.holds(file);
        self.flush()
            .or_else(|error| if own { Err(error) } else { Ok(()) })
    }

    /// Cuts a file off, after everything that was written to others before.
    ///
    /// # Errors
    /// Those of the device.
    pub(crate) fn truncate(&mut self, file: &Arc<dyn PoolFile>, len: u64) -> Result<()> {
        self.forget(file, len);
        match self.flush() {
            Err(error) if !self.undoing => return Err(error),
            _ => (),
        }
        file.truncate(len)
    }

    /// Drops what is held back of a file from `offset` on.
    pub(crate) fn forget(&mut self, file: &Arc<dyn PoolFile>, offset: u64) {
        if !self.holds(file) || self.end() <= offset {
            return;
        }
        match usize::try_from(offset.saturating_sub(self.start)) {
            Ok(0) => self.clear(),
            Ok(kept) => self.bytes.truncate(kept),
            Err(_) => (),
        }
    }

    /// Drops what is held back of a database that could not be written: the next checkpoint takes it from the log again.
    pub(crate) fn abandon(&mut self, database: &Arc<dyn PoolFile>) {
        if self.has_log {
            self.forget(database, 0);
        }
    }

    /// Flushes, and holds nothing back afterwards.
    ///
    /// # Errors
    /// Those of the device. What it did not take is gone.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.undoing = false;
        self.flush().inspect_err(|_| self.clear())
    }

    /// Whether the bytes held back are exactly `range` of `file`.
    pub(crate) fn holds_exactly(&self, file: &Arc<dyn PoolFile>, range: std::ops::Range<u64>) -> bool {
        self.holds(file) && range == (self.start..self.end())
    }

    fn holds(&self, file: &Arc<dyn PoolFile>) -> bool {
        self.target
            .as_ref()
            .is_some_and(|target| std::ptr::addr_eq(Arc::as_ptr(target), Arc::as_ptr(file)))
    }

    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// Where bytes of a file overlap with those held back.
    fn overlap(&self, file: &Arc<dyn PoolFile>, offset: u64, len: usize) -> Option<(u64, u64)> {
        let from = offset.max(self.start);
        let to = offset.saturating_add(len as u64).min(self.end());
        (self.holds(file) && from < to).then_some((from, to))
    }

    fn relation(&self, file: &Arc<dyn PoolFile>, offset: u64, len: usize) -> Relation {
        let end = offset.saturating_add(len as u64);
        if !self.holds(file) || end <= self.start || offset >= self.end() {
            Relation::Disjoint
        } else if offset >= self.start && end <= self.end() {
            Relation::Inside((offset - self.start) as usize)
        } else {
            Relation::Overlapping
        }
    }
}

#[cfg(test)]
mod tests {
    use tarbox_pool::fault::{FaultPlan, FaultPool};
    use tarbox_pool::{ErrorKind, OpenOptions, Operation, Pool};

    use super::*;

    fn setup() -> (FaultPool, [Arc<dyn PoolFile>; 2], Gather) {
        let pool = FaultPool::new();
        let files = ["a", "b"].map(|name| pool.open(name, OpenOptions::CREATE).unwrap());
        pool.start_trace();
        (pool, files, Gather::new(1_000))
    }

    fn writes(pool: &FaultPool) -> Vec<(String, u64, u64)> {
        pool.take_trace()
            .into_iter()
            .map(|step| (step.name, step.offset, step.len))
            .collect()
    }

    #[test]
    fn adjacent_pieces_become_one_write() {
        let (pool, [file, _], mut gather) = setup();
        for piece in 0..10 {
            gather
                .write(&file, &[piece; 30], 100 + u64::from(piece) * 30)
                .unwrap();
        }
        gather.write(&file, &[77; 30], 130).unwrap();
        assert!(writes(&pool).is_empty());
        gather.flush().unwrap();
        gather.flush().unwrap();
        assert_eq!(writes(&pool), [("a".into(), 100, 300)]);
        assert_eq!(file.read_all().unwrap()[129..132], [0, 77, 77]);
    }

    #[test]
    fn a_write_elsewhere_sends_the_run_before_it() {
        let (pool, [a, b], mut gather) = setup();
        gather.write(&a, &[1; 10], 0).unwrap();
        gather.write(&a, &[2; 10], 50).unwrap();
        gather.write(&b, &[3; 10], 60).unwrap();
        gather.flush().unwrap();
        assert_eq!(
            writes(&pool),
            [("a".into(), 0, 10), ("a".into(), 50, 10), ("b".into(), 60, 10)]
        );
    }

    #[test]
    fn no_more_is_held_back_than_the_limit() {
        let (pool, [file, _], mut gather) = setup();
        gather.write(&file, &[1; 600], 0).unwrap();
        gather.write(&file, &[2; 600], 600).unwrap();
        gather.write(&file, &[3; 5_000], 1_200).unwrap();
        assert_eq!(
            writes(&pool),
            [
                ("a".into(), 0, 600),
                ("a".into(), 600, 600),
                ("a".into(), 1_200, 5_000)
            ]
        );
    }

    #[test]
    fn reads_and_lengths_see_what_is_held_back() {
        let (pool, [file, other], mut gather) = setup();
        gather.write(&file, &[1; 100], 200).unwrap();
        assert_eq!(gather.len(&file).unwrap(), 300);
        assert_eq!(gather.len(&other).unwrap(), 0);
        let mut buf = [9; 50];
        assert_eq!(gather.read(&file, &mut buf, 220).unwrap(), 50);
        assert_eq!(buf, [1; 50]);
        assert_eq!(
            gather.read(&file, &mut buf, 100).unwrap(),
            50,
            "a hole before the run"
        );
        assert_eq!(buf, [0; 50]);
        assert_eq!(gather.read(&file, &mut buf, 300).unwrap(), 0);
        assert_eq!(gather.read(&file, &mut buf, 280).unwrap(), 20, "across its end");
        assert_eq!(buf[..20], [1; 20]);
        file.write_at(&[5; 190], 0).unwrap();
        writes(&pool);
        assert_eq!(
            gather.read(&file, &mut buf, 175).unwrap(),
            50,
            "across its start, and a hole"
        );
        assert_eq!(
            (&buf[..15], &buf[15..25], &buf[25..]),
            (&[5; 15][..], &[0; 10][..], &[1; 25][..])
        );
        assert!(writes(&pool).is_empty());
    }

    #[test]
    fn writes_in_place_do_not_break_the_run() {
        let (pool, [file, _], mut gather) = setup();
        gather.write(&file, &[1; 100], 500).unwrap();
        gather.overwrite(&file, &[2; 10], 510).unwrap();
        gather.overwrite(&file, &[3; 10], 100).unwrap();
        gather.write(&file, &[4; 100], 600).unwrap();
        gather.flush().unwrap();
        assert_eq!(writes(&pool), [("a".into(), 100, 10), ("a".into(), 500, 200)]);
    }

    #[test]
    fn bytes_that_could_not_be_flushed_are_kept_and_go_out_later() {
        let (pool, [file, _], mut gather) = setup();
        pool.set_plan(FaultPlan::new().fail(Operation::Write, 1, ErrorKind::NoSpace));
        gather.write(&file, &[1; 100], 0).unwrap();
        assert_eq!(gather.flush().unwrap_err().kind(), ErrorKind::NoSpace);
        assert_eq!(gather.read(&file, &mut [0; 100], 0).unwrap(), 100);
        gather.flush().unwrap();
        assert_eq!(file.read_all().unwrap(), [1; 100]);
    }
}
