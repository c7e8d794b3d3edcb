//! The log: a record of every change, exactly.

use super::{Fixture, assert_fails};
use crate::*;

/// Every operation leaves one record, in order and without gaps, with the paths as they were.
pub async fn every_change_leaves_its_record<D: Database>(t: &Fixture<D>) {
    let (s, me) = (&t.store, &t.me);
    let start = s.last_seq().await.unwrap();
    let dir = t.dir(Ino::ROOT, "dir").await;
    let file = t.file(dir, "file", b"").await;
    t.write(file, 0, b"12345678").await;
    t.truncate(file, 2).await;
    t.make(dir, "link", FileKind::Symlink).await.unwrap();
    t.link(file, Ino::ROOT, "hard").await.unwrap();
    t.rename((dir, "link"), (Ino::ROOT, "moved"), RenameMode::Replace)
        .await
        .unwrap();
    s.set_attr(me, dir, &SetAttr::default()).await.unwrap();
    s.set_xattr(me, dir, b"a", b"bc", XattrMode::Any).await.unwrap();
    s.remove_xattr(me, dir, b"a").await.unwrap();
    t.unlink(dir, "file").await.unwrap();
    s.allocate(me, file, Allocate::Extend, 0, 9, false).await.unwrap();
    t.unlink(Ino::ROOT, "moved").await.unwrap();
    t.rmdir(Ino::ROOT, "dir").await.unwrap();
    let one = t.checkpoint("one").await;
    s.tag(me, "tag", Some(one)).await.unwrap();
    s.switch(me, one).await.unwrap();
    t.switch_to_head().await;
    assert_eq!(
        t.log_after(start).await,
        [
            "mkdir /dir",
            "create /dir/file",
            "write /dir/file",
            "truncate /dir/file",
            "create /dir/link",
            "link /hard",
            "rename /dir/link /moved",
            "setattr /dir",
            "xattr /dir",
            "xattr /dir",
            "unlink /dir/file",
            "allocate /hard",
            "unlink /moved",
            "rmdir /dir",
            "checkpoint one",
            "tag tag",
            "switch one",
            "switch head",
        ]
    );
    let records = s.log(&LogQuery::default()).await.unwrap();
    for (i, record) in records.iter().enumerate() {
        assert_eq!(record.seq, Seq(1 + i as u64), "no gaps");
        assert_eq!(
            (record.uid, &*record.agent, record.errno),
            (1000, "conformance", 0)
        );
    }
    assert!(records.is_sorted_by_key(|r| r.time), "in order of time");
    assert_eq!(s.last_seq().await.unwrap(), records.last().unwrap().seq);
    let of = |word: &str| records.iter().find(|r| r.operation.word() == word).unwrap();
    assert_eq!((of("write").ino, of("write").bytes), (file, 8));
    assert_eq!((of("truncate").ino, of("truncate").bytes), (file, 2));
    assert_eq!((of("mkdir").ino, of("mkdir").layer), (dir, one));
    assert_eq!((of("checkpoint").ino, of("checkpoint").layer), (Ino(0), one));
}

/// Squashing, dropping and going back are recorded by the names of their layers.
pub async fn what_happens_to_history_is_recorded<D: Database>(t: &Fixture<D>) {
    let (a, b, c) = (
        t.checkpoint("a").await,
        t.checkpoint("b").await,
        t.checkpoint("c").await,
    );
    let start = t.store.last_seq().await.unwrap();
    t.store.squash(&t.me, a, b).await.unwrap();
    t.store.drop_layer(&t.me, c).await.unwrap();
    t.store.switch(&t.me, b).await.unwrap();
    t.store
        .checkpoint(&t.me, "", None, LaterLayers::Discard)
        .await
        .unwrap();
    let lines = t.log_after(start).await;
    assert_eq!(lines, ["squash a..b", "drop c", "switch b", "checkpoint b"]);
}

