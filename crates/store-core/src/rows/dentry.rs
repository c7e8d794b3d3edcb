//! Directory entries and where they stand in their directory.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;
use smallvec::SmallVec;
use tarbox_store::{FileKind, Ino, LayerId};

/// Cookies of one bucket: names with the same hash, told apart by the low byte.
pub const BUCKET: u64 = 256;

/// The first cookie of the bucket that a name belongs to. The key is a secret of the tenant, so nobody can choose
/// names that collide; 55 bits of hash make two names of one directory share a bucket about never.
pub fn bucket_of(secret: &[u8; 16], name: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new_with_key(secret);
    hasher.write(name);
    // Bucket 0 is left out: its first cookie would be the one that comes before every entry.
    ((hasher.finish() >> 9) * BUCKET).max(BUCKET)
}

/// The name of an entry. Most are short: they stand in the row itself, and cost no memory of their own.
pub type Name = SmallVec<[u8; 24]>;

/// One version of a directory entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dentry {
    /// Its place in its directory; see [`bucket_of`].
    pub cookie: u64,
    /// 1 to 255 bytes.
    pub name: Name,
    /// What it names.
    pub ino: Ino,
    /// The kind of that.
    pub kind: FileKind,
    /// The layer in which this version began.
    pub born: LayerId,
}
