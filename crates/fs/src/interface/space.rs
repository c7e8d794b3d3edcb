//! Room.

use serde::Serialize;

/// How full a file system is, as `statfs(2)` tells it. The quota of the tenant and the device below both bound it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StatFs {
    /// The unit of the counts of blocks, bytes.
    pub block_size: u32,
    /// All blocks, used and free.
    pub blocks: u64,
    /// Free blocks.
    pub blocks_free: u64,
    /// All inodes, used and free.
    pub files: u64,
    /// Free inodes.
    pub files_free: u64,
    /// The longest name, bytes.
    pub name_max: u32,
}
