//! What answers say of files, layers and the log.

use serde::Serialize;
use tarbox_store::{Attr, Change, ChangeKind, LayerInfo, LogRecord, Quota, TenantInfo, TenantState, Usage};
use utoipa::ToSchema;

use crate::conditions::tag;
use crate::routes::content::kind;
use crate::text::Text;

/// The attributes of an inode.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Attributes {
    /// Its number.
    pub(crate) inode: u64,
    /// `file`, `directory`, `symlink`, `fifo`, `socket`, `chardevice` or `blockdevice`.
    pub(crate) kind: &'static str,
    /// Permission bits, octal.
    pub(crate) mode: String,
    /// Owner.
    pub(crate) uid: u32,
    /// Group.
    pub(crate) gid: u32,
    /// Names it has.
    pub(crate) links: u32,
    /// Bytes.
    pub(crate) size: u64,
    /// 512-byte units that hold data.
    pub(crate) blocks: u64,
    /// Last read, nanoseconds since 1970; so are the other times.
    pub(crate) atime: i64,
    /// Last change of content.
    pub(crate) mtime: i64,
    /// Last change of content or attributes.
    pub(crate) ctime: i64,
    /// Creation.
    pub(crate) btime: i64,
    /// Its entity tag.
    pub(crate) etag: String,
}

impl From<&Attr> for Attributes {
    fn from(attr: &Attr) -> Self {
        Self {
            inode: attr.ino.0,
            kind: kind(attr.kind),
            mode: format!("{:04o}", attr.mode),
            uid: attr.uid,
            gid: attr.gid,
            links: attr.nlink,
            size: attr.size,
            blocks: attr.blocks,
            atime: attr.atime.0,
            mtime: attr.mtime.0,
            ctime: attr.ctime.0,
            btime: attr.btime.0,
            etag: tag(attr),
        }
    }
}

/// One entry of a directory.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Entry {
    /// Its name.
    pub(crate) name: Text,
    /// What it names.
    #[serde(flatten)]
    pub(crate) attributes: Attributes,
}

/// A layer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Layer {
    /// Its number.
    pub(crate) id: u64,
    /// Its name; the layer being written has none.
    pub(crate) name: Option<String>,
    /// What was said of it.
    pub(crate) description: Option<String>,
    /// When it was sealed, nanoseconds since 1970.
    pub(crate) sealed: Option<i64>,
    /// The tags that point at it.
    pub(crate) tags: Vec<String>,
    /// Whether it is in view.
    pub(crate) current: bool,
}

impl From<LayerInfo> for Layer {
    fn from(layer: LayerInfo) -> Self {
        Self {
            id: layer.id.0,
            name: layer.name,
            description: layer.description,
            sealed: layer.sealed.map(|t| t.0),
            tags: layer.tags,
            current: layer.current,
        }
    }
}

/// One difference between two layers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Difference {
    /// `added`, `modified`, `deleted` or `renamed`.
    pub(crate) change: &'static str,
    /// The path in the later state; of something deleted, in the earlier one.
    pub(crate) path: Text,
    /// The earlier path of something renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<Text>,
    /// What it is.
    pub(crate) kind: &'static str,
    /// Bytes before.
    pub(crate) size_before: Option<u64>,
    /// Bytes after.
    pub(crate) size_after: Option<u64>,
    /// Whether the content differs.
    pub(crate) content: bool,
}

impl Difference {
    /// The difference with these paths.
    pub(crate) fn of(change: &Change, path: Vec<u8>, from: Option<Vec<u8>>) -> Self {
        Self {
            change: match change.kind {
                ChangeKind::Added => "added",
                ChangeKind::Modified => "modified",
                ChangeKind::Deleted => "deleted",
                ChangeKind::Renamed => "renamed",
            },
            path: Text(path),
            from: from.map(Text),
            kind: kind(change.file),
            size_before: change.size_before,
            size_after: change.size_after,
            content: change.content,
        }
    }
}

/// One record of the log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Record {
    /// Its position.
    pub(crate) seq: u64,
    /// When, nanoseconds since 1970.
    pub(crate) time: i64,
    /// Who did it.
    pub(crate) uid: u32,
    /// The way in; `key:ID` for this server.
    pub(crate) agent: String,
    /// What was done.
    pub(crate) operation: &'static str,
    /// The inode, 0 where there is none.
    pub(crate) inode: u64,
    /// The path as it was then; of a layer operation the layer's name.
    pub(crate) path: Text,
    /// The old path of a rename.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<Text>,
    /// Bytes written, or the new length.
    pub(crate) bytes: u64,
    /// The layer that was current.
    pub(crate) layer: u64,
    /// 0, or the errno for which it was refused.
    pub(crate) errno: i32,
}

impl Record {
    /// The record with these paths.
    pub(crate) fn of(record: &LogRecord, path: Vec<u8>, from: Option<Vec<u8>>) -> Self {
        Self {
            seq: record.seq.0,
            time: record.time.0,
            uid: record.uid,
            agent: record.agent.clone(),
            operation: record.operation.word(),
            inode: record.ino.0,
            path: Text(path),
            from: from.map(Text),
            bytes: record.bytes,
            layer: record.layer.0,
            errno: record.errno,
        }
    }
}

/// What a tenant may use or uses; without a number there is no limit.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Amounts {
    /// Bytes stored in all layers.
    pub(crate) bytes: Option<u64>,
    /// Inodes in the layer being written.
    pub(crate) inodes: Option<u64>,
    /// Layers.
    pub(crate) layers: Option<u64>,
    /// Records of the log: kept at most, or made so far.
    pub(crate) log_records: Option<u64>,
}

impl From<Quota> for Amounts {
    fn from(quota: Quota) -> Self {
        Self {
            bytes: quota.bytes,
            inodes: quota.inodes,
            layers: quota.layers,
            log_records: quota.log_records,
        }
    }
}

impl From<Usage> for Amounts {
    fn from(usage: Usage) -> Self {
        Self {
            bytes: Some(usage.bytes),
            inodes: Some(usage.inodes),
            layers: Some(usage.layers),
            log_records: Some(usage.last_seq),
        }
    }
}

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tenant {
    /// Its name.
    pub(crate) name: String,
    /// `active`, `suspended` or `restoring`.
    pub(crate) state: &'static str,
    /// When it was made, nanoseconds since 1970.
    pub(crate) created: i64,
    /// What it may use.
    pub(crate) quota: Amounts,
    /// What it uses.
    pub(crate) usage: Amounts,
}

impl From<TenantInfo> for Tenant {
    fn from(info: TenantInfo) -> Self {
        Self {
            name: info.name,
            state: match info.state {
                TenantState::Active => "active",
                TenantState::Suspended => "suspended",
                TenantState::Restoring => "restoring",
            },
            created: info.created.0,
            quota: info.quota.into(),
            usage: info.usage.into(),
        }
    }
}
