//! The standard streams, as an embedder lends them.

use std::time::Duration;

use tarbox_store::MaybeSend;

use super::Result;

/// What a program reads as its standard input.
pub trait Input: MaybeSend {
    /// Reads what is there, waiting for the first byte: 0 is the end.
    ///
    /// # Errors
    /// An errno for the guest, or [`Failure::Interrupted`](super::Failure::Interrupted) to end it.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize>;

    /// Waits until a read would not have to (`timeout` is `None`: for ever), and tells whether that came to be.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn wait(&mut self, timeout: Option<Duration>) -> Result<bool>;

    /// Whether it is a terminal.
    fn is_terminal(&self) -> bool {
        false
    }
}

/// Where a program's standard output or standard error goes.
pub trait Output: MaybeSend {
    /// Writes some of `bytes`, and answers how many. Nothing is held back.
    ///
    /// # Errors
    /// As [`Input::read`].
    fn write(&mut self, bytes: &[u8]) -> Result<usize>;

    /// Whether it is a terminal.
    fn is_terminal(&self) -> bool {
        false
    }
}

/// No input, and an output that forgets.
#[derive(Debug, Clone, Copy, Default)]
pub struct Empty;

impl Input for Empty {
    fn read(&mut self, _buffer: &mut [u8]) -> Result<usize> {
        Ok(0)
    }

    fn wait(&mut self, _timeout: Option<Duration>) -> Result<bool> {
        Ok(true)
    }
}

impl Output for Empty {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        Ok(bytes.len())
    }
}
