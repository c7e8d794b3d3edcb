//! A tree of sources: unpacked, searched, looked at by git, removed.

use std::cell::RefCell;
use std::path::Path;

use tarbox_bench_work::Result;

use super::sides::{Side, Sides, millis, run, shell};
use super::{CHANGES, DATA, WARM};
use crate::report::{Report, Row};
use crate::turns::turns;
use crate::{Bench, source_tree};

/// What the rows' names begin with.
pub(crate) const ROWS: &[&str] = &["tree"];

/// Measures all of them, on a tree of 10,000 files for each round.
pub(crate) fn run_tree(bench: &Bench, report: &mut Report) -> Result<()> {
    let sides = RefCell::new(Sides::new(bench)?);
    let beside = sides.borrow().beside().to_owned();
    source_tree::make(&beside.join("tree"), if bench.quick { 2_000 } else { 10_000 })?;
    run(&mut shell(&beside, "tar -cf tree.tar tree && rm -r tree"))?;
    let archive = beside.join("tree.tar");
    let rounds = bench.rounds().min(3);
    let mut row = |name: &str, goal: Option<f64>, cost: &dyn Fn(&mut Sides, Side, u64) -> Result<f64>| {
        let pair = turns(
            rounds,
            |round| cost(&mut sides.borrow_mut(), Side::Tarbox, round),
            |round| cost(&mut sides.borrow_mut(), Side::Bindfs, round),
        )?;
        report.row(&Row::new(format!("{name} vs bindfs"), pair.ours, pair.peer, "ms").maybe_goal(goal));
        Ok(())
    };
    let timed = |dir: &Path, script: &str| millis(|| run(&mut shell(dir, script)));

    row("tree untar 10k files", Some(CHANGES), &|sides, side, round| {
        let dir = sides.root(side).join(round.to_string());
        std::fs::create_dir(&dir)?;
        timed(&dir, &format!("tar -xf {}", archive.display()))
    })?;
    row("tree grep -r after a mount", None, &|sides, side, round| {
        sides.remount(side)?;
        timed(&sides.root(side).join(round.to_string()), GREP)
    })?;
    row("tree grep -r", Some(DATA), &|sides, side, round| {
        let dir = sides.root(side).join(round.to_string());
        run(&mut shell(&dir, GREP))?;
        timed(&dir, GREP)
    })?;
    row("tree stat warm", Some(WARM), &|sides, side, round| {
        let dir = sides.root(side).join(round.to_string());
        let find = "find . -newer /proc -o -size 7777777";
        run(&mut shell(&dir, find))?;
        timed(&dir, find)
    })?;
    for side in [Side::Tarbox, Side::Bindfs] {
        let dir = sides.borrow().root(side).join("1");
        run(&mut shell(&dir, COMMIT))?;
    }
    row("tree git status warm", Some(WARM), &|sides, side, _| {
        let dir = sides.root(side).join("1");
        run(&mut shell(&dir, STATUS))?;
        timed(&dir, STATUS)
    })?;
    row("tree rm -r 10k files", Some(CHANGES), &|sides, side, round| {
        timed(&sides.root(side), &format!("rm -r {round}"))
    })
}

/// Nothing has it, so that everything is read.
const GREP: &str = "! grep -r -F 'no file says this' .";
const STATUS: &str = "test -z \"$(git status --porcelain)\"";
const COMMIT: &str = "git init -q && git config user.name t && git config user.email t@example.org
    git config gc.auto 0 && git add . && git commit -q -m all";
