//! A large file of which one byte has changed.

use pollster::block_on;
use tarbox_bench_work::{Content, Files as _, Result};

use super::link::Link;
use super::replica::{Hub, Replica};
use super::tree::DELAY;
use crate::Bench;
use crate::report::{Report, Row};
use crate::subjects::Tarbox;
use crate::workspace::Workspace;

const MIB: usize = 1 << 20;
/// What may be on the wire.
const LIMIT: f64 = 300.0 * 1024.0;

pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let dir = bench.place.group("sync")?;
    let mib = if bench.quick { 64 } else { 1_024 };
    let hub = Hub::start(dir.path())?;
    let link = Link::to(hub.server.port, DELAY)?;
    let replica = Replica::at(&dir.path().join("replica.db"), link.port, &hub.key);
    replica.sync()?;
    {
        let mut tarbox = Tarbox::on(Workspace::open(&replica.path)?);
        let mut content = Content::new(MIB, 3);
        block_on(tarbox.open_new("/large"))?;
        for at in 0..mib {
            block_on(tarbox.write_at((at * MIB) as u64, content.piece()))?;
        }
        block_on(tarbox.close())?;
        block_on(tarbox.settle())?;
    }
    replica.sync()?;
    for (round, name) in ["here", "here again"].into_iter().enumerate() {
        {
            let mut tarbox = Tarbox::on(Workspace::open(&replica.path)?);
            block_on(tarbox.open("/large", false))?;
            block_on(tarbox.write_at((mib * MIB / 3 + round * 10 * MIB) as u64, b"\x01"))?;
            block_on(tarbox.close())?;
            block_on(tarbox.settle())?;
        }
        link.traffic();
        replica.sync()?;
        let bytes = link.traffic().bytes as f64;
        report.row(&Row::new(format!("sync 1 byte of {mib} MiB, {name}"), bytes, LIMIT, "B").goal(1.0));
    }
    Ok(())
}
