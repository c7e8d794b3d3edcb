//! Bounded caches of committed rows.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::unsync::Cache;
use rustc_hash::FxBuildHasher;
use smallvec::SmallVec;
use tarbox_store::Ino;

use crate::listing::Listing;
use crate::rows::{Content, Dentry, Fragment, Inode};

/// The entries of one bucket of a directory, with what is not committed yet: every name that hashes there.
pub(crate) type Bucket = SmallVec<[Dentry; 1]>;

/// What is kept of the database in memory.
pub(crate) struct Caches {
    /// Without their inline content, unless that is short.
    pub(crate) inodes: Cache<Ino, Inode, InodeWeight, FxBuildHasher>,
    /// The inline content of rows that say it is stored.
    pub(crate) inline: Cache<Ino, Arc<[u8]>, InlineWeight, FxBuildHasher>,
    pub(crate) buckets: Cache<(Ino, u64), Bucket, BucketWeight, FxBuildHasher>,
    /// Whole directories of the head that have been made or listed.
    pub(crate) listings: Cache<Ino, Listing, ListingWeight, FxBuildHasher>,
    pub(crate) chunks: Cache<(Ino, u64), Arc<[Fragment]>, ChunkWeight, FxBuildHasher>,
    /// Directories with more entries are not kept whole.
    pub(crate) listing_max: usize,
}

#[derive(Clone)]
pub(crate) struct InodeWeight;
#[derive(Clone)]
pub(crate) struct InlineWeight;
#[derive(Clone)]
pub(crate) struct BucketWeight;
#[derive(Clone)]
pub(crate) struct ListingWeight;
#[derive(Clone)]
pub(crate) struct ChunkWeight;

impl Weighter<Ino, Inode> for InodeWeight {
    fn weight(&self, _: &Ino, inode: &Inode) -> u64 {
        let inline = if let Content::Inline(data) = &inode.content {
            data.len()
        } else {
            0
        };
        (size_of::<Inode>() + 64 + inline) as u64
    }
}

impl Weighter<Ino, Arc<[u8]>> for InlineWeight {
    fn weight(&self, _: &Ino, bytes: &Arc<[u8]>) -> u64 {
        64 + bytes.len() as u64
    }
}

impl Weighter<(Ino, u64), Bucket> for BucketWeight {
    fn weight(&self, _: &(Ino, u64), bucket: &Bucket) -> u64 {
        let entries = bucket.iter();
        96 + entries
            .map(|d| (size_of::<Dentry>() + 16 + d.name.len()) as u64)
            .sum::<u64>()
    }
}

impl Weighter<Ino, Listing> for ListingWeight {
    fn weight(&self, _: &Ino, listing: &Listing) -> u64 {
        listing.weight()
    }
}

impl Weighter<(Ino, u64), Arc<[Fragment]>> for ChunkWeight {
    fn weight(&self, _: &(Ino, u64), fragments: &Arc<[Fragment]>) -> u64 {
        (96 + fragments.len() * size_of::<Fragment>()) as u64
    }
}

impl Caches {
    /// Caches of this many bytes together.
    pub(crate) fn new(bytes: u64, listing_max: usize) -> Self {
        let quarter = bytes / 4;
        Self {
            inodes: cache(quarter, 256, InodeWeight),
            inline: cache(quarter, 512, InlineWeight),
            buckets: cache(quarter, 192, BucketWeight),
            listings: cache(quarter / 2, 4096, ListingWeight),
            chunks: cache(quarter / 2, 192, ChunkWeight),
            listing_max,
        }
    }

    /// Takes in a row that has been committed.
    pub(crate) fn admit(&mut self, ino: Ino, mut row: Inode) {
        if let Content::Inline(bytes) = &mut row.content
            && bytes.len() > SHORT
        {
            self.inline.insert(ino, std::mem::take(bytes).into());
            row.content = Content::Stored;
        } else if row.content != Content::Stored {
            self.inline.remove(&ino);
        }
        self.inodes.insert(ino, row);
    }

    /// Forgets an inode.
    pub(crate) fn forget(&mut self, ino: Ino) {
        self.inodes.remove(&ino);
        self.inline.remove(&ino);
        self.listings.remove(&ino);
    }

    /// Brings a change of an entry into what is kept of its directory.
    pub(crate) fn change_entry(&mut self, dir: Ino, bucket: u64, cookie: u64, entry: Option<Dentry>) {
        if let Some(mut kept) = self.buckets.get_mut(&(dir, bucket)) {
            let at = kept.partition_point(|d| d.cookie < cookie);
            if kept.get(at).is_some_and(|d| d.cookie == cookie) {
                kept.remove(at);
            }
            if let Some(entry) = &entry {
                kept.insert(at, entry.clone());
            }
        }
        let too_long = self.listings.get_mut(&dir).is_some_and(|mut listing| {
            listing.change(cookie, entry);
            listing.len() > self.listing_max
        });
        if too_long {
            self.listings.remove(&dir);
        }
    }

    /// Bytes that they hold.
    pub(crate) fn weight(&self) -> u64 {
        let rows = self.inodes.weight() + self.inline.weight() + self.chunks.weight();
        rows + self.buckets.weight() + self.listings.weight()
    }

    pub(crate) fn clear(&mut self) {
        self.inodes.clear();
        self.inline.clear();
        self.buckets.clear();
        self.listings.clear();
        self.chunks.clear();
    }
}

/// Inline content that is not longer than this stays with the cached row.
const SHORT: usize = 64;

fn cache<K: Eq + std::hash::Hash, V, W: Weighter<K, V> + Clone>(
    bytes: u64,
    typical: u64,
    weighter: W,
) -> Cache<K, V, W, FxBuildHasher> {
    let items = usize::try_from(bytes / typical).unwrap_or(usize::MAX).max(16);
    Cache::with(items, bytes, weighter, FxBuildHasher, Default::default())
}
