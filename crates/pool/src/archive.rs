//! All files of a pool as one sequence of bytes, to carry them to another pool.
//!
//! ```text
//!   "TBXPOOL1"  then for each file, in the order of names:  name length u16 · content length u64 · name · content
//! ```
//! All numbers are little-endian. The sequence ends where the last file does.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Operation, Result};
use crate::ext::PoolFileExt;
use crate::pool::{OpenOptions, Pool, PoolFile};

const MAGIC: &[u8; 8] = b"TBXPOOL1";
/// Of a file: the lengths of its name and its content.
const HEAD: usize = 10;

/// Packs all files of a pool.
///
/// # Errors
/// Those of the pool.
pub fn pack(pool: &dyn Pool) -> Result<Vec<u8>> {
    let mut packed = MAGIC.to_vec();
    for name in pool.list("")? {
        let content = pool.open(&name, OpenOptions::READ_ONLY)?.read_all()?;
        // No pool accepts a name that long.
        let len = u16::try_from(name.len()).unwrap_or(u16::MAX);
        packed.extend(len.to_le_bytes());
        packed.extend((content.len() as u64).to_le_bytes());
        packed.extend(name.as_bytes());
        packed.extend(content);
    }
    Ok(packed)
}

/// Makes files of the pieces of a packed sequence, whichever way it is cut.
#[derive(Debug)]
pub struct Unpack<'p> {
    pool: &'p dyn Pool,
    /// Bytes that were fed and are still to be understood.
    waiting: Vec<u8>,
    has_begun: bool,
    file: Option<Arc<dyn PoolFile>>,
    written: u64,
    left: u64,
}

impl<'p> Unpack<'p> {
    /// Files that are there already are replaced.
    pub fn new(pool: &'p dyn Pool) -> Self {
        Self {
            pool,
            waiting: Vec::new(),
            has_begun: false,
            file: None,
            written: 0,
            left: 0,
        }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// `InvalidArgument` for what is no packed pool; those of the pool.
    pub fn feed(&mut self, piece: &[u8]) -> Result<()> {
        self.waiting.extend_from_slice(piece);
        while self.step()? {}
        Ok(())
    }

    /// The sequence has ended: everything is made durable.
    ///
    /// # Errors
    /// `InvalidArgument` if it ended too early; those of the pool.
    pub fn finish(mut self) -> Result<()> {
        self.close()?;
        match self.has_begun && self.left == 0 && self.waiting.is_empty() {
            true => self.pool.sync_names(),
            false => Err(invalid()),
        }
    }

    /// Whether there may be more to do with what is waiting.
    fn step(&mut self) -> Result<bool> {
        if !self.has_begun {
            let Some(magic) = self.waiting.first_chunk::<{ MAGIC.len() }>() else {
                return Ok(false);
            };
            if magic != MAGIC {
                return Err(invalid());
            }
            self.has_begun = true;
            self.waiting.drain(..MAGIC.len());
        }
        if self.left > 0 {
            return self.write();
        }
        self.close()?;
        self.begin()
    }

    fn write(&mut self) -> Result<bool> {
        let count = self.left.min(self.waiting.len() as u64) as usize;
        if let Some(file) = &self.file {
            file.write_at(&self.waiting[..count], self.written)?;
        }
        self.waiting.drain(..count);
        self.written += count as u64;
        self.left -= count as u64;
        Ok(count > 0)
    }

    fn begin(&mut self) -> Result<bool> {
        let Some(head) = self.waiting.first_chunk::<HEAD>() else {
            return Ok(false);
        };
        let [low, high, content @ ..] = *head;
        let end = HEAD + usize::from(u16::from_le_bytes([low, high]));
        let Some(name) = self.waiting.get(HEAD..end) else {
            return Ok(false);
        };
        let name = str::from_utf8(name).map_err(|_| invalid())?;
        let file = self.pool.open(name, OpenOptions::CREATE)?;
        file.truncate(0)?;
        self.file = Some(file);
        self.written = 0;
        self.left = u64::from_le_bytes(content);
        self.waiting.drain(..end);
        Ok(true)
    }

    fn close(&mut self) -> Result<()> {
        match self.file.take() {
            Some(file) => file.sync(),
            None => Ok(()),
        }
    }
}

fn invalid() -> Error {
    Error::new(ErrorKind::InvalidArgument, Operation::OpenPool, "")
        .because("these are not the files of a packed pool")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemoryPool, PoolExt as _};

    fn filled() -> MemoryPool {
        let pool = MemoryPool::new();
        for (name, content) in [("a", &b""[..]), ("b/c", b"some"), ("b/d", &[7; 5000])] {
            let file = pool.open(name, OpenOptions::CREATE).unwrap();
            file.write_at(content, 0).unwrap();
        }
        pool
    }

    #[test]
    fn files_arrive_however_they_are_cut() {
        let packed = pack(&filled()).unwrap();
        for size in [1, 3, 11, 4096, packed.len()] {
            let to = MemoryPool::new();
            to.open("a", OpenOptions::CREATE)
                .unwrap()
                .write_at(b"older", 0)
                .unwrap();
            let mut unpack = Unpack::new(&to);
            packed.chunks(size).for_each(|piece| unpack.feed(piece).unwrap());
            unpack.finish().unwrap();
            assert_eq!(to.list("").unwrap(), ["a", "b/c", "b/d"], "in pieces of {size}");
            assert_eq!(to.read_file("a").unwrap(), b"");
            assert_eq!(to.read_file("b/c").unwrap(), b"some");
            assert_eq!(to.read_file("b/d").unwrap(), [7; 5000]);
        }
    }

    #[test]
    fn what_is_cut_off_or_something_else_is_refused() {
        let packed = pack(&filled()).unwrap();
        for end in [0, 3, 9, 20, packed.len() - 1] {
            let to = MemoryPool::new();
            let mut unpack = Unpack::new(&to);
            unpack.feed(&packed[..end]).unwrap();
            assert_eq!(
                unpack.finish().unwrap_err().kind(),
                ErrorKind::InvalidArgument,
                "{end}"
            );
        }
        let to = MemoryPool::new();
        assert!(Unpack::new(&to).feed(b"something else").is_err());
        // A name that no pool accepts.
        let wrong = [&MAGIC[..], &[3, 0], &[0; 8], b"../"].concat();
        assert_eq!(
            Unpack::new(&to).feed(&wrong).unwrap_err().kind(),
            ErrorKind::InvalidName
        );
    }
}
