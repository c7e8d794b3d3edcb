//! Whatever is said arrives as it was meant, in both encodings, and nothing that arrives does harm.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use tarbox_protocol::limits::*;
use tarbox_protocol::*;
use tarbox_store::*;

const FORMATS: [Format; 2] = [Format::Compact, Format::Json];

fn one_of<T: Clone + std::fmt::Debug + 'static>(all: &[T]) -> impl Strategy<Value = T> + use<T> {
    proptest::sample::select(all.to_vec())
}

fn bytes() -> impl Strategy<Value = Bytes<'static>> {
    prop_oneof![vec(any::<u8>(), 0..40), "\\PC{0,10}".prop_map(String::into_bytes)].prop_map(Bytes::from)
}

fn raw() -> impl Strategy<Value = Vec<u8>> {
    bytes().prop_map(Bytes::into_vec)
}

fn ino() -> impl Strategy<Value = Ino> {
    any::<u64>().prop_map(Ino)
}

/// By number, or as what the first call found.
fn node() -> impl Strategy<Value = Node> {
    prop_oneof![ino().prop_map(Node::Ino), Just(Node::Answer(0))]
}

fn layer() -> impl Strategy<Value = LayerId> {
    any::<u64>().prop_map(LayerId)
}

fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        Just(Timestamp::MIN),
        Just(Timestamp::MAX),
        any::<i64>().prop_map(Timestamp)
    ]
}

fn view() -> impl Strategy<Value = Wire<View>> {
    prop_oneof![Just(View::Current), layer().prop_map(View::Layer)].prop_map(Wire)
}

fn kind() -> impl Strategy<Value = FileKind> {
    (1..=7u8).prop_map(|number| FileKind::from_number(number).unwrap())
}

prop_compose! {
    fn attr()(
        ids in (ino(), kind(), any::<u32>(), any::<u32>(), any::<u32>(), any::<u32>()),
        sizes in any::<(u64, u64, u64, u32)>(),
        times in (time(), time(), time(), time()),
        version in any::<u64>().prop_map(Seq),
    ) -> Attr {
        let ((ino, kind, mode, uid, gid, nlink), (size, blocks, rdev, xattrs)) = (ids, sizes);
        let (atime, mtime, ctime, btime) = times;
        Attr { ino, kind, mode, uid, gid, nlink, size, blocks, rdev, xattrs, atime, mtime, ctime, btime, version }
    }
}

fn condition() -> impl Strategy<Value = tarbox_protocol::Condition<'static>> {
    use tarbox_protocol::Condition;
    prop_oneof![
        (ino(), any::<(u32, u32, u32)>()).prop_map(|(ino, (mode, uid, gid))| Condition::Permissions {
            ino,
            mode,
            uid,
            gid
        }),
        (ino(), bytes(), of(ino())).prop_map(|(dir, name, ino)| Condition::Name { dir, name, ino }),
        (ino(), any::<u64>()).prop_map(|(ino, version)| Condition::Version {
            ino,
            version: Seq(version)
        }),
    ]
}

fn set_time() -> impl Strategy<Value = SetTime> {
    prop_oneof![Just(SetTime::Now), time().prop_map(SetTime::At)]
}

prop_compose! {
    fn set_attr()(
        numbers in any::<(Option<u32>, Option<u32>, Option<u32>, Option<u64>, bool)>(),
        atime in of(set_time()),
        mtime in of(set_time()),
    ) -> Wire<SetAttr> {
        let (mode, uid, gid, size, clear_setid) = numbers;
        Wire(SetAttr { mode, uid, gid, size, atime, mtime, clear_setid })
    }
}

