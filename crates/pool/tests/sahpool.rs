//! A pool in slots on a disk that loses what was not synced, and on one that fails.

use std::collections::BTreeMap;
use std::sync::Arc;

use tarbox_pool::fault::{CrashPolicy, FaultPlan, FaultPool};
use tarbox_pool::sahpool::Damage;
use tarbox_pool::{ErrorKind, OpenOptions, Operation, Pool, PoolExt, PoolFile, SahPool};

const SLOTS: u32 = 6;

fn slot(disk: &FaultPool, id: u32) -> (u32, Arc<dyn PoolFile>) {
    (id, disk.open(&format!("slot-{id}"), OpenOptions::CREATE).unwrap())
}

fn pool(disk: &FaultPool) -> SahPool {
    SahPool::open((0..SLOTS).map(|id| slot(disk, id))).unwrap()
}

/// A disk with empty slots that are there for good.
fn disk() -> FaultPool {
    let disk = FaultPool::new();
    (0..SLOTS).for_each(|id| slot(&disk, id).1.sync().unwrap());
    disk.sync_names().unwrap();
    disk
}

/// What the workload knows to be durable: for each name the contents it must have, or that it must not be there.
type Durable = BTreeMap<&'static str, Option<Vec<u8>>>;

/// Creates, rewrites, deletes and renames files, in more slots than there are unless they are used again. Stops at the first
/// error.
fn work(pool: &SahPool, durable: &mut Durable) -> tarbox_pool::Result<()> {
    for round in 0..4_u8 {
        for name in ["a", "b", "c", "d"] {
            // From the first change on, nothing is known about the name until the next sync.
            durable.remove(name);
            let contents = vec![round * 16 + name.as_bytes()[0]; 700 + usize::from(round) * 900];
            let file = pool.open(name, OpenOptions::CREATE_NEW)?;
            file.write_at(&contents, 0)?;
            file.sync()?;
            durable.insert(name, Some(contents));
        }
        durable.remove("renamed");
        let moved = durable.remove("a").flatten();
        pool.rename("a", "renamed")?;
        durable.insert("a", None);
        durable.insert("renamed", moved);
        for name in ["b", "c", "d", "renamed"] {
            durable.remove(name);
            pool.delete(name)?;
            if name == "c" {
                pool.sync_names()?;
                durable.insert("b", None);
                durable.insert("c", None);
            }
        }
    }
    Ok(())
}

#[test]
fn every_crash_leaves_what_was_synced() {
    let start = disk();
    let whole = start.fork();
    work(&pool(&whole), &mut Durable::new()).unwrap();
    let steps = whole.steps();
    assert!(steps > 100);
    for step in 1..=steps {
        let disk = start.fork();
        disk.set_plan(FaultPlan::new().crash_at(step));
        let mut durable = Durable::new();
        let stopped = work(&pool(&disk), &mut durable).unwrap_err();
        assert_eq!(stopped.kind(), ErrorKind::PowerLost);
        for seed in 0..12 {
            let policy = [
                CrashPolicy::DropUnsynced,
                CrashPolicy::InOrder,
                CrashPolicy::Mixed,
            ][seed as usize % 3];
            let after = pool(&disk.after_crash(seed, policy));
            for (name, expected) in &durable {
                let found = after.read_file(name).ok();
                assert_eq!(&found, expected, "{name} at step {step}, seed {seed}, {policy:?}");
            }
            // What was set aside is a creation or a rename that was torn, and the rest can be used.
            let aside = after.set_aside();
            let torn = [Damage::BadDigest, Damage::BadFlags, Damage::Truncated];
            assert!(aside.iter().all(|one| torn.contains(&one.damage)), "{aside:?}");
            for one in aside {
                after.discard(one.slot).unwrap();
            }
            for name in after.list("").unwrap() {
                after.delete(&name).unwrap();
            }
            for number in 0..SLOTS {
                after.write_file(&format!("new-{number}"), b"room").unwrap();
            }
        }
    }
}

#[test]
fn a_name_survives_a_sync_that_failed_and_one_that_did_not() {
    let disk = disk();
    let slots = pool(&disk);
    let file = slots.open("a", OpenOptions::CREATE).unwrap();
    disk.set_plan(FaultPlan::new().fail(Operation::Sync, 1, ErrorKind::Io));
    file.sync().unwrap_err();
    // Contents have to be written again after a failed sync; the name is the pool's to write again.
    file.write_at(b"kept", 0).unwrap();
    file.sync().unwrap();
    let after = pool(&disk.after_crash(1, CrashPolicy::DropUnsynced));
    assert_eq!(after.read_file("a").unwrap(), b"kept");
}

