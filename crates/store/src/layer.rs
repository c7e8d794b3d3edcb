//! Layers, their tags and the changes between two of them.

use serde::Serialize;

use crate::{FileKind, LayerId, Timestamp};

/// One layer of a tenant's linear history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LayerInfo {
    /// Its number.
    pub id: LayerId,
    /// Its name, unique among the tenant's layers; the layer being written has none until it is sealed.
    pub name: Option<String>,
    /// What the user said of it.
    pub description: Option<String>,
    /// When it was sealed.
    pub sealed: Option<Timestamp>,
    /// The tags that point at it, sorted.
    pub tags: Vec<String>,
    /// Whether the tenant is switched to it.
    pub current: bool,
}

/// Where a tenant stands in its history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Position {
    /// The layer in view.
    pub current: LayerId,
    /// The layer that is being written. The view can be written only where both are the same.
    pub head: LayerId,
}

/// What to do about later layers when a checkpoint is made in the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaterLayers {
    /// Refuse, and name what would go.
    Keep,
    /// Remove them for ever.
    Discard,
}

/// How one path differs between two layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// In the later state only.
    Added,
    /// In both, with other content or attributes.
    Modified,
    /// In the earlier state only.
    Deleted,
    /// The same inode under another path.
    Renamed,
}

/// One difference between two layers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// How it differs.
    pub kind: ChangeKind,
    /// The path in the later state; of something deleted, in the earlier one. Absolute.
    #[serde(serialize_with = "crate::text::path")]
    pub path: Vec<u8>,
    /// The earlier path of something renamed.
    #[serde(
        serialize_with = "crate::text::optional_path",
        skip_serializing_if = "Option::is_none"
    )]
    pub from: Option<Vec<u8>>,
    /// What it is (was, if deleted).
    pub file: FileKind,
    /// Bytes before; `None` where it was not there.
    pub size_before: Option<u64>,
    /// Bytes after; `None` where it is no more.
    pub size_after: Option<u64>,
    /// Whether the content differs (always so for something added or deleted).
    pub content: bool,
}