prop_compose! {
    fn query()(
        places in any::<(Option<u64>, Option<u64>)>(),
        times in (of(time()), of(time())),
        operation in of(one_of(Operation::ALL)),
        path in of(raw()),
        who in any::<(Option<u32>, Option<String>)>(),
        layer in of(layer()),
        rest in (any::<bool>(), 0..=LOG_MAX, any::<bool>()),
    ) -> Wire<LogQuery> {
        Wire(LogQuery {
            after: places.0.map(Seq), before: places.1.map(Seq), since: times.0, until: times.1, operation, path,
            uid: who.0, agent: who.1, layer, refused: rest.0, limit: rest.1, newest_first: rest.2,
        })
    }
}

/// A call of every kind.
fn call() -> impl Strategy<Value = Call<'static>> {
    use Allocate::*;
    let how = one_of(&[
        Extend,
        KeepSize,
        PunchHole,
        ZeroRange,
        ZeroKeepSize,
        Collapse,
        Insert,
    ]);
    let looks = prop_oneof![
        (view(), node(), bytes()).prop_map(|(view, dir, name)| Call::Lookup { view, dir, name }),
        (view(), node(), vec(bytes(), 0..4)).prop_map(|(view, start, names)| Call::Walk {
            view,
            start,
            names
        }),
        (view(), node(), any::<u64>(), 0..=LIST_MAX as u32).prop_map(|(view, dir, after, limit)| {
            Call::List {
                view,
                dir,
                after: Cookie(after),
                limit,
            }
        }),
        (view(), node(), any::<u64>(), 0..=LIST_MAX as u32).prop_map(|(view, dir, after, limit)| {
            Call::ListNames {
                view,
                dir,
                after: Cookie(after),
                limit,
            }
        }),
        (view(), node()).prop_map(|(view, dir)| Call::Parent { view, dir }),
        (view(), node()).prop_map(|(view, ino)| Call::PathOf { view, ino }),
        (view(), node()).prop_map(|(view, ino)| Call::Attr { view, ino }),
        (view(), node(), bytes()).prop_map(|(view, ino, name)| Call::Xattr { view, ino, name }),
        (view(), node()).prop_map(|(view, ino)| Call::Xattrs { view, ino }),
        (
            view(),
            node(),
            any::<u64>(),
            0..4_000u32,
            one_of(&[Access::Touch, Access::Quiet])
        )
            .prop_map(|(view, ino, offset, len, access)| Call::Read {
                view,
                ino,
                offset,
                len,
                access: Wire(access)
            }),
        (view(), node()).prop_map(|(view, ino)| Call::ReadLink { view, ino }),
        (
            view(),
            node(),
            any::<u64>(),
            one_of(&[SeekTo::Data, SeekTo::Hole])
        )
            .prop_map(|(view, ino, offset, to)| Call::Seek {
                view,
                ino,
                offset,
                to: Wire(to)
            }),
        (view(), node(), any::<u64>(), 0..8_192u32, 0..8_192u32).prop_map(
            |(view, ino, from, size, count)| Call::Digests {
                view,
                ino,
                from,
                size,
                count
            }
        ),
        node().prop_map(|ino| Call::IsHeld { ino }),
        any::<String>().prop_map(|name| Call::FindLayer { name }),
        (layer(), layer()).prop_map(|(from, to)| Call::Diff { from, to }),
        any::<String>().prop_map(|agent| Call::LastSeqByOthers { agent }),
        query().prop_map(|query| Call::Log { query }),
        one_of(&[
            Call::Position {},
            Call::Layers {},
            Call::LastSeq {},
            Call::Tenant {},
            Call::DeviceFree {},
            Call::Performance {},
            Call::Gc {},
            Call::Sync {},
            Call::Flush {},
            Call::Settle {},
            Call::OpenSession {},
            Call::CloseSession {},
        ]),
    ];
    let changes = prop_oneof![
        (node(), bytes(), kind(), any::<(u32, u32, u32, u64)>(), bytes()).prop_map(
            |(dir, name, kind, (mode, uid, gid, rdev), target)| {
                Call::Create {
                    dir,
                    name,
                    kind,
                    mode,
                    uid,
                    gid,
                    rdev,
                    target,
                }
            }
        ),
        (node(), node(), bytes()).prop_map(|(ino, dir, name)| Call::Link { ino, dir, name }),
        (node(), bytes(), one_of(&[Unlink::File, Unlink::Directory])).prop_map(|(dir, name, what)| {
            Call::Unlink {
                dir,
                name,
                what: Wire(what),
            }
        }),
        (
            node(),
            bytes(),
            node(),
            bytes(),
            one_of(&[RenameMode::Replace, RenameMode::NoReplace, RenameMode::Exchange])
        )
            .prop_map(|(from_dir, from, to_dir, to, mode)| {
                Call::Rename {
                    from_dir,
                    from,
                    to_dir,
                    to,
                    mode: Wire(mode),
                }
            }),
        (node(), set_attr()).prop_map(|(ino, set)| Call::SetAttr { ino, set }),
        (
            node(),
            bytes(),
            bytes(),
            one_of(&[XattrMode::Any, XattrMode::Create, XattrMode::Replace])
        )
            .prop_map(|(ino, name, value, mode)| Call::SetXattr {
                ino,
                name,
                value,
                mode: Wire(mode)
            }),
        (node(), bytes()).prop_map(|(ino, name)| Call::RemoveXattr { ino, name }),
        (node(), of(any::<u64>()), bytes(), any::<bool>()).prop_map(|(ino, at, data, clear_setid)| {
            Call::Write {
                ino,
                at: Wire(at.map_or(WriteAt::End, WriteAt::Offset)),
                data,
                clear_setid,
            }
        }),
        (node(), how, any::<(u64, u64, bool)>()).prop_map(|(ino, how, (offset, len, clear_setid))| {
            Call::Allocate {
                ino,
                how: Wire(how),
                offset,
                len,
                clear_setid,
            }
        }),
        (view(), node(), node(), any::<(u64, u64, u64)>()).prop_map(
            |(view, source, target, (from, to, len))| {
                Call::CopyRange {
                    view,
                    source,
                    source_offset: from,
                    target,
                    target_offset: to,
                    len,
                }
            }
        ),
        (one_of(Operation::ALL), bytes(), one_of(ErrorKind::ALL)).prop_map(|(operation, path, kind)| {
            Call::LogRefusal {
                operation: Wire(operation),
                path,
                kind: Wire(kind),
            }
        }),
        (
            any::<(String, Option<String>)>(),
            one_of(&[LaterLayers::Keep, LaterLayers::Discard])
        )
            .prop_map(|((name, description), later)| Call::Checkpoint {
                name,
                description,
                later: Wire(later)
            }),
        layer().prop_map(|layer| Call::Switch { layer }),
        layer().prop_map(|layer| Call::DropLayer { layer }),
        (layer(), layer()).prop_map(|(first, last)| Call::Squash { first, last }),
        (any::<String>(), of(layer())).prop_map(|(tag, layer)| Call::Tag { tag, layer }),
        node().prop_map(|ino| Call::Hold { ino }),
        node().prop_map(|ino| Call::Release { ino }),
    ];
    prop_oneof![looks, changes]
}

