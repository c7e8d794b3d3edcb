//! How a call ends when it does not succeed.

use std::fmt;

use tarbox_store::ErrorKind;

use super::Errno;

/// Why a call did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The guest is told a number and goes on.
    Errno(Errno),
    /// The guest passed an address that is not its own: it ends with a trap, as the specification demands.
    Fault(Fault),
    /// The guest asked to end, with this status.
    Exit(u32),
    /// The embedder wants the guest to end now, in the middle of a call that waits.
    Interrupted,
}

/// An address outside the guest's memory, or not aligned for what it points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Some of these bytes are not there.
    Outside {
        /// The address.
        address: u32,
        /// How many bytes were to be there.
        len: u64,
        /// Bytes of memory the guest has.
        memory: u64,
    },
    /// The address is not a multiple of `align`.
    Misaligned {
        /// The address.
        address: u32,
        /// What it must be a multiple of.
        align: u32,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outside { address, len, memory } => {
                write!(
                    f,
                    "{len} bytes at {address:#x} are not within the program's {memory} bytes of memory"
                )
            }
            Self::Misaligned { address, align } => {
                write!(f, "the address {address:#x} is not a multiple of {align}")
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Errno(errno) => f.write_str(errno.name()),
            Self::Fault(fault) => fault.fmt(f),
            Self::Exit(status) => write!(f, "exit with status {status}"),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Self {
        Self::Errno(kind.into())
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
