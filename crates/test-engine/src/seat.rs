//! What one process knows of one tenant.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::rows::Bytes;

/// A tenant in a process.
#[derive(Debug, Default)]
pub struct Seat {
    known: Mutex<Known>,
    /// Whoever takes the lease.
    pub(crate) turn: async_lock::Mutex<()>,
}

#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The epoch of the lease, as far as is known here.
    pub(crate) lease: Option<u64>,
    /// How many hold it here.
    pub(crate) users: usize,
    /// It was lost while somebody held it.
    pub(crate) broken: bool,
    /// The tenant's version, as last seen.
    version: Option<u64>,
    pub(crate) foreign: u64,
    /// Nobody else opens files, as long as the lease is held.
    pub(crate) alone: bool,
    /// Others know that this process opens files.
    pub(crate) member: bool,
    /// Commits of this process that may not be durable.
    pub(crate) at_risk: Vec<u64>,
    /// Blocks of the next commit.
    pub(crate) blocks: Bytes,
    /// How often changes were lost with the lease, or with the server.
    pub(crate) losses: u64,
}

/// How a tenant stood at some moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) version: u64,
    /// The epoch of the lease, if this process had it.
    pub(crate) lease: Option<u64>,
}

impl Seat {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Takes note of how the tenant stood. Answers whether rows of that moment are of use.
    pub(crate) fn observe(&mut self, seen: Seen) -> bool {
        if let Some(epoch) = self.lease {
            // While the lease is held nobody else commits.
            if seen.lease == Some(epoch) {
                return true;
            }
            self.lose();
        }
        match self.version {
            Some(known) if seen.version < known => false,
            Some(known) if seen.version == known => true,
            known => {
                self.version = Some(seen.version);
                if known.is_some() {
                    self.foreign += 1;
                }
                true
            }
        }
    }

    /// Takes note of a lease.
    pub(crate) fn took(&mut self, epoch: u64, version: u64, alone: bool) {
        if self.version != Some(version) {
            self.foreign += 1;
        }
        self.version = Some(version);
        self.lease = Some(epoch);
        self.alone = alone;
    }

    /// The lease is another's.
    pub(crate) fn lose(&mut self) {
        self.broken |= self.users > 0;
        self.lease = None;
        self.alone = false;
        self.version = None;
        self.foreign += 1;
    }

    /// The lease and the version that a commit rests on.
    pub(crate) fn fence(&self) -> Option<(u64, u64)> {
        Some((self.lease.filter(|_| !self.broken)?, self.version?))
    }

    /// Takes note of a commit.
    pub(crate) fn committed(&mut self, version: u64, is_durable: bool) {
        self.version = Some(version);
        self.blocks.clear();
        match is_durable {
            true => self.at_risk.clear(),
            false => self.at_risk.push(version),
        }
    }

    /// Changes are lost, and whoever asked is told.
    pub(crate) fn fenced(&mut self) {
        self.losses += 1;
        self.blocks.clear();
        self.at_risk.clear();
        self.lose();
    }
}
