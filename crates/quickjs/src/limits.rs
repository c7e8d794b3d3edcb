//! What a script may use, and what ends it when it uses more.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// What a script may use. The default has bounds on memory and stack alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Wall-clock time.
    pub timeout: Option<Duration>,
    /// Units of work: about one for each call, and for each time that a loop begins again.
    pub fuel: Option<u64>,
    /// Bytes of the engine's memory.
    pub memory: u64,
    /// Bytes of stack for nested calls. The thread must have this much and half a megabyte more.
    pub stack: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: None,
            fuel: None,
            memory: 4 << 30,
            stack: 16 << 20,
        }
    }
}

/// Why a script was ended from outside. It could not catch this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// [`Limits::timeout`].
    Timeout,
    /// [`Limits::fuel`].
    Fuel,
    /// [`Limits::memory`].
    Memory,
    /// It asked for its own end: `process.exit`.
    Exit(i32),
}

impl Death {
    /// What the process is to end with, as `timeout(1)` and shells have it.
    pub const fn exit_code(self) -> i32 {
        match self {
            Self::Timeout => 124,
            Self::Fuel => 152,
            Self::Memory => 137,
            Self::Exit(code) => code,
        }
    }
}

/// The engine asks about this often, in units of work.
const UNITS_BETWEEN_LOOKS: u64 = 10_000;

/// Looks at the limits while a script runs.
pub(crate) struct Watch {
    deadline: Option<Instant>,
    fuel: Cell<Option<u64>>,
    death: Cell<Option<Death>>,
    ending: Cell<bool>,
    memory: u64,
}

impl Watch {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            deadline: limits
                .timeout
                .and_then(|timeout| Instant::now().checked_add(timeout)),
            fuel: Cell::new(limits.fuel),
            death: Cell::new(None),
            ending: Cell::new(false),
            memory: limits.memory,
        }
    }

    /// Whether the script is to be ended now. Called by the engine after each so many units of work.
    pub(crate) fn work(&self) -> bool {
        if let Some(left) = self.fuel.get() {
            match left.checked_sub(UNITS_BETWEEN_LOOKS) {
                Some(left) => self.fuel.set(Some(left)),
                None => self.die(Death::Fuel),
            }
        }
        self.look()
    }

    /// Whether the script is to be ended now, for reasons of time.
    pub(crate) fn look(&self) -> bool {
        if self.remaining() == Some(Duration::ZERO) {
            self.die(Death::Timeout);
        }
        self.is_dead()
    }

    /// How long there is until the deadline.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        self.deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// The first reason stands.
    pub(crate) fn die(&self, death: Death) {
        if self.death.get().is_none() {
            self.death.set(Some(death));
        }
    }

    /// The most that the engine may hold, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        self.memory
    }

    /// Asked right before the error is made that ends the script; from here on there is memory for it.
    pub(crate) fn is_dead(&self) -> bool {
        let dead = self.death.get().is_some();
        self.ending.set(dead);
        dead
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.ending.get()
    }

    pub(crate) fn death(&self) -> Option<Death> {
        self.death.get()
    }
}
