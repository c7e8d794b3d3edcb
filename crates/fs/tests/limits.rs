//! What runs out: handles, quotas, and a tenant's right to be used.

use tarbox_fs::{Credentials, FilesystemExt, FilesystemInterface, Fs, FsOptions, OpenFlags, blocking};
use tarbox_store::{Database, ErrorKind, Quota, Result, TenantState, WriteAt};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

fn database(quota: Quota) -> SqliteDatabase {
    let database = SqliteDatabase::in_memory(&Options::new()).unwrap();
    blocking(database.create_tenant("test", quota)).unwrap();
    database
}

fn workspace(quota: Quota) -> Fs<SqliteStore> {
    blocking(Fs::open_tenant(&database(quota), "test")).unwrap()
}

fn root() -> Credentials {
    Credentials::root("limits")
}

#[track_caller]
fn fails<T>(result: Result<T>, kind: ErrorKind) {
    match result {
        Ok(_) => panic!("it succeeded"),
        Err(e) => assert_eq!(e.kind(), kind, "{e}"),
    }
}

/// Bytes of which no two blocks are equal.
fn noise(len: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn without_room_for_a_handle_nothing_is_made() {
    let store = blocking(database(Quota::default()).open_tenant("test")).unwrap();
    let fs = Fs::with_options(
        store,
        FsOptions {
            handles_max: 2,
            ..FsOptions::default()
        },
    );
    let create = |path: &str| {
        let me = root();
        let made = fs.create(&me, fs.root(), path.as_bytes(), 0o644, OpenFlags::WRITE);
        blocking(made).map(|(_, handle)| handle)
    };
    let first = create("a").unwrap();
    create("b").unwrap();
    fails(create("c"), ErrorKind::TooManyOpen);
    assert!(!blocking(fs.exists(&root(), "/c")).unwrap());
    blocking(fs.release(first)).unwrap();
    // A refusal of another kind takes no room away either.
    for _ in 0..5 {
        fails(create("a"), ErrorKind::Exists);
        fails(
            blocking(fs.open_path(&root(), "/none", OpenFlags::READ, None)),
            ErrorKind::NotFound,
        );
    }
    create("c").unwrap();
}

#[test]
fn a_full_quota_refuses_growth_and_is_seen_by_statfs() {
    let fs = workspace(Quota {
        bytes: Some(1 << 20),
        ..Quota::default()
    });
    blocking(fs.write_file(&root(), "/fits", &noise(600_000, 1))).unwrap();
    blocking(fs.syncfs()).unwrap();
    let space = blocking(fs.statfs()).unwrap();
    assert!(
        space.blocks_free * u64::from(space.block_size) < 500_000,
        "{space:?}"
    );
    assert!(
        space.blocks * u64::from(space.block_size) >= 1_000_000,
        "{space:?}"
    );
    let (_, handle) = blocking(fs.open_path(&root(), "/more", OpenFlags::WRITE, Some(0o644))).unwrap();
    fails(
        blocking(fs.write(handle, WriteAt::Offset(0), &noise(600_000, 2))),
        ErrorKind::QuotaExceeded,
    );
    blocking(fs.write(handle, WriteAt::Offset(0), b"a little")).unwrap();
    blocking(fs.release(handle)).unwrap();
    assert_eq!(blocking(fs.read_file(&root(), "/fits")).unwrap().len(), 600_000);
}

#[test]
fn without_a_quota_there_is_room() {
    let space = blocking(workspace(Quota::default()).statfs()).unwrap();
    assert!(space.blocks_free > 0 && space.files_free > 1 << 30);
    assert_eq!(space.name_max, 255);
}

#[test]
fn a_suspended_tenant_answers_with_that() {
    let database = database(Quota::default());
    let fs = blocking(Fs::open_tenant(&database, "test")).unwrap();
    blocking(fs.write_file(&root(), "/f", b"x")).unwrap();
    blocking(database.set_state("test", TenantState::Suspended)).unwrap();
    fails(blocking(fs.stat(&root(), "/f")), ErrorKind::Suspended);
    fails(blocking(fs.write_file(&root(), "/g", b"")), ErrorKind::Suspended);
    fails(
        blocking(fs.read_file(&root(), "/.tarbox/layers/list")),
        ErrorKind::Suspended,
    );
    fails(blocking(Fs::open_tenant(&database, "test")), ErrorKind::Suspended);
    blocking(database.set_state("test", TenantState::Active)).unwrap();
    assert_eq!(blocking(fs.read_file(&root(), "/f")).unwrap(), b"x");
}

#[test]
fn what_was_left_open_is_closed_with_the_file_system() {
    let database = database(Quota::default());
    let store = blocking(database.open_tenant("test")).unwrap();
    let used = || {
        blocking(tarbox_store::Store::tenant(&store))
            .unwrap()
            .usage
            .inodes
    };
    let before = used();
    let fs = blocking(Fs::open_tenant(&database, "test")).unwrap();
    for _ in 0..3 {
        blocking(fs.open_path(&root(), "/f", OpenFlags::WRITE, Some(0o644))).unwrap();
    }
    blocking(fs.remove_file(&root(), "/f")).unwrap();
    assert_eq!(used(), before + 1, "it lives as long as it is open");
    drop(fs);
    assert_eq!(used(), before);
}
