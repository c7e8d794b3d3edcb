//! The seam to a database: what an engine does for the core, and nothing that has a meaning for files.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use tarbox_store::{
    Follower, GcReport, Ino, LogQuery, LogRecord, MaybeSend, MaybeSync, Performance, Quota, Result, Seq,
    Timestamp,
};

use crate::batch::Batch;
use crate::rows::{Block, Hash, Tenant, TenantId};
use crate::store::CoreStore;
use crate::want::{Found, Room, Want};

/// Whether a commit waits for the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// Visible to every process; a crash of the machine may undo it.
    Visible,
    /// On the device when it returns.
    Durable,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It is committed.
    Yes,
    /// It is not, and never will be: another process has taken the lease over meanwhile.
    Fenced,
}

/// Bytes of a block that belong somewhere in a reader's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The block.
    pub hash: Hash,
    /// Where the bytes begin in it.
    pub skip: u32,
    /// How many they are.
    pub len: u32,
    /// Where they go in the buffer.
    pub at: usize,
}

/// A database: rows of many tenants, their blocks, and the lease by which processes take turns.
///
/// The core calls nothing here while it holds a tenant's state. It makes sure that one tenant has one commit at a time, made
/// while its lease is held.
pub trait Engine: fmt::Debug + MaybeSend + MaybeSync + 'static {
    /// See [`Appender`].
    type Appender<'a>: Appender + MaybeSend + MaybeSync
    where
        Self: 'a;
    /// What is known here of one tenant, for what is asked with every operation.
    type Seat: MaybeSend + MaybeSync;

    /// The seat of a tenant. There is one, whoever asks.
    fn seat(&self, tenant: TenantId) -> Self::Seat;

    // Rows

    /// The committed rows that are wanted, all of one moment, in the order in which they are asked for.
    fn load(&self, tenant: TenantId, wants: &[Want]) -> impl Future<Output = Result<Vec<Found>>> + MaybeSend;

    /// The committed records of the log that match.
    fn log(
        &self,
        tenant: TenantId,
        query: &LogQuery,
    ) -> impl Future<Output = Result<Vec<LogRecord>>> + MaybeSend;

    /// Commits these batches, of one tenant each, as one transaction. Their blocks are on the device.
    ///
    /// # Errors
    /// After one, all of them may be committed or none. The lease is kept, and the next batches of these tenants are exactly these
    /// again: an engine that had committed them answers [`Yes`](Applied::Yes) then. Blocks that were added for them stay.
    fn apply(
        &self,
        batches: &mut [Batch],
        durability: Durability,
    ) -> impl Future<Output = Result<Applied>> + MaybeSend;

    /// Returns when every commit that is visible here is on the device; [`Fenced`](Applied::Fenced) if some of this process may be
    /// lost instead.
    fn sync(&self, tenant: TenantId) -> impl Future<Output = Result<Applied>> + MaybeSend;

    // Other processes

    /// A number that changes when another process has committed to the tenant, as far as is known here. Costs next to nothing.
    /// While the lease is held nobody can.
    fn foreign(&self, seat: &Self::Seat) -> u64;

    /// Whether [`foreign`](Self::foreign) is known well enough to answer a reader from memory: exactly, or as of a moment ago,
    /// within a bound that the engine states.
    fn is_fresh(&self, seat: &Self::Seat) -> bool {
        let _ = seat;
        true
    }

    /// Whatever others committed before this was called shows in [`foreign`](Self::foreign) when it returns.
    fn look(&self, tenant: TenantId) -> impl Future<Output = Result<()>> + MaybeSend {
        let _ = tenant;
        async { Ok(()) }
    }

    /// Takes the lease, once more for each call. Whatever others committed before shows in [`foreign`](Self::foreign) when it returns.
    ///
    /// # Errors
    /// `Busy` if another process keeps it for too long.
    fn acquire(&self, tenant: TenantId) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Gives the lease back, once for each [`acquire`](Self::acquire).
    ///
    /// # Errors
    /// Those of the device.
    fn release(&self, tenant: TenantId) -> Result<()>;

    /// Whether the lease that is held here is another's by now, as far as is known here: nothing that rests on it will be committed.
    /// Costs next to nothing.
    fn is_deposed(&self, seat: &Self::Seat) -> bool {
        let _ = seat;
        false
    }

    /// Whether another process waits for the lease.
    fn is_wanted(&self, tenant: TenantId) -> bool;

    /// A number that changes with every commit to the tenant, of this process or another; it may change for other reasons, too.
    fn commits(&self, tenant: TenantId) -> u32;

    /// Returns when [`commits`](Self::commits) is not `then` any more, at [`wake`](Self::wake), after `patience`, or for no reason.
    fn wait(&self, tenant: TenantId, then: u32, patience: Duration) -> impl Future<Output = ()> + MaybeSend;

    /// Ends every wait for this tenant that has begun.
    fn wake(&self, tenant: TenantId);

    /// Begins to follow the changes of a tenant; see [`Store::follow`](tarbox_store::Store::follow).
    ///
    /// # Errors
    /// When others cannot be told.
    fn follow(&self, tenant: TenantId) -> impl Future<Output = Result<Box<dyn Follower>>> + MaybeSend;

    /// Whether anybody follows a tenant, but for the one of this number.
    fn is_followed(&self, tenant: TenantId, besides: Option<u32>) -> bool;

    /// Returns when everybody who follows a tenant, but for the one of this number, has passed on all up to a position.
    fn settle(
        &self,
        tenant: TenantId,
        besides: Option<u32>,
        position: Seq,
    ) -> impl Future<Output = ()> + MaybeSend;

    /// Whether other processes may use the database at all.
    fn is_shared(&self) -> bool;

    /// Tells others that this process has an inode open, which may have been said before. When it returns, whoever removes
    /// inodes without names will know, and whatever others committed before shows in [`foreign`](Self::foreign).
    ///
    /// # Errors
    /// When others cannot be told.
    fn hold(&self, tenant: TenantId, ino: Ino) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Takes that back. It does not wait.
    fn let_go(&self, tenant: TenantId, ino: Ino);

    /// Which of these inodes another process has open; one that cannot be asked about counts. Looked at *after* the commit
    /// that took their last names away: whoever opens an inode tells so first, and looks at the committed row afterwards.
    fn held_elsewhere(
        &self,
        tenant: TenantId,
        inos: &[Ino],
    ) -> impl Future<Output = Result<Vec<bool>>> + MaybeSend;

    /// Whether no other process can have anything of the tenant open. It stays so while the lease is held.
    fn is_alone(&self, tenant: TenantId) -> bool;

    // Room on the device

    /// What may wait for a commit.
    fn room(&self) -> Room {
        Room::default()
    }

    /// Sees to it that a commit has some room to begin with.
    fn prepare(&self) {}

    /// Gives up what was kept for a commit that found no room. Answers whether there was anything.
    fn make_room(&self) -> bool {
        false
    }

    /// Keeps room again, after a commit.
    fn restore_room(&self) {}

    // Blocks

    /// Fills the targets of a read, each block checked against its hash the first time.
    ///
    /// # Errors
    /// `Corrupt` for a block that is not what its name says.
    fn fetch(
        &self,
        tenant: TenantId,
        targets: &[Target],
        buffer: &mut [u8],
    ) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Begins to add blocks behind the last ones of a tenant.
    fn appender(&self, tenant: &Tenant) -> Self::Appender<'_>;

    // The redo log

    /// Whether small syncs go to a redo log. One process has the database alone then.
    fn has_redo(&self) -> bool {
        false
    }

    /// Makes a record durable in the redo log: `false` if it has no room.
    ///
    /// # Errors
    /// Those of the device; the record is not there then, for all that anyone will see.
    fn redo(&self, record: &[u8]) -> impl Future<Output = Result<bool>> + MaybeSend {
        let _ = record;
        async { Ok(false) }
    }

    /// Whether the redo log holds records that no transaction has taken over. The next [`apply`](Self::apply) has them all.
    fn holds_records(&self) -> bool {
        false
    }

    // Tenants

    /// The tenant of this name.
    fn find(&self, name: &str) -> impl Future<Output = Result<Option<Tenant>>> + MaybeSend;

    /// Every tenant, by name.
    fn tenants(&self) -> impl Future<Output = Result<Vec<Tenant>>> + MaybeSend;

    /// Makes a tenant with a root directory, durably.
    fn create(
        &self,
        name: &str,
        quota: Quota,
        now: Timestamp,
    ) -> impl Future<Output = Result<Tenant>> + MaybeSend;

    /// Collects a tenant's garbage.
    fn collect(store: &CoreStore<Self>) -> impl Future<Output = Result<GcReport>> + MaybeSend
    where
        Self: Sized;

    /// Free bytes of the device, where they have a bound that is known.
    fn device_free(&self) -> Option<u64>;

    /// What the engine counts: blocks, and bytes read.
    fn performance(&self) -> Performance;
}

/// Adds blocks of one tenant for one commit. They belong to nobody before it succeeds; one that fails is tried again with the same.
pub trait Appender {
    /// Adds a block.
    ///
    /// # Errors
    /// Those of the device.
    fn append(&mut self, hash: Hash, bytes: &[u8]) -> Result<()>;

    /// Where a block is that was added here.
    fn added(&self, hash: &Hash) -> Option<Block>;

    /// Returns when every block is on the device.
    ///
    /// # Errors
    /// Those of the device.
    fn sync(&mut self) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Where the next commit goes on: a segment, and its length.
    fn position(&self) -> (u64, u64);
}
