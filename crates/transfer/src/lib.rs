//! Tenants from one database to another, and to a file and back: all layers, tags, quotas and the audit log, with the numbers of inodes
//! and the positions in the log as they were.
//!
//! A tenant is read as of one moment, while others go on writing, and becomes a sequence of [frames](frame::Frame) of rows. A
//! [file](mod@file) holds them one behind the other, with a hash of everything before behind each. Whoever [restores](restore()) them
//! stores them in a tenant that nobody sees, together with how far it has come, so that it can go on after an interruption. When the last
//! frame has arrived, the rows are checked against each other, and the tenant becomes visible in one transaction.
//!
//! `docs/format.md` draws the file.
#![forbid(unsafe_code)]

mod check;
mod copy;
mod dump;
mod export;
mod fault;
pub mod file;
pub mod frame;
mod import;
mod restore;

pub use copy::copy;
pub use dump::dump;
pub use restore::{restore, verify};

/// How far a transfer has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rows so far.
    pub rows: u64,
    /// Bytes of blocks so far.
    pub bytes: u64,
    /// About how many rows there are.
    pub expected: u64,
}

/// What was transferred.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The tenant, by the name that it has now.
    pub tenant: String,
    /// How many rows of each kind, versions of all layers counted.
    pub counts: frame::Counts,
    /// Bytes of blocks.
    pub bytes: u64,
    /// Frames that had arrived before, in an attempt that was interrupted.
    pub resumed: u64,
}
