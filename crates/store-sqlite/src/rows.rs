//! The rows of the database, as the rest of the crate sees them.

pub(crate) use tarbox_store_core::{
    BUCKET, Block, CHUNK, Content, Dentry, Hash, Inode, Layer, LogRow, Map, Name, Tenant, TenantId, Xattr,
    bucket_of,
};

pub(crate) use crate::key::{Key, Numbered};
