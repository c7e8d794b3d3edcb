//! Tar archives: one reader and one writer for the command line, for browsers, and for whatever else meets one.
//!
//! [`Reader`] is given bytes, wherever they come from, and answers what they say, a [`Step`] at a time, in bounded memory:
//! v7, ustar, pax, GNU and star headers, holes in the four ways they are told, numbers in every form. [`Unpacker`] makes files
//! of a workspace out of that, below one directory and nowhere else. [`Writer`] goes the other way.
//!
//! An archive is never trusted: every number in it is checked. What GNU tar and bsdtar both unpack is unpacked with the same
//! result, and what they refuse is refused; `tests/against_others.rs` compares the three with random archives. Where the two differ,
//! `docs/tar.md` says which one is followed.
//!
//! What this crate does not do: compression, files of the host, and asking anybody.
//!
//! ```
//! use tarbox_tar::{Kind, Reader, Step, Writer, Member};
//!
//! let mut writer = Writer::new(Vec::new(), None);
//! writer.member(&Member::hard_link(b"two".to_vec(), b"one".to_vec()), None)?;
//! let archive = writer.finish()?;
//!
//! let mut reader = Reader::new();
//! let mut input = &archive[..];
//! let Step::Member(member) = reader.step(&mut input) else { panic!("there is one") };
//! assert_eq!((member.path, member.kind), (b"two".to_vec(), Kind::HardLink(b"one".to_vec())));
//! assert_eq!(reader.step(&mut input), Step::More);
//! assert_eq!(reader.finish(), None);
//! # Ok::<(), std::io::Error>(())
//! ```
#![forbid(unsafe_code)]

mod header;
mod member;
mod number;
mod pax;
mod reader;
mod sparse;
mod unpack;
mod writer;

pub use member::{Kind, Member, Problem, Severity, Step};
pub use reader::Reader;
pub use tarbox_fs::Owners;
pub use unpack::{Collision, Counts, Told, Unpacker};
pub use writer::{OwnerNames, Writer, kind_of};

/// The unit of an archive, bytes.
const BLOCK: usize = 512;
