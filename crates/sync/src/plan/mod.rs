//! What has to be done so that both sides are the same: a pure function from what they had to what each has.

mod arrange;
mod identify;
mod merge;
mod settle;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tarbox_store::{FileKind, Ino};

use crate::{Base, Content, Meta, Node, Tree};

/// One of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The replica.
    Local,
    /// The server.
    Remote,
}

impl Side {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Local => Self::Remote,
            Self::Remote => Self::Local,
        }
    }
}

/// An inode by its numbers on the sides that have it; at least one does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// Its number in the replica.
    pub local: Option<Ino>,
    /// Its number at the server.
    pub remote: Option<Ino>,
}

impl Id {
    /// The root, which is always the same.
    pub const ROOT: Self = Self {
        local: Some(Ino::ROOT),
        remote: Some(Ino::ROOT),
    };

    /// Its number on a side.
    pub fn on(self, side: Side) -> Option<Ino> {
        match side {
            Side::Local => self.local,
            Side::Remote => self.remote,
        }
    }

    fn single(side: Side, ino: Ino) -> Self {
        match side {
            Side::Local => Self {
                local: Some(ino),
                remote: None,
            },
            Side::Remote => Self {
                local: None,
                remote: Some(ino),
            },
        }
    }
}

/// A name in a directory, whichever sides have that.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The directory.
    pub dir: Id,
    /// The name in it.
    pub name: Vec<u8>,
}

/// An inode as both sides are to have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What it is.
    pub kind: FileKind,
    /// Attributes.
    pub meta: Meta,
    /// Content.
    pub content: Content,
    /// The side that has this content, where the other has not.
    pub from: Option<Side>,
    /// All its names.
    pub names: BTreeSet<Place>,
}

/// A content that has to be read before it can be decided what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// Where.
    pub side: Side,
    /// Of what.
    pub ino: Ino,
}

/// One change of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Makes what the other side has, with content and attributes.
    Make {
        /// What is made.
        id: Id,
        /// Under this name, which is free.
        at: Place,
    },
    /// Puts the content of the other side in the place of what is here, under every name that it has here.
    Replace {
        /// What is replaced.
        id: Id,
        /// Its names at that moment.
        names: BTreeSet<Place>,
    },
    /// Gives another name, which is free.
    Link {
        /// What gets it.
        id: Id,
        /// The name.
        at: Place,
    },
    /// Moves a name to one that is free.
    Move {
        /// What is moved.
        id: Id,
        /// From this name.
        from: Place,
        /// To this one.
        to: Place,
    },
    /// Moves something out of the way for a moment, where names or directories change places.
    Park {
        /// What is moved.
        id: Id,
        /// From this name.
        from: Place,
        /// To this one, in the root.
        to: Place,
    },
    /// Removes a name; of a directory, one that is empty by then.
    Remove {
        /// What has it.
        id: Id,
        /// The name.
        at: Place,
        /// Whether it is a directory.
        is_dir: bool,
    },
    /// Sets attributes.
    SetMeta {
        /// Of what.
        id: Id,
    },
}

/// What two sides did that cannot both be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConflictKind {
    /// Two different contents, or kinds of file, under one name: both are kept.
    Content,
    /// What one side removed the other has changed: it is kept.
    Deleted,
    /// Both moved it to different places: it is where the server has it.
    Moved,
    /// Directories were moved into each other: the replica's move is dropped.
    Cycle,
}

/// A conflict, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// What it is.
    pub kind: ConflictKind,
    /// The path that it is about, as it will be.
    pub path: Vec<u8>,
    /// The path of the copy, of [`Content`](ConflictKind::Content).
    pub copy: Option<Vec<u8>>,
}

/// What has to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// What has to be read first. If there is anything, there is nothing else.
    pub needs: BTreeSet<Need>,
    /// What both sides are to have.
    pub targets: BTreeMap<Id, Target>,
    /// The changes of each side, in an order in which they can be made.
    pub steps: Vec<(Side, Step)>,
    /// What has to be told.
    pub conflicts: Vec<Conflict>,
}

impl Plan {
    /// The path of a place, as it will be.
    pub fn path(&self, place: &Place) -> Vec<u8> {
        settle::path(&self.targets, place)
    }
}

/// Compares both sides with what they had, and answers what has to be done.
///
/// With no `base` this connects two trees that may have much in common: what is equal under the same name is the same, and nothing
/// is removed.
pub fn plan(base: &Base, local: &Tree, remote: &Tree) -> Plan {
    let mut known = identify::Known::new(base, local, remote);
    known.identify();
    let mut targets = merge::merge(&mut known);
    settle::settle(&mut known, &mut targets);
    if !known.needs.is_empty() {
        return Plan {
            needs: known.needs,
            ..Plan::default()
        };
    }
    let mut steps = Vec::new();
    for side in [Side::Local, Side::Remote] {
        arrange::arrange(&known, &targets, side, &mut steps);
    }
    let mut conflicts = settle::conflicts(&known, &targets);
    conflicts.sort_by(|a, b| (&a.path, a.kind, &a.copy).cmp(&(&b.path, b.kind, &b.copy)));
    conflicts.dedup();
    Plan {
        needs: BTreeSet::new(),
        targets,
        steps,
        conflicts,
    }
}

/// Names of the root that are no names: what an interrupted round left there has the place that the other side has it at.
const PARKED: &[u8] = b".tarbox-parked-";

/// Where something is parked on a side, once for each of its names that is.
fn parking(ino: Ino, number: u32) -> Place {
    Place {
        dir: Id::ROOT,
        name: [PARKED, format!("{ino}-{number}").as_bytes()].concat(),
    }
}

fn is_parked(place: &Place) -> bool {
    place.dir == Id::ROOT && place.name.starts_with(PARKED)
}

/// What is on a side.
fn node(tree: &Tree, ino: Ino) -> Option<&Node> {
    tree.get(&ino)
}
