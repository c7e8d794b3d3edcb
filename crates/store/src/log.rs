//! The log: one record for every change, written in the transaction that makes the change.
//!
//! It is the audit (who, when, what, where, with which result) and the change feed (what to invalidate, what to
//! tell a watcher) at once, so the two cannot disagree with each other or with the files.

use serde::Serialize;

use crate::{Ino, LayerId, Seq, Timestamp};

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $word:literal;)*) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Operation { $($(#[$doc])* $name = $number,)* }

        impl Operation {
            /// Every operation.
            pub const ALL: &[Self] = &[$(Self::$name),*];
            /// Its word in the audit.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
            /// The operation with this number in stored rows.
            pub fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$name),)* _ => None }
            }
            /// The operation with this word.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }
        }
    };
}

operations! {
    /// A file, symbolic link or special file was made.
    Create = 1, "create";
    /// A directory was made.
    Mkdir = 2, "mkdir";
    /// Another name for an inode.
    Link = 3, "link";
    /// A name was removed.
    Unlink = 4, "unlink";
    /// A directory was removed.
    Rmdir = 5, "rmdir";
    /// A name was moved (`from` is the old path). Two that were swapped give a record each.
    Rename = 6, "rename";
    /// Content was written; one record gathers what one commit holds for one file.
    Write = 7, "write";
    /// The length was set.
    Truncate = 8, "truncate";
    /// Mode, owner or times were set.
    SetAttr = 9, "setattr";
    /// An extended attribute was set or removed.
    Xattr = 10, "xattr";
    /// A layer was sealed.
    Checkpoint = 11, "checkpoint";
    /// The view was switched to another layer.
    Switch = 12, "switch";
    /// A layer was dropped.
    DropLayer = 13, "drop";
    /// Layers were squashed.
    Squash = 14, "squash";
    /// A tag was set or removed.
    Tag = 15, "tag";
    /// The tenant was made, or its quota or state changed.
    Tenant = 16, "tenant";
    /// Garbage was collected, or the store was repaired.
    Maintenance = 17, "maintenance";
    /// A range was allocated, punched, collapsed or inserted.
    Allocate = 18, "allocate";
}

impl Serialize for Operation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// One record of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogRecord {
    /// Its position: one more than the record before, without gaps.
    pub seq: Seq,
    /// When.
    pub time: Timestamp,
    /// Effective user id of who did it.
    pub uid: u32,
    /// The way in and the program, as the actor said.
    pub agent: String,
    /// What was done.
    pub operation: Operation,
    /// The inode, 0 where there is none.
    pub ino: Ino,
    /// The absolute path as it was then; of a layer operation the layer's name.
    #[serde(serialize_with = "crate::text::path")]
    pub path: Vec<u8>,
    /// The old path of a rename.
    #[serde(
        serialize_with = "crate::text::optional_path",
        skip_serializing_if = "Option::is_none"
    )]
    pub from: Option<Vec<u8>>,
    /// Bytes written, or the new length.
    pub bytes: u64,
    /// The layer that was current.
    pub layer: LayerId,
    /// `0`, or the errno for which it was refused. Refused operations changed nothing.
    pub errno: i32,
}

/// Which records to return. Everything set must match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Only records after this position.
    pub after: Option<Seq>,
    /// Only records before this position: with [`newest_first`](Self::newest_first), the page behind one that ended there.
    pub before: Option<Seq>,
    /// Not before this time.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// Only this operation.
    pub operation: Option<Operation>,
    /// Only this path and what is below it.
    pub path: Option<Vec<u8>>,
    /// Only this user.
    pub uid: Option<u32>,
    /// Only this agent, and those that say more behind a colon or a slash: `run` also finds `run:tool.wasm`.
    pub agent: Option<String>,
    /// Only this layer.
    pub layer: Option<LayerId>,
    /// Only refused operations.
    pub refused: bool,
    /// At most this many; 0 is the default of 1,000.
    pub limit: usize,
    /// The latest first.
    pub newest_first: bool,
}

impl LogQuery {
    /// Which agents match: the first of these, and those from the second up to, but without, the third, or from the fourth up to the
    /// fifth.
    pub fn agents(agent: &str) -> [String; 5] {
        // Behind the two characters that more may follow come `;` and `0`.
        ["", ":", ";", "/", "0"].map(|end| format!("{agent}{end}"))
    }

    /// At most how many records are answered.
    pub fn limit_or_default(&self) -> usize {
        match self.limit {
            0 => 1_000,
            limit => limit,
        }
    }
}
