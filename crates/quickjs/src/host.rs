//! The standard streams of a script.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::Duration;

use crate::stdin::Input;
use crate::surroundings::{Instant, sleep};

/// Output is kept together up to this much, or for this long.
const KEPT_BYTES: usize = 16 << 10;
const KEPT_FOR: Duration = Duration::from_millis(20);

/// What a read of standard input has brought.
pub(crate) enum Read {
    Bytes(Vec<u8>),
    End,
    /// Not yet. Where there is one thread, who reads, waits.
    #[cfg_attr(target_family = "wasm", allow(dead_code))]
    Nothing,
}

/// Where a script reads from and writes to. Nothing else of the host is reachable.
pub(crate) struct Host {
    output: Box<dyn Write>,
    errors: Box<dyn Write>,
    input: Input,
    kept: Vec<u8>,
    flushed: Instant,
    /// What was read while something else was waited for.
    arrived: VecDeque<Read>,
}

impl Host {
    pub(crate) fn new(
        output: Box<dyn Write>,
        errors: Box<dyn Write>,
        input: Box<dyn io::Read + Send>,
    ) -> Self {
        Self {
            output,
            errors,
            input: Input::new(input),
            kept: Vec::new(),
            flushed: Instant::now(),
            arrived: VecDeque::new(),
        }
    }

    pub(crate) fn print(&mut self, fd: i32, bytes: &[u8]) -> io::Result<()> {
        if fd == 2 {
            self.flush()?;
            self.errors.write_all(bytes)?;
            return self.errors.flush();
        }
        self.kept.extend_from_slice(bytes);
        match self.kept.len() >= KEPT_BYTES || self.flushed.elapsed() >= KEPT_FOR {
            true => self.flush(),
            false => Ok(()),
        }
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.flushed = Instant::now();
        if self.kept.is_empty() {
            return Ok(());
        }
        let written = self
            .output
            .write_all(&self.kept)
            .and_then(|()| self.output.flush());
        self.kept.clear();
        written
    }

    /// What there is to be read. With patience it is waited for: for ever, or at most so long.
    pub(crate) fn read(&mut self, patience: Option<Option<Duration>>) -> Read {
        if let Some(arrived) = self.arrived.pop_front() {
            return arrived;
        }
        match patience {
            None => self.input.poll(Some(Duration::ZERO)),
            Some(patience) => {
                let _ = self.flush();
                self.input.poll(patience)
            }
        }
    }

    /// Waits so long, or until something arrives that is waited for.
    pub(crate) fn wait(&mut self, patience: Duration, input: bool) {
        let _ = self.flush();
        if !input {
            sleep(patience);
        } else if self.arrived.is_empty() {
            match self.input.poll(Some(patience)) {
                Read::Nothing => {}
                read => self.arrived.push_back(read),
            }
        }
    }
}

/// The number that Linux gives an error of the host.
pub(crate) fn errno(error: &io::Error) -> i32 {
    match error.kind() {
        io::ErrorKind::BrokenPipe => 32,
        _ => error.raw_os_error().unwrap_or(5),
    }
}
