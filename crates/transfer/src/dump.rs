//! A tenant into a file.

use std::io::Write;

use tarbox_store::Result;
use tarbox_store_core::transfer::{BlockHead, Moment, OnCore, Transfer};

use crate::export::{Lost, Sink, export};
use crate::file::Writer;
use crate::frame::Frame;
use crate::{Progress, Report};

/// Writes a tenant as it is now, and answers what was written and the hash of everything.
///
/// # Errors
/// `NotFound` if there is no such tenant, `Busy` for one that is being restored, `Corrupt` for one that is damaged, and those of the
/// output.
pub fn dump<D: OnCore, W: Write>(
    from: &D,
    name: &str,
    out: W,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report> {
    pollster::block_on(async {
        let mut moment = moment(from, name).await?;
        let expected = expected(moment.tenant());
        let mut sink = Output {
            writer: Writer::begin(out)?,
            so_far: Progress {
                expected,
                ..Progress::default()
            },
            progress,
        };
        let lost = Lost::find(&mut moment).await?;
        let counts = export(&mut moment, &lost, &mut sink).await?;
        let bytes = sink.so_far.bytes;
        sink.writer.finish()?;
        Ok(Report {
            tenant: name.to_owned(),
            counts,
            bytes,
            resumed: 0,
        })
    })
}

/// A tenant as it is now, with everything that this process did committed.
pub(crate) async fn moment<'a, D: OnCore>(
    from: &'a D,
    name: &str,
) -> Result<<D::Engine as Transfer>::Moment<'a>> {
    let core = from.core();
    core.commit().await?;
    let tenant = core.named(name).await?;
    tenant.state.check_whole(name)?;
    core.engine().moment(tenant.id).await
}

/// About how many rows there are.
pub(crate) fn expected(tenant: &tarbox_store_core::Tenant) -> u64 {
    let log = tenant.quota.log_records.unwrap_or(u64::MAX).min(tenant.next_seq);
    2 * tenant.inodes + log + tenant.layers
}

struct Output<'a, W> {
    writer: Writer<W>,
    so_far: Progress,
    progress: &'a mut dyn FnMut(Progress),
}

impl<W: Write> Sink for Output<'_, W> {
    fn wants(&mut self, blocks: &[BlockHead]) -> Result<Vec<bool>> {
        self.so_far.bytes += blocks.iter().map(|head| u64::from(head.len)).sum::<u64>();
        Ok(vec![true; blocks.len()])
    }

    fn take(&mut self, frame: Frame) -> Result<()> {
        self.so_far.rows += u64::from(frame.count);
        self.writer.write(&frame)?;
        (self.progress)(self.so_far);
        Ok(())
    }
}
