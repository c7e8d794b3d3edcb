//! Changes, as watchers see them.

use serde::Serialize;
use tarbox_store::{Ino, Seq};

/// What happened to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// It is new: made, linked, or moved in from outside the watched tree.
    Create,
    /// Its content or attributes changed.
    Modify,
    /// It moved here from [`ChangeEvent::from`].
    Rename,
    /// It is gone: removed, or moved out of the watched tree.
    Delete,
    /// Anything may have changed at once: the view was switched to another layer, or the records in between are no
    /// longer kept. A watcher reads again what it cares for.
    Rescan,
}

/// One change of one path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeEvent {
    /// The position of its record in the log; events arrive in this order.
    pub seq: Seq,
    /// What happened.
    pub kind: EventKind,
    /// The absolute path, as it was right after the change; of something deleted, right before.
    #[serde(serialize_with = "text")]
    pub path: Vec<u8>,
    /// The old absolute path of something renamed.
    #[serde(serialize_with = "optional_text", skip_serializing_if = "Option::is_none")]
    pub from: Option<Vec<u8>>,
    /// The inode; 0 for [`EventKind::Rescan`].
    pub ino: Ino,
    /// The way in that made the change, as its credentials name it; empty where records are missing.
    #[serde(skip)]
    pub agent: String,
}

/// A run of changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// The changes, oldest first.
    pub events: Vec<ChangeEvent>,
    /// Everything up to here has been considered, also what did not match: go on behind it.
    pub last: Seq,
}

fn text<S: serde::Serializer>(path: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(path))
}

fn optional_text<S: serde::Serializer>(path: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
    match path {
        Some(path) => text(path, serializer),
        None => serializer.serialize_none(),
    }
}
