//! What a tenant is copied by, from one database to another: all its rows as of one moment, in the order of their keys, and a
//! tenant that nobody sees until everything has arrived.

mod versions;
mod wire;

use std::future::Future;

use tarbox_store::{Ino, LayerId, MaybeSend, Problem, Result};

use crate::batch::{Batch, Change};
use crate::database::CoreDatabase;
use crate::engine::Engine;
use crate::memtable::Xattr;
use crate::rows::{Block, Hash, Layer, LogRow, Tenant, TenantId};

pub use versions::{
    ChunkVersion, DentryVersion, Era, InodeVersion, Past, Place, Version, XattrVersion, order_of,
};
pub use wire::{BlockHead, WIRE, Wire, decode, encode};

/// An engine whose tenants can be copied.
pub trait Transfer: Engine {
    /// See [`Moment`].
    type Moment<'a>: Moment
    where
        Self: 'a;

    /// All rows of a tenant as of now. Others go on writing meanwhile, and are not seen.
    fn moment(&self, tenant: TenantId) -> impl Future<Output = Result<Self::Moment<'_>>> + MaybeSend;

    /// Makes a tenant of this row, with another number and without any other rows: not even a root directory.
    ///
    /// # Errors
    /// `Exists` if the name is taken.
    fn begin(&self, row: &Tenant) -> impl Future<Output = Result<Tenant>> + MaybeSend;

    /// Removes all rows of a tenant that is being restored, but for its own, and its blocks if they are to be kept.
    fn wipe(&self, tenant: TenantId, blocks: Blocks) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Removes a tenant that is being restored.
    fn discard(&self, tenant: TenantId) -> impl Future<Output = Result<()>> + MaybeSend;

    /// The blocks of a tenant behind one hash and up to another, in order.
    fn blocks_between(
        &self,
        tenant: TenantId,
        after: Option<Hash>,
        upto: Option<Hash>,
    ) -> impl Future<Output = Result<Vec<(Hash, Block)>>> + MaybeSend;

    /// Checks what rows of a tenant that is being restored say of each other. The bytes of blocks are not read.
    fn check(&self, tenant: TenantId) -> impl Future<Output = Result<Vec<Problem>>> + MaybeSend;
}

/// What becomes of the blocks of a tenant whose rows are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocks {
    /// They stay, for whoever restores the tenant anew.
    Keep,
    /// They go, too.
    Remove,
}

/// A database that is a core over an engine whose tenants can be copied.
pub trait OnCore {
    /// The engine.
    type Engine: Transfer;

    /// The core.
    fn core(&self) -> &CoreDatabase<Self::Engine>;
}

/// All rows of one tenant as of one moment, page by page: what comes behind a place, in the order of the keys, at most `limit`
/// rows, and fewer only at the end.
///
/// Versions of the head have no end; those of the past are ordered by their end behind their key.
pub trait Moment: MaybeSend {
    /// The tenant.
    fn tenant(&self) -> &Tenant;

    /// All sealed layers that are kept, the oldest first.
    fn layers(&mut self) -> impl Future<Output = Result<Vec<Layer>>> + MaybeSend;

    /// All tags, by name.
    fn tags(&mut self) -> impl Future<Output = Result<Vec<(String, LayerId)>>> + MaybeSend;

    /// Inodes of the head without names, in order.
    fn orphans(&mut self) -> impl Future<Output = Result<Vec<Ino>>> + MaybeSend;

    /// Inodes with their content.
    fn inodes(
        &mut self,
        era: Era,
        after: Option<Place<Ino>>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<InodeVersion>>> + MaybeSend;

    /// Entries, by directory and cookie.
    fn dentries(
        &mut self,
        era: Era,
        after: Option<Place<(Ino, u64)>>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DentryVersion>>> + MaybeSend;

    /// Chunks, by file and index.
    fn chunks(
        &mut self,
        era: Era,
        after: Option<Place<(Ino, u64)>>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ChunkVersion>>> + MaybeSend;

    /// Extended attributes, by inode and name.
    fn xattrs(
        &mut self,
        era: Era,
        after: Option<Place<(Ino, Vec<u8>)>>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<XattrVersion>>> + MaybeSend;

    /// Blocks by hash: where they are, and how often they are named.
    fn blocks(
        &mut self,
        after: Option<Hash>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(Hash, Block)>>> + MaybeSend;

    /// The bytes of these blocks, each compared with its hash.
    ///
    /// # Errors
    /// `Corrupt` for one that is lost or damaged.
    fn read(&mut self, blocks: &[(Hash, Block)]) -> impl Future<Output = Result<Vec<Vec<u8>>>> + MaybeSend;

    /// Records of the log behind a position.
    fn log(&mut self, after: u64, limit: usize) -> impl Future<Output = Result<Vec<LogRow>>> + MaybeSend;
}

/// How far a restore has come. It is stored in the transaction that stores the rows, as an extended attribute of inode 0, which does not
/// exist otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Tells who restores: another process that takes over puts its own number here.
    pub attempt: u64,
    /// Which dump it is; 0 for a copy from a database.
    pub dump: [u8; 16],
    /// So many frames are stored.
    pub frames: u64,
    /// The chain behind them.
    pub chain: [u8; 32],
    /// Blocks may be there that nothing will name.
    pub has_kept: bool,
}

/// The attribute's name.
const POINT: &[u8] = b"restore";
/// Bytes of a stored point.
const POINT_LEN: usize = 8 + 16 + 8 + 32 + 1;

impl Point {
    /// The inode that has it.
    pub const INO: Ino = Ino(0);

    /// The point among the attributes of [`INO`](Self::INO).
    pub fn find(xattrs: &[(Vec<u8>, Xattr)]) -> Option<Self> {
        let (_, xattr) = xattrs.iter().find(|(name, _)| name == POINT)?;
        let bytes: &[u8; POINT_LEN] = xattr.value.as_slice().try_into().ok()?;
        let (attempt, rest) = bytes.split_first_chunk()?;
        let (dump, rest) = rest.split_first_chunk()?;
        let (frames, rest) = rest.split_first_chunk()?;
        let (chain, rest) = rest.split_first_chunk()?;
        Some(Self {
            attempt: u64::from_le_bytes(*attempt),
            dump: *dump,
            frames: u64::from_le_bytes(*frames),
            chain: *chain,
            has_kept: rest == [1],
        })
    }

    /// Puts it into a batch, or its removal.
    pub fn put(point: Option<&Self>, batch: &mut Batch) {
        let row = point.map(|point| {
            let mut value = Vec::with_capacity(POINT_LEN);
            value.extend_from_slice(&point.attempt.to_le_bytes());
            value.extend_from_slice(&point.dump);
            value.extend_from_slice(&point.frames.to_le_bytes());
            value.extend_from_slice(&point.chain);
            value.push(point.has_kept.into());
            Xattr {
                value,
                born: LayerId(1),
            }
        });
        let change = Change { preserve: None, row };
        batch.xattrs.push((Self::INO, POINT.to_vec(), change));
    }
}
