//! What the model disk does wrong, exactly.

use tarbox_pool::fault::{CrashPolicy, FaultPlan, FaultPool};
use tarbox_pool::{ErrorKind, OpenOptions, Operation, Pool, PoolExt, PoolFile, PoolFileExt};

const SECTOR: usize = 512;

/// A disk with one synced file of eight sectors of `1`.
fn disk() -> (FaultPool, std::sync::Arc<dyn PoolFile>) {
    let pool = FaultPool::new();
    pool.write_file("a", &[1; 8 * SECTOR]).unwrap();
    let file = pool.open("a", OpenOptions::EXISTING).unwrap();
    (pool, file)
}

fn outcomes(pool: &FaultPool, policy: CrashPolicy) -> impl Iterator<Item = Option<Vec<u8>>> {
    (0..200).map(move |seed| pool.after_crash(seed, policy).read_file("a").ok())
}

#[test]
fn a_crash_interrupts_its_step_and_everything_after_fails() {
    let (pool, file) = disk();
    pool.set_plan(FaultPlan::new().crash_at(2));
    file.write_at(&[2; SECTOR], 0).unwrap();
    for _ in 0..2 {
        assert_eq!(file.sync().unwrap_err().kind(), ErrorKind::PowerLost);
    }
    assert_eq!(
        file.write_at(&[3; SECTOR], 0).unwrap_err().kind(),
        ErrorKind::PowerLost
    );
    assert_eq!(
        file.read_at(&mut [0], 0).unwrap_err().kind(),
        ErrorKind::PowerLost
    );
    assert_eq!(pool.exists("a").unwrap_err().kind(), ErrorKind::PowerLost);
    assert_eq!(pool.delete("a").unwrap_err().kind(), ErrorKind::PowerLost);
    assert_eq!(pool.steps(), 2);
    // The interrupted sync promised nothing, the write before it may have arrived, what came after cannot
    // have.
    let firsts: Vec<u8> = outcomes(&pool, CrashPolicy::Mixed)
        .map(|bytes| bytes.unwrap()[0])
        .collect();
    assert!(firsts.contains(&1) && firsts.contains(&2) && !firsts.contains(&3));
}

#[test]
fn an_interrupted_write_is_torn_between_sectors_and_never_within_one() {
    let (pool, file) = disk();
    pool.set_plan(FaultPlan::new().crash_at(1));
    file.write_at(&[2; 2 * SECTOR], 100).unwrap_err();
    let mut seen = std::collections::BTreeSet::new();
    for bytes in outcomes(&pool, CrashPolicy::InOrder).flatten() {
        let written = |range: std::ops::Range<usize>| {
            let all = |value| bytes[range.clone()].iter().all(|&byte| byte == value);
            assert!(all(1) || all(2), "a sector is torn");
            all(2)
        };
        seen.insert([written(100..512), written(512..1_024), written(1_024..1_124)]);
        assert!(
            bytes[..100].iter().chain(&bytes[1_124..]).all(|&byte| byte == 1),
            "a neighbour was damaged"
        );
    }
    assert_eq!(seen.len(), 8, "every combination of sectors happens");
}

#[test]
fn writes_in_order_survive_as_a_prefix_over_all_files() {
    let pool = FaultPool::new();
    let files = ["a", "b"].map(|name| pool.open(name, OpenOptions::CREATE).unwrap());
    files.iter().for_each(|file| file.sync().unwrap());
    for number in 1..=20_u8 {
        files[usize::from(number) % 2].write_at(&[number], 0).unwrap();
    }
    for seed in 0..100 {
        let disk = pool.after_crash(seed, CrashPolicy::InOrder);
        let last = ["a", "b"].map(|name| disk.read_file(name).unwrap().first().copied().unwrap_or(0));
        // The write at the cut may be lost, so the file it belongs to can be one write of its own further
        // back.
        assert!(last[0].abs_diff(last[1]) <= 3, "{last:?}");
    }
}

