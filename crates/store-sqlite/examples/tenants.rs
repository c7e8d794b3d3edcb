//! Measures what tenants of one database cost each other: `tenants DIRECTORY`, which should be on the device that matters.
//!
//! Each row is `row <TAB> ours <TAB> peer <TAB> ratio`.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pollster::block_on;
use tarbox_store::{Actor, Database, FileKind, Ino, NewInode, Quota, Result, Store, View, WriteAt};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

const TENANTS: usize = 16;
/// How long each measurement takes.
const TIME: Duration = Duration::from_secs(5);

fn me() -> Actor {
    Actor {
        uid: 0,
        gid: 0,
        agent: "example".into(),
    }
}

fn create(store: &SqliteStore, name: &str) -> Result<Ino> {
    let new = NewInode {
        kind: FileKind::File,
        mode: 0o644,
        uid: 0,
        gid: 0,
        rdev: 0,
        target: b"",
    };
    Ok(block_on(store.create(&me(), Ino::ROOT, name.as_bytes(), &new))?.ino)
}

/// How many files are made, written and synced in a second: by as many threads as there are lists of tenants.
fn writes(threads: &[&[SqliteStore]], round: &str) -> Result<f64> {
    let begun = Instant::now();
    let work = |stores: &[SqliteStore]| -> Result<u64> {
        let mut count = 0;
        while begun.elapsed() < TIME {
            for store in stores {
                let file = create(store, &format!("{round}{count}"))?;
                block_on(store.write(&me(), file, WriteAt::End, b"some bytes", false))?;
                block_on(store.sync())?;
                count += 1;
            }
        }
        Ok(count)
    };
    let counts: Vec<Result<u64>> = std::thread::scope(|scope| {
        let all: Vec<_> = threads
            .iter()
            .map(|stores| scope.spawn(|| work(stores)))
            .collect();
        all.into_iter().map(|one| one.join().expect("no panic")).collect()
    });
    let total: u64 = counts.into_iter().sum::<Result<u64>>()?;
    Ok(total as f64 / begun.elapsed().as_secs_f64())
}

/// The 99th percentile of a stat, in microseconds, while `other` runs.
fn stat_p99(store: &SqliteStore, other: impl FnOnce() -> Result<()> + Send) -> Result<f64> {
    let file = create(store, &format!("file{:?}", Instant::now()))?;
    block_on(store.sync())?;
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            let result = other();
            is_over.store(true, Ordering::Release);
            result
        });
        let mut times = Vec::new();
        while !is_over.load(Ordering::Acquire) {
            let begun = Instant::now();
            block_on(store.attr(View::Current, file))?;
            times.push(begun.elapsed());
        }
        other.join().expect("no panic")?;
        times.sort_unstable();
        Ok(times[times.len() * 99 / 100].as_secs_f64() * 1e6)
    })
}

/// Makes files of 16 MiB, each durable, one after the other.
fn commit_much(store: &SqliteStore) -> Result<()> {
    let begun = Instant::now();
    let mut bytes = vec![0; 16 << 20];
    for round in 0u64.. {
        for (i, part) in bytes.chunks_mut(4096).enumerate() {
            part[..8].copy_from_slice(&(round << 32 | i as u64).to_le_bytes());
        }
        let file = create(store, &format!("big{round}"))?;
        block_on(store.write(&me(), file, WriteAt::End, &bytes, false))?;
        block_on(store.sync())?;
        if begun.elapsed() > TIME {
            break;
        }
    }
    Ok(())
}

fn main() -> Result<()> {
    let directory = std::env::args().nth(1).unwrap_or_else(|| ".".into());
    let path = Path::new(&directory).join(format!("tenants-{}.db", std::process::id()));
    let database = SqliteDatabase::open(&path, &Options::new().create(true))?;
    let mut stores = Vec::new();
    for i in 0..TENANTS {
        let name = format!("tenant{i}");
        block_on(database.create_tenant(&name, Quota::default()))?;
        stores.push(block_on(database.open_tenant(&name))?);
    }
    let one = writes(&[&stores[..1]], "a")?;
    let (first, second) = stores.split_at(TENANTS / 2);
    let all = writes(&[first, second], "b")?;
    println!(
        "16 tenants on 2 threads, synced writes a second\t{all:.0}\t{one:.0}\t{:.2}",
        all / one
    );
    let each: Vec<&[SqliteStore]> = stores.chunks(1).collect();
    let many = writes(&each, "c")?;
    println!(
        "16 tenants on 16 threads, synced writes a second\t{many:.0}\t{one:.0}\t{:.2}",
        many / one
    );
    let idle = stat_p99(&stores[0], || {
        std::thread::sleep(TIME);
        Ok(())
    })?;
    let busy = stat_p99(&stores[0], || commit_much(&stores[1]))?;
    println!(
        "p99 of a stat while another commits 16 MiB, µs\t{busy:.1}\t{idle:.1}\t{:.2}",
        busy / idle
    );
    Ok(())
}
