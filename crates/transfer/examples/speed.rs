//! How long a tenant of many files takes from one database to another, beside `pg_dump` and `pg_restore` of the same rows:
//! `cargo run --release -p tarbox-transfer --example speed [FILES]`.

use std::process::Command;
use std::time::Instant;

use pollster::block_on;
use tarbox_store::*;
use tarbox_store_postgres::PostgresDatabase;
use tarbox_store_sqlite::{Options, SqliteDatabase};
use tarbox_test_postgres::server;

fn main() {
    let files = std::env::args()
        .nth(1)
        .map_or(100_000, |n| n.parse().expect("a number"));
    let here = tempfile::tempdir().expect("a directory");
    let first =
        SqliteDatabase::open(here.path().join("a.db"), &Options::new().create(true)).expect("it opens");
    let (one, two) = (server().fresh(), server().fresh());
    let postgres = |name: &str| {
        let options = tarbox_store_postgres::Options::parse(&server().url(name)).expect("a URL");
        PostgresDatabase::open(&options.create(true)).expect("it opens")
    };
    let second = postgres(&one);
    let third =
        SqliteDatabase::open(here.path().join("b.db"), &Options::new().create(true)).expect("it opens");
    timed("making the files", || fill(&first, files));
    let copy = |to: &PostgresDatabase| {
        tarbox_transfer::copy(&first, "t", to, None, &mut |_| {}).expect("it is copied")
    };
    let there = timed("SQLite to PostgreSQL", || copy(&second));
    println!("  {} rows, {} bytes of blocks", there.counts.total(), there.bytes);
    let back = timed("PostgreSQL to SQLite", || {
        tarbox_transfer::copy(&second, "t", &third, None, &mut |_| {}).expect("it is copied")
    });
    assert_eq!(there.counts, back.counts);
    let file = here.path().join("dump");
    timed("dump from SQLite", || {
        let out = std::io::BufWriter::new(std::fs::File::create(&file).expect("a file"));
        tarbox_transfer::dump(&first, "t", out, &mut |_| {}).expect("it is dumped")
    });
    timed("restore into SQLite", || {
        let from = std::io::BufReader::new(std::fs::File::open(&file).expect("a file"));
        tarbox_transfer::restore(&third, from, Some("u"), &mut |_| {}).expect("it is restored")
    });
    println!(
        "  {} bytes in the file",
        std::fs::metadata(&file).expect("a file").len()
    );
    let theirs = here.path().join("theirs");
    timed("pg_dump and pg_restore", || {
        run(server()
            .tool("pg_dump", &one)
            .args(["-Fc", "-Z1", "--schema=tarbox", "-f"])
            .arg(&theirs));
        run(server().tool("pg_restore", &two).arg(&theirs));
    });
}

fn run(command: &mut Command) {
    assert!(command.status().expect("it runs").success());
}

fn timed<R>(what: &str, f: impl FnOnce() -> R) -> R {
    let begun = Instant::now();
    let result = f();
    println!("{what:24} {:8.2} s", begun.elapsed().as_secs_f64());
    result
}

/// Files of 200 bytes, and every fourth of 6,000, in directories of a thousand.
fn fill(db: &SqliteDatabase, files: u64) {
    let by = Actor {
        uid: 0,
        gid: 0,
        agent: "speed".into(),
    };
    let new = |kind| NewInode {
        kind,
        mode: 0o755,
        uid: 0,
        gid: 0,
        rdev: 0,
        target: b"",
    };
    let filled = block_on(async {
        db.create_tenant("t", Quota::default()).await?;
        let s = db.open_tenant("t").await?;
        let mut dir = Ino::ROOT;
        for i in 0..files {
            if i % 1000 == 0 {
                let name = format!("directory {i}");
                dir = s
                    .create(&by, Ino::ROOT, name.as_bytes(), &new(FileKind::Directory))
                    .await?
                    .ino;
            }
            let name = format!("file {i}");
            let ino = s
                .create(&by, dir, name.as_bytes(), &new(FileKind::File))
                .await?
                .ino;
            let mut bytes = vec![0; if i % 4 == 0 { 6_000 } else { 200 }];
            blake3::Hasher::new()
                .update(&i.to_le_bytes())
                .finalize_xof()
                .fill(&mut bytes);
            s.write(&by, ino, WriteAt::End, &bytes, false).await?;
        }
        s.sync().await
    });
    filled.expect("they are made");
}
