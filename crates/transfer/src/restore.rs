//! A tenant out of a file.

use std::io::Read;

use tarbox_store::{Error, Result};
use tarbox_store_core::Tenant;
use tarbox_store_core::transfer::{OnCore, Transfer, WIRE};

use crate::check::{Checker, Rows};
use crate::dump::expected;
use crate::fault::{self, Fault};
use crate::file::Reader;
use crate::frame::{Chain, Frame};
use crate::import::{Earlier, Import};
use crate::{Progress, Report};

/// Restores a tenant from a dump, under its own name or another one. Nobody sees it before all of it has arrived and was checked. If that
/// fails because the input ends or a database cannot be reached, what has arrived is kept, and the same call goes on there.
///
/// # Errors
/// `Exists` if there is a tenant of this name; `Corrupt`, with the place, for a dump that is damaged, cut short or was made up; `Busy` if
/// another process restores the same; and those of the database.
pub fn restore<D: OnCore, R: Read>(
    to: &D,
    from: R,
    name: Option<&str>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report> {
    let reader = Reader::begin(from)?;
    pollster::block_on(async {
        let mut arrival = Arrival::new(reader.header().version, progress);
        let restored = restore_frames(to, reader, name, &mut arrival).await;
        arrival.end(to, restored).await
    })
}

async fn restore_frames<D: OnCore, R: Read>(
    to: &D,
    mut reader: Reader<R>,
    name: Option<&str>,
    arrival: &mut Arrival<'_>,
) -> fault::Result<Report> {
    let frame = reader.next()?;
    let tenant = arrival.tenant(frame, name)?;
    let mut import = Import::begin(to.core(), &tenant, reader.header(), Earlier::GoOn).await?;
    arrival.begun(&import);
    import.take(Rows::Tenant(tenant), 0, reader.chain()).await?;
    while !arrival.is_at_end() {
        let frame = reader.next()?;
        let chain = reader.chain();
        // A dump that was resumed is the same one: it says so itself.
        arrival.frame(&mut import, frame, chain).await?;
    }
    reader.end()?;
    import.finish().await?;
    Ok(arrival.report())
}

/// Reads a dump to its end, and checks all that can be told without a database: that it is whole, that nothing in it was changed, that
/// each row can be, and that every block matches its hash.
///
/// # Errors
/// `Corrupt`, with the place.
pub fn verify<R: Read>(from: R, progress: &mut dyn FnMut(Progress)) -> Result<Report> {
    let mut reader = Reader::begin(from)?;
    let mut arrival = Arrival::new(reader.header().version, progress);
    let mut run = || {
        let frame = reader.next()?;
        arrival.tenant(frame, None)?;
        while !arrival.is_at_end() {
            let frame = reader.next()?;
            arrival.look(frame)?;
        }
        reader.end()
    };
    run().map_err(Fault::into_error)?;
    Ok(arrival.report())
}

/// Frames on their way into a database.
pub(crate) struct Arrival<'a> {
    checker: Checker,
    name: Option<String>,
    /// The tenant that nobody sees.
    hidden: Option<tarbox_store_core::TenantId>,
    resumed: u64,
    expected: u64,
    progress: &'a mut dyn FnMut(Progress),
}

impl<'a> Arrival<'a> {
    pub(crate) fn new(version: u32, progress: &'a mut dyn FnMut(Progress)) -> Self {
        Self {
            checker: Checker::new(version),
            name: None,
            hidden: None,
            resumed: 0,
            expected: 0,
            progress,
        }
    }

    /// Forgets what came: it comes once more, from the beginning.
    pub(crate) fn begin_anew(&mut self) {
        self.checker = Checker::new(WIRE);
    }

    /// The first frame: the tenant, under the name that it is to have.
    pub(crate) fn tenant(&mut self, frame: Frame, name: Option<&str>) -> fault::Result<Tenant> {
        let Rows::Tenant(mut tenant) = self.checker.take(frame)? else {
            return Err(Fault::damaged("frame 0: the tenant does not come first"));
        };
        if let Some(name) = name {
            tarbox_store_core::check_tenant_name(name)?;
            tenant.name = name.into();
        }
        self.name = Some(tenant.name.to_string());
        self.expected = expected(&tenant);
        Ok(tenant)
    }

    pub(crate) fn begun<E: Transfer>(&mut self, import: &Import<'_, E>) {
        self.hidden = Some(import.id());
        self.resumed = import.resumed();
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.checker.is_at_end()
    }

    /// Checks a frame.
    fn look(&mut self, frame: Frame) -> fault::Result<Rows> {
        let rows = self.checker.take(frame)?;
        (self.progress)(Progress {
            rows: self.checker.counts.total(),
            bytes: self.checker.bytes,
            expected: self.expected,
        });
        Ok(rows)
    }

    /// Checks and stores a frame.
    pub(crate) async fn frame<E: Transfer>(
        &mut self,
        import: &mut Import<'_, E>,
        frame: Frame,
        chain: Chain,
    ) -> fault::Result<()> {
        let number = self.checker.frames();
        let rows = self.look(frame)?;
        import.take(rows, number, chain).await
    }

    pub(crate) fn report(&self) -> Report {
        Report {
            tenant: self.name.clone().unwrap_or_default(),
            counts: self.checker.counts,
            bytes: self.checker.bytes,
            resumed: self.resumed,
        }
    }

    /// What is told in the end. What was damaged leaves nothing behind.
    pub(crate) async fn end<D: OnCore>(&self, to: &D, restored: fault::Result<Report>) -> Result<Report> {
        let fault = match restored {
            Ok(report) => return Ok(report),
            Err(fault) => fault,
        };
        match (&fault, self.hidden) {
            (Fault::Damaged(_) | Fault::Changed, Some(hidden)) => {
                to.core().engine().discard(hidden).await?;
                Err(fault.into_error())
            }
            (Fault::Failed(_), Some(_)) => Err(with_hint(fault.into_error())),
            (_, None) => Err(fault.into_error()),
        }
    }
}

/// Says how to go on.
fn with_hint(error: Error) -> Error {
    const HINT: &str =
        "what has arrived is kept, and nobody sees it: do the same again to go on, or delete the tenant";
    let detail = match error.detail() {
        Some(detail) => format!("{detail}; {HINT}"),
        None => HINT.to_owned(),
    };
    error.because(detail)
}
