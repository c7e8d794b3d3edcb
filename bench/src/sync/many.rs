//! A thousand changes among very many files.

use pollster::block_on;
use tarbox_bench_work::{Files as _, Result};

use super::replica::{Hub, Replica};
use crate::report::{Report, Row};
use crate::subjects::Tarbox;
use crate::workspace::Workspace;
use crate::{Bench, programs};

const FILES_PER_DIR: usize = 1_000;
const CHANGES: usize = 1_000;

pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let dir = bench.place.group("sync")?;
    let files = if bench.quick { 20_000 } else { 1_000_000 };
    let path = |file: usize| format!("/dir_{:04}/file_{file:07}", file / FILES_PER_DIR);
    {
        let mut tarbox = Tarbox::create(&dir.path().join("hub.db"))?;
        for file in 0..files {
            if file % FILES_PER_DIR == 0 {
                block_on(tarbox.mkdir(&format!("/dir_{:04}", file / FILES_PER_DIR)))?;
            }
            block_on(tarbox.create(&path(file), format!("file {file}").as_bytes()))?;
        }
        block_on(tarbox.settle())?;
    }
    let hub = Hub::start(dir.path())?;
    let replica = Replica::at(&dir.path().join("replica.db"), hub.server.port, &hub.key);
    replica.sync()?;
    {
        let mut tarbox = Tarbox::on(Workspace::open(&replica.path)?);
        for file in (0..files).step_by(files / CHANGES) {
            block_on(tarbox.create(&path(file), b"changed"))?;
        }
        block_on(tarbox.settle())?;
    }
    let used = programs::watch(replica.command(&["sync"])?)?;
    let name = format!("sync many, {CHANGES} of {files} changed");
    let processor = used.processor.as_secs_f64();
    report.row(&Row::new(format!("{name}, processor"), processor, 2.0, "s").goal(1.0));
    report.row(&Row::new(format!("{name}, memory"), used.peak_mib, 100.0, "MiB").goal(1.0));
    Ok(())
}
