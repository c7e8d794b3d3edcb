//! What a check can find wrong, and the list of what it found.

use std::cell::{Cell, RefCell};
use std::fmt;

use crate::rows::{Key, TenantId};

use super::check::accounts::AccountFault;
use super::check::blocks::BlockFault;
use super::check::chunks::ChunkFault;
use super::check::inodes::InodeFault;
use super::check::intervals::IntervalFault;
use super::check::names::NameFault;

/// The head's version of a row; past ones say in which layer they died.
pub(super) const HEAD: i64 = i64::MAX;

/// How many findings one check keeps; what is beyond is counted.
const KEPT: usize = 10_000;

/// One broken invariant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Finding {
    /// Whose; `None` for the database itself.
    pub(super) tenant: Option<TenantId>,
    pub(super) fault: Fault,
}

/// What is wrong, by what is checked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Fault {
    /// SQLite says that its own structure is damaged.
    Engine(String),
    Account(AccountFault),
    Interval(IntervalFault),
    Inode(InodeFault),
    Chunk(ChunkFault),
    Name(NameFault),
    Block(BlockFault),
}

impl Fault {
    /// The invariant, a word.
    pub(super) fn invariant(&self) -> &'static str {
        match self {
            Self::Engine(_) => "engine",
            Self::Account(fault) => fault.invariant(),
            Self::Interval(_) => "interval",
            Self::Inode(fault) => fault.invariant(),
            Self::Chunk(fault) => fault.invariant(),
            Self::Name(fault) => fault.invariant(),
            Self::Block(fault) => fault.invariant(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine(what) => f.write_str(what),
            Self::Account(fault) => fault.fmt(f),
            Self::Interval(fault) => fault.fmt(f),
            Self::Inode(fault) => fault.fmt(f),
            Self::Chunk(fault) => fault.fmt(f),
            Self::Name(fault) => fault.fmt(f),
            Self::Block(fault) => fault.fmt(f),
        }
    }
}

/// Where findings go.
#[derive(Debug, Default)]
pub(super) struct Sink {
    found: RefCell<Vec<Finding>>,
    /// Found, but not kept.
    more: Cell<u64>,
}

impl Sink {
    pub(super) fn add(&self, tenant: TenantId, fault: Fault) {
        self.push(Finding {
            tenant: Some(tenant),
            fault,
        });
    }

    pub(super) fn push(&self, finding: Finding) {
        let mut found = self.found.borrow_mut();
        if found.len() < KEPT {
            found.push(finding);
        } else {
            self.more.set(self.more.get() + 1);
        }
    }

    /// What was found, and how much more there was.
    pub(super) fn into_parts(self) -> (Vec<Finding>, u64) {
        (self.found.into_inner(), self.more.get())
    }
}

/// Names a version in a message.
pub(super) struct At(pub(super) i64, pub(super) i64);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "inode {}{}", Key(self.0 as u64).ino(), Until(self.1))
    }
}

/// Says which version is meant, where it is a past one.
pub(super) struct Until(pub(super) i64);

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            HEAD => Ok(()),
            died => write!(f, " (the version that ended with layer {died})"),
        }
    }
}