/// Writes to one file are gathered; none is lost from the count.
pub async fn writes_are_counted_together<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"").await;
    let other = t.file(Ino::ROOT, "other", b"").await;
    let start = t.store.last_seq().await.unwrap();
    for i in 0..50 {
        t.write(file, i * 10, b"1234567").await;
        t.write(other, 0, b"x").await;
    }
    let query = LogQuery {
        after: Some(start),
        operation: Some(Operation::Write),
        ..LogQuery::default()
    };
    let records = t.store.log(&query).await.unwrap();
    let total = |ino| -> u64 { records.iter().filter(|r| r.ino == ino).map(|r| r.bytes).sum() };
    assert_eq!((total(file), total(other)), (350, 50));
}

/// A failed operation leaves no record, a refused one the record it is given.
pub async fn refusals_are_recorded_on_request<D: Database>(t: &Fixture<D>) {
    t.file(Ino::ROOT, "file", b"").await;
    let start = t.store.last_seq().await.unwrap();
    assert_fails(t.make(Ino::ROOT, "file", FileKind::File).await, ErrorKind::Exists);
    assert_fails(t.unlink(Ino::ROOT, "missing").await, ErrorKind::NotFound);
    assert_eq!(t.store.last_seq().await.unwrap(), start);
    let by = Actor {
        uid: 66,
        gid: 66,
        agent: "guest".into(),
    };
    t.store
        .log_refusal(&by, Operation::Unlink, b"/file", ErrorKind::Access)
        .await
        .unwrap();
    let query = LogQuery {
        refused: true,
        ..LogQuery::default()
    };
    let records = t.store.log(&query).await.unwrap();
    assert_eq!(records.len(), 1);
    let r = &records[0];
    assert_eq!((r.seq, r.uid, &*r.agent), (Seq(start.0 + 1), 66, "guest"));
    assert_eq!(
        (r.operation, r.path.as_slice(), r.errno),
        (Operation::Unlink, &b"/file"[..], 13)
    );
}