#[test]
fn a_full_pool_and_a_full_device_say_so_and_change_nothing() {
    let disk = disk();
    let slots = pool(&disk);
    for number in 0..SLOTS {
        slots.write_file(&format!("f{number}"), b"x").unwrap();
    }
    let error = slots.open("one-more", OpenOptions::CREATE).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSpace);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("add capacity"), "{cause}");
    slots.add_slot(SLOTS, slot(&disk, SLOTS).1).unwrap();
    slots.open("one-more", OpenOptions::CREATE).unwrap();
    assert_eq!(
        slots.add_slot(0, slot(&disk, 0).1).unwrap_err().kind(),
        ErrorKind::Exists
    );

    disk.set_plan(FaultPlan::new().capacity(60_000));
    let file = slots.open("f0", OpenOptions::EXISTING).unwrap();
    assert_eq!(
        file.write_at(&[7; 100_000], 1).unwrap_err().kind(),
        ErrorKind::NoSpace
    );
    disk.set_plan(FaultPlan::new());
    file.truncate(1).unwrap();
    assert_eq!(slots.read_file("f0").unwrap(), b"x");
    assert_eq!(slots.file_count(), 7);
}

#[test]
fn a_deleted_slot_is_used_again_only_when_that_is_durable() {
    let disk = disk();
    let slots = pool(&disk);
    for number in 0..SLOTS {
        slots.write_file(&format!("f{number}"), b"old").unwrap();
    }
    slots.delete("f3").unwrap();
    // The only slot there is: its deletion has to be on the disk before anything else is in it.
    let file = slots.open("new", OpenOptions::CREATE).unwrap();
    file.write_at(b"new", 0).unwrap();
    for seed in 0..60 {
        let after = pool(&disk.after_crash(seed, CrashPolicy::Mixed));
        assert!(!after.exists("f3").unwrap());
        assert_eq!(after.read_file("f2").unwrap(), b"old");
    }
}

#[test]
fn damaged_slots_are_kept_reported_adopted_and_discarded() {
    let disk = disk();
    let slots = pool(&disk);
    slots.write_file("precious", b"contents").unwrap();
    slots.write_file("other", b"other").unwrap();
    let id = slots.slot_of("precious").unwrap();
    let twin = slots.slot_of("other").unwrap();
    drop(slots);
    let device = slot(&disk, id).1;
    device.write_at(b"?", 3).unwrap();
    let mut header = vec![0; 524];
    device.read_at(&mut header, 0).unwrap();

    let slots = pool(&disk);
    assert!(!slots.exists("precious").unwrap());
    let aside = slots.set_aside();
    assert_eq!((aside.len(), aside[0].slot, aside[0].len), (1, id, 8));
    assert_eq!(
        (aside[0].damage, aside[0].path.as_deref()),
        (Damage::BadDigest, Some("/pr?cious"))
    );
    assert_eq!(aside[0].device_name, format!("slot-{id}"));
    assert_eq!(slots.adopt(id, "other").unwrap_err().kind(), ErrorKind::Exists);
    assert_eq!(slots.adopt(twin, "x").unwrap_err().kind(), ErrorKind::NotFound);
    slots.adopt(id, "saved").unwrap();
    assert_eq!(slots.read_file("saved").unwrap(), b"contents");
    assert!(slots.set_aside().is_empty());
    drop(slots);

    // The same name twice: the second is set aside.
    let header = {
        let mut header = vec![0; 4096];
        slot(&disk, twin).1.read_at(&mut header, 0).unwrap();
        header
    };
    slot(&disk, id).1.write_at(&header, 0).unwrap();
    let slots = pool(&disk);
    let aside = slots.set_aside();
    assert_eq!((aside.len(), aside[0].damage), (1, Damage::Duplicate));
    slots.discard(aside[0].slot).unwrap();
    assert_eq!(slots.free_slots(), 5);
    assert_eq!(slots.remove_free_slot().unwrap(), Some(aside[0].slot));
    assert_eq!(slots.capacity(), 5);
}
