//! Facts and files go back together, and whoever has a graph open learns of it.

use std::sync::Arc;

use nervusdb::{Batch, Durability, ErrorKind, Graph, Options, Pattern};
use tarbox_fs::{Credentials, FilesystemExt, FsPool, PoolAccess, blocking};
use tarbox_pool::ErrorKind as PoolError;
use tarbox_store::{Actor, LaterLayers, Store};

use crate::{TestFs, in_memory, pool, root};

fn open(fs: &Arc<TestFs>, access: PoolAccess) -> nervusdb::Result<Graph> {
    let options = Options {
        read_only: access == PoolAccess::ReadOnly,
        ..Options::default()
    };
    Graph::open(pool(fs, access), "graph", options)
}

fn add(graph: &Graph, object: &str) -> nervusdb::Result<()> {
    let ids = graph.intern_all(&["it", "has", object])?;
    let mut batch = Batch::new();
    batch.add([ids[0], ids[1], ids[2]]);
    graph.commit(&batch, Durability::Written).map(drop)
}

fn objects(graph: &Graph) -> Vec<String> {
    let facts = graph.scan(Pattern::default()).unwrap();
    facts
        .map(|fact| graph.term(fact.unwrap()[2]).unwrap().unwrap())
        .collect()
}

fn by() -> Actor {
    root().actor
}

fn checkpoint(fs: &TestFs, name: &str) {
    blocking(fs.store().checkpoint(&by(), name, None, LaterLayers::Keep)).unwrap();
}

fn switch(fs: &TestFs, name: &str) {
    let layer = blocking(fs.store().find_layer(name)).unwrap();
    blocking(fs.store().switch(&by(), layer.id)).unwrap();
}

#[test]
fn a_checkpoint_in_the_middle_holds_what_was_committed() {
    let fs = in_memory();
    let graph = open(&fs, PoolAccess::ReadWrite).unwrap();
    add(&graph, "one").unwrap();
    blocking(fs.write_file(&root(), "/note", b"one")).unwrap();
    checkpoint(&fs, "first");
    // The writer goes on as if nothing had happened.
    add(&graph, "two").unwrap();
    graph.flush().unwrap();
    blocking(fs.write_file(&root(), "/note", b"two")).unwrap();
    assert_eq!(objects(&graph), ["one", "two"]);

    let before = blocking(fs.store().last_seq()).unwrap();
    let past = FsPool::open(
        fs.clone(),
        Credentials::root("graph"),
        b"/.tarbox/snapshots/first/facts.pages",
        PoolAccess::ReadOnly,
    )
    .unwrap();
    let options = Options {
        read_only: true,
        ..Options::default()
    };
    let past = Arc::new(past);
    let then = Graph::open(past.clone(), "graph", options).unwrap();
    assert_eq!(objects(&then), ["one"]);
    assert!(nervusdb::check(past, "graph").unwrap().is_sound());
    assert_eq!(
        blocking(fs.store().last_seq()).unwrap(),
        before,
        "reading the past wrote something"
    );
}

#[test]
fn a_switch_takes_facts_and_files_back_together() {
    let fs = in_memory();
    for (n, name) in ["one", "two"].iter().enumerate() {
        let graph = open(&fs, PoolAccess::ReadWrite).unwrap();
        add(&graph, name).unwrap();
        graph.close().unwrap();
        blocking(fs.write_file(&root(), "/note", name.as_bytes())).unwrap();
        checkpoint(&fs, &format!("layer {n}"));
    }
    let state = || {
        let graph = open(&fs, PoolAccess::ReadOnly).unwrap();
        (objects(&graph), blocking(fs.read_file(&root(), "/note")).unwrap())
    };
    switch(&fs, "layer 0");
    assert_eq!(state(), (vec!["one".to_owned()], b"one".to_vec()));
    switch(&fs, "head");
    assert_eq!(
        state(),
        (vec!["one".to_owned(), "two".to_owned()], b"two".to_vec())
    );
}

#[test]
fn whoever_has_it_open_is_told_of_a_switch() {
    let fs = in_memory();
    let graph = open(&fs, PoolAccess::ReadWrite).unwrap();
    add(&graph, "one").unwrap();
    checkpoint(&fs, "first");
    add(&graph, "two").unwrap();
    graph.flush().unwrap();
    let reader = open(&fs, PoolAccess::ReadOnly).unwrap();
    switch(&fs, "first");
    for error in [
        add(&graph, "three").unwrap_err(),
        reader
            .scan(Pattern::default())
            .and_then(|facts| facts.collect::<Result<Vec<_>, _>>())
            .unwrap_err(),
    ] {
        let ErrorKind::Pool(error) = error.kind() else {
            panic!("{error}")
        };
        assert_eq!(error.kind(), PoolError::Busy, "{error}");
        let cause = std::error::Error::source(error).unwrap().to_string();
        assert!(cause.contains("switched to another layer"), "{cause}");
    }
    // Going on from the past leaves nothing of what came later, and the old writer stays out.
    blocking(fs.store().checkpoint(&by(), "", None, LaterLayers::Discard)).unwrap();
    assert!(add(&graph, "four").is_err());
    drop((graph, reader));
    let graph = open(&fs, PoolAccess::ReadWrite).unwrap();
    assert_eq!(objects(&graph), ["one"]);
    add(&graph, "five").unwrap();
    graph.close().unwrap();
    assert!(
        nervusdb::check(pool(&fs, PoolAccess::ReadOnly), "graph")
            .unwrap()
            .is_sound()
    );
}

#[test]
fn what_others_change_meanwhile_is_no_switch() {
    let fs = in_memory();
    let graph = open(&fs, PoolAccess::ReadWrite).unwrap();
    for n in 0..3000 {
        blocking(fs.write_file(&root(), format!("/f{}", n % 7).as_str(), b"x")).unwrap();
    }
    add(&graph, "one").unwrap();
    graph.close().unwrap();
}

#[test]
fn a_past_layer_can_be_read_and_not_written() {
    let fs = in_memory();
    let graph = open(&fs, PoolAccess::ReadWrite).unwrap();
    add(&graph, "one").unwrap();
    graph.close().unwrap();
    checkpoint(&fs, "first");
    switch(&fs, "first");
    assert_eq!(objects(&open(&fs, PoolAccess::ReadOnly).unwrap()), ["one"]);
    let refused = FsPool::open(fs, root(), b"/facts.pages", PoolAccess::ReadWrite).unwrap_err();
    assert_eq!(refused.kind(), PoolError::ReadOnly);
}
