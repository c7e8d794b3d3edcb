//! What answers say of files, layers and the log.

use serde::Serialize;
use tarbox_store::{
    Attr, Change, ChangeKind, Cookie, DirEntry, LayerInfo, LogRecord, Quota, TenantInfo, TenantState, Usage,
};
use utoipa::ToSchema;

use crate::answer::kind;
use crate::conditions::tag;
use crate::params::Params;
use crate::problem::{Answer, Problem};
use crate::text::Text;

/// Entries of a page, if nobody says, and the most.
const PAGE: usize = 1000;
const PAGE_MAX: usize = 10_000;

/// The attributes of an inode.
#[derive(Debug, Serialize, ToSchema)]
pub struct Attributes {
    /// Its number.
    pub inode: u64,
    /// `file`, `directory`, `symlink`, `fifo`, `socket`, `chardevice` or `blockdevice`.
    pub kind: &'static str,
    /// Permission bits, octal.
    pub mode: String,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Names it has.
    pub links: u32,
    /// Bytes.
    pub size: u64,
    /// 512-byte units that hold data.
    pub blocks: u64,
    /// Last read, nanoseconds since 1970; so are the other times.
    pub atime: i64,
    /// Last change of content.
    pub mtime: i64,
    /// Last change of content or attributes.
    pub ctime: i64,
    /// Creation.
    pub btime: i64,
    /// Its entity tag.
    pub etag: String,
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
pub struct Entry {
    /// Its name.
    pub name: Text,
    /// What it names.
    #[serde(flatten)]
    pub attributes: Attributes,
}

/// A page of a directory.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page {
    /// The entries, in an order that stays while others come and go.
    entries: Vec<Entry>,
    /// Ask for what is behind this, if there is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

impl Page {
    /// Behind what, and how many entries a request wants.
    ///
    /// # Errors
    /// `BAD_REQUEST`
    pub fn wanted(params: &Params) -> Answer<(Cookie, usize)> {
        let after = Cookie(params.parsed("after")?.unwrap_or(0));
        let limit = params.parsed::<usize>("limit")?.unwrap_or(PAGE);
        if !(1..=PAGE_MAX).contains(&limit) {
            return Err(Problem::bad_request(format!("limit is 1 to {PAGE_MAX}")));
        }
        Ok((after, limit))
    }

    /// A page of these entries, where `limit` were wanted.
    pub fn of(entries: Vec<DirEntry>, limit: usize) -> Self {
        let last = entries.last().map(|entry| entry.cookie.0);
        let next = last.filter(|_| entries.len() == limit);
        let entries = entries.into_iter().map(|entry| Entry {
            name: Text(entry.name),
            attributes: Attributes::from(&entry.attr),
        });
        Self {
            entries: entries.collect(),
            next,
        }
    }
}

/// The layers of a workspace.
#[derive(Debug, Serialize, ToSchema)]
pub struct Layers {
    /// The oldest first; the last is being written.
    layers: Vec<Layer>,
}

impl From<Vec<LayerInfo>> for Layers {
    fn from(layers: Vec<LayerInfo>) -> Self {
        Self {
            layers: layers.into_iter().map(Layer::from).collect(),
        }
    }
}

/// A layer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Layer {
    /// Its number.
    pub id: u64,
    /// Its name; the layer being written has none.
    pub name: Option<String>,
    /// What was said of it.
    pub description: Option<String>,
    /// When it was sealed, nanoseconds since 1970.
    pub sealed: Option<i64>,
    /// The tags that point at it.
    pub tags: Vec<String>,
    /// Whether it is in view.
    pub current: bool,
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
pub struct Difference {
    /// `added`, `modified`, `deleted` or `renamed`.
    pub change: &'static str,
    /// The path in the later state; of something deleted, in the earlier one.
    pub path: Text,
    /// The earlier path of something renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Text>,
    /// What it is.
    pub kind: &'static str,
    /// Bytes before.
    pub size_before: Option<u64>,
    /// Bytes after.
    pub size_after: Option<u64>,
    /// Whether the content differs.
    pub content: bool,
}

impl Difference {
    /// The difference with these paths.
    pub fn of(change: &Change, path: Vec<u8>, from: Option<Vec<u8>>) -> Self {
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
pub struct Record {
    /// Its position.
    pub seq: u64,
    /// When, nanoseconds since 1970.
    pub time: i64,
    /// Who did it.
    pub uid: u32,
    /// The way in; `key:ID` for this server.
    pub agent: String,
    /// What was done.
    pub operation: &'static str,
    /// The inode, 0 where there is none.
    pub inode: u64,
    /// The path as it was then; of a layer operation the layer's name.
    pub path: Text,
    /// The old path of a rename.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Text>,
    /// Bytes written, or the new length.
    pub bytes: u64,
    /// The layer that was current.
    pub layer: u64,
    /// 0, or the errno for which it was refused.
    pub errno: i32,
}

impl Record {
    /// The record with these paths.
    pub fn of(record: &LogRecord, path: Vec<u8>, from: Option<Vec<u8>>) -> Self {
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
pub struct Amounts {
    /// Bytes stored in all layers.
    pub bytes: Option<u64>,
    /// Inodes in the layer being written.
    pub inodes: Option<u64>,
    /// Layers.
    pub layers: Option<u64>,
    /// Records of the log: kept at most, or made so far.
    pub log_records: Option<u64>,
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
pub struct Tenant {
    /// Its name.
    pub name: String,
    /// `active`, `suspended` or `restoring`.
    pub state: &'static str,
    /// When it was made, nanoseconds since 1970.
    pub created: i64,
    /// What it may use.
    pub quota: Amounts,
    /// What it uses.
    pub usage: Amounts,
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
