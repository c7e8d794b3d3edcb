//! Bounded caches of committed rows.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::unsync::Cache;

use crate::rows::{Content, Dentry, Fragment, Inode, Key};

/// The entries of one bucket of a directory, with what is not committed yet: every name that hashes there.
pub(crate) type Bucket = Arc<[Dentry]>;

/// What is kept of the database in memory.
pub(crate) struct Caches {
    pub(crate) inodes: Cache<Key, Arc<Inode>, InodeWeight>,
    pub(crate) buckets: Cache<(Key, u64), Bucket, BucketWeight>,
    pub(crate) chunks: Cache<(Key, u64), Arc<[Fragment]>, ChunkWeight>,
}

#[derive(Clone)]
pub(crate) struct InodeWeight;
#[derive(Clone)]
pub(crate) struct BucketWeight;
#[derive(Clone)]
pub(crate) struct ChunkWeight;

impl Weighter<Key, Arc<Inode>> for InodeWeight {
    fn weight(&self, _: &Key, inode: &Arc<Inode>) -> u64 {
        let inline = if let Content::Inline(data) = &inode.content {
            data.len()
        } else {
            0
        };
        (size_of::<Inode>() + 64 + inline) as u64
    }
}

impl Weighter<(Key, u64), Bucket> for BucketWeight {
    fn weight(&self, _: &(Key, u64), bucket: &Bucket) -> u64 {
        96 + bucket
            .iter()
            .map(|d| (size_of::<Dentry>() + d.name.len()) as u64)
            .sum::<u64>()
    }
}

impl Weighter<(Key, u64), Arc<[Fragment]>> for ChunkWeight {
    fn weight(&self, _: &(Key, u64), fragments: &Arc<[Fragment]>) -> u64 {
        (96 + fragments.len() * size_of::<Fragment>()) as u64
    }
}

impl Caches {
    /// Caches of this many bytes together.
    pub(crate) fn new(bytes: u64) -> Self {
        let (inodes, buckets, chunks) = (bytes / 2, bytes / 4, bytes / 4);
        Self {
            inodes: Cache::with_weighter((inodes / 512) as usize, inodes, InodeWeight),
            buckets: Cache::with_weighter((buckets / 192) as usize, buckets, BucketWeight),
            chunks: Cache::with_weighter((chunks / 192) as usize, chunks, ChunkWeight),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.inodes.clear();
        self.buckets.clear();
        self.chunks.clear();
    }
}
