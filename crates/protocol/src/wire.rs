//! The types of the store as they go over the wire.
//!
//! Each is written down here once, field by field: one that gets another field does not compile until the wire has it, too.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tarbox_store::*;

/// A type of the store on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wire<T>(pub T);

impl<T> From<T> for Wire<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

macro_rules! wire {
    ($($(#[$meta:meta])* $remote:literal $keyword:ident $name:ident $shadow:ident {$($body:tt)*})*) => {
        $(
            #[derive(Serialize, Deserialize)]
            #[serde(remote = $remote, rename_all = "snake_case")]
            $(#[$meta])*
            pub(crate) $keyword $shadow {$($body)*}

            impl Serialize for Wire<$name> {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    $shadow::serialize(&self.0, serializer)
                }
            }

            impl<'de> Deserialize<'de> for Wire<$name> {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    $shadow::deserialize(deserializer).map(Self)
                }
            }
        )*
    };
}

wire! {
    "Attr" struct Attr AttrWire {
        ino: Ino,
        kind: FileKind,
        mode: u32,
        uid: u32,
        gid: u32,
        nlink: u32,
        size: u64,
        blocks: u64,
        rdev: u64,
        xattrs: u32,
        atime: Timestamp,
        mtime: Timestamp,
        ctime: Timestamp,
        btime: Timestamp,
        version: Seq,
    }
    "DirEntry" struct DirEntry DirEntryWire {
        #[serde(with = "crate::bytes::owned")]
        name: Vec<u8>,
        cookie: Cookie,
        #[serde(with = "AttrWire")]
        attr: Attr,
    }
    "DirName" struct DirName DirNameWire {
        #[serde(with = "crate::bytes::owned")]
        name: Vec<u8>,
        cookie: Cookie,
        ino: Ino,
        kind: FileKind,
    }
    "View" enum View ViewWire { Current, Layer(LayerId) }
    "SetTime" enum SetTime SetTimeWire { Now, At(Timestamp) }
    "SetAttr" struct SetAttr SetAttrWire {
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        #[serde(default, with = "optional_time")]
        atime: Option<SetTime>,
        #[serde(default, with = "optional_time")]
        mtime: Option<SetTime>,
        #[serde(default)]
        clear_setid: bool,
    }
    "Unlink" enum Unlink UnlinkWire { File, Directory }
    "RenameMode" enum RenameMode RenameModeWire { Replace, NoReplace, Exchange }
    "WriteAt" enum WriteAt WriteAtWire { Offset(u64), End }
    "Written" struct Written WrittenWire { offset: u64, size: u64 }
    "Allocate" enum Allocate AllocateWire {
        Extend, KeepSize, PunchHole, ZeroRange, ZeroKeepSize, Collapse, Insert
    }
    "SeekTo" enum SeekTo SeekToWire { Data, Hole }
    "Access" enum Access AccessWire { Touch, Quiet }
    "XattrMode" enum XattrMode XattrModeWire { Any, Create, Replace }
    "LayerInfo" struct LayerInfo LayerInfoWire {
        id: LayerId,
        name: Option<String>,
        description: Option<String>,
        sealed: Option<Timestamp>,
        tags: Vec<String>,
        current: bool,
    }
    "Position" struct Position PositionWire { current: LayerId, head: LayerId }
    "LaterLayers" enum LaterLayers LaterLayersWire { Keep, Discard }
    "ChangeKind" enum ChangeKind ChangeKindWire { Added, Modified, Deleted, Renamed }
    "Change" struct Change ChangeWire {
        #[serde(with = "ChangeKindWire")]
        kind: ChangeKind,
        #[serde(with = "crate::bytes::owned")]
        path: Vec<u8>,
        #[serde(with = "crate::bytes::optional")]
        from: Option<Vec<u8>>,
        file: FileKind,
        size_before: Option<u64>,
        size_after: Option<u64>,
        content: bool,
    }
    "LogRecord" struct LogRecord LogRecordWire {
        seq: Seq,
        time: Timestamp,
        uid: u32,
        agent: String,
        #[serde(with = "operation")]
        operation: Operation,
        ino: Ino,
        #[serde(with = "crate::bytes::owned")]
        path: Vec<u8>,
        #[serde(with = "crate::bytes::optional")]
        from: Option<Vec<u8>>,
        bytes: u64,
        layer: LayerId,
        errno: i32,
    }
    "LogQuery" struct LogQuery LogQueryWire {
        after: Option<Seq>,
        before: Option<Seq>,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
        #[serde(default, with = "optional_operation")]
        operation: Option<Operation>,
        #[serde(default, with = "crate::bytes::optional")]
        path: Option<Vec<u8>>,
        uid: Option<u32>,
        agent: Option<String>,
        layer: Option<LayerId>,
        #[serde(default)]
        refused: bool,
        #[serde(default)]
        limit: usize,
        #[serde(default)]
        newest_first: bool,
    }
    "Quota" struct Quota QuotaWire {
        bytes: Option<u64>,
        inodes: Option<u64>,
        layers: Option<u64>,
        log_records: Option<u64>,
    }
    "Usage" struct Usage UsageWire { bytes: u64, inodes: u64, layers: u64, last_seq: u64 }
    "TenantState" enum TenantState TenantStateWire { Active, Suspended, Restoring }
    "TenantInfo" struct TenantInfo TenantInfoWire {
        name: String,
        #[serde(with = "TenantStateWire")]
        state: TenantState,
        created: Timestamp,
        #[serde(with = "QuotaWire")]
        quota: Quota,
        #[serde(with = "UsageWire")]
        usage: Usage,
    }
    "GcReport" struct GcReport GcReportWire { inodes: u64, log_records: u64, segments: u64, bytes_freed: u64 }
    "Performance" struct Performance PerformanceWire {
        row_hits: u64,
        row_misses: u64,
        block_hits: u64,
        block_misses: u64,
        cached: u64,
        tenants: u64,
        pending: u64,
        commits: u64,
        syncs: u64,
        bytes_written: u64,
        bytes_deduplicated: u64,
        bytes_read: u64,
    }
}

/// Operations and kinds of errors go by their word, which is the same in every version.
macro_rules! words {
    ($($name:ty: $word:ident, $parse:ident, $what:literal;)*) => {
        $(
            impl Serialize for Wire<$name> {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.serialize_str(self.0.$word())
                }
            }

            impl<'de> Deserialize<'de> for Wire<$name> {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let word = Cow::<str>::deserialize(deserializer)?;
                    let known = <$name>::$parse(&word);
                    known.map(Self).ok_or_else(|| serde::de::Error::custom($what))
                }
            }
        )*
    };
}

words! {
    Operation: word, from_word, "no such operation";
    ErrorKind: code, from_code, "no such kind of error";
}

/// A field of a type of the store that has a form on the wire.
macro_rules! fields {
    ($($module:ident: $field:ty, $wire:ty, $wrap:expr, $unwrap:expr;)*) => {
        $(mod $module {
            use super::*;

            pub(super) fn serialize<S: Serializer>(field: &$field, serializer: S) -> Result<S::Ok, S::Error> {
                ($wrap)(*field).serialize(serializer)
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$field, D::Error> {
                <$wire>::deserialize(deserializer).map($unwrap)
            }
        })*
    };
}

fields! {
    operation: Operation, Wire<Operation>, Wire, |wire| wire.0;
    optional_operation: Option<Operation>, Option<Wire<Operation>>,
        |field: Option<Operation>| field.map(Wire), |wire| wire.map(|wire| wire.0);
    optional_time: Option<SetTime>, Option<Wire<SetTime>>,
        |field: Option<SetTime>| field.map(Wire), |wire| wire.map(|wire| wire.0);
}
