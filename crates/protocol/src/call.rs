//! The calls: every one of [`Store`](tarbox_store::Store), and those about sessions.

use serde::{Deserialize, Serialize};
use tarbox_store::*;

use crate::{Bytes, Node, Wire};

/// What a call does, for who may make it and how it may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// It looks. It may be repeated at will.
    Look,
    /// It changes files: it needs a [slot](crate::Slot) to be repeated.
    Change,
    /// It changes layers, with a slot, too.
    History,
    /// It changes what the session holds open, with a slot, too.
    Hold,
    /// It makes what was done visible or durable. It may be repeated at will.
    Store,
    /// It is about sessions.
    Session,
}

macro_rules! calls {
    ($($class:ident { $($(#[$doc:meta])* $name:ident = $word:literal {$($(#[$meta:meta])* $field:ident: $type:ty),* $(,)?};)* })*) => {
        /// One call. The encoding goes by the place in this list: what is new comes at its end.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case", deny_unknown_fields)]
        pub enum Call<'a> {
            $($($(#[$doc])* $name { $(#[allow(missing_docs)] $(#[$meta])* $field: $type),* },)*)*
        }

        impl Call<'_> {
            /// What it does.
            pub const fn class(&self) -> Class {
                match self { $($(Self::$name { .. } => Class::$class,)*)* }
            }

            /// What it is called in JSON.
            pub const fn word(&self) -> &'static str {
                match self { $($(Self::$name { .. } => $word,)*)* }
            }
        }
    };
}

calls! {
    Look {
        /// [`Store::lookup`]: an [`Attr`](crate::Answer::Attr).
        Lookup = "lookup" { view: Wire<View>, dir: Node, #[serde(borrow)] name: Bytes<'a> };
        /// [`Store::walk`]: [`Attrs`](crate::Answer::Attrs).
        Walk = "walk" { view: Wire<View>, start: Node, #[serde(borrow)] names: Vec<Bytes<'a>> };
        /// [`Store::list`]: [`Entries`](crate::Answer::Entries).
        List = "list" { view: Wire<View>, dir: Node, after: Cookie, limit: u32 };
        /// [`Store::list_names`]: [`Names`](crate::Answer::Names).
        ListNames = "list_names" { view: Wire<View>, dir: Node, after: Cookie, limit: u32 };
        /// [`Store::parent`]: an [`Ino`](crate::Answer::Ino).
        Parent = "parent" { view: Wire<View>, dir: Node };
        /// [`Store::path_of`]: [`Bytes`](crate::Answer::Bytes).
        PathOf = "path_of" { view: Wire<View>, ino: Node };
        /// [`Store::attr`]: an [`Attr`](crate::Answer::Attr).
        Attr = "attr" { view: Wire<View>, ino: Node };
        /// [`Store::xattr`]: [`Bytes`](crate::Answer::Bytes).
        Xattr = "xattr" { view: Wire<View>, ino: Node, #[serde(borrow)] name: Bytes<'a> };
        /// [`Store::xattrs`]: a [`ListOfBytes`](crate::Answer::ListOfBytes).
        Xattrs = "xattrs" { view: Wire<View>, ino: Node };
        /// [`Store::read`] of up to `len` bytes: [`Bytes`](crate::Answer::Bytes).
        Read = "read" { view: Wire<View>, ino: Node, offset: u64, len: u32, access: Wire<Access> };
        /// [`Store::read_link`]: [`Bytes`](crate::Answer::Bytes).
        ReadLink = "read_link" { view: Wire<View>, ino: Node };
        /// [`Store::seek`]: a [`Number`](crate::Answer::Number).
        Seek = "seek" { view: Wire<View>, ino: Node, offset: u64, to: Wire<SeekTo> };
        /// [`Store::digests`]: [`Bytes`](crate::Answer::Bytes), 32 for each piece.
        Digests = "digests" { view: Wire<View>, ino: Node, from: u64, size: u32, count: u32 };
        /// [`Store::is_held`]: [`Yes`](crate::Answer::Yes).
        IsHeld = "is_held" { ino: Node };
        /// [`Store::position`]: a [`Position`](crate::Answer::Position).
        Position = "position" {};
        /// [`Store::layers`]: [`Layers`](crate::Answer::Layers).
        Layers = "layers" {};
        /// [`Store::find_layer`]: a [`Layer`](crate::Answer::Layer).
        FindLayer = "find_layer" { name: String };
        /// [`Store::diff`]: [`Changes`](crate::Answer::Changes).
        Diff = "diff" { from: LayerId, to: LayerId };
        /// [`Store::last_seq`]: a [`Seq`](crate::Answer::Seq).
        LastSeq = "last_seq" {};
        /// [`Store::last_seq_by_others`]: a [`Seq`](crate::Answer::Seq).
        LastSeqByOthers = "last_seq_by_others" { agent: String };
        /// [`Store::changed`], only as the first call: a [`Seq`](crate::Answer::Seq).
        Changed = "changed" { after: Seq, patience_ms: u32 };
        /// [`Store::log`]: [`Records`](crate::Answer::Records).
        Log = "log" { query: Wire<LogQuery> };
        /// [`Store::tenant`]: a [`Tenant`](crate::Answer::Tenant).
        Tenant = "tenant" {};
        /// [`Store::device_free`]: [`Free`](crate::Answer::Free).
        DeviceFree = "device_free" {};
        /// [`Store::performance`]: [`Performance`](crate::Answer::Performance).
        Performance = "performance" {};
    }
    Change {
        /// [`Store::create`]: an [`Attr`](crate::Answer::Attr).
        Create = "create" {
            dir: Node, #[serde(borrow)] name: Bytes<'a>, kind: FileKind, mode: u32, uid: u32, gid: u32,
            #[serde(default)] rdev: u64, #[serde(borrow, default)] target: Bytes<'a>,
        };
        /// [`Store::link`]: an [`Attr`](crate::Answer::Attr).
        Link = "link" { ino: Node, dir: Node, #[serde(borrow)] name: Bytes<'a> };
        /// [`Store::unlink`]: an [`Attr`](crate::Answer::Attr).
        Unlink = "unlink" { dir: Node, #[serde(borrow)] name: Bytes<'a>, what: Wire<Unlink> };
        /// [`Store::rename`]: [`Done`](crate::Answer::Done).
        Rename = "rename" {
            from_dir: Node, #[serde(borrow)] from: Bytes<'a>, to_dir: Node, #[serde(borrow)] to: Bytes<'a>,
            mode: Wire<RenameMode>,
        };
        /// [`Store::set_attr`]: an [`Attr`](crate::Answer::Attr).
        SetAttr = "set_attr" { ino: Node, set: Wire<SetAttr> };
        /// [`Store::set_xattr`]: [`Done`](crate::Answer::Done).
        SetXattr = "set_xattr" {
            ino: Node, #[serde(borrow)] name: Bytes<'a>, #[serde(borrow)] value: Bytes<'a>, mode: Wire<XattrMode>,
        };
        /// [`Store::remove_xattr`]: [`Done`](crate::Answer::Done).
        RemoveXattr = "remove_xattr" { ino: Node, #[serde(borrow)] name: Bytes<'a> };
        /// [`Store::write`]: [`Written`](crate::Answer::Written).
        Write = "write" {
            ino: Node, at: Wire<WriteAt>, #[serde(borrow)] data: Bytes<'a>, #[serde(default)] clear_setid: bool,
        };
        /// [`Store::allocate`]: [`Done`](crate::Answer::Done).
        Allocate = "allocate" {
            ino: Node, how: Wire<Allocate>, offset: u64, len: u64, #[serde(default)] clear_setid: bool,
        };
        /// [`Store::copy_range`]: a [`Number`](crate::Answer::Number).
        CopyRange = "copy_range" {
            view: Wire<View>, source: Node, source_offset: u64, target: Node, target_offset: u64, len: u64,
        };
        /// [`Store::log_refusal`]: [`Done`](crate::Answer::Done).
        LogRefusal = "log_refusal" {
            operation: Wire<Operation>, #[serde(borrow)] path: Bytes<'a>, kind: Wire<ErrorKind>,
        };
        /// [`Store::gc`]: a [`Gc`](crate::Answer::Gc).
        Gc = "gc" {};
    }
    History {
        /// [`Store::checkpoint`]: a [`Layer`](crate::Answer::Layer).
        Checkpoint = "checkpoint" {
            name: String, #[serde(default)] description: Option<String>, later: Wire<LaterLayers>,
        };
        /// [`Store::switch`]: [`Done`](crate::Answer::Done).
        Switch = "switch" { layer: LayerId };
        /// [`Store::drop_layer`]: [`Done`](crate::Answer::Done).
        DropLayer = "drop_layer" { layer: LayerId };
        /// [`Store::squash`]: [`Done`](crate::Answer::Done).
        Squash = "squash" { first: LayerId, last: LayerId };
        /// [`Store::tag`]: [`Done`](crate::Answer::Done).
        Tag = "tag" { tag: String, #[serde(default)] layer: Option<LayerId> };
    }
    Hold {
        /// [`Store::hold`] for as long as the session lives; the client counts, not the session: [`Done`](crate::Answer::Done).
        Hold = "hold" { ino: Node };
        /// [`Store::release`]: [`Done`](crate::Answer::Done).
        Release = "release" { ino: Node };
    }
    Store {
        /// [`Store::sync`]: [`Done`](crate::Answer::Done).
        Sync = "sync" {};
        /// [`Store::flush`]: [`Done`](crate::Answer::Done).
        Flush = "flush" {};
        /// [`Store::settle`]: [`Done`](crate::Answer::Done).
        Settle = "settle" {};
    }
    Session {
        /// Opens a session: a [`Session`](crate::Answer::Session).
        OpenSession = "open_session" {};
        /// Closes the session of the batch and lets go of what it holds: [`Done`](crate::Answer::Done).
        CloseSession = "close_session" {};
    }
}