prop_compose! {
    fn batch()(
        ids in any::<(u32, u32)>(),
        agent in "\\PC{0,40}",
        made in of(time()),
        session in of(any::<[u8; 16]>()),
        slot in of((0..SLOTS_MAX, 1..u64::MAX)),
        flags in any::<(bool, bool)>(),
        conditions in vec(condition(), 0..4),
        rest in vec(call(), 0..6),
        after in any::<u64>(),
        patience_ms in 0..=PATIENCE_MAX_MS,
    ) -> Batch<'static> {
        let mut calls = vec![Call::Changed { after: Seq(after), patience_ms }];
        calls.extend(rest);
        let session = session.map(SessionId);
        Batch {
            by: tarbox_protocol::By { uid: ids.0, gid: ids.1, agent: agent.into() },
            made,
            session,
            slot: slot.filter(|_| session.is_some()).map(|(number, sequence)| Slot { number, sequence }),
            atomic: flags.0,
            each: false,
            conditions,
            durable: flags.1,
            calls,
        }
    }
}

prop_compose! {
    fn layer_info()(
        id in layer(),
        texts in any::<(Option<String>, Option<String>, Vec<String>)>(),
        sealed in of(time()),
        current in any::<bool>(),
    ) -> Wire<LayerInfo> {
        Wire(LayerInfo { id, name: texts.0, description: texts.1, sealed, tags: texts.2, current })
    }
}

