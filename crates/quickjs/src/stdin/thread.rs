//! A thread reads, once somebody asks.

use std::io::Read as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use super::PIECE;
use crate::host::Read;

pub(crate) struct Input {
    source: Option<Box<dyn std::io::Read + Send>>,
    pieces: Option<Receiver<Vec<u8>>>,
}

impl Input {
    pub(crate) fn new(source: Box<dyn std::io::Read + Send>) -> Self {
        Self {
            source: Some(source),
            pieces: None,
        }
    }

    /// Waits so long, or for ever.
    pub(crate) fn poll(&mut self, patience: Option<Duration>) -> Read {
        if let Some(source) = self.source.take() {
            self.pieces = begin(source);
        }
        let Some(pieces) = &self.pieces else {
            return Read::End;
        };
        let received = match patience {
            Some(patience) => pieces.recv_timeout(patience),
            None => pieces.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match received {
            Ok(bytes) => Read::Bytes(bytes),
            Err(RecvTimeoutError::Timeout) => Read::Nothing,
            Err(RecvTimeoutError::Disconnected) => Read::End,
        }
    }
}

fn begin(mut source: Box<dyn std::io::Read + Send>) -> Option<Receiver<Vec<u8>>> {
    let (sender, receiver) = sync_channel(4);
    let read = move || {
        let mut piece = vec![0; PIECE];
        while let Ok(count @ 1..) = source.read(&mut piece) {
            if sender.send(piece[..count].to_vec()).is_err() {
                break;
            }
        }
    };
    let thread = std::thread::Builder::new()
        .name("tarbox-stdin".into())
        .spawn(read);
    thread.ok().map(|_| receiver)
}
