//! The suite `postgres`: the store on a PostgreSQL server, beside the store on SQLite, beside the bare server, and beside JuiceFS
//! on the same one. The server is this run's own.

mod bare;
mod commands;
mod mounts;
mod operations;
mod together;

use std::path::Path;

use tarbox_bench_work::Result;
use tarbox_store::{Actor, Database, FileKind, Ino, NewInode, Quota, Store};
use tarbox_store_postgres::{Options, PostgresDatabase, PostgresStore};
use tarbox_test_postgres::server;

use crate::Group;

/// In the order in which they run.
pub(crate) const GROUPS: &[Group] = &[
    group(&["pg warm", "pg cold"], operations::run),
    group(&["pg durable", "pg turns"], together::run),
    group(&["pg import", "pg cp -r", "pg rm -r"], commands::run),
    group(&["pg mount"], mounts::run),
];

const fn group(
    rows: &'static [&'static str],
    run: fn(&crate::Bench, &mut crate::report::Report) -> Result<()>,
) -> Group {
    Group {
        suite: "postgres",
        rows,
        run,
    }
}

/// A database of its own on the server.
fn fresh() -> Result<(String, PostgresDatabase, PostgresStore)> {
    let url = server().fresh_url();
    let database = PostgresDatabase::open(&Options::parse(&url)?.create(true))?;
    pollster::block_on(database.create_tenant("default", Quota::default()))?;
    let store = pollster::block_on(database.open_tenant("default"))?;
    Ok((url, database, store))
}

/// The same database, as another process would have it.
fn again(url: &str) -> Result<(PostgresDatabase, PostgresStore)> {
    let database = PostgresDatabase::open(&Options::parse(url)?)?;
    let store = pollster::block_on(database.open_tenant("default"))?;
    Ok((database, store))
}

fn me() -> Actor {
    Actor {
        uid: 0,
        gid: 0,
        agent: "bench".into(),
    }
}

/// Makes a file or a directory.
fn make<S: Store>(store: &S, dir: Ino, name: &str, kind: FileKind) -> Result<Ino> {
    let new = NewInode {
        kind,
        mode: 0o755,
        uid: 0,
        gid: 0,
        rdev: 0,
        target: b"",
    };
    Ok(pollster::block_on(store.create(&me(), dir, name.as_bytes(), &new))?.ino)
}

/// `--db` for a database in a file.
fn sqlite(at: &Path) -> String {
    format!("--db=sqlite:{}", at.display())
}
