//! A tree of small files: the first clone, a hundredth of it changed, and nothing changed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use pollster::block_on;
use tarbox_bench_work::{Content, Files as _, Result};

use super::link::Link;
use super::replica::{Hub, Replica};
use super::rivals::{Kind, Rival};
use crate::race::median;
use crate::report::{Report, Row};
use crate::subjects::Tarbox;
use crate::workspace::Workspace;
use crate::{Bench, programs};

/// How long a byte is under way, in each direction: 20 ms there and back.
pub(super) const DELAY: Duration = Duration::from_millis(10);
const FILES_PER_DIR: usize = 100;
/// Bytes of a file: 10,000 of them are 5.6 MB.
const SIZE: usize = 560;
/// What a changed file may cost beside its content.
const ATTRIBUTES: usize = 200;
const ROUNDS: usize = 3;

fn path(file: usize) -> String {
    format!("dir_{:03}/file_{file:06}", file / FILES_PER_DIR)
}

/// Content that only this file has, and only in this version.
fn content(file: usize, version: usize) -> Vec<u8> {
    let seed = (version * 1_000_000 + file + 1) as u64;
    // Some programs tell versions apart by their length and second alone.
    Content::new(SIZE + version * 8, seed).piece().to_vec()
}

/// Writes the tree on the host.
pub(super) fn make(at: &Path, files: usize) -> Result<()> {
    for file in 0..files {
        let to = at.join(path(file));
        if file % FILES_PER_DIR == 0 {
            fs::create_dir_all(to.parent().ok_or("it has no parent")?)?;
        }
        fs::write(to, content(file, 0))?;
    }
    Ok(())
}

/// Writes a new version of every hundredth file, in a workspace whose root the tree is.
pub(super) fn change(db: &Path, files: usize, every: usize, version: usize) -> Result<()> {
    let mut tarbox = Tarbox::on(Workspace::open(db)?);
    for file in (0..files).step_by(every) {
        block_on(tarbox.create(&format!("/{}", path(file)), &content(file, version)))?;
    }
    block_on(tarbox.settle())
}

pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let dir = bench.place.group("sync")?;
    let files = if bench.quick { 1_000 } else { 10_000 };
    let source = dir.path().join("source");
    make(&source, files)?;
    let hub = Hub::start(dir.path())?;
    for at in fs::read_dir(&source)? {
        let at = at?;
        let to = format!("/{}", at.file_name().display());
        hub.run(&["import", &at.path().display().to_string(), &to])?;
    }
    let link = Link::to(hub.server.port, DELAY)?;
    let mut rivals = Vec::new();
    for kind in Kind::ALL {
        let rival = Rival::start(kind, dir.path(), DELAY)?;
        programs::time(
            Path::new("/bin/cp"),
            [
                "-a".as_ref(),
                source.join(".").as_os_str(),
                rival.there().as_os_str(),
            ],
        )?;
        rivals.push((kind, rival));
    }

    let mut ours = Vec::new();
    let mut theirs = vec![Vec::new(); rivals.len()];
    let mut replica = None;
    for round in 0..ROUNDS {
        let clone = Replica::at(
            &dir.path().join(format!("replica-{round}.db")),
            link.port,
            &hub.key,
        );
        ours.push(millis(clone.sync()?));
        replica = Some(clone);
        for ((kind, rival), times) in rivals.iter().zip(&mut theirs) {
            // It takes minutes.
            if *kind == Kind::Rclone && round > 0 {
                continue;
            }
            rival.forget()?;
            times.push(millis(rival.pull()?));
        }
    }
    let replica = replica.ok_or("there was no round")?;
    for ((kind, _), times) in rivals.iter().zip(&theirs) {
        let row = Row::new(
            format!("sync clone {files} files vs {}", kind.name()),
            median(&ours),
            median(times),
            "ms",
        );
        report.row(&row.maybe_goal((*kind == Kind::Rsync).then_some(1.0)));
    }
    report.row(&Row::new("sync clone until any file is read", median(&ours), 1_000.0, "ms").goal(1.0));

    changed(&hub, &replica, &link, &rivals, files, report)?;

    link.traffic();
    let took = millis(replica.sync()?);
    let requests = link.traffic().requests as f64;
    report.row(&Row::new("sync nothing changed, requests of a process", requests, 2.0, "").goal(1.0));
    for (kind, rival) in &rivals {
        let row = format!("sync nothing changed vs {}", kind.name());
        report.row(&Row::new(row, took, millis(rival.push()?), "ms"));
    }
    Ok(())
}

/// A hundredth of the files has changed here.
fn changed(
    hub: &Hub,
    replica: &Replica,
    link: &Link,
    rivals: &[(Kind, Rival)],
    files: usize,
    report: &mut Report,
) -> Result<()> {
    let mut ours = Vec::new();
    let mut theirs = vec![(Vec::new(), Vec::new()); rivals.len()];
    let (mut bytes, mut requests) = (Vec::new(), Vec::new());
    for version in 1..=ROUNDS {
        change(&replica.path, files, 100, version)?;
        link.traffic();
        ours.push(millis(replica.sync()?));
        let traffic = link.traffic();
        bytes.push(traffic.bytes as f64);
        requests.push(traffic.requests as f64);
        for ((_, rival), (times, sent)) in rivals.iter().zip(&mut theirs) {
            for file in (0..files).step_by(100) {
                fs::write(rival.here().join(path(file)), content(file, version))?;
            }
            rival.bytes();
            times.push(millis(rival.push()?));
            sent.push(rival.bytes() as f64);
            if fs::read(rival.there().join(path(0)))? != content(0, version) {
                return Err("the rival has not brought it over".into());
            }
        }
    }
    // The file is there, or this fails.
    hub.run(&["stat", &format!("/{}", path(0))])?;
    let n = files.div_ceil(100);
    let least = n * ATTRIBUTES + (SIZE + 8 * ROUNDS) * n * 11 / 10;
    report.row(&Row::new("sync 1 % changed, bytes", median(&bytes), least as f64, "B").goal(1.0));
    report.row(&Row::new("sync 1 % changed, requests", median(&requests), 10.0, "").goal(1.0));
    for ((kind, _), (times, sent)) in rivals.iter().zip(&theirs) {
        let name = kind.name();
        report.row(
            &Row::new(
                format!("sync 1 % changed vs {name}"),
                median(&ours),
                median(times),
                "ms",
            )
            .goal(0.5),
        );
        report.row(&Row::new(
            format!("sync 1 % changed, bytes vs {name}"),
            median(&bytes),
            median(sent),
            "B",
        ));
    }
    Ok(())
}

pub(super) fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}
