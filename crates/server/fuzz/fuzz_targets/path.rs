#![no_main]

use std::sync::OnceLock;

use tarbox_fs::{Credentials, FilesystemExt, FilesystemInterface, Follow, Fs, blocking};
use tarbox_rest::location::Location;
use tarbox_store::{Database, Ino, Quota};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

struct World {
    fs: Fs<SqliteStore>,
    who: Credentials,
    dir: Ino,
    _database: SqliteDatabase,
}

/// A directory that must not be left, with ways out of it.
fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let database = SqliteDatabase::in_memory(&Options::new().create(true)).expect("memory");
        blocking(database.create_tenant("t", Quota::default())).expect("a tenant");
        let fs = blocking(Fs::open_tenant(&database, "t")).expect("its files");
        let who = Credentials::root("fuzz");
        blocking(fs.create_dir_all(&who, "/in/a/b")).expect("directories");
        blocking(fs.create_dir_all(&who, "/out")).expect("directories");
        for file in ["/in/f", "/in/a/f", "/out/f", "/f"] {
            blocking(fs.write_file(&who, file, b"x")).expect("a file");
        }
        for (link, target) in [
            ("/in/u", ".."),
            ("/in/a/u", "../../out"),
            ("/in/r", "/"),
            ("/in/o", "/out/f"),
            ("/in/s", "a/../f"),
            ("/in/l", "l"),
        ] {
            blocking(fs.symlink_path(&who, target.as_bytes(), link)).expect("a link");
        }
        let dir = blocking(fs.stat(&who, "/in")).expect("the directory").ino;
        World {
            fs,
            who,
            dir,
            _database: database,
        }
    })
}

// No path leads out of the directory that a key is confined to.
libfuzzer_sys::fuzz_target!(|path: &[u8]| {
    let world = world();
    for follow in [Follow::Yes, Follow::No] {
        let location = Location::beneath(world.dir, path);
        if let Ok(attr) = blocking(world.fs.resolve(&world.who, location.path(), follow)) {
            let found = blocking(world.fs.path_of(attr.ino)).expect("it has a path");
            let inside = found == b"/in" || found.starts_with(b"/in/");
            assert!(inside, "{}", String::from_utf8_lossy(&found));
        }
        let location = Location::in_root(Ino::ROOT, path);
        let _ = blocking(world.fs.resolve(&world.who, location.path(), follow));
    }
});
