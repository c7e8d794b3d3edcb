//! What the semantics cost above the store: nanoseconds of warm operations, beside the store's own call.
//! `cargo run --release -p tarbox-fs --example overhead`

use std::hint::black_box;
use std::time::Instant;

use tarbox_fs::{Credentials, FilesystemExt, FilesystemInterface, Fs, OpenFlags, blocking};
use tarbox_store::{Access, Cookie, Database, Ino, Quota, Result, Store, View};
use tarbox_store_sqlite::{Options, SqliteDatabase};

/// The fastest of many short rounds: what it costs when nothing else wants the processor.
fn measure(what: &str, mut operation: impl FnMut()) {
    const ROUNDS: usize = 400;
    const OPERATIONS: u32 = 500;
    let round = |_| {
        let start = Instant::now();
        for _ in 0..OPERATIONS {
            operation();
        }
        start.elapsed().as_nanos() as f64 / f64::from(OPERATIONS)
    };
    let fastest = (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min);
    println!("{fastest:8.0} ns  {what}");
}

fn main() -> Result<()> {
    let database = SqliteDatabase::in_memory(&Options::new())?;
    blocking(database.create_tenant("t", Quota::default()))?;
    let fs = blocking(Fs::open_tenant(&database, "t"))?;
    let root = Credentials::root("overhead");
    let user = Credentials::new(1000, 1000, "overhead");
    blocking(fs.create_dir_all(&root, "/a/b"))?;
    blocking(fs.write_file(&root, "/a/b/c", &[7; 4096]))?;
    let file = blocking(fs.stat(&root, "/a/b/c"))?;
    blocking(fs.syncfs())?;

    let names: [&[u8]; 3] = [b"a", b"b", b"c"];
    measure("store: walk of three names", || {
        black_box(blocking(fs.store().walk(View::Current, Ino::ROOT, &names))).ok();
    });
    measure("stat of three names, by root", || {
        black_box(blocking(fs.stat(&root, "/a/b/c"))).ok();
    });
    measure("stat of three names, by a user", || {
        black_box(blocking(fs.stat(&user, "/a/b/c"))).ok();
    });
    measure("store: attributes", || {
        black_box(blocking(fs.store().attr(View::Current, file.ino))).ok();
    });
    measure("attributes", || {
        black_box(blocking(fs.getattr(file.ino))).ok();
    });
    let mut buffer = [0; 4096];
    measure("store: read of 4 KiB", || {
        black_box(blocking(fs.store().read(
            View::Current,
            file.ino,
            0,
            &mut buffer,
            Access::Touch,
        )))
        .ok();
    });
    let handle = blocking(fs.open(&root, file.ino, OpenFlags::READ))?;
    measure("read of 4 KiB", || {
        black_box(blocking(fs.read(handle, 0, &mut buffer))).ok();
    });
    blocking(fs.release(handle))?;
    measure("open and close", || {
        let opened = blocking(fs.open(&root, file.ino, OpenFlags::READ));
        black_box(opened.and_then(|handle| blocking(fs.release(handle)))).ok();
    });
    measure("open a path, read 4 KiB, close", || {
        let opened = blocking(fs.open_path(&root, "/a/b/c", OpenFlags::READ, None));
        let read = opened.and_then(|(_, handle)| {
            blocking(fs.read(handle, 0, &mut buffer))?;
            blocking(fs.release(handle))
        });
        black_box(read).ok();
    });
    let directory = blocking(fs.open_path(&root, "/a/b", OpenFlags::DIRECTORY, None))?.1;
    measure("list a directory of one entry", || {
        black_box(blocking(fs.readdir(directory, Cookie(0), 100))).ok();
    });
    blocking(fs.release(directory))
}
