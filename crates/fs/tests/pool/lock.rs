//! Two writers of one directory, in one process and in two.

use std::process::{Command, Stdio};
use std::sync::Arc;

use tarbox_fs::{FilesystemExt, Fs, FsPool, PoolAccess, blocking};
use tarbox_store::{ErrorKind, Quota};
use tarbox_store_sqlite::{Options, SqliteDatabase};

use crate::{TestFs, in_memory, pool, root, tenant};

#[test]
fn the_second_writer_is_refused_and_told_who_writes() {
    let fs = in_memory();
    let (first, second) = (pool(&fs, PoolAccess::ReadWrite), pool(&fs, PoolAccess::ReadWrite));
    let held = first.lock("writer", "the first one").unwrap();
    let refused = second.lock("writer", "the second one").err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::Busy);
    let text = refused.to_string();
    assert!(
        text.contains("/facts.pages/writer") && text.contains("the first one is writing"),
        "{text}"
    );
    drop(held);
    drop(second.lock("writer", "the second one").unwrap());
    // Nothing is left behind.
    assert!(blocking(fs.read_dir(&root(), "/facts.pages")).unwrap().is_empty());
}

#[test]
fn two_may_make_the_directory_at_the_same_time() {
    for _ in 0..50 {
        let fs = in_memory();
        let begin = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    begin.wait();
                    pool(&fs, PoolAccess::ReadWrite);
                });
            }
        });
    }
}

#[test]
fn an_owner_of_another_kind_is_taken_to_be_alive() {
    let fs = in_memory();
    let pool = pool(&fs, PoolAccess::ReadWrite);
    blocking(fs.create_dir(&root(), "/facts.pages/writer")).unwrap();
    drop(pool.lock("writer", "me").unwrap());
    blocking(fs.create_dir_all(&root(), "/facts.pages/writer")).unwrap();
    blocking(fs.write_file(&root(), "/facts.pages/writer/17-5-a-b-c-0123456789ab", b"")).unwrap();
    let refused = pool.lock("writer", "me").err().unwrap();
    assert!(refused.to_string().contains("remove this directory"), "{refused}");
}

fn open(path: &str) -> Arc<TestFs> {
    let database = SqliteDatabase::open(path, &Options::new()).unwrap();
    Arc::new(blocking(Fs::open_tenant(&database, "test")).unwrap())
}

/// The other process: takes the lock, says so, and waits to be killed.
#[test]
#[ignore = "run by the test below"]
fn other_process() {
    let Ok(path) = std::env::var("TARBOX_POOL_TEST") else {
        return;
    };
    let fs = open(&path);
    let _lock = pool(&fs, PoolAccess::ReadWrite)
        .lock("writer", "the other process")
        .unwrap();
    blocking(tarbox_store::Store::sync(fs.store())).unwrap();
    blocking(fs.write_file(&root(), "/taken", b"")).unwrap();
    blocking(tarbox_store::Store::sync(fs.store())).unwrap();
    loop {
        std::thread::park();
    }
}

/// A process that ends with the test, whatever becomes of that.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn the_lock_of_a_killed_process_is_free() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tarbox.db");
    let path = path.to_str().unwrap();
    drop(tenant(
        &SqliteDatabase::open(path, &Options::new().create(true)).unwrap(),
        Quota::default(),
    ));
    let fs = open(path);
    for _ in 0..3 {
        let mut other = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "lock::other_process"])
            .env("TARBOX_POOL_TEST", path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while !blocking(fs.exists(&root(), "/taken")).unwrap() {
            assert!(other.try_wait().unwrap().is_none(), "the other process ended");
            std::thread::yield_now();
        }
        let other = Killed(other);
        let pool: Arc<FsPool<TestFs>> = pool(&fs, PoolAccess::ReadWrite);
        let refused = pool.lock("writer", "me").err().unwrap();
        assert!(
            refused.to_string().contains("the other process is writing"),
            "{refused}"
        );
        drop(other);
        let lock = pool.lock("writer", "me").unwrap();
        assert_eq!(pool.lock("writer", "me").err().unwrap().kind(), ErrorKind::Busy);
        drop(lock);
        blocking(fs.remove_file(&root(), "/taken")).unwrap();
        assert!(blocking(fs.read_dir(&root(), "/facts.pages")).unwrap().is_empty());
    }
}
