//! Sessions at the server: leases, slots, keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tarbox_fs::blocking;
use tarbox_ops_server::{Caller, Desk, Options, Refusal, serve};
use tarbox_protocol::{By, SessionId, *};
use tarbox_store::*;
use tarbox_store_sqlite::SqliteStore;

use crate::server::{me, new, sqlite};

const FORMAT: Format = Format::Json;

struct Bench {
    desk: Desk<SqliteStore>,
    now: Arc<AtomicU64>,
    file: Ino,
}

fn bench() -> Bench {
    let database = sqlite();
    blocking(database.create_tenant("test", Quota::default())).unwrap();
    let store = blocking(database.open_tenant("test")).unwrap();
    let file = blocking(store.create(&me(), Ino::ROOT, b"file", &new(FileKind::File)))
        .unwrap()
        .ino;
    let now = Arc::new(AtomicU64::new(0));
    let clock = now.clone();
    let options = Options {
        lease: Duration::from_secs(60),
        clock: Arc::new(move || Duration::from_secs(clock.load(Ordering::Relaxed))),
    };
    Bench {
        desk: blocking(Desk::open(store, options)).unwrap(),
        now,
        file,
    }
}

fn caller(key: &str) -> Caller {
    Caller {
        key: Some(key.into()),
        ..Caller::trusted("test")
    }
}

impl Bench {
    fn send(&self, who: &Caller, batch: &Batch<'_>) -> Result<Vec<u8>, Refusal> {
        tarbox_store::conformance::block_on(serve(&self.desk, who, FORMAT, &batch.encode(FORMAT)))
    }

    fn open(&self, who: &Caller) -> SessionId {
        let sent = self.send(who, &Batch::new(vec![Call::OpenSession {}])).unwrap();
        match Reply::decode(&sent, FORMAT).unwrap().answers[..] {
            [Answer::Session { id, .. }] => id,
            _ => panic!("no session"),
        }
    }

    fn in_session(
        &self,
        who: &Caller,
        id: SessionId,
        call: Call<'static>,
    ) -> Result<Option<Failure>, Refusal> {
        let batch = Batch {
            session: Some(id),
            ..Batch::new(vec![call])
        };
        let sent = self.send(who, &batch)?;
        Ok(Reply::decode(&sent, FORMAT).unwrap().failure)
    }

    fn exists(&self) -> bool {
        blocking(self.desk.store().attr(View::Current, self.file)).is_ok()
    }

    fn unlink(&self) {
        blocking(self.desk.store().unlink(&me(), Ino::ROOT, b"file", Unlink::File)).unwrap();
    }

    fn expire_at(&self, seconds: u64) {
        self.now.store(seconds, Ordering::Relaxed);
        tarbox_store::conformance::block_on(self.desk.expire());
    }
}

#[test]
fn a_silent_client_lets_go() {
    let bench = bench();
    let (id, hold) = (
        bench.open(&caller("a")),
        Call::Hold {
            ino: bench.file.into(),
        },
    );
    assert_eq!(bench.in_session(&caller("a"), id, hold).unwrap(), None);
    bench.unlink();
    bench.expire_at(59);
    assert!(bench.exists());
    // Any request renews it.
    bench.in_session(&caller("a"), id, Call::LastSeq {}).unwrap();
    bench.expire_at(119);
    assert!(bench.exists());
    bench.expire_at(120);
    assert!(!bench.exists());
    let late = bench.in_session(&caller("a"), id, Call::LastSeq {});
    assert!(matches!(late, Err(Refusal::NoSession)));
}

#[test]
fn sessions_and_what_they_hold_are_apart() {
    let bench = bench();
    let (one, other) = (bench.open(&caller("a")), bench.open(&caller("a")));
    let (hold, release) = (
        Call::Hold {
            ino: bench.file.into(),
        },
        Call::Release {
            ino: bench.file.into(),
        },
    );
    for id in [one, other, other] {
        bench.in_session(&caller("a"), id, hold.clone()).unwrap();
    }
    bench.unlink();
    bench.in_session(&caller("a"), other, release.clone()).unwrap();
    bench.in_session(&caller("a"), other, release).unwrap();
    assert!(bench.exists(), "the first still holds it");
    let stolen = bench.in_session(&caller("b"), one, Call::LastSeq {});
    assert!(
        matches!(stolen, Err(Refusal::NoSession)),
        "a session is its key's alone"
    );
    bench
        .in_session(&caller("a"), one, Call::CloseSession {})
        .unwrap();
    assert!(!bench.exists());
    let without = bench.send(&caller("a"), &Batch::new(vec![hold])).unwrap();
    assert_eq!(
        Reply::decode(&without, FORMAT).unwrap().failure.unwrap().code,
        "EINVAL"
    );
}

