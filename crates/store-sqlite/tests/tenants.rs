//! Many tenants in one database: what they take together is bounded, and none holds up another.

mod common;

use tarbox_store::*;
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

use common::{block, me, new};

const FILES: usize = 100;

fn name(tenant: usize) -> String {
    format!("t{tenant}")
}

fn make(database: &SqliteDatabase, tenant: usize) -> SqliteStore {
    block(database.create_tenant(&name(tenant), Quota::default())).unwrap();
    let s = block(database.open_tenant(&name(tenant))).unwrap();
    for file in 0..FILES {
        let path = format!("a file with a name of some length, number {file}");
        block(s.create(&me(), Ino::ROOT, path.as_bytes(), &new(FileKind::File))).unwrap();
    }
    s
}

fn list(s: &SqliteStore) {
    assert_eq!(
        block(s.list(View::Current, Ino::ROOT, Cookie(0), FILES + 1))
            .unwrap()
            .len(),
        FILES
    );
}

#[test]
fn caches_are_bounded_over_all_tenants() {
    const LIMIT: u64 = 256 * 1024;
    let options = Options::new().cache_bytes(LIMIT).background(false);
    let database = SqliteDatabase::in_memory(&options).unwrap();
    let stores: Vec<SqliteStore> = (0..40).map(|tenant| make(&database, tenant)).collect();
    for _ in 0..3 {
        for s in &stores {
            list(s);
            let cached = block(s.performance()).unwrap().cached;
            assert!(cached <= LIMIT + LIMIT / 4, "{cached} bytes are cached");
        }
    }
    // One that is used all the time keeps its own.
    list(&stores[0]);
    for s in &stores[1..] {
        let before = block(s.performance()).unwrap().row_misses;
        list(&stores[0]);
        assert_eq!(block(s.performance()).unwrap().row_misses, before);
        list(s);
    }
}

#[test]
fn tenants_that_nobody_uses_are_forgotten() {
    let options = Options::new().background(false);
    let database = SqliteDatabase::in_memory(&options).unwrap();
    let kept = make(&database, 0);
    let held = block(kept.lookup(
        View::Current,
        Ino::ROOT,
        b"a file with a name of some length, number 7",
    ))
    .unwrap();
    block(kept.hold(held.ino)).unwrap();
    for tenant in 1..3_000 {
        let name = name(tenant);
        block(database.create_tenant(&name, Quota::default())).unwrap();
        let s = block(database.open_tenant(&name)).unwrap();
        block(s.create(&me(), Ino::ROOT, b"file", &new(FileKind::File))).unwrap();
        block(s.flush()).unwrap();
    }
    let tenants = block(kept.performance()).unwrap().tenants;
    assert!(tenants < 1_500, "{tenants} tenants are in memory");
    for tenant in [1, 1_500, 2_999] {
        let s = block(database.open_tenant(&name(tenant))).unwrap();
        block(s.lookup(View::Current, Ino::ROOT, b"file")).unwrap();
    }
    block(kept.release(held.ino)).unwrap();
}

#[test]
fn what_waits_for_commits_is_bounded_over_all_tenants() {
    let options = Options::new().background(false);
    let database = SqliteDatabase::in_memory(&options).unwrap();
    let stores: Vec<SqliteStore> = (0..24).map(|tenant| make(&database, tenant)).collect();
    let commits = || block(stores[0].performance()).unwrap().commits;
    let before = commits();
    let content = vec![7; 6 * 1024 * 1024];
    for s in &stores {
        let file = block(s.create(&me(), Ino::ROOT, b"large", &new(FileKind::File))).unwrap();
        block(s.write(&me(), file.ino, WriteAt::End, &content, false)).unwrap();
    }
    // None of them has so much that it would have to commit for itself.
    assert!(commits() > before, "144 MiB wait for commits");
}