/// A query answers what matches all it names.
pub async fn queries_answer_what_matches<D: Database>(t: &Fixture<D>) {
    let dir = t.dir(Ino::ROOT, "dir").await;
    t.file(dir, "a", b"").await;
    t.file(Ino::ROOT, "dirt", b"").await;
    t.file(Ino::ROOT, "other", b"").await;
    let one = t.checkpoint("one").await;
    t.rename((Ino::ROOT, "other"), (dir, "b"), RenameMode::Replace)
        .await
        .unwrap();
    t.rename((dir, "a"), (Ino::ROOT, "away"), RenameMode::Replace)
        .await
        .unwrap();
    let by = Actor {
        uid: 7,
        gid: 7,
        agent: "someone:else/there".into(),
    };
    t.store.set_attr(&by, dir, &SetAttr::default()).await.unwrap();
    let ask = async |query: LogQuery| -> Vec<u64> {
        let records = t.store.log(&query).await.unwrap();
        records.into_iter().map(|r| r.seq.0).collect()
    };
    let all = t.store.log(&LogQuery::default()).await.unwrap();
    let default = LogQuery::default;
    assert_eq!(ask(default()).await, [1, 2, 3, 4, 5, 6, 7, 8]);
    let newest_first = true;
    assert_eq!(
        ask(LogQuery {
            newest_first,
            limit: 3,
            ..default()
        })
        .await,
        [8, 7, 6]
    );
    assert_eq!(
        ask(LogQuery {
            limit: 2,
            ..default()
        })
        .await,
        [1, 2]
    );
    assert_eq!(
        ask(LogQuery {
            after: Some(Seq(6)),
            ..default()
        })
        .await,
        [7, 8]
    );
    assert_eq!(
        ask(LogQuery {
            after: Some(Seq(u64::MAX)),
            ..default()
        })
        .await,
        []
    );
    let before = |before| LogQuery {
        before: Some(Seq(before)),
        newest_first,
        limit: 3,
        ..default()
    };
    assert_eq!(ask(before(6)).await, [5, 4, 3]);
    assert_eq!(ask(before(3)).await, [2, 1]);
    assert_eq!(ask(before(1)).await, []);
    assert_eq!(ask(before(u64::MAX)).await, [8, 7, 6]);
    let path = |path: &[u8]| LogQuery {
        path: Some(path.to_vec()),
        ..default()
    };
    assert_eq!(
        ask(path(b"/dir")).await,
        [1, 2, 6, 7, 8],
        "below it, and into and out of it"
    );
    assert_eq!(ask(path(b"/dir/a")).await, [2, 7]);
    assert_eq!(ask(path(b"/")).await, [1, 2, 3, 4, 6, 7, 8]);
    assert_eq!(ask(path(b"/nothing")).await, []);
    let operation = Some(Operation::Rename);
    assert_eq!(
        ask(LogQuery {
            operation,
            ..default()
        })
        .await,
        [6, 7]
    );
    assert_eq!(
        ask(LogQuery {
            uid: Some(7),
            ..default()
        })
        .await,
        [8]
    );
    for (agent, found) in [
        ("someone:else/there", &[8][..]),
        ("someone:else", &[8]),
        ("someone", &[8]),
        ("some", &[]),
        ("someone:", &[]),
        ("someone:else/there/", &[]),
    ] {
        let agent = Some(agent.to_owned());
        assert_eq!(ask(LogQuery { agent, ..default() }).await, found);
    }
    assert_eq!(
        ask(LogQuery {
            layer: Some(one),
            ..default()
        })
        .await,
        [1, 2, 3, 4, 5]
    );
    assert_eq!(
        ask(LogQuery {
            refused: true,
            ..default()
        })
        .await,
        []
    );
    let (since, until) = (Some(all[0].time), Some(all[7].time));
    assert_eq!(ask(LogQuery { since, ..default() }).await.len(), 8);
    let before_last: Vec<u64> = all
        .iter()
        .filter(|r| r.time < all[7].time)
        .map(|r| r.seq.0)
        .collect();
    assert_eq!(ask(LogQuery { until, ..default() }).await, before_last);
    let both = LogQuery {
        operation: Some(Operation::SetAttr),
        uid: Some(1000),
        ..default()
    };
    assert_eq!(ask(both).await, []);
}

/// An agent that is too long is cut, not refused; paths may be any bytes.
pub async fn records_take_any_agent_and_path<D: Database>(t: &Fixture<D>) {
    let by = Actor {
        uid: 1,
        gid: 1,
        agent: "ä".repeat(1_000).into(),
    };
    let new = NewInode {
        kind: FileKind::File,
        mode: 0,
        uid: 0,
        gid: 0,
        rdev: 0,
        target: b"",
    };
    t.store.create(&by, Ino::ROOT, b"\xff\xfe", &new).await.unwrap();
    let records = t.store.log(&LogQuery::default()).await.unwrap();
    assert_eq!(records[0].path, b"/\xff\xfe");
    assert!(records[0].agent.len() <= 255 && records[0].agent.starts_with("ää"));
}

/// How a tenant stands is what each of the calls says that it is made of.
pub async fn a_standing_is_all_of_its_parts<D: Database>(t: &Fixture<D>) {
    let s = &t.store;
    let start = s.last_seq().await.unwrap();
    for name in ["one", "two"] {
        t.file(Ino::ROOT, name, b"").await;
    }
    let standing = s.standing(start).await.unwrap();
    assert_eq!(standing.position, s.position().await.unwrap());
    assert_eq!(standing.tenant.name, "default");
    assert_eq!(standing.tenant.created, s.tenant().await.unwrap().created);
    assert_eq!(standing.last, s.last_seq().await.unwrap());
    let record = standing.record.unwrap();
    assert_eq!((record.seq.0, &record.path[..]), (start.0 + 1, &b"/one"[..]));
    let standing = s.standing(standing.last).await.unwrap();
    assert_eq!(standing.record, None);
}
