//! The wire of a remote store: every call of [`Store`](tarbox_store::Store), batches of them, and what is answered.
//!
//! A client posts a [`Batch`] to one URL of its tenant and gets a [`Reply`]. A call may name the inode that an earlier one of
//! the same batch found ([`Node::Answer`]), so that what depends on each other is still one request. Execution ends at the
//! first call that fails.
//!
//! There are two encodings, chosen by the media type ([`Format`]): a compact one for clients of this project, and JSON for
//! people and other languages. Both know the same words. Names and paths are bytes; in JSON they are text where they are
//! UTF-8, and `{"base64": "…"}` where they are not.
//!
//! Everything that is decoded may come from an enemy: nothing panics, what is allocated is bounded by what arrived and
//! not by what was claimed, and [`Batch::decode`] refuses what is over a [limit](limits).
//!
//! What this crate does not know: HTTP, sockets, who calls, and what a call does.
//!
//! ```
//! use tarbox_protocol::*;
//! use tarbox_store::{FileKind, Ino, View, WriteAt};
//!
//! // Make a file and write it, in one request.
//! let batch = Batch::new(vec![
//!     Call::Create {
//!         dir: Ino::ROOT.into(), name: b"notes"[..].into(), kind: FileKind::File,
//!         mode: 0o644, uid: 0, gid: 0, rdev: 0, target: Bytes::default(),
//!     },
//!     Call::Write { ino: Node::Answer(0), at: Wire(WriteAt::End), data: b"hello"[..].into(), clear_setid: false },
//! ]);
//! let sent = batch.encode(Format::Compact);
//! assert_eq!(Batch::decode(&sent, Format::Compact)?, batch);
//! # Ok::<(), WireError>(())
//! ```
#![forbid(unsafe_code)]

mod answer;
mod batch;
mod bytes;
mod call;
mod condition;
mod encoding;
pub mod limits;
mod look;
mod mutation;
mod node;
mod wire;

pub use answer::{Answer, Failure, Reply};
pub use batch::{Batch, By, SessionId, Slot};
pub use bytes::Bytes;
pub use call::{Call, Class};
pub use condition::Condition;
pub use encoding::{Format, WireError};
pub use node::Node;
pub use wire::Wire;
