//! With threads: the producer runs ahead by a few batches of about 1 MiB.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::failure::{Failure, Result};
use crate::transfer::item::PIECE;
use crate::transfer::pump::Weigh;

/// Batches that wait at most; what waits is bounded by their number times 1 MiB or a piece more.
const BATCHES: usize = 4;
/// Items in a batch at most: hand-overs are rare, and the other side is never long without work.
const BATCH_ITEMS: usize = 256;

/// Runs `produce` on a thread of its own and `consume` here, until the producer ends or the consumer fails.
///
/// `produce` gets a function to hand items over; when that answers `false` nobody wants more, and it ends.
///
/// # Errors
/// What the consumer failed with.
pub(crate) fn pump<T, P>(produce: P, mut consume: impl FnMut(T) -> Result<()>) -> Result<()>
where
    T: Weigh,
    P: FnOnce(&mut dyn FnMut(T) -> bool) + Send,
{
    let (sender, receiver) = sync_channel(BATCHES);
    thread::scope(|scope| {
        let producer = scope.spawn(move || {
            let mut batches = Batches {
                sender,
                batch: Vec::new(),
                weight: 0,
            };
            produce(&mut |item| batches.push(item));
            batches.send();
        });
        // The receiver goes with this call, also when the consumer fails: that is what ends the producer.
        let result = drain(receiver, &mut consume);
        match producer.join() {
            Ok(()) => result,
            Err(_) => result.and(Err(Failure::new(
                tarbox_store::ErrorKind::Io,
                "the reader stopped",
            ))),
        }
    })
}

fn drain<T>(receiver: Receiver<Vec<T>>, consume: &mut impl FnMut(T) -> Result<()>) -> Result<()> {
    receiver.iter().flatten().try_for_each(consume)
}

struct Batches<T> {
    sender: SyncSender<Vec<T>>,
    batch: Vec<T>,
    weight: usize,
}

impl<T: Weigh> Batches<T> {
    fn push(&mut self, item: T) -> bool {
        self.weight += item.weight();
        self.batch.push(item);
        self.weight < PIECE && self.batch.len() < BATCH_ITEMS || self.send()
    }

    fn send(&mut self) -> bool {
        self.weight = 0;
        self.sender.send(std::mem::take(&mut self.batch)).is_ok()
    }
}
