//! What the engine costs: `cargo run --release -p tarbox-store-postgres --example figures [URL]`. Without a URL it starts a server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tarbox_store::*;
use tarbox_store_postgres::{Options, PostgresDatabase, PostgresStore};

fn actor() -> Actor {
    Actor {
        uid: 0,
        gid: 0,
        agent: "figures".into(),
    }
}

fn new(kind: FileKind) -> NewInode<'static> {
    NewInode {
        kind,
        mode: 0o755,
        uid: 0,
        gid: 0,
        rdev: 0,
        target: b"",
    }
}

fn block<R>(future: impl Future<Output = Result<R>>) -> R {
    pollster::block_on(future).expect("it works")
}

fn open(url: &str) -> PostgresDatabase {
    PostgresDatabase::open(&Options::parse(url).unwrap().create(true)).unwrap()
}

/// Runs `f` so often, and prints the median and what was sent for each.
fn row(name: &str, database: &PostgresDatabase, count: usize, mut f: impl FnMut(usize)) {
    let before = database.statistics();
    let mut times: Vec<Duration> = (0..count)
        .map(|i| {
            let begun = Instant::now();
            f(i);
            begun.elapsed()
        })
        .collect();
    let after = database.statistics();
    times.sort_unstable();
    let per = |a: u64, b: u64| (a - b) as f64 / count as f64;
    println!(
        "{name:32} p50 {:>10.2} µs  p99 {:>10.2} µs  statements {:>6.2}  flights {:>6.2}",
        times[count / 2].as_secs_f64() * 1e6,
        times[count * 99 / 100].as_secs_f64() * 1e6,
        per(after.statements, before.statements),
        per(after.flights, before.flights),
    );
}

fn main() {
    let url = std::env::args()
        .nth(1)
        .unwrap_or_else(|| tarbox_test_postgres::server().fresh_url());
    let database = open(&url);
    block(database.create_tenant("figures", Quota::default()));
    let store = block(database.open_tenant("figures"));
    let me = actor();

    row("the first few", &database, 20, |i| {
        block(store.create(&me, Ino::ROOT, format!("few{i}").as_bytes(), &new(FileKind::File)));
        block(store.sync());
    });
    row("durable create, one client", &database, 300, |i| {
        block(store.create(&me, Ino::ROOT, format!("one{i}").as_bytes(), &new(FileKind::File)));
        block(store.sync());
    });

    let mut dir = Ino::ROOT;
    for name in ["a", "b", "c", "d"] {
        dir = block(store.create(&me, dir, name.as_bytes(), &new(FileKind::Directory))).ino;
    }
    let file = block(store.create(&me, dir, b"e", &new(FileKind::File))).ino;
    block(store.write(&me, file, WriteAt::Offset(0), &[7; 4096], false));
    block(store.sync());
    let mut buffer = [0; 4096];
    block(store.read(View::Current, file, 0, &mut buffer, Access::Quiet));
    std::thread::sleep(Duration::from_millis(200));
    row("warm stat", &database, 10_000, |_| {
        block(store.attr(View::Current, file));
    });
    row("warm lookup", &database, 10_000, |_| {
        block(store.lookup(View::Current, dir, b"e"));
    });
    row("warm read of 4 KiB", &database, 10_000, |_| {
        block(store.read(View::Current, file, 0, &mut buffer, Access::Quiet));
    });

    // Readers without the lease, with nothing in memory.
    let list: Vec<&[u8]> = vec![b"a", b"b", b"c", b"d", b"e"];
    let big = block(store.create(&me, Ino::ROOT, b"big", &new(FileKind::Directory))).ino;
    for i in 0..1000 {
        block(store.create(
            &me,
            big,
            format!("file number {i}").as_bytes(),
            &new(FileKind::File),
        ));
    }
    block(store.sync());
    let cold = open(&url);
    let touch = |i: usize| {
        block(store.create(
            &me,
            Ino::ROOT,
            format!("again{i}").as_bytes(),
            &new(FileKind::File),
        ));
        block(store.flush());
        std::thread::sleep(Duration::from_millis(120));
    };
    let reader: PostgresStore = block(cold.open_tenant("figures"));
    let timed = |name: &str, f: &dyn Fn()| {
        let mut times = Vec::new();
        let mut flights = 0;
        for i in 0..20 {
            touch(i + 1000 * name.len());
            let before = cold.statistics().flights;
            let begun = Instant::now();
            f();
            times.push(begun.elapsed());
            flights += cold.statistics().flights - before;
        }
        times.sort_unstable();
        println!(
            "{name:32} p50 {:>10.2} µs  flights {:>6.2}",
            times[10].as_secs_f64() * 1e6,
            flights as f64 / 20.0
        );
    };
    timed("cold stat", &|| {
        assert_eq!(block(reader.attr(View::Current, file)).size, 4096)
    });
    timed("cold path of depth 5", &|| {
        drop(block(reader.walk(View::Current, Ino::ROOT, &list)))
    });
    timed("cold list of 1,000", &|| {
        assert_eq!(
            block(reader.list(View::Current, big, Cookie(0), 2000)).len(),
            1000
        )
    });
    drop(reader);
    drop(cold);

    // Many at once.
    let store = Arc::new(store);
    let many = block(store.create(&me, Ino::ROOT, b"many", &new(FileKind::Directory))).ino;
    let begun = Instant::now();
    let before = database.statistics();
    let threads: Vec<_> = (0..64)
        .map(|t| {
            let store = store.clone();
            std::thread::spawn(move || {
                let me = actor();
                for i in 0..100 {
                    let name = format!("many{t}-{i}");
                    block(store.create(&me, many, name.as_bytes(), &new(FileKind::File)));
                    block(store.sync());
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let after = database.statistics();
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "durable creates, 64 in flight    {:>8.0}/s  statements for each {:.3}",
        6400.0 / seconds,
        (after.statements - before.statements) as f64 / 6400.0
    );

    // Two take turns.
    let turns = |seconds: u64, stores: Vec<PostgresStore>| {
        let limit = Instant::now() + Duration::from_secs(seconds);
        let threads = stores.into_iter().enumerate().map(|(t, store)| {
            std::thread::spawn(move || {
                let (me, mut count) = (actor(), 0);
                while Instant::now() < limit {
                    let name = format!("turn{t}-{seconds}-{count}-{}", std::process::id());
                    block(store.create(&me, Ino::ROOT, name.as_bytes(), &new(FileKind::File)));
                    count += 1;
                }
                count
            })
        });
        threads
            .collect::<Vec<_>>()
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum::<u64>()
            / seconds
    };
    let one = turns(2, vec![(*store).clone()]);
    let second = open(&url);
    let two = turns(3, vec![(*store).clone(), block(second.open_tenant("figures"))]);
    println!("creates of one process           {one:>8}/s\ncreates of two in turns          {two:>8}/s");
}