#[test]
fn scattered_writes_survive_independently_and_an_older_one_may_win() {
    let (pool, file) = disk();
    file.write_at(&[2; SECTOR], 0).unwrap();
    file.write_at(&[3; SECTOR], 0).unwrap();
    file.write_at(&[4; SECTOR], 4_096 - 512).unwrap();
    let seen: std::collections::BTreeSet<_> = outcomes(&pool, CrashPolicy::Scattered)
        .flatten()
        .map(|bytes| (bytes[0], bytes[4_095]))
        .collect();
    assert_eq!(seen.len(), 6, "{seen:?}");
}

#[test]
fn a_length_and_the_bytes_it_makes_room_for_survive_independently() {
    let (pool, file) = disk();
    file.write_at(&[5; SECTOR], 8 * SECTOR as u64).unwrap();
    let tails = |policy| -> std::collections::BTreeSet<Vec<u8>> {
        outcomes(&pool, policy)
            .flatten()
            .map(|bytes| bytes[8 * SECTOR..].to_vec())
            .collect()
    };
    let expected = [vec![], vec![0; SECTOR], vec![5; SECTOR]].into();
    assert!(tails(CrashPolicy::Scattered) == expected);
    assert!(
        tails(CrashPolicy::Garbage).len() > 3,
        "unwritten room holds garbage"
    );
}

#[test]
fn names_are_durable_with_the_sync_of_their_file_or_of_the_names() {
    let pool = FaultPool::new();
    let synced = pool.open("synced", OpenOptions::CREATE).unwrap();
    synced.sync().unwrap();
    pool.open("unsynced", OpenOptions::CREATE).unwrap();
    pool.delete("synced").unwrap();
    let disk = pool.after_crash(0, CrashPolicy::DropUnsynced);
    assert_eq!(disk.list("").unwrap(), ["synced"]);
    let lists: std::collections::BTreeSet<_> = (0..100)
        .map(|seed| pool.after_crash(seed, CrashPolicy::Scattered).list("").unwrap())
        .collect();
    assert_eq!(lists.len(), 4, "each name survives or not on its own: {lists:?}");
    pool.sync_names().unwrap();
    assert_eq!(
        pool.after_crash(0, CrashPolicy::DropUnsynced).list("").unwrap(),
        ["unsynced"]
    );
}

#[test]
fn a_deletion_that_is_undone_brings_the_synced_bytes_back() {
    let (pool, _file) = disk();
    pool.delete("a").unwrap();
    pool.write_file("b", b"").unwrap();
    assert_eq!(
        pool.after_crash(0, CrashPolicy::DropUnsynced)
            .read_file("a")
            .unwrap(),
        [1; 8 * SECTOR]
    );
}

