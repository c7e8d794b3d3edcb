//! A million files beside a thousand.

use std::path::Path;

use tarbox_bench_work::{Content, Random, Result};
use tarbox_fs::{FilesystemExt, blocking};

use crate::Bench;
use crate::report::{Report, Row};
use crate::turns::{micros_each, turns};
use crate::workspace::Workspace;

const SMALL: usize = 1_000;
const FILES_PER_DIR: usize = 100;
const BYTES: usize = 256;
/// Operations of one turn.
const OPERATIONS: usize = 10_000;
const CHECKPOINTS: usize = 20;
/// How much more it may cost at a million files.
const GOAL: f64 = 1.5;
/// A workspace opens in this time, with a first look into it.
const OPEN_US_MAX: f64 = 10_000.0;

/// What the rows' names begin with.
pub(crate) const ROWS: &[&str] = &[
    "stat at 1000000 files",
    "read at 1000000 files",
    "checkpoint at 1000000 files",
    "open 1000000 files",
    "stat anywhere at 1000000 files",
    "read anywhere at 1000000 files",
];

/// Measures all of them.
pub(crate) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let dir = bench.place.group("scale")?;
    let large_files = if bench.quick { 100_000 } else { 1_000_000 };
    let (small_db, large_db) = (dir.path().join("small.db"), dir.path().join("large.db"));
    let small = fill(&small_db, SMALL)?;
    eprintln!("making {large_files} files");
    drop(fill(&large_db, large_files)?);
    let rounds = bench.rounds();
    report.row(&open(&large_db, rounds)?);
    let large = Workspace::open(&large_db)?;
    same_number(&small, &large, large_files, rounds, report)?;
    anywhere(&small, &large, large_files, rounds, report)?;
    let pair = turns(rounds, |r| checkpoint(&large, r), |r| checkpoint(&small, r))?;
    report.row(&Row::new("checkpoint at 1000000 files vs 1000", pair.ours, pair.peer, "us").goal(GOAL));
    Ok(())
}

/// As many different files on both sides, here and there in the tree: what a program costs that works on a thousand
/// files, in a tree of a thousand or of a million.
fn same_number(
    small: &Workspace,
    large: &Workspace,
    files: usize,
    rounds: u64,
    report: &mut Report,
) -> Result<()> {
    let spread = |n: usize| n * (files / SMALL);
    let pair = turns(
        rounds,
        |r| stat(large, &some(r, spread)),
        |r| stat(small, &some(r, |n| n)),
    )?;
    report.row(&Row::new("stat at 1000000 files vs 1000", pair.ours, pair.peer, "us").goal(GOAL));
    let pair = turns(
        rounds,
        |r| read(large, &some(r, spread)),
        |r| read(small, &some(r, |n| n)),
    )?;
    report.row(&Row::new("read at 1000000 files vs 1000", pair.ours, pair.peer, "us").goal(GOAL));
    Ok(())
}

/// Any file at all: more than caches hold, so the engine's own lookups are in it.
fn anywhere(
    small: &Workspace,
    large: &Workspace,
    files: usize,
    rounds: u64,
    report: &mut Report,
) -> Result<()> {
    let any = |r: u64, limit| {
        let mut random = Random::new(r);
        (0..OPERATIONS)
            .map(|_| path(random.below(limit)))
            .collect::<Vec<_>>()
    };
    let pair = turns(
        rounds,
        |r| stat(large, &any(r, files)),
        |r| stat(small, &any(r, SMALL)),
    )?;
    report.row(&Row::new(
        "stat anywhere at 1000000 files vs 1000",
        pair.ours,
        pair.peer,
        "us",
    ));
    let pair = turns(
        rounds,
        |r| read(large, &any(r, files)),
        |r| read(small, &any(r, SMALL)),
    )?;
    report.row(&Row::new(
        "read anywhere at 1000000 files vs 1000",
        pair.ours,
        pair.peer,
        "us",
    ));
    Ok(())
}

fn path(file: usize) -> String {
    let dir = file / FILES_PER_DIR;
    format!("{:03}/{:03}/{:02}", dir / 100, dir % 100, file % FILES_PER_DIR)
}

fn some(round: u64, spread: impl Fn(usize) -> usize) -> Vec<String> {
    let mut random = Random::new(round);
    (0..OPERATIONS)
        .map(|_| path(spread(random.below(SMALL))))
        .collect()
}

fn fill(at: &Path, files: usize) -> Result<Workspace> {
    let w = Workspace::create(at)?;
    let mut content = Content::new(BYTES, 1);
    for file in 0..files {
        let path = path(file);
        if file % FILES_PER_DIR == 0 {
            let dir = &path[..path.len() - 3];
            blocking(w.fs.create_dir_all(&w.who, dir))?;
        }
        blocking(w.fs.write_file(&w.who, path.as_str(), content.piece()))?;
    }
    w.settle()?;
    Ok(w)
}

fn open(at: &Path, rounds: u64) -> Result<Row> {
    let ours = |r| {
        let mut opened = None;
        let micros = micros_each(1, || {
            let w = Workspace::open(at)?;
            blocking(w.fs.stat(&w.who, path(r as usize * 1_000).as_str()))?;
            opened = Some(w);
            Ok(())
        });
        drop(opened);
        micros
    };
    let pair = turns(rounds, ours, |_| Ok(OPEN_US_MAX))?;
    Ok(Row::new("open 1000000 files vs 10 ms", pair.ours, pair.peer, "us").goal(1.0))
}

fn stat(w: &Workspace, paths: &[String]) -> Result<f64> {
    micros_each(paths.len(), || {
        for path in paths {
            blocking(w.fs.stat(&w.who, path.as_str()))?;
        }
        Ok(())
    })
}

fn read(w: &Workspace, paths: &[String]) -> Result<f64> {
    micros_each(paths.len(), || {
        for path in paths {
            blocking(w.fs.read_file(&w.who, path.as_str()))?;
        }
        Ok(())
    })
}

/// Changes a file and seals a layer, a few times; the change is not part of the cost.
fn checkpoint(w: &Workspace, round: u64) -> Result<f64> {
    let mut content = Content::new(BYTES, 1_000 + round);
    let mut micros = 0.0;
    for n in 0..CHECKPOINTS {
        blocking(w.fs.write_file(&w.who, path(n).as_str(), content.piece()))?;
        w.settle()?;
        micros += micros_each(CHECKPOINTS, || w.checkpoint(&format!("turn-{round}-{n}")))?;
    }
    Ok(micros)
}
