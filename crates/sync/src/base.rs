//! What both sides had when they last met.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tarbox_store::{FileKind, Ino, Seq};

use crate::plan::{Id, Place, Plan, Side, Target};
use crate::{Content, Meta, Name};

/// One inode that is the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// Its number in the replica.
    pub local: Ino,
    /// Its number at the server.
    pub remote: Ino,
    /// Its version in the replica; 0 if that is not known, so that somebody looks.
    pub local_version: Seq,
    /// Its version at the server, the same.
    pub remote_version: Seq,
    /// What it is.
    pub kind: FileKind,
    /// Attributes.
    pub meta: Meta,
    /// Content, which has been read.
    pub content: Content,
    /// Where it is, by directories of the replica.
    pub names: BTreeSet<Name>,
}

/// What both sides had when they last met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Base {
    /// What is the same on both.
    pub pairs: Vec<Pair>,
    /// What a round was about to make the same. It counts as soon as both inodes are seen, in the place of every pair that has
    /// either of them; until then it means nothing. So it does not matter whether the last answer was heard.
    pub pending: Vec<Pair>,
}

impl Base {
    /// What both sides have after a plan was carried out. `number` answers what something has become on a side, `version` its
    /// version there, 0 where that is not known, and `content` what was read meanwhile.
    pub fn after(
        plan: &Plan,
        number: impl Fn(Id, Side) -> Option<Ino>,
        version: impl Fn(Side, Ino) -> Seq,
        content: impl Fn(Id) -> Option<Content>,
    ) -> Self {
        let pair = |(id, target): (&Id, &Target)| {
            let (local, remote) = (number(*id, Side::Local)?, number(*id, Side::Remote)?);
            let name = |place: &Place| {
                let dir = number(place.dir, Side::Local)?;
                let name = place.name.clone();
                Some(Name { dir, name })
            };
            let content = content(*id).unwrap_or(target.content);
            let is_read = !matches!(content, Content::Unread(_));
            is_read.then(|| Pair {
                local,
                remote,
                local_version: version(Side::Local, local),
                remote_version: version(Side::Remote, remote),
                kind: target.kind,
                meta: target.meta.clone(),
                content,
                names: target.names.iter().filter_map(name).collect(),
            })
        };
        Self {
            pairs: plan.targets.iter().filter_map(pair).collect(),
            pending: Vec::new(),
        }
    }
}
