//! Tenants, rows, and the log.

use tarbox_store::{ErrorKind, Ino, LayerId, LogQuery, Operation, Quota, Seq, Timestamp};
use tarbox_store_core::{Applied, Change, Content, Durability, Engine, Found, HistoryOp, Layer, Want};

use super::Processes;
use super::fixture::{Fixture, apply, load, put};

pub async fn tenants_are_found_by_name(f: &Fixture<'_, impl Processes>) {
    let made = f
        .one
        .create("another", Quota::default(), Timestamp(5))
        .await
        .unwrap();
    assert_ne!(made.id, f.tenant, "each has a number of its own");
    assert_eq!(f.other.find("another").await.unwrap(), Some(made));
    assert_eq!(f.other.find("nobody").await.unwrap(), None);
    let names: Vec<String> = f
        .one
        .tenants()
        .await
        .unwrap()
        .iter()
        .map(|t| t.name.to_string())
        .collect();
    assert!(
        names.is_sorted()
            && names.iter().any(|name| name == "another")
            && names.iter().any(|name| name == "t")
    );
    let again = f.other.create("another", Quota::default(), Timestamp(5)).await;
    assert_eq!(again.unwrap_err().kind(), ErrorKind::Exists);
    let Found::Inode(Some(root)) = load(f.one, f.tenant, Want::Inode(Ino::ROOT)).await else {
        panic!("a tenant has a root");
    };
    assert_eq!((root.nlink, root.size), (2, 0));
}

pub async fn rows_are_loaded_by_key_and_by_range(f: &Fixture<'_, impl Processes>) {
    f.commit(f.one, &["a", "b", "c"]).await;
    for engine in [f.one, f.other] {
        engine.look(f.tenant).await.unwrap();
        let all = |from, limit| Want::Entries {
            dir: Ino::ROOT,
            from,
            to: u64::MAX >> 1,
            limit,
        };
        let wants = [
            all(0, 10),
            all(0, 2),
            Want::Inode(Ino(2)),
            Want::Data(Ino(2)),
            Want::Inode(Ino(99)),
        ];
        let found = engine.load(f.tenant, &wants).await.unwrap();
        let [
            Found::Entries(entries),
            Found::Entries(two),
            Found::Inode(Some(file)),
            Found::Data(data),
            Found::Inode(None),
        ] = &found[..]
        else {
            panic!("{found:?}");
        };
        assert_eq!(entries.len(), 3);
        assert!(entries.is_sorted_by_key(|entry| entry.cookie));
        assert_eq!(two[..], entries[..2]);
        assert_eq!((file.size, &file.content), (1, &Content::Stored));
        assert_eq!(&data[..], b"a");
        let behind = load(engine, f.tenant, all(entries[0].cookie + 1, 10)).await;
        assert!(matches!(behind, Found::Entries(rest) if rest[..] == entries[1..]));
    }
}

pub async fn versions_of_the_past_are_kept(f: &Fixture<'_, impl Processes>) {
    f.commit(f.one, &["a"]).await;
    f.one.acquire(f.tenant).await.unwrap();
    let mut row = f.row(f.one).await;
    let mut seal = tarbox_store_core::Batch::new(f.tenant);
    seal.history.push(HistoryOp::Seal(Layer {
        id: LayerId(1),
        name: "one".into(),
        description: None,
        sealed: Timestamp(3),
    }));
    (row.head, row.current, row.layers) = (LayerId(2), LayerId(2), 2);
    seal.row = Some(row.clone());
    assert_eq!(apply(f.one, seal).await, Applied::Yes);
    let Found::Inode(Some(file)) = load(f.one, f.tenant, Want::InodeAt(Ino(2), LayerId(1))).await else {
        panic!("the file is in the layer");
    };
    let mut change = tarbox_store_core::Batch::new(f.tenant);
    let mut changed = file.clone();
    (changed.mode, changed.born) = (0o600, LayerId(2));
    change.inodes.push((
        Ino(2),
        Change {
            preserve: Some(LayerId(2)),
            ..put(changed.clone())
        },
    ));
    change.row = Some(row);
    assert_eq!(apply(f.one, change).await, Applied::Yes);
    f.one.release(f.tenant).unwrap();
    let wants = [
        Want::InodeAt(Ino(2), LayerId(1)),
        Want::InodeAt(Ino(2), LayerId(2)),
        Want::LayerNamed("one".into()),
    ];
    let found = f.other.load(f.tenant, &wants).await.unwrap();
    let [
        Found::Inode(Some(past)),
        Found::Inode(Some(now)),
        Found::Layer(Some(layer)),
    ] = &found[..]
    else {
        panic!("{found:?}");
    };
    assert_eq!((past, now, layer.id), (&file, &changed, LayerId(1)));
}

