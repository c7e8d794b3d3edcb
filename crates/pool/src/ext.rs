//! Conveniences for every pool and file, built on the few required methods.

use crate::error::{Error, ErrorKind, Operation, Result};
use crate::pool::{OpenOptions, Pool, PoolFile};

/// Conveniences of every [`PoolFile`].
pub trait PoolFileExt: PoolFile {
    /// Fills as much of `buf` as the file holds from `offset` on, asking again after a short read.
    ///
    /// # Errors
    /// As [`PoolFile::read_at`].
    fn read_up_to(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        let mut filled = 0;
        while filled < buf.len() {
            match self.read_at(&mut buf[filled..], offset.saturating_add(filled as u64))? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(filled)
    }

    /// Fills all of `buf` from `offset` on.
    ///
    /// # Errors
    /// `Io` if the file ends before `buf` is full, with how far it reached as the cause; else as
    /// [`PoolFile::read_at`].
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> Result<()> {
        let filled = self.read_up_to(buf, offset)?;
        if filled == buf.len() {
            return Ok(());
        }
        let cause = format!(
            "the file ends {} bytes short of offset {offset} + {}",
            buf.len() - filled,
            buf.len()
        );
        Err(Error::new(ErrorKind::Io, Operation::Read, self.name()).because(cause))
    }

    /// The whole contents.
    ///
    /// # Errors
    /// As [`PoolFile::read_at`]; `FileTooLarge` if they do not fit in memory.
    fn read_all(&self) -> Result<Vec<u8>> {
        let too_large = || Error::new(ErrorKind::FileTooLarge, Operation::Read, self.name());
        let len = usize::try_from(self.len()?).map_err(|_| too_large())?;
        let mut contents = Vec::new();
        contents
            .try_reserve_exact(len)
            .map_err(|cause| too_large().because(cause))?;
        contents.resize(len, 0);
        let filled = self.read_up_to(&mut contents, 0)?;
        contents.truncate(filled);
        Ok(contents)
    }
}

impl<F: PoolFile + ?Sized> PoolFileExt for F {}

/// Conveniences of every [`Pool`].
pub trait PoolExt: Pool {
    /// The whole contents of a file.
    ///
    /// # Errors
    /// As [`Pool::open`] and [`PoolFileExt::read_all`].
    fn read_file(&self, name: &str) -> Result<Vec<u8>> {
        self.open(name, OpenOptions::READ_ONLY)?.read_all()
    }

    /// Replaces the contents of a file, creating it if needed, and makes them durable. Not atomic: a crash
    /// before it returns can leave any mix of old and new.
    ///
    /// # Errors
    /// As [`Pool::open`], [`PoolFile::write_at`] and [`PoolFile::sync`].
    fn write_file(&self, name: &str, contents: &[u8]) -> Result<()> {
        let file = self.open(name, OpenOptions::CREATE)?;
        file.truncate(0)?;
        file.write_at(contents, 0)?;
        file.sync()
    }

    /// Deletes a file if it is there, and says whether it was.
    ///
    /// # Errors
    /// As [`Pool::delete`], but for `NotFound`.
    fn delete_if_exists(&self, name: &str) -> Result<bool> {
        match self.delete(name) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl<P: Pool + ?Sized> PoolExt for P {}
