//! Runs tests of Node.js, `test/parallel`, and tells which pass: `nodetests TESTS [--list FILE] [FAMILY...]`.
//!
//! TESTS is the directory `test` of Node's source. All tests share one workspace in memory; each has an engine and a directory for
//! temporary files of its own. A family is the beginning of names: `fs` is `test-fs-*.js` and `test-fs.js`. With one name of a
//! test, what it prints is shown.
//!
//! `tests/node/failures.txt` has the reason of each failure. It fails if a test does that has none there, and if one passes that has.

mod reasons;
mod test;
mod workspace;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use reasons::{Reason, Reasons};
use test::Told;

type Failed = Box<dyn std::error::Error>;

/// What became of the tests of a family.
#[derive(Debug, Default, Clone, Copy)]
struct Share {
    passed: u32,
    failed: u32,
    /// Of those that failed: how many need what is not here.
    outside: u32,
    skipped: u32,
}

fn main() -> Result<(), Failed> {
    let mut args = std::env::args().skip(1);
    let tests = args
        .next()
        .ok_or("usage: nodetests TESTS [--list FILE] [FAMILY...]")?;
    let tests = Path::new(&tests);
    let mut families: Vec<String> = args.collect();
    let mut list = None;
    if families.first().is_some_and(|first| first == "--list") {
        list = Some(fs::File::create(families.get(1).ok_or("a file is needed")?)?);
        families.drain(..2);
    }
    let reasons = Reasons::read(Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/node/failures.txt"
    )))?;
    let names = names(tests, &families)?;
    let workspace = Arc::new(workspace::with(tests, &names)?);
    let shows = names.len() == 1;
    let mut shares: BTreeMap<String, Share> = BTreeMap::new();
    let mut is_as_listed = true;
    each(
        &names,
        |name| test::run(&workspace, name),
        |name, test| {
            if shows {
                print!("{}", test.text);
            }
            let reason = reasons.of(name);
            let share = shares.entry(family_of(name, &families)).or_default();
            let line = match (test.told, reason) {
                (Told::Skipped, _) => {
                    share.skipped += 1;
                    format!("skipped {name}")
                }
                (Told::Passed, None) => {
                    share.passed += 1;
                    format!("passed {name}")
                }
                (Told::Passed, Some(_)) => {
                    share.passed += 1;
                    is_as_listed = false;
                    format!("passed {name}, and there is a reason why it does not")
                }
                (Told::Failed, reason) => {
                    share.failed += 1;
                    share.outside += u32::from(matches!(reason, Some(Reason::Needs(_))));
                    is_as_listed &= reason.is_some();
                    match reason {
                        Some(reason) => format!("FAILED {name}: {reason}"),
                        None => format!("FAILED {name}, and nobody says why: {}", test.first_error()),
                    }
                }
            };
            println!("{line}");
            match &mut list {
                Some(list) => writeln!(list, "{line}"),
                None => Ok(()),
            }
        },
    )?;
    table(&shares);
    match is_as_listed {
        true => Ok(()),
        false => Err("tests/node/failures.txt is not what was found".into()),
    }
}

/// Does the same for all, several at a time, and tells of them in order.
fn each<R: Send>(
    names: &[String],
    work: impl Fn(&str) -> R + Sync,
    mut tell: impl FnMut(&str, R) -> std::io::Result<()>,
) -> Result<(), Failed> {
    let left = Mutex::new(names.iter().enumerate());
    let (sender, done) = channel();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let (left, work, sender) = (&left, &work, sender.clone());
            scope.spawn(move || {
                loop {
                    let next = left.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some((at, name)) = next else { break };
                    if sender.send((at, work(name))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut next = 0;
        for (at, result) in done {
            waiting.insert(at, result);
            while let Some(result) = waiting.remove(&next) {
                tell(&names[next], result)?;
                next += 1;
            }
        }
        Ok(())
    })
}

fn table(shares: &BTreeMap<String, Share>) {
    let mut all = Share::default();
    let line = |name: &str, share: Share| {
        let run = share.passed + share.failed;
        let within = run - share.outside;
        println!(
            "{name:16} {:4} of {run:4}; {:3} need what is not here, {:5.1} % of the others pass ({} say that they do not apply)",
            share.passed,
            share.outside,
            f64::from(share.passed) * 100.0 / f64::from(within.max(1)),
            share.skipped,
        );
    };
    for (family, share) in shares {
        line(family, *share);
        all.passed += share.passed;
        all.failed += share.failed;
        all.outside += share.outside;
        all.skipped += share.skipped;
    }
    line("all", all);
}

/// Names of the tests that belong to the families.
fn names(tests: &Path, families: &[String]) -> Result<Vec<String>, Failed> {
    let mut names = Vec::new();
    for entry in fs::read_dir(tests.join("parallel"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let is_test = name.starts_with("test-") && (name.ends_with(".js") || name.ends_with(".mjs"));
        if is_test && families.iter().any(|family| belongs(&name, family)) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn belongs(name: &str, family: &str) -> bool {
    let rest = name
        .strip_prefix("test-")
        .and_then(|name| name.strip_prefix(family));
    name == family || rest.is_some_and(|rest| rest.starts_with(['-', '.']))
}

fn family_of(name: &str, families: &[String]) -> String {
    let found = families
        .iter()
        .filter(|family| belongs(name, family))
        .max_by_key(|family| family.len());
    found.cloned().unwrap_or_default()
}