pub async fn a_batch_that_fails_leaves_nothing(f: &Fixture<'_, impl Processes>) {
    f.commit(f.one, &["a"]).await;
    f.one.acquire(f.tenant).await.unwrap();
    let mut row = f.row(f.one).await;
    let before = row.clone();
    let mut bad = f.creates(&mut row, "b");
    // There is a record at this position.
    bad.log[0].seq = 1;
    let result = f.one.apply(&mut [bad], Durability::Durable).await;
    assert!(result.is_err(), "{result:?}");
    f.one.release(f.tenant).unwrap();
    for engine in [f.one, f.other] {
        engine.look(f.tenant).await.unwrap();
        assert_eq!(f.row(engine).await, before);
        assert_eq!(f.find(engine, "b").await, None);
        assert_eq!(f.find(engine, "a").await, Some(Ino(2)));
    }
}

pub async fn the_log_is_queried(f: &Fixture<'_, impl Processes>) {
    f.commit(f.one, &["a", "b", "c", "d"]).await;
    let seqs = async |query: LogQuery| -> Vec<u64> {
        let found = f.other.log(f.tenant, &query).await.unwrap();
        found.iter().map(|record| record.seq.0).collect()
    };
    let all = LogQuery::default;
    assert_eq!(seqs(all()).await, [1, 2, 3, 4]);
    assert_eq!(
        seqs(LogQuery {
            newest_first: true,
            limit: 2,
            ..all()
        })
        .await,
        [4, 3]
    );
    assert_eq!(
        seqs(LogQuery {
            after: Some(Seq(1)),
            before: Some(Seq(4)),
            ..all()
        })
        .await,
        [2, 3]
    );
    assert_eq!(
        seqs(LogQuery {
            path: Some(b"/b".into()),
            ..all()
        })
        .await,
        [2]
    );
    assert_eq!(
        seqs(LogQuery {
            path: Some(b"/".into()),
            limit: 3,
            ..all()
        })
        .await,
        [1, 2, 3]
    );
    let times = LogQuery {
        since: Some(Timestamp(2)),
        until: Some(Timestamp(4)),
        ..all()
    };
    assert_eq!(seqs(times).await, [2, 3]);
    assert_eq!(
        seqs(LogQuery {
            operation: Some(Operation::Unlink),
            ..all()
        })
        .await,
        []
    );
    assert_eq!(
        seqs(LogQuery {
            uid: Some(8),
            ..all()
        })
        .await,
        []
    );
    assert_eq!(
        seqs(LogQuery {
            refused: true,
            ..all()
        })
        .await,
        []
    );
}

pub async fn what_is_synced_is_told(f: &Fixture<'_, impl Processes>) {
    assert_eq!(f.one.sync(f.tenant).await.unwrap(), Applied::Yes);
    f.commit(f.one, &["a"]).await;
    assert_eq!(f.one.sync(f.tenant).await.unwrap(), Applied::Yes);
    assert_eq!(f.other.sync(f.tenant).await.unwrap(), Applied::Yes);
}
