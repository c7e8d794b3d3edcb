//! A tenant from one database to another.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use tarbox_store::{Error, ErrorKind, Result};
use tarbox_store_core::Tenant;
use tarbox_store_core::transfer::{BlockHead, Moment, OnCore, Transfer, WIRE};

use crate::check::Rows;
use crate::dump::moment;
use crate::export::{Lost, Sink, export};
use crate::fault::{self, Fault};
use crate::file::Header;
use crate::frame::{Chain, Frame};
use crate::import::{Earlier, Import, Needs};
use crate::restore::Arrival;
use crate::{Progress, Report};

/// Frames between the two sides, each up to a few megabytes.
const AHEAD: usize = 4;
/// How often a tenant is read anew that is not as it was when an earlier attempt was interrupted.
const TRIES: usize = 3;

/// Copies a tenant as it is now to another database, under its own name or another one: see [`restore`](crate::restore()). An attempt that
/// was interrupted is gone on with; if the tenant was changed since, its rows are read anew, and blocks that have arrived are not.
///
/// # Errors
/// Those of [`dump`](crate::dump()) and [`restore`](crate::restore()).
pub fn copy<S: OnCore, T: OnCore>(
    from: &S,
    name: &str,
    to: &T,
    new_name: Option<&str>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report> {
    let mut arrival = Arrival::new(WIRE, progress);
    let mut copied = copy_once(from, name, (to, new_name), Earlier::GoOn, &mut arrival);
    for _ in 0..TRIES {
        if !matches!(copied, Err(Fault::Changed)) {
            break;
        }
        arrival.begin_anew();
        copied = copy_once(from, name, (to, new_name), Earlier::KeepBlocks, &mut arrival);
    }
    pollster::block_on(arrival.end(to, copied))
}

fn copy_once<S: OnCore, T: OnCore>(
    from: &S,
    name: &str,
    (to, new_name): (&T, Option<&str>),
    earlier: Earlier,
    arrival: &mut Arrival<'_>,
) -> fault::Result<Report> {
    let new_name = new_name.unwrap_or(name);
    tarbox_store_core::check_tenant_name(new_name)?;
    let mut moment = pollster::block_on(moment(from, name))?;
    let lost = pollster::block_on(Lost::find(&mut moment))?;
    let tenant = Tenant {
        name: new_name.into(),
        ..lost.without(moment.tenant())
    };
    let header = Header::of_copy();
    let import = pollster::block_on(Import::begin(to.core(), &tenant, header, earlier))?;
    arrival.begun(&import);
    let (sender, frames) = sync_channel(AHEAD);
    let mut sink = Channel {
        needs: import.needs(),
        frames: 0,
        sender,
    };
    thread::scope(|scope| {
        scope.spawn(move || {
            if let Err(error) = pollster::block_on(export(&mut moment, &lost, &mut sink)) {
                // Nobody listens any more where the other side failed.
                let _unheard = sink.sender.send(Err(error));
            }
        });
        let chain = Chain::begin(&header.encode());
        pollster::block_on(receive(import, frames, chain, new_name, arrival))
    })
}

async fn receive<E: Transfer>(
    mut import: Import<'_, E>,
    frames: Receiver<Result<Frame>>,
    mut chain: Chain,
    name: &str,
    arrival: &mut Arrival<'_>,
) -> fault::Result<Report> {
    let ended = |_| Error::new(ErrorKind::Io).because("the thread that reads ended early");
    let first = frames.recv().map_err(ended)??;
    chain = chain.with(&first);
    let tenant = arrival.tenant(first, Some(name))?;
    import.take(Rows::Tenant(tenant), 0, chain).await?;
    while !arrival.is_at_end() {
        let frame = frames.recv().map_err(ended)??;
        chain = chain.with(&frame);
        arrival.frame(&mut import, frame, chain).await?;
    }
    import.finish().await?;
    Ok(arrival.report())
}

/// The other thread.
struct Channel<'a, E> {
    needs: Needs<'a, E>,
    frames: u64,
    sender: SyncSender<Result<Frame>>,
}

impl<E: Transfer> Sink for Channel<'_, E> {
    fn wants(&mut self, blocks: &[BlockHead]) -> Result<Vec<bool>> {
        self.needs.of(blocks, self.frames)
    }

    fn take(&mut self, frame: Frame) -> Result<()> {
        self.frames += 1;
        let gone = |_| Error::new(ErrorKind::Io).because("the other side ended");
        self.sender.send(Ok(frame)).map_err(gone)
    }
}
