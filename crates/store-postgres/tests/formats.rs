//! Tables of older schemas are brought to the current one with everything that is in them.

use tarbox_store::conformance::{Tree, assert_fails, block_on as block, bytes, tree};
use tarbox_store::*;
use tarbox_store_postgres::{Options, PostgresDatabase, PostgresStore};
use tarbox_test_postgres::server;

fn options(url: &str) -> Options {
    Options::parse(url).unwrap()
}

fn open(url: &str) -> (PostgresDatabase, PostgresStore) {
    let database = PostgresDatabase::open(&options(url).create(true)).unwrap();
    if block(database.tenant("default")).is_err() {
        block(database.create_tenant("default", Quota::default())).unwrap();
    }
    let store = block(database.open_tenant("default")).unwrap();
    (database, store)
}

/// Both layers, with versions as rows without one have them.
fn layers(store: &PostgresStore) -> [Tree; 2] {
    [View::Layer(LayerId(1)), View::Current].map(|view| block(tree(store, view)).unwrap())
}

#[test]
fn schema_1_opens_with_all_its_layers() {
    let me = Actor {
        uid: 0,
        gid: 0,
        agent: "test".into(),
    };
    let name = server().fresh();
    let url = server().url(&name);
    let (database, store) = open(&url);
    let new = NewInode {
        kind: FileKind::File,
        mode: 0o644,
        uid: 0,
        gid: 0,
        rdev: 0,
        target: b"",
    };
    let file = block(store.create(&me, Ino::ROOT, b"file", &new)).unwrap().ino;
    let write = |store: &PostgresStore, seed| {
        let data = bytes(seed, 200_000);
        block(store.write(&me, file, WriteAt::Offset(0), &data, false)).unwrap();
        block(store.sync()).unwrap();
    };
    write(&store, 1);
    block(store.checkpoint(&me, "one", None, LaterLayers::Keep)).unwrap();
    write(&store, 2);
    let mut expected = layers(&store);
    for (layer, tree) in (0..).zip(&mut expected) {
        tree.values_mut().for_each(|node| node.attr.version = Seq(layer));
    }
    expected[1].get_mut(&b""[..]).unwrap().attr.version = Seq(0);
    // As schema 1 was, with a process that uses it.
    let back = "ALTER TABLE tarbox.inode DROP COLUMN version; ALTER TABLE tarbox.inode_past DROP COLUMN version; \
                UPDATE tarbox.meta SET version = 1";
    drop((database, store));
    assert!(server().psql(&name, back));
    let somebody = "INSERT INTO tarbox.session(session, seen) VALUES (7, now())";
    assert!(server().psql(&name, somebody));
    assert_fails(PostgresDatabase::open(&options(&url)), ErrorKind::Busy);
    assert!(server().psql(&name, "DELETE FROM tarbox.session"));
    let (database, store) = open(&url);
    assert_eq!(layers(&store), expected);
    write(&store, 3);
    let changed = block(store.attr(View::Current, file)).unwrap().version;
    assert_eq!(changed, block(store.last_seq()).unwrap());
    drop((database, store));
    let (database, store) = open(&url);
    assert_eq!(block(store.attr(View::Current, file)).unwrap().version, changed);
    assert_eq!(layers(&store)[0], expected[0]);
    let report = block(database.fsck(false, &|_, _| {})).unwrap();
    assert!(report.problems.is_empty(), "{:#?}", report.problems);
}