#[test]
fn slots_know_the_last_batch() {
    let bench = bench();
    let (who, id) = (caller("a"), bench.open(&caller("a")));
    let append = |sequence, text: &'static str| Batch {
        session: Some(id),
        slot: Some(Slot { number: 3, sequence }),
        ..Batch::new(vec![Call::Write {
            ino: bench.file.into(),
            at: Wire(WriteAt::End),
            data: text.as_bytes().into(),
            clear_setid: false,
        }])
    };
    let first = bench.send(&who, &append(1, "a")).unwrap();
    assert_eq!(
        bench.send(&who, &append(1, "a")).unwrap(),
        first,
        "the same again"
    );
    assert!(
        matches!(bench.send(&who, &append(1, "b")), Err(Refusal::Misordered)),
        "another batch"
    );
    bench.send(&who, &append(5, "c")).unwrap();
    assert!(
        matches!(bench.send(&who, &append(4, "d")), Err(Refusal::Misordered)),
        "given up before"
    );
    let size = blocking(bench.desk.store().attr(View::Current, bench.file))
        .unwrap()
        .size;
    assert_eq!(size, 2);
}

#[test]
fn a_key_does_what_it_may() {
    let bench = bench();
    let reader = Caller {
        may_write: false,
        may_change_layers: false,
        ..caller("a")
    };
    let bound = Caller {
        whole_tenant: false,
        ..caller("a")
    };
    let write = Call::SetAttr {
        ino: bench.file.into(),
        set: Wire(SetAttr::default()),
    };
    let seal = Call::Checkpoint {
        name: "x".into(),
        description: None,
        later: Wire(LaterLayers::Keep),
    };
    for call in [write, seal] {
        // Nothing of a batch is executed in which anything is forbidden.
        let batch = Batch::new(vec![Call::LastSeq {}, call]);
        assert!(matches!(bench.send(&reader, &batch), Err(Refusal::Forbidden(_))));
        assert!(bench.send(&caller("a"), &batch).is_ok());
    }
    let look = Batch::new(vec![Call::LastSeq {}]);
    assert!(matches!(bench.send(&bound, &look), Err(Refusal::Forbidden(_))));
    // Noting an access is a change.
    let before = blocking(bench.desk.store().attr(View::Current, bench.file)).unwrap();
    let view = Wire(View::Current);
    let read = Call::Read {
        view,
        ino: bench.file.into(),
        offset: 0,
        len: 1,
        access: Wire(Access::Touch),
    };
    bench.send(&reader, &Batch::new(vec![read])).unwrap();
    let after = blocking(bench.desk.store().attr(View::Current, bench.file)).unwrap();
    assert_eq!(after.atime, before.atime);
}

#[test]
fn the_audit_names_the_key() {
    let bench = bench();
    let make = |agent: &'static str| Batch {
        by: By {
            uid: 7,
            gid: 7,
            agent: agent.into(),
        },
        ..Batch::new(vec![Call::SetAttr {
            ino: bench.file.into(),
            set: Wire(SetAttr {
                mode: Some(0o600),
                ..SetAttr::default()
            }),
        }])
    };
    bench.send(&caller("laptop"), &make("cli")).unwrap();
    bench.send(&caller("laptop"), &make("")).unwrap();
    let records = blocking(bench.desk.store().log(&LogQuery::default())).unwrap();
    let agents: Vec<&str> = records.iter().map(|record| &*record.agent).collect();
    assert_eq!(agents, ["test", "http:laptop/cli", "http:laptop"]);
    assert_eq!(records[1].uid, 7);
}

fn make(dir: Node, name: &'static str, kind: FileKind) -> Call<'static> {
    Call::Create {
        dir,
        name: name.as_bytes().into(),
        kind,
        mode: 0o755,
        uid: 0,
        gid: 0,
        rdev: 0,
        target: Bytes::default(),
    }
}

/// Appends three bytes.
fn write(ino: Node) -> Call<'static> {
    Call::Write {
        ino,
        at: Wire(WriteAt::End),
        data: b"abc"[..].into(),
        clear_setid: false,
    }
}