prop_compose! {
    fn record()(
        numbers in any::<(u64, u32, u64, i32)>(),
        time in time(),
        agent in any::<String>(),
        operation in one_of(Operation::ALL),
        ino in ino(),
        path in raw(),
        from in of(raw()),
        layer in layer(),
    ) -> Wire<LogRecord> {
        let (seq, uid, bytes, errno) = numbers;
        Wire(LogRecord { seq: Seq(seq), time, uid, agent, operation, ino, path, from, bytes, layer, errno })
    }
}

prop_compose! {
    fn change()(
        kind in one_of(&[ChangeKind::Added, ChangeKind::Modified, ChangeKind::Deleted, ChangeKind::Renamed]),
        path in raw(),
        from in of(raw()),
        file in kind(),
        sizes in any::<(Option<u64>, Option<u64>, bool)>(),
    ) -> Wire<Change> {
        Wire(Change { kind, path, from, file, size_before: sizes.0, size_after: sizes.1, content: sizes.2 })
    }
}

fn counters() -> impl Strategy<Value = Answer<'static>> {
    let tenant = (
        any::<String>(),
        one_of(&[
            TenantState::Active,
            TenantState::Suspended,
            TenantState::Restoring,
        ]),
        time(),
        any::<[Option<u64>; 4]>(),
        any::<[u64; 4]>(),
    );
    let tenant = tenant.prop_map(|(name, state, created, quota, usage)| {
        let [bytes, inodes, layers, log_records] = quota;
        let quota = Quota {
            bytes,
            inodes,
            layers,
            log_records,
        };
        let [bytes, inodes, layers, last_seq] = usage;
        let usage = Usage {
            bytes,
            inodes,
            layers,
            last_seq,
        };
        Answer::Tenant(Wire(TenantInfo {
            name,
            state,
            created,
            quota,
            usage,
        }))
    });
    let performance = any::<[u64; 12]>().prop_map(|n| {
        Answer::Performance(Wire(Performance {
            row_hits: n[0],
            row_misses: n[1],
            block_hits: n[2],
            block_misses: n[3],
            cached: n[4],
            tenants: n[5],
            pending: n[6],
            commits: n[7],
            syncs: n[8],
            bytes_written: n[9],
            bytes_deduplicated: n[10],
            bytes_read: n[11],
        }))
    });
    let gc = any::<[u64; 4]>().prop_map(|n| {
        let [inodes, log_records, segments, bytes_freed] = n;
        Answer::Gc(Wire(GcReport {
            inodes,
            log_records,
            segments,
            bytes_freed,
        }))
    });
    prop_oneof![tenant, performance, gc]
}

