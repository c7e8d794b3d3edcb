//! How full it is.

use tarbox_store::{Ino, Result, Store};

use super::Fs;
use crate::interface::StatFs;
use crate::path::NAME_MAX;

const BLOCK: u64 = 4096;
/// What is shown as free where nothing bounds it: 2^50 bytes. More confuses programs that compute in doubles.
const UNBOUNDED: u64 = 1 << 50;

impl<S: Store> Fs<S> {
    pub(super) async fn space(&self) -> Result<StatFs> {
        let tenant = self.store().tenant().await?;
        let (quota, usage) = (tenant.quota, tenant.usage);
        let device = self.store().device_free().await?.unwrap_or(UNBOUNDED);
        let free = quota
            .bytes
            .map_or(device, |limit| limit.saturating_sub(usage.bytes).min(device));
        let files = quota.inodes.unwrap_or(Ino::LIMIT - 1).max(usage.inodes);
        Ok(StatFs {
            block_size: BLOCK as u32,
            blocks: usage.bytes.div_ceil(BLOCK) + free / BLOCK,
            blocks_free: free / BLOCK,
            files,
            files_free: files - usage.inodes,
            name_max: NAME_MAX as u32,
        })
    }
}
