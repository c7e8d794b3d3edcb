//! A quota that is used up in the middle of a flush costs nothing that was durable.

use std::collections::BTreeSet;
use std::sync::Arc;

use nervusdb::{Batch, Durability, ErrorKind, Graph, Options, Pattern};
use tarbox_fs::{FilesystemExt, PoolAccess, blocking};
use tarbox_pool::ErrorKind as PoolError;
use tarbox_store::Quota;
use tarbox_store_sqlite::SqliteDatabase;

use crate::{TestFs, pool, root, tenant};

fn open(fs: &Arc<TestFs>) -> nervusdb::Result<Graph> {
    let options = Options {
        memtable_bytes: 64 << 10,
        ..Options::default()
    };
    Graph::open(pool(fs, PoolAccess::ReadWrite), "graph", options)
}

fn facts(graph: &Graph) -> BTreeSet<[u32; 3]> {
    graph
        .scan(Pattern::default())
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn a_full_quota_loses_nothing_and_goes_on_when_there_is_room() {
    for kilobytes in [200, 300, 400, 700] {
        let database = SqliteDatabase::in_memory(&tarbox_store_sqlite::Options::new()).unwrap();
        let quota = Quota {
            bytes: Some(kilobytes << 10),
            ..Quota::default()
        };
        let fs = tenant(&database, quota);
        blocking(fs.write_file(&root(), "/ballast", &vec![7; 100 << 10])).unwrap();
        let graph = open(&fs).unwrap();
        let mut durable = BTreeSet::new();
        let mut tried = BTreeSet::new();
        let error = (0_u32..)
            .find_map(|n| {
                let terms: Vec<String> = (0..30)
                    .map(|k| format!("a term of some length {n} {k}"))
                    .collect();
                let terms: Vec<&str> = terms.iter().map(String::as_str).collect();
                let ids = match graph.intern_all(&terms) {
                    Ok(ids) => ids,
                    Err(error) => return Some(error),
                };
                let mut batch = Batch::new();
                ids.chunks_exact(3).for_each(|ids| {
                    batch.add([ids[0], ids[1], ids[2]]);
                    tried.insert([ids[0], ids[1], ids[2]]);
                });
                match graph.commit(&batch, Durability::Synced) {
                    Ok(_) => {
                        durable.clone_from(&tried);
                        None
                    }
                    Err(error) => Some(error),
                }
            })
            .unwrap();
        let ErrorKind::Pool(error) = error.kind() else {
            panic!("{error}")
        };
        assert_eq!(error.kind(), PoolError::NoSpace, "{error}");
        assert!(!durable.is_empty());
        drop(graph);

        // Also who opens it now sees all of it, and once there is room it can be written again.
        blocking(fs.remove_file(&root(), "/ballast")).unwrap();
        let graph = open(&fs).unwrap();
        let found = facts(&graph);
        assert!(found.is_superset(&durable) && found.is_subset(&tried));
        graph.flush().unwrap();
        assert_eq!(facts(&graph), found);
        drop(graph);
        let report = nervusdb::check(pool(&fs, PoolAccess::ReadOnly), "graph").unwrap();
        assert!(report.is_sound(), "{:?}", report.problems);
    }
}
