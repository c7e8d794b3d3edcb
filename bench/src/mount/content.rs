//! Bytes of one file: at random places, and in sequence.

use std::cell::RefCell;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use tarbox_bench_work::{Content, Random, Result};

use super::DATA;
use super::sides::{Side, Sides, millis};
use crate::Bench;
use crate::report::{Report, Row};
use crate::turns::turns;

const PIECE: usize = 1 << 20;
const BLOCK: usize = 4096;
/// Random reads and writes of a round.
const OPERATIONS: u64 = 10_000;

/// What the rows' names begin with.
pub(crate) const ROWS: &[&str] = &["file"];

/// Measures all of them, per file or per operation.
pub(crate) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let sides = RefCell::new(Sides::new(bench)?);
    let pieces = if bench.quick { 32 } else { 256 };
    let blocks = pieces * PIECE / BLOCK;
    let place = |random: &mut Random| (random.below(blocks) * BLOCK) as u64;
    let mut row = |name: &str, unit, goal, cost: &dyn Fn(&mut Sides, Side, u64) -> Result<f64>| {
        let pair = turns(
            bench.rounds(),
            |round| cost(&mut sides.borrow_mut(), Side::Tarbox, round),
            |round| cost(&mut sides.borrow_mut(), Side::Bindfs, round),
        )?;
        report.row(&Row::new(format!("{name} vs bindfs"), pair.ours, pair.peer, unit).maybe_goal(goal));
        Ok(())
    };
    let each = |millis: f64| millis * 1e3 / OPERATIONS as f64;
    row("file write 256M", "ms", Some(DATA), &|sides, side, round| {
        let path = sides.root(side).join("file");
        drop(std::fs::remove_file(&path));
        let mut content = Content::new(PIECE, round);
        millis(|| write(&path, pieces, &mut content))
    })?;
    row("file read 256M", "ms", Some(DATA), &|sides, side, _| {
        sides.remount(side)?;
        let path = sides.root(side).join("file");
        millis(|| read(&path, pieces))
    })?;
    let read_at_random = |file: &File, seed: u64| {
        let (mut random, mut buffer) = (Random::new(seed), [0; BLOCK]);
        for _ in 0..OPERATIONS {
            file.read_exact_at(&mut buffer, place(&mut random))?;
        }
        Ok(())
    };
    row(
        "file random read 4K after a mount",
        "µs",
        None,
        &|sides, side, round| {
            sides.remount(side)?;
            let file = File::open(sides.root(side).join("file"))?;
            Ok(each(millis(|| read_at_random(&file, round))?))
        },
    )?;
    row("file random read 4K", "µs", Some(DATA), &|sides, side, round| {
        sides.remount(side)?;
        let file = File::open(sides.root(side).join("file"))?;
        read_at_random(&file, round)?;
        Ok(each(millis(|| read_at_random(&file, round << 8))?))
    })?;
    row(
        "file random write 4K",
        "µs",
        Some(DATA),
        &|sides, side, round| {
            let file = File::options().write(true).open(sides.root(side).join("file"))?;
            let (mut random, mut content) = (Random::new(round), Content::new(BLOCK, round));
            let took = millis(|| {
                for _ in 0..OPERATIONS {
                    file.write_all_at(content.piece(), place(&mut random))?;
                }
                Ok(())
            })?;
            Ok(each(took))
        },
    )
}

fn write(path: &Path, pieces: usize, content: &mut Content) -> Result<()> {
    let file = File::create(path)?;
    for piece in 0..pieces {
        file.write_all_at(content.piece(), (piece * PIECE) as u64)?;
    }
    Ok(())
}

fn read(path: &Path, pieces: usize) -> Result<()> {
    let file = File::open(path)?;
    let mut buffer = vec![0; PIECE];
    for piece in 0..pieces {
        file.read_exact_at(&mut buffer, (piece * PIECE) as u64)?;
    }
    Ok(())
}
