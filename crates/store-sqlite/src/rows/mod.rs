//! The rows of the database, as the rest of the crate sees them.

mod chunk;
mod dentry;
mod inode;
mod key;
mod log;
mod tenant;

pub(crate) use chunk::{Block, CHUNK, Fragment, Hash, MAX_FRAGMENTS, Map};
pub(crate) use dentry::{BUCKET, Dentry, Name, bucket_of};
pub(crate) use inode::{Content, INLINE_MAX, Inode};
pub(crate) use key::{Key, TenantId};
pub(crate) use log::LogRow;
pub(crate) use tenant::{Layer, Tenant};
