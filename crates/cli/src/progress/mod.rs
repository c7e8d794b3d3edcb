//! A bar for whatever takes longer than a second, on a terminal only.

#[cfg(not(target_family = "wasm"))]
mod bar;
#[cfg(not(target_family = "wasm"))]
use bar::Bar;

#[cfg(target_family = "wasm")]
mod none;
#[cfg(target_family = "wasm")]
use none::Bar;

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use crate::print::{Size, grouped};

/// What takes less than this is not worth a bar.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the bar is drawn.
const FRAME: Duration = Duration::from_millis(100);

/// Whether anybody looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Standard error is a terminal, and the output is for people.
    Person,
    /// Nobody: nothing is ever drawn.
    Nobody,
}

/// How far a long command has come: things done, and the bytes in them.
pub(crate) struct Progress {
    verb: &'static str,
    audience: Audience,
    begun: Instant,
    drawn: Cell<Instant>,
    total: Cell<Option<u64>>,
    done: Cell<u64>,
    bytes: Cell<u64>,
    failures: Cell<u64>,
    bar: RefCell<Option<Bar>>,
}

impl Progress {
    /// Begins to count. `verb` says what is going on: `import`, `check`.
    pub(crate) fn new(verb: &'static str, audience: Audience) -> Self {
        let now = Instant::now();
        Self {
            verb,
            audience,
            begun: now,
            drawn: Cell::new(now),
            total: Cell::new(None),
            done: Cell::new(0),
            bytes: Cell::new(0),
            failures: Cell::new(0),
            bar: RefCell::new(None),
        }
    }

    /// Says how many things there are.
    pub(crate) fn expect(&self, total: u64) {
        self.total.set(Some(total));
    }

    /// Counts things done.
    pub(crate) fn add(&self, things: u64) {
        self.done.set(self.done.get() + things);
        self.draw();
    }

    /// Counts bytes moved.
    pub(crate) fn add_bytes(&self, bytes: u64) {
        self.bytes.set(self.bytes.get() + bytes);
        self.draw();
    }

    /// Sets how many things are done of how many.
    pub(crate) fn set(&self, done: u64, total: u64) {
        self.total.set(Some(total));
        self.done.set(done);
        self.draw();
    }

    /// Counts one thing that could not be done.
    pub(crate) fn failed(&self) {
        self.failures.set(self.failures.get() + 1);
    }

    /// Things that could not be done.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.get()
    }

    /// Seconds since it began.
    pub(crate) fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// Things done so far.
    pub(crate) fn done(&self) -> u64 {
        self.done.get()
    }

    /// Bytes moved so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// What was done, how fast: `10,000 files, 42.0 MiB in 1.2 s (35.0 MiB/s)`.
    pub(crate) fn summary(&self, things: &str) -> String {
        let seconds = self.seconds();
        let mut text = format!("{} {things}", grouped(self.done.get()));
        if self.bytes.get() > 0 {
            let rate = Size(rate(self.bytes.get(), seconds));
            text.push_str(&format!(
                ", {} in {seconds:.1} s ({rate}/s)",
                Size(self.bytes.get())
            ));
        } else {
            text.push_str(&format!(" in {seconds:.1} s"));
        }
        text
    }

    /// Takes the bar away, so that other lines can be printed.
    pub(crate) fn finish(&self) {
        if let Some(bar) = self.bar.borrow_mut().take() {
            bar.clear();
        }
    }

    fn draw(&self) {
        if self.audience == Audience::Nobody {
            return;
        }
        let now = Instant::now();
        if now - self.drawn.get() < FRAME || now - self.begun < PATIENCE {
            return;
        }
        self.drawn.set(now);
        let mut bar = self.bar.borrow_mut();
        let bar = bar.get_or_insert_with(|| Bar::new(self.verb));
        bar.draw(self.done.get(), self.total.get(), &self.rates(now));
    }

    fn rates(&self, now: Instant) -> String {
        let seconds = (now - self.begun).as_secs_f64();
        let things = format!("{}/s", grouped(rate(self.done.get(), seconds)));
        match self.bytes.get() {
            0 => things,
            bytes => format!("{things}, {}, {}/s", Size(bytes), Size(rate(bytes, seconds))),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

fn rate(amount: u64, seconds: f64) -> u64 {
    if seconds > 0.0 {
        (amount as f64 / seconds) as u64
    } else {
        0
    }
}
