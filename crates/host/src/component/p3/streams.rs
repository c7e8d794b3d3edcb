//! Streams of WASI 0.3: bytes of files and entries of directories, and what each came to in a future beside it.

use std::pin::Pin;
use std::task::{Context, Poll};

use tarbox_wasi::p2::{self, Entries, FileInput, FileOutput, Stopped};
use tokio::sync::oneshot::{Receiver, Sender, channel};
use wasmtime::StoreContextMut;
use wasmtime::component::{Destination, Source, StreamConsumer, StreamProducer, StreamResult, VecBuffer};

use super::bindings::types::{DirectoryEntry, ErrorCode};
use super::descriptor::{code, file_kind};

/// Bytes that are offered where the reader names no number.
const BYTES: usize = 64 << 10;
/// Entries that are.
const ENTRIES: usize = 64;

type Outcome = Result<(), ErrorCode>;

/// What a stream came to. A stream that its other end drops came to nothing bad.
pub(super) struct Told(Option<Sender<Outcome>>);

impl Told {
    pub(super) fn new() -> (Self, Receiver<Outcome>) {
        let (sender, receiver) = channel();
        (Self(Some(sender)), receiver)
    }

    pub(super) fn tell(&mut self, outcome: Result<(), p2::Failure>) {
        if let Some(sender) = self.0.take() {
            // Who dropped the future does not want to know.
            let _ = sender.send(outcome.map_err(code));
        }
    }

    /// Ends a stream.
    fn end(&mut self, outcome: Result<(), p2::Failure>) -> Poll<wasmtime::Result<StreamResult>> {
        self.tell(outcome);
        Poll::Ready(Ok(StreamResult::Dropped))
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.tell(Ok(()));
    }
}

/// Bytes of a file.
pub(super) struct Reading {
    pub(super) input: FileInput,
    pub(super) told: Told,
}

impl<D> StreamProducer<D> for Reading {
    type Item = u8;
    type Buffer = VecBuffer<u8>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        store: StoreContextMut<'a, D>,
        to: Destination<'a, u8, VecBuffer<u8>>,
        _: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        let mut to = to.as_direct(store, BYTES);
        let room = to.remaining();
        if room.is_empty() {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        match self.input.read(room.len() as u64) {
            Ok(bytes) => {
                room[..bytes.len()].copy_from_slice(&bytes);
                to.mark_written(bytes.len());
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Err(Stopped::Closed) => self.told.end(Ok(())),
            Err(Stopped::Failed(kind)) => self.told.end(Err(kind.into())),
        }
    }
}

/// Bytes for a file.
pub(super) struct Writing {
    pub(super) output: FileOutput,
    pub(super) told: Told,
}

impl<D> StreamConsumer<D> for Writing {
    type Item = u8;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        store: StoreContextMut<'_, D>,
        from: Source<'_, u8>,
        _: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        let mut from = from.as_direct(store);
        let bytes = from.remaining();
        let len = bytes.len();
        match self.output.write(bytes) {
            Ok(()) => {
                from.mark_read(len);
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Err(Stopped::Closed) => self.told.end(Ok(())),
            Err(Stopped::Failed(kind)) => self.told.end(Err(kind.into())),
        }
    }
}

/// Entries of a directory.
pub(super) struct Listing {
    pub(super) entries: Entries,
    pub(super) told: Told,
}

impl<D> StreamProducer<D> for Listing {
    type Item = DirectoryEntry;
    type Buffer = VecBuffer<DirectoryEntry>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut store: StoreContextMut<'a, D>,
        mut to: Destination<'a, DirectoryEntry, VecBuffer<DirectoryEntry>>,
        _: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        let room = to.remaining(&mut store).unwrap_or(ENTRIES).min(ENTRIES);
        let mut entries = Vec::with_capacity(room);
        let mut ended = None;
        while entries.len() < room && ended.is_none() {
            match self.entries.next_entry() {
                Ok(Some((kind, name))) => entries.push(DirectoryEntry {
                    type_: file_kind(kind),
                    name,
                }),
                Ok(None) => ended = Some(Ok(())),
                Err(failure) => ended = Some(Err(failure)),
            }
        }
        to.set_buffer(entries.into());
        match ended {
            Some(outcome) => self.told.end(outcome),
            None => Poll::Ready(Ok(StreamResult::Completed)),
        }
    }
}
