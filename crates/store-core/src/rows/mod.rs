//! The rows of the database, as the rest of the crate sees them.

mod chunk;
mod dentry;
mod inode;
mod log;
mod tenant;

pub use chunk::{Block, CHUNK, Fragment, Hash, MAX_FRAGMENTS, Map};
pub use dentry::{BUCKET, Dentry, Name, bucket_of};
pub use inode::{Content, INLINE_MAX, Inode};
pub use log::LogRow;
pub use tenant::{Layer, Tenant, TenantId};