/// A file is made, written and read in one request, and what fails ends it.
#[test]
fn a_batch_refers_to_its_own_answers() {
    let bench = bench();
    let (view, root) = (Wire(View::Current), Ino::ROOT);
    let names = |names: &[&'static str]| names.iter().map(|name| name.as_bytes().into()).collect();
    let read = |ino| Call::Read {
        view,
        ino,
        offset: 0,
        len: 9,
        access: Wire(Access::Quiet),
    };
    let batch = Batch {
        durable: true,
        ..Batch::new(vec![
            make(root.into(), "dir", FileKind::Directory),
            make(Node::Answer(0), "a", FileKind::File),
            write(Node::Answer(1)),
            Call::Walk {
                view,
                start: root.into(),
                names: names(&["dir", "a"]),
            },
            read(Node::Answer(3)),
            Call::Walk {
                view,
                start: root.into(),
                names: names(&["dir", "missing"]),
            },
            read(Node::Answer(5)),
            Call::Sync {},
        ])
    };
    let sent = bench.send(&caller("a"), &batch).unwrap();
    let reply = Reply::decode(&sent, FORMAT).unwrap();
    assert_eq!(reply.answers.len(), 6);
    assert_eq!(reply.answers[4], Answer::Bytes(b"abc"[..].into()));
    assert_eq!(reply.failure.unwrap().code, "ENOENT");
    assert!(reply.after > reply.before);
    let atomic = Batch {
        atomic: true,
        ..batch
    };
    assert!(
        matches!(bench.send(&caller("a"), &atomic), Err(Refusal::Atomic)),
        "it is not pretended"
    );
    let wrong = Batch::new(vec![Call::LastSeq {}, read(Node::Answer(0))]);
    let sent = bench.send(&caller("a"), &wrong).unwrap();
    assert_eq!(
        Reply::decode(&sent, FORMAT).unwrap().failure.unwrap().code,
        "EINVAL"
    );
}

/// What looks comes first, then all changes are made, or none.
#[test]
fn a_batch_is_made_as_one() {
    let bench = bench();
    let root = Ino::ROOT.into();
    let find = |name: &'static str| Call::Lookup {
        view: Wire(View::Current),
        dir: root,
        name: name.as_bytes().into(),
    };
    let send = |calls| {
        let batch = Batch {
            atomic: true,
            ..Batch::new(calls)
        };
        bench.send(&caller("a"), &batch)
    };
    let sent = send(vec![
        find("file"),
        make(root, "dir", FileKind::Directory),
        make(Node::Answer(1), "a", FileKind::File),
        write(Node::Answer(2)),
        write(Node::Answer(0)),
    ]);
    let sent = sent.unwrap();
    let made = Reply::decode(&sent, FORMAT).unwrap();
    assert_eq!((made.answers.len(), &made.failure, made.failed), (5, &None, None));
    let written = Written { offset: 0, size: 3 };
    assert_eq!(made.answers[4].as_outcome(), Some(Outcome::Written(written)));
    let refused = |calls| {
        let sent = send(calls).unwrap();
        let reply = Reply::decode(&sent, FORMAT).unwrap();
        assert_eq!(reply.before, reply.after, "nothing of it was made");
        (reply.failure.unwrap().code, reply.failed)
    };
    let exists = refused(vec![
        find("file"),
        make(root, "other", FileKind::Directory),
        write(Node::Answer(0)),
        make(root, "dir", FileKind::Directory),
    ]);
    assert_eq!(exists, ("EEXIST".to_owned(), Some(3)));
    let missing = ("ENOENT".to_owned(), None);
    assert_eq!(
        refused(vec![find("missing"), make(root, "other", FileKind::File)]),
        missing
    );
    assert_eq!(refused(vec![find("other")]), missing);
    for wrong in [
        vec![make(root, "other", FileKind::File), find("other")],
        vec![make(root, "other", FileKind::File), Call::Sync {}],
        vec![Call::Gc {}],
        vec![Call::Tag {
            tag: "t".into(),
            layer: None,
        }],
    ] {
        assert!(matches!(send(wrong), Err(Refusal::Atomic)));
    }
}
