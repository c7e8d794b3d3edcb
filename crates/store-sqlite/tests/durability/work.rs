//! What the traced child does.

use std::io::Write;

use tarbox_store::conformance::bytes;
use tarbox_store::*;
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

/// Sets a mark in the trace: a write that is a call of its own.
fn mark(mark: impl std::fmt::Display) {
    let line = format!("mark: {mark}\n");
    let mut out = std::fs::File::from(
        std::os::fd::AsFd::as_fd(&std::io::stdout())
            .try_clone_to_owned()
            .unwrap(),
    );
    out.write_all(line.as_bytes()).unwrap();
}

fn block<T>(future: impl Future<Output = Result<T>>) -> T {
    pollster::block_on(future).unwrap()
}

struct Work {
    database: SqliteDatabase,
    store: SqliteStore,
    by: Actor,
}

pub(crate) fn play(role: &str) {
    let (what, background) = match role.strip_suffix(" in the foreground") {
        Some(what) => (what, false),
        None => (role, true),
    };
    let options = Options::new().create(true).background(background);
    let database = SqliteDatabase::open("t.db", &options).unwrap();
    block(database.create_tenant("default", Quota::default()));
    let store = block(database.open_tenant("default"));
    let by = Actor {
        uid: 0,
        gid: 0,
        agent: "traced".into(),
    };
    let work = Work { database, store, by };
    match what {
        "small" => work.small(),
        "large" => work.large(),
        "history" => work.history(),
        "two handles" => work.two_handles(&options, false),
        "two handles that sync" => work.two_handles(&options, true),
        "nothing new" => work.nothing_new(),
        "plain" => work.plain(),
        "flush" => work.flush(),
        _ => panic!("there is no role {what}"),
    }
}

/// What a file begins as.
const NEW: NewInode<'_> = NewInode {
    kind: FileKind::File,
    mode: 0o644,
    uid: 0,
    gid: 0,
    rdev: 0,
    target: b"",
};

impl Work {
    fn file(&self, name: &str, content: &[u8]) -> Ino {
        let file = block(self.store.create(&self.by, Ino::ROOT, name.as_bytes(), &NEW)).ino;
        block(self.store.write(&self.by, file, WriteAt::End, content, false));
        file
    }

    fn sync(&self) {
        block(self.store.sync());
    }

    fn small(&self) {
        for round in 0..3 {
            mark(format!("write {round}"));
            self.file(&format!("file{round}"), b"content");
            mark(format!("sync {round}"));
            self.sync();
            mark(format!("synced {round}"));
        }
    }

    fn large(&self) {
        mark("write");
        self.file("file", &bytes(1, 1_000_000));
        self.sync();
        mark("synced");
    }

    fn history(&self) {
        self.file("file", b"content");
        let s = &self.store;
        let around = |name: &str, call: &dyn Fn()| {
            mark(name);
            call();
            mark(format!("{name} done"));
        };
        around("checkpoint", &|| {
            drop(block(s.checkpoint(&self.by, "one", None, LaterLayers::Keep)))
        });
        let one = block(s.find_layer("one")).id;
        let head = block(s.position()).head;
        around("tag", &|| block(s.tag(&self.by, "tag", Some(one))));
        around("switch", &|| block(s.switch(&self.by, one)));
        around("switch back", &|| block(s.switch(&self.by, head)));
        around("drop", &|| block(s.drop_layer(&self.by, one)));
        around("create tenant", &|| {
            drop(block(self.database.create_tenant("other", Quota::default())))
        });
        around("set quota", &|| {
            let quota = Quota {
                inodes: Some(100),
                ..Quota::default()
            };
            block(self.database.set_quota("other", quota))
        });
    }

    /// What was made visible through one database is made lasting through another, as by two processes; also by one whose
    /// own changes are all on the device.
    fn two_handles(&self, options: &Options, changes: bool) {
        let database = SqliteDatabase::open("t.db", options).unwrap();
        let other = block(database.open_tenant("default"));
        if changes {
            block(other.create(&self.by, Ino::ROOT, b"its own", &NEW));
        }
        block(other.sync());
        self.file("file", b"content");
        block(self.store.flush());
        mark("sync");
        block(other.sync());
        mark("synced");
    }

    fn nothing_new(&self) {
        self.file("file", b"content");
        self.sync();
        mark("again");
        self.sync();
        mark("again done");
    }

    fn plain(&self) {
        self.sync();
        mark("begin");
        for i in 0..200 {
            let name = format!("file{i}");
            let file = self.file(&name, &bytes(i, 10 + 700 * i as usize));
            let s = &self.store;
            let mut buffer = [0; 1_000];
            block(s.read(View::Current, file, 0, &mut buffer, Access::Touch));
            block(s.attr(View::Current, file));
            block(s.lookup(View::Current, Ino::ROOT, name.as_bytes()));
            block(s.list(View::Current, Ino::ROOT, Cookie(0), 100));
            block(s.set_xattr(&self.by, file, b"user.a", b"b", XattrMode::Any));
            if i % 2 == 0 {
                block(s.unlink(&self.by, Ino::ROOT, name.as_bytes(), Unlink::File));
            }
        }
        mark("end");
    }

    fn flush(&self) {
        self.sync();
        self.file("file", b"content");
        mark("flush");
        block(self.store.flush());
        mark("flushed");
    }
}