fn answer() -> impl Strategy<Value = Answer<'static>> {
    let entry = (raw(), any::<u64>(), attr()).prop_map(|(name, cookie, attr)| {
        Wire(DirEntry {
            name,
            cookie: Cookie(cookie),
            attr,
        })
    });
    let name = (raw(), any::<u64>(), ino(), kind()).prop_map(|(name, cookie, ino, kind)| {
        Wire(DirName {
            name,
            cookie: Cookie(cookie),
            ino,
            kind,
        })
    });
    prop_oneof![
        Just(Answer::Done),
        attr().prop_map(|attr| Answer::Attr(Wire(attr))),
        vec(attr().prop_map(Wire), 0..3).prop_map(Answer::Attrs),
        vec(entry, 0..3).prop_map(Answer::Entries),
        vec(name, 0..3).prop_map(Answer::Names),
        ino().prop_map(Answer::Ino),
        bytes().prop_map(Answer::Bytes),
        vec(bytes(), 0..3).prop_map(Answer::ListOfBytes),
        any::<(u64, u64)>().prop_map(|(offset, size)| Answer::Written(Wire(Written { offset, size }))),
        any::<u64>().prop_map(Answer::Number),
        any::<bool>().prop_map(Answer::Yes),
        (layer(), layer()).prop_map(|(current, head)| Answer::Position(Wire(Position { current, head }))),
        layer_info().prop_map(Answer::Layer),
        vec(layer_info(), 0..3).prop_map(Answer::Layers),
        vec(change(), 0..3).prop_map(Answer::Changes),
        any::<u64>().prop_map(|seq| Answer::Seq(Seq(seq))),
        vec(record(), 0..3).prop_map(Answer::Records),
        counters(),
        any::<Option<u64>>().prop_map(Answer::Free),
        any::<([u8; 16], u32)>().prop_map(|(id, lease_ms)| Answer::Session {
            id: SessionId(id),
            lease_ms
        }),
    ]
}

proptest! {
    #[test]
    fn batches_survive(batch in batch()) {
        for format in FORMATS {
            let sent = batch.encode(format);
            prop_assert_eq!(&Batch::decode(&sent, format).unwrap(), &batch);
        }
    }

    #[test]
    fn replies_survive(
        positions in any::<(u64, u64)>(),
        answers in vec(answer(), 0..4),
        kind in one_of(ErrorKind::ALL),
        subject in of("\\PC{0,20}"),
        detail in of(any::<String>()),
        failed in of(any::<u16>()),
    ) {
        let mut error = Error::new(kind);
        if let Some(subject) = subject { error = error.about(subject); }
        if let Some(detail) = detail { error = error.because(detail); }
        let reply = Reply {
            before: Seq(positions.0), after: Seq(positions.1), answers, failure: Some(Failure::from(&error)), failed,
        };
        for format in FORMATS {
            let sent = reply.encode(format);
            let back = Reply::decode(&sent, format).unwrap();
            prop_assert_eq!(&back, &reply);
            let told = Error::from(back.failure.unwrap());
            prop_assert_eq!(told.to_string(), error.to_string());
            prop_assert_eq!(told.kind(), error.kind());
        }
    }

    /// Anything that is read can be said again, and means the same.
    #[test]
    fn noise_is_refused_or_means_something(noise in vec(any::<u8>(), 0..200)) {
        for format in FORMATS {
            if let Ok(batch) = Batch::decode(&noise, format) {
                let again = batch.encode(format);
                prop_assert_eq!(Batch::decode(&again, format).unwrap(), batch);
            }
            if let Ok(reply) = Reply::decode(&noise, format) {
                let again = reply.encode(format);
                prop_assert_eq!(Reply::decode(&again, format).unwrap(), reply);
            }
        }
    }

    /// A byte that was changed, or an end that is missing, is told or means something else.
    #[test]
    fn damage_is_harmless(batch in batch(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        for format in FORMATS {
            let mut sent = batch.encode(format);
            let at = at.index(sent.len());
            if cut { sent.truncate(at) } else { sent[at] = byte }
            let _ = Batch::decode(&sent, format);
            let _ = Reply::decode(&sent, format);
        }
    }
}

/// What is claimed allocates nothing.
#[test]
fn a_claimed_length_is_not_believed() {
    let lengths = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    // uid, gid, agent, made, session, slot, atomic, each, conditions, durable, and a huge number of calls.
    let mut sent = vec![0; 10];
    sent.push(0);
    assert!(Batch::decode(&sent, Format::Compact).is_ok());
    sent.pop();
    sent.extend(lengths);
    assert!(matches!(
        Batch::decode(&sent, Format::Compact),
        Err(WireError::Malformed(_))
    ));
    let mut sent = vec![0, 0];
    sent.extend(lengths);
    assert!(matches!(
        Reply::decode(&sent, Format::Compact),
        Err(WireError::Malformed(_))
    ));
}

#[test]
fn limits_are_kept() {
    let refused = |batch: Batch<'_>| {
        let sent = batch.encode(Format::Compact);
        assert!(Batch::decode(&sent, Format::Compact).is_err(), "{batch:?}");
    };
    let view = Wire(View::Current);
    refused(Batch::new(vec![Call::LastSeq {}; CALLS_MAX + 1]));
    refused(Batch::new(vec![Call::Walk {
        view,
        start: Ino::ROOT.into(),
        names: vec![Bytes::default(); WALK_MAX + 1],
    }]));
    refused(Batch::new(vec![Call::List {
        view,
        dir: Ino::ROOT.into(),
        after: Cookie(0),
        limit: LIST_MAX as u32 + 1,
    }]));
    let read = Call::Read {
        view,
        ino: Ino(2).into(),
        offset: 0,
        len: CONTENT_MAX as u32 / 2 + 1,
        access: Wire(Access::Quiet),
    };
    refused(Batch::new(vec![read.clone(), read]));
    refused(Batch::new(vec![
        Call::LastSeq {},
        Call::Changed {
            after: Seq(0),
            patience_ms: 1,
        },
    ]));
    refused(Batch::new(vec![Call::Changed {
        after: Seq(0),
        patience_ms: PATIENCE_MAX_MS + 1,
    }]));
    refused(Batch::new(vec![Call::Parent {
        view,
        dir: Node::Answer(0),
    }]));
    refused(Batch {
        slot: Some(Slot {
            number: 0,
            sequence: 1,
        }),
        ..Batch::new(vec![])
    });
    refused(Batch {
        by: tarbox_protocol::By {
            agent: "a\n".into(),
            ..tarbox_protocol::By::default()
        },
        ..Batch::new(vec![])
    });
    refused(Batch {
        by: tarbox_protocol::By {
            agent: "a".repeat(AGENT_MAX + 1).into(),
            ..tarbox_protocol::By::default()
        },
        ..Batch::new(vec![])
    });
    assert!(matches!(
        Batch::decode(&vec![0; REQUEST_MAX + 1], Format::Compact),
        Err(WireError::Limit(_))
    ));
}

