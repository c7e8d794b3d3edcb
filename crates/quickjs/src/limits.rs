//! What a script may use, and what ends it when it uses more.

use std::cell::Cell;
use std::time::Duration;

use crate::death::Brake;
use crate::surroundings::Instant;

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

fn after(timeout: Option<Duration>) -> Option<Instant> {
    timeout.and_then(|timeout| Instant::now().checked_add(timeout))
}

/// The engine asks about this often, in units of work.
const UNITS_BETWEEN_LOOKS: u64 = 10_000;

/// What the error that ends a script may need, in bytes.
const LAST_WORDS: usize = 64 << 10;

/// Looks at the limits while a script runs.
pub(crate) struct Watch {
    timeout: Option<Duration>,
    deadline: Cell<Option<Instant>>,
    fuel: Cell<Option<u64>>,
    death: Cell<Option<Death>>,
    /// Ends what runs.
    pub(crate) brake: Brake,
    /// Memory that the error which ends the script may still have, although there is none.
    last_words: Cell<usize>,
    memory: u64,
    /// Bytes that the engine holds.
    pub(crate) used: Cell<usize>,
}

impl Watch {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            timeout: limits.timeout,
            deadline: Cell::new(None),
            fuel: Cell::new(limits.fuel),
            death: Cell::new(None),
            brake: Brake::default(),
            last_words: Cell::new(0),
            memory: limits.memory,
            used: Cell::new(0),
        }
    }

    /// The time begins to run, unless it does already.
    pub(crate) fn begin(&self) {
        if self.deadline.get().is_none() {
            self.rewind();
        }
    }

    /// The time begins to run anew.
    pub(crate) fn rewind(&self) {
        self.deadline.set(after(self.timeout));
    }

    /// What is left of the fuel, if it is counted.
    pub(crate) fn fuel(&self) -> Option<u64> {
        self.fuel.get()
    }

    /// Somebody else has used up the rest.
    pub(crate) fn set_fuel(&self, left: Option<u64>) {
        self.fuel.set(left);
    }

    /// Whether the script is to be ended now. Called by the engine after each so many units of work.
    pub(crate) fn work(&self) -> bool {
        if let Some(left) = self.fuel.get() {
            match left.checked_sub(UNITS_BETWEEN_LOOKS) {
                Some(left) => self.fuel.set(Some(left)),
                None => self.die(Death::Fuel),
            }
        }
        let dead = self.look();
        if dead {
            self.brake.slip();
        }
        dead
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
            .get()
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// The first reason stands. No function can be called from here on.
    pub(crate) fn die(&self, death: Death) {
        if self.death.get().is_none() {
            self.death.set(Some(death));
            self.brake.pull();
        }
    }

    /// The most that the engine may hold, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        self.memory
    }

    /// What it may still take of that.
    pub(crate) fn memory_left(&self) -> u64 {
        self.memory.saturating_sub(self.used.get() as u64)
    }

    /// Asked right before the error is made that ends the script, for which there is memory then.
    pub(crate) fn is_dead(&self) -> bool {
        let dead = self.death.get().is_some();
        if dead {
            self.last_words.set(LAST_WORDS);
        }
        dead
    }

    /// Takes so much of the memory for that error, if there is as much.
    pub(crate) fn spend_on_last_words(&self, bytes: usize) -> bool {
        let left = self.last_words.get().checked_sub(bytes);
        if let Some(left) = left {
            self.last_words.set(left);
        }
        left.is_some()
    }

    pub(crate) fn death(&self) -> Option<Death> {
        self.death.get()
    }
}
