//! Keys: the tenant in the upper bits, the inode below, so that every B-tree begins with the tenant.

use std::fmt;

use tarbox_store::Ino;
use tarbox_store_core::TenantId;

const INO_BITS: u32 = 44;

/// A tenant's number as SQL has it.
pub(crate) trait Numbered: Copy {
    /// All tenant numbers are below this.
    const LIMIT: u64 = 1 << 19;

    /// The key of one of the tenant's inodes.
    fn key(self, ino: Ino) -> Key;

    fn sql(self) -> i64;
}

impl Numbered for TenantId {
    fn key(self, ino: Ino) -> Key {
        debug_assert!(ino.0 < Ino::LIMIT);
        Key(self.0 << INO_BITS | (ino.0 & (Ino::LIMIT - 1)))
    }

    fn sql(self) -> i64 {
        self.0 as i64
    }
}

/// An inode of a tenant: `tenant << 44 | ino`. Fits SQLite's signed integers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(pub(crate) u64);

impl Key {
    pub(crate) fn tenant(self) -> TenantId {
        TenantId(self.0 >> INO_BITS)
    }
    pub(crate) fn ino(self) -> Ino {
        Ino(self.0 & (Ino::LIMIT - 1))
    }
    pub(crate) fn sql(self) -> i64 {
        self.0 as i64
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.tenant().0, self.ino())
    }
}
