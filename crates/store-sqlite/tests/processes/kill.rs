//! A process is killed at any moment: everything it told to be synced is there, and the rest is a prefix of what it did.

use std::path::Path;

use tarbox_store::conformance::bytes;
use tarbox_store::*;

use crate::child::Process;
use crate::{block, check, database, is_long, open};

/// Waits for so many words and for so long after the last, as a random number has it, and kills.
fn run_and_kill(path: &Path, round: u64) -> Option<u64> {
    let random = u64::from_le_bytes(bytes(round, 8).try_into().unwrap());
    let mut child = Process::start(&format!("write {round}"), path);
    let mut told = None;
    for _ in 0..random % 12 {
        match child.hear() {
            Some(line) => told = Some(line.parse().unwrap()),
            None => panic!("the child died by itself"),
        }
    }
    // Anywhere within what it does next: this is no wait for anything, just another moment to be killed at.
    std::thread::sleep(std::time::Duration::from_micros(random / 12 % 3_000));
    child.kill();
    // What it told before it died counts, though it was not heard yet.
    while let Some(line) = child.hear() {
        told = Some(line.parse().unwrap());
    }
    told
}

#[test]
fn what_was_synced_outlives_its_process() {
    let (_dir, path) = database();
    let rounds = if is_long() { 200 } else { 20 };
    for round in 0..rounds {
        let told = run_and_kill(&path, round);
        crate::wait_for_the_dead(&path);
        let (database, s) = open(&path);
        check_round(&s, round, told);
        if round % 5 == 0 {
            block(s.gc()).unwrap();
        }
        check(&database);
    }
}

/// Everything up to what was told is there, and what is there of the rest is whole and without gaps.
fn check_round(s: &impl Store, round: u64, told: Option<u64>) {
    let last = (0u64..)
        .take_while(|i| exists(s, round, *i) || exists(s, round, i + 1) || was_removed(s, round, *i))
        .last();
    assert!(
        last >= told,
        "{told:?} was told in round {round}, only {last:?} is there"
    );
    for i in 0..=last.unwrap_or(0) {
        let Some(last) = last else { break };
        let name = format!("r{round}-{i}");
        match block(s.lookup(View::Current, Ino::ROOT, name.as_bytes())) {
            Ok(attr) => {
                let mut content = vec![0; attr.size as usize];
                block(s.read(View::Current, attr.ino, 0, &mut content, Access::Quiet)).unwrap();
                let expected = bytes(
                    round * 1_000_000 + i,
                    [10, 1_000, 5_000, 200_000][(i % 4) as usize],
                );
                // The very last may have been made and not written yet.
                let unfinished = i == last && content.is_empty() && told.is_none_or(|told| told < i);
                assert!(content == expected || unfinished, "{name} has other content");
            }
            Err(e) => {
                assert_eq!(e.kind(), ErrorKind::NotFound);
                assert!(
                    i % 5 == 2 && i + 2 <= last,
                    "{name} is missing, and {last} is there"
                );
            }
        }
    }
}

fn exists(s: &impl Store, round: u64, i: u64) -> bool {
    let name = format!("r{round}-{i}");
    block(s.lookup(View::Current, Ino::ROOT, name.as_bytes())).is_ok()
}

/// Every fifth file is removed together with the making of the one two behind it.
fn was_removed(s: &impl Store, round: u64, i: u64) -> bool {
    i % 5 == 2 && exists(s, round, i + 2)
}
