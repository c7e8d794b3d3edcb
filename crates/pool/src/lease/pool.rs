//! A pool that is changed only while a lease is held.

use std::sync::Arc;

use super::{Ground, Lease};
use crate::{Error, ErrorKind, MaybeSend, MaybeSync, OpenOptions, Operation, Pool, PoolFile, Result};

/// A pool whose changes need a lease, which goes back when the pool and its files are dropped.
#[derive(Debug)]
pub struct LeasedPool<P, G: Ground> {
    inner: P,
    pub(super) held: Arc<Held<G>>,
}

#[derive(Debug)]
pub(super) struct Held<G: Ground> {
    pub(super) lease: Lease,
    pub(super) ground: G,
}

impl<G: Ground> Held<G> {
    /// Before each change: whether the database is still this program's.
    fn guard(&self, operation: Operation, name: &str) -> Result<()> {
        match self.lease.holds(&self.ground) {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::Busy, operation, name).because(TAKEN)),
        }
    }
}

/// Why a program that was silent for too long cannot change anything any more.
pub const TAKEN: &str =
    "another program took the directory over, since this one showed no sign of life for too long";

impl<G: Ground> Drop for Held<G> {
    fn drop(&mut self) {
        self.lease.release(&self.ground);
    }
}

impl<P, G: Ground> LeasedPool<P, G> {
    /// This pool, under this lease.
    pub fn new(inner: P, ground: G, lease: Lease) -> Self {
        Self {
            inner,
            held: Arc::new(Held { lease, ground }),
        }
    }
}

impl<P: Pool, G: Ground + MaybeSend + MaybeSync + 'static> Pool for LeasedPool<P, G> {
    fn open(&self, name: &str, options: OpenOptions) -> Result<Arc<dyn PoolFile>> {
        if options.creates() {
            self.held.guard(options.operation(), name)?;
        }
        Ok(Arc::new(LeasedFile {
            inner: self.inner.open(name, options)?,
            held: Arc::clone(&self.held),
        }))
    }

    fn exists(&self, name: &str) -> Result<bool> {
        self.inner.exists(name)
    }

    fn delete(&self, name: &str) -> Result<()> {
        self.held.guard(Operation::Delete, name)?;
        self.inner.delete(name)
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        self.inner.list(prefix)
    }

    fn sync_names(&self) -> Result<()> {
        self.held.guard(Operation::SyncNames, "")?;
        self.inner.sync_names()
    }

    fn is_read_only(&self) -> bool {
        self.inner.is_read_only()
    }
}

#[derive(Debug)]
struct LeasedFile<G: Ground> {
    inner: Arc<dyn PoolFile>,
    held: Arc<Held<G>>,
}

impl<G: Ground + MaybeSend + MaybeSync> PoolFile for LeasedFile<G> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        // A long look is a sign of life, too.
        self.held.lease.holds(&self.held.ground);
        self.inner.read_at(buf, offset)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        self.held.guard(Operation::Write, self.name())?;
        self.inner.write_at(data, offset)
    }

    fn truncate(&self, len: u64) -> Result<()> {
        self.held.guard(Operation::Truncate, self.name())?;
        self.inner.truncate(len)
    }

    fn sync(&self) -> Result<()> {
        self.held.guard(Operation::Sync, self.name())?;
        self.inner.sync()
    }

    fn len(&self) -> Result<u64> {
        self.inner.len()
    }
}
