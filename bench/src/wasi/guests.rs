//! Programs that carry their workspace: how soon they are ready, beside native calls, and what open files cost.

use std::path::Path;
use std::time::Instant;

use tarbox_bench_work::{Content, Result};
use tarbox_fs::{FilesystemExt, FilesystemInterface, OpenFlags, blocking};
use tarbox_store::WriteAt;

use super::sides::{Host, Sides};
use crate::race::median;
use crate::report::{Report, Row};
use crate::workspace::Workspace;
use crate::{Bench, build, programs};

/// What the rows' names begin with.
pub(crate) const ROWS: &[&str] = &["guests first", "guests cached", "guests memory"];

/// As the guest has them.
const PAGE: usize = 4096;
const PIECE: usize = 64 * 1024;
/// Files that are open at once; the adapter of preview 1 has no room for many more.
const OPEN: usize = 400;

/// Measures all of them.
pub(crate) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let guest = build::guest()?;
    let sides = Sides::new(bench)?;
    for host in [Host::Composed, Host::WasmtimeCli] {
        sides.compile(host, &guest)?;
        sides.sample(host, &guest, &["prepare", "1", "0"])?;
    }
    first_read(bench, report, &sides, &guest)?;
    cached(bench, report, &sides, &guest)?;
    memory(report, &sides, &guest)
}

fn first_read(bench: &Bench, report: &mut Report, sides: &Sides, guest: &Path) -> Result<()> {
    let args = &["read", "1", "0"];
    let ms = |host| sides.time(host, guest, args).map(|took| took.as_secs_f64() * 1e3);
    let (mut composed, mut plain, mut compiling) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.rounds() {
        composed.push(ms(Host::Composed)?);
        plain.push(ms(Host::WasmtimeCli)?);
        compiling.push(sides.time_compiling(args)?.as_secs_f64() * 1e3);
    }
    let composed = median(&composed);
    report.row(
        &Row::new(
            "guests first read, precompiled, vs the goal",
            composed,
            20.0,
            "ms",
        )
        .goal(1.0),
    );
    report.row(&Row::new(
        "guests first read, precompiled, vs wasmtime",
        composed,
        median(&plain),
        "ms",
    ));
    let compiling = median(&compiling);
    report.row(
        &Row::new(
            "guests first read, compiled from nothing, vs the goal",
            compiling,
            100.0,
            "ms",
        )
        .goal(1.0),
    );
    Ok(())
}

fn cached(bench: &Bench, report: &mut Report, sides: &Sides, guest: &Path) -> Result<()> {
    let operations = if bench.quick { 1_000 } else { 10_000 };
    let workspace = Workspace::create(&sides.native())?;
    let mut content = Content::new(PAGE, 1);
    let Workspace { fs, who } = &workspace;
    blocking(fs.write_file(who, "/file", content.piece()))?;
    let (mut read, mut wrote) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for round in 1..=bench.rounds() {
        let sample = |work: &str| {
            let args = [work, &operations.to_string(), &round.to_string()];
            sides
                .sample(Host::Composed, guest, &args)
                .map(|sample| sample.micros())
        };
        read[0].push(sample("read")?);
        read[1].push(native_reads(&workspace, operations)?);
        wrote[0].push(sample("write")?);
        wrote[1].push(native_writes(&workspace, operations, round)?);
    }
    let row = |name: &str, [ours, native]: &[Vec<f64>; 2]| {
        Row::new(
            format!("guests cached {name} vs native"),
            median(ours),
            median(native),
            "us",
        )
        .goal(2.0)
    };
    report.row(&row("open+read 4K+close", &read));
    report.row(&row("write 64K", &wrote));
    Ok(())
}

/// Microseconds of one.
fn native_reads(workspace: &Workspace, operations: usize) -> Result<f64> {
    let Workspace { fs, who } = workspace;
    let mut buffer = [0; PAGE];
    let start = Instant::now();
    for _ in 0..operations {
        let (_, handle) = blocking(fs.open_path(who, "/file", OpenFlags::READ, None))?;
        blocking(fs.read(handle, 0, &mut buffer))?;
        blocking(fs.release(handle))?;
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / operations as f64)
}

/// Microseconds of one.
fn native_writes(workspace: &Workspace, operations: usize, round: u64) -> Result<f64> {
    /// Where writing begins anew, as in the guest.
    const WRITTEN_MAX: u64 = 16 << 20;
    let Workspace { fs, who } = workspace;
    let mut content = Content::new(PIECE, round + 1);
    let start = Instant::now();
    let opened = fs.open_path(who, "/written", OpenFlags::WRITE.truncated(), Some(0o666));
    let (_, handle) = blocking(opened)?;
    let mut offset = 0;
    for _ in 0..operations {
        blocking(fs.write(handle, WriteAt::Offset(offset), content.piece()))?;
        offset = (offset + PIECE as u64) % WRITTEN_MAX;
    }
    blocking(fs.release(handle))?;
    Ok(start.elapsed().as_secs_f64() * 1e6 / operations as f64)
}

/// What the process needs at most with all files open, beyond what it needs with one.
fn memory(report: &mut Report, sides: &Sides, guest: &Path) -> Result<()> {
    let peak = |count: usize| {
        let (program, args) = sides.command(Host::Composed, guest, &["hold", &count.to_string(), "0"]);
        programs::peak_mib(program, args)
    };
    let grown = peak(OPEN)? - peak(1)?;
    report.row(
        &Row::new(
            format!("guests memory of {OPEN} open files vs the goal"),
            grown,
            16.0,
            "MiB",
        )
        .goal(1.0),
    );
    Ok(())
}
