//! What a program may use.

use std::fmt;
use std::time::Duration;

/// Bounds on what one run may use; `None` is without bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Time from its first instruction, waiting included.
    pub timeout: Option<Duration>,
    /// Units of fuel: about one for each WebAssembly instruction.
    pub fuel: Option<u64>,
    /// Bytes of linear memory and tables, all of them together.
    pub memory: Option<u64>,
    /// Descriptors open at once (core modules: 4,096 if not set). It is told by `EMFILE`, not ended.
    pub descriptors: Option<usize>,
}

/// The limit that a program exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::timeout`].
    Time(Duration),
    /// [`Limits::fuel`].
    Fuel(u64),
    /// [`Limits::memory`].
    Memory(u64),
}

impl Limit {
    /// The status that a command ends with: 124 for time as `timeout(1)` has it, 137 for memory as the kernel's killer
    /// leaves it, 152 for fuel as a process has that exceeds its CPU limit.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Time(_) => 124,
            Self::Memory(_) => 137,
            Self::Fuel(_) => 152,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => write!(f, "time limit of {} s exceeded", time.as_secs_f64()),
            Self::Fuel(units) => write!(f, "fuel limit of {units} units exceeded"),
            Self::Memory(bytes) if bytes.is_multiple_of(1 << 20) => {
                write!(f, "memory limit of {} MiB exceeded", bytes >> 20)
            }
            Self::Memory(bytes) => write!(f, "memory limit of {bytes} bytes exceeded"),
        }
    }
}

impl std::error::Error for Limit {}
