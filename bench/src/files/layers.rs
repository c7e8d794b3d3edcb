//! Many layers beside one.

use std::path::Path;

use tarbox_bench_work::{Content, Random, Result};
use tarbox_fs::{FilesystemExt, blocking};

use crate::Bench;
use crate::report::{Report, Row};
use crate::turns::{micros_each, turns};
use crate::workspace::Workspace;

/// Files that are looked at; every tenth is changed again and again, layer by layer.
const FILES: usize = 1_000;
const CHANGED_EVERY: usize = 10;
const BYTES: usize = 1024;
/// Checkpoints of one turn: few beside the layers there are, and enough to time.
const CHECKPOINTS: usize = 20;
/// How often a turn goes through all files.
const PASSES: usize = 10;
/// Ours may not cost more at many layers than this times what it costs at one.
const GOAL: f64 = 1.1;

/// What the rows' names begin with.
pub(crate) const ROWS: &[&str] = &[
    "stat at 10000 layers",
    "read at 10000 layers",
    "checkpoint at 10000 layers",
];

/// Measures all of them.
pub(crate) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let dir = bench.place.group("layers")?;
    let layers = if bench.quick { 1_000 } else { 10_000 };
    let one = workspace(&dir.path().join("one.db"), 0)?;
    let many = workspace(&dir.path().join("many.db"), layers)?;
    let rounds = bench.rounds();
    let pair = turns(rounds, |r| stat(&many, r), |r| stat(&one, r))?;
    report.row(&Row::new("stat at 10000 layers vs 1", pair.ours, pair.peer, "us").goal(GOAL));
    let pair = turns(rounds, |r| read(&many, r), |r| read(&one, r))?;
    report.row(&Row::new("read at 10000 layers vs 1", pair.ours, pair.peer, "us").goal(GOAL));
    // The workspace with one layer does not keep it: each turn gets a new one.
    let fresh = |r: u64| checkpoint(&workspace(&dir.path().join(format!("one-{r}.db")), 0)?, r);
    let pair = turns(rounds, |r| checkpoint(&many, r), fresh)?;
    report.row(&Row::new("checkpoint at 10000 layers vs 1", pair.ours, pair.peer, "us").goal(GOAL));
    Ok(())
}

fn path(file: usize) -> String {
    format!("tree/{:02}/{file:04}", file % 10)
}

/// A workspace with the same files, and this many sealed layers in each of which some of them changed.
fn workspace(at: &Path, layers: usize) -> Result<Workspace> {
    let w = Workspace::create(at)?;
    let mut content = Content::new(BYTES, 1);
    for dir in 0..10 {
        blocking(w.fs.create_dir_all(&w.who, format!("tree/{dir:02}").as_str()))?;
    }
    for file in 0..FILES {
        blocking(w.fs.write_file(&w.who, path(file).as_str(), content.piece()))?;
    }
    for layer in 0..layers {
        let file = layer * CHANGED_EVERY % FILES;
        blocking(w.fs.write_file(&w.who, path(file).as_str(), content.piece()))?;
        w.checkpoint(&format!("layer-{layer}"))?;
    }
    w.settle()?;
    Ok(w)
}

fn shuffled(round: u64) -> Vec<String> {
    let mut random = Random::new(round);
    (0..FILES * PASSES).map(|_| path(random.below(FILES))).collect()
}

fn stat(w: &Workspace, round: u64) -> Result<f64> {
    let paths = shuffled(round);
    micros_each(paths.len(), || {
        for path in &paths {
            blocking(w.fs.stat(&w.who, path.as_str()))?;
        }
        Ok(())
    })
}

fn read(w: &Workspace, round: u64) -> Result<f64> {
    let paths = shuffled(round);
    micros_each(paths.len(), || {
        for path in &paths {
            let content = blocking(w.fs.read_file(&w.who, path.as_str()))?;
            assert_eq!(content.len(), BYTES, "{path}");
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