#[test]
fn a_failed_sync_loses_data_that_a_later_sync_does_not_bring_back() {
    let (pool, file) = disk();
    pool.set_plan(FaultPlan::new().fail(Operation::Sync, 1, ErrorKind::Io));
    file.write_at(&[2; 8 * SECTOR], 0).unwrap();
    assert_eq!(file.sync().unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(
        file.read_all().unwrap(),
        [2; 8 * SECTOR],
        "the cache goes on showing it"
    );
    file.sync().unwrap();
    let durable = pool
        .after_crash(0, CrashPolicy::DropUnsynced)
        .read_file("a")
        .unwrap();
    assert!(durable.contains(&1) && durable.contains(&2));
    file.write_at(&[2; 8 * SECTOR], 0).unwrap();
    file.sync().unwrap();
    assert_eq!(
        pool.after_crash(0, CrashPolicy::DropUnsynced)
            .read_file("a")
            .unwrap(),
        [2; 8 * SECTOR]
    );
}

#[test]
fn a_failed_write_may_leave_part_of_itself() {
    let (pool, file) = disk();
    pool.set_plan(FaultPlan::new().fail(Operation::Write, 2, ErrorKind::Io));
    file.write_at(&[2; SECTOR], 0).unwrap();
    assert_eq!(
        file.write_at(&[3; 4 * SECTOR], 0).unwrap_err().kind(),
        ErrorKind::Io
    );
    assert_eq!(
        file.read_all().unwrap()[..3 * SECTOR],
        [[3; SECTOR], [3; SECTOR], [1; SECTOR]].concat()
    );
    file.write_at(&[4; SECTOR], 0).unwrap();
}

#[test]
fn a_full_disk_stores_what_fits_and_takes_more_when_space_returns() {
    let (pool, file) = disk();
    pool.set_plan(FaultPlan::new().capacity(8 * SECTOR as u64 + 10));
    file.write_at(&[2; 8 * SECTOR], 0).unwrap();
    assert_eq!(
        file.write_at(&[3; 20], 8 * SECTOR as u64).unwrap_err().kind(),
        ErrorKind::NoSpace
    );
    assert_eq!(file.len().unwrap(), 8 * SECTOR as u64 + 10);
    assert_eq!(file.truncate(1 << 20).unwrap_err().kind(), ErrorKind::NoSpace);
    file.truncate(SECTOR as u64).unwrap();
    pool.open("b", OpenOptions::CREATE)
        .unwrap()
        .write_at(&[4; 7 * SECTOR], 0)
        .unwrap();
    pool.delete("b").unwrap();
    pool.open("c", OpenOptions::CREATE)
        .unwrap()
        .write_at(&[5; 7 * SECTOR], 0)
        .unwrap();
}

#[test]
fn short_reads_are_made_whole_by_the_conveniences() {
    let (pool, file) = disk();
    pool.set_plan(FaultPlan::new().short_read_every(1));
    let mut buf = [0; 8];
    assert_eq!(file.read_at(&mut buf, 0).unwrap(), 4);
    assert_eq!(file.read_all().unwrap().len(), 8 * SECTOR);
    file.read_exact_at(&mut buf, 3).unwrap();
}

#[test]
fn calls_fail_until_another_plan_is_set() {
    let (pool, file) = disk();
    pool.set_plan(FaultPlan::new().fail_from(Operation::Read, 2, ErrorKind::Io));
    file.read_at(&mut [0], 0).unwrap();
    for _ in 0..3 {
        assert_eq!(file.read_at(&mut [0], 0).unwrap_err().kind(), ErrorKind::Io);
    }
    pool.set_plan(FaultPlan::new());
    file.read_at(&mut [0], 0).unwrap();
}

#[test]
fn the_trace_lists_every_change_and_sync() {
    let (pool, file) = disk();
    pool.start_trace();
    file.write_at(b"xyz", 7).unwrap();
    file.sync().unwrap();
    file.read_all().unwrap();
    let trace = pool.take_trace();
    let operations: Vec<_> = trace
        .iter()
        .map(|step| (step.operation, step.offset, step.len))
        .collect();
    assert_eq!(operations, [(Operation::Write, 7, 3), (Operation::Sync, 0, 0)]);
    assert!(pool.take_trace().is_empty());
}

#[test]
fn the_same_seed_gives_the_same_disk() {
    let (pool, file) = disk();
    for number in 0..50_u64 {
        file.write_at(&[number as u8; 700], number * 300).unwrap();
    }
    for policy in CrashPolicy::ALL {
        let read = || pool.after_crash(7, policy).read_file("a").unwrap();
        assert_eq!(read(), read(), "{policy:?}");
    }
}

#[test]
fn a_fork_is_a_disk_of_its_own() {
    let (pool, file) = disk();
    file.write_at(&[2; SECTOR], 0).unwrap();
    let fork = pool.fork();
    file.sync().unwrap();
    file.write_at(&[3; SECTOR], 0).unwrap();
    assert_eq!(fork.read_file("a").unwrap()[0], 2);
    assert_eq!(
        fork.after_crash(0, CrashPolicy::DropUnsynced)
            .read_file("a")
            .unwrap()[0],
        1
    );
}