/// What people write by hand.
#[test]
fn json_reads_well() {
    let text = r#"{"calls": [
        {"walk": {"view": "current", "start": 1, "names": ["src", {"base64": "/w=="}]}},
        {"write": {"ino": {"answer": 0}, "at": {"offset": 3}, "data": "text"}},
        {"read": {"view": {"layer": 3}, "ino": {"answer": 0}, "offset": 0, "len": 10, "access": "quiet"}},
        {"set_attr": {"ino": 7, "set": {"mode": 420, "mtime": {"at": -1}}}},
        {"log": {"query": {"operation": "rename", "limit": 5}}},
        {"sync": {}}
    ]}"#;
    let batch = Batch::decode(text.as_bytes(), Format::Json).unwrap();
    let Call::Walk { names, .. } = &batch.calls[0] else {
        panic!()
    };
    assert_eq!((&*names[0], &*names[1]), (&b"src"[..], &b"\xff"[..]));
    assert_eq!(batch.calls[1].word(), "write");
    assert_eq!(
        batch
            .calls
            .iter()
            .map(Call::class)
            .filter(|class| *class == Class::Change)
            .count(),
        2
    );
    for wrong in [
        r#"{"calls": [{"nothing": {}}]}"#,
        r#"{"calls": [], "more": 1}"#,
        r#"{"calls": [{"sync": {"x": 1}}]}"#,
        "[]",
    ] {
        assert!(Batch::decode(wrong.as_bytes(), Format::Json).is_err(), "{wrong}");
    }
}
