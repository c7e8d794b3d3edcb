//! There is one thread: who reads, waits.

use std::time::Duration;

use super::PIECE;
use crate::host::Read;

pub(crate) struct Input(Box<dyn std::io::Read + Send>);

impl Input {
    pub(crate) fn new(source: Box<dyn std::io::Read + Send>) -> Self {
        Self(source)
    }

    pub(crate) fn poll(&mut self, _patience: Option<Duration>) -> Read {
        let mut piece = vec![0; PIECE];
        match self.0.read(&mut piece) {
            Ok(count @ 1..) => {
                piece.truncate(count);
                Read::Bytes(piece)
            }
            _ => Read::End,
        }
    }
}
