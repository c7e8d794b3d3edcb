//! Several changes that are made as one.

use super::{Fixture, Tree, assert_fails, bytes, tree};
use crate::InodeRef::Outcome as Of;
use crate::*;

fn new(kind: FileKind) -> NewInode<'static> {
    NewInode {
        kind,
        mode: 0o755,
        uid: 1000,
        gid: 100,
        rdev: 0,
        target: if kind == FileKind::Symlink { b"target" } else { b"" },
    }
}

fn create(dir: InodeRef, name: &[u8], kind: FileKind) -> Mutation<'_> {
    let new = new(kind);
    Mutation::Create { dir, name, new }
}

fn write<'a>(ino: InodeRef, offset: u64, data: &'a [u8]) -> Mutation<'a> {
    Mutation::Write {
        ino,
        at: WriteAt::Offset(offset),
        data,
        clear_setid: false,
    }
}

const ROOT: InodeRef = InodeRef::Ino(Ino::ROOT);

/// Later changes see what earlier ones made, and are recorded in order.
pub async fn mutations_are_made_together<D: Database>(t: &Fixture<D>) {
    let before = t.store.last_seq().await.unwrap();
    let data = bytes(1, 100_000);
    let outcomes = t
        .store
        .apply(
            &t.me,
            &[
                create(ROOT, b"dir", FileKind::Directory),
                create(Of(0), b"file", FileKind::File),
                write(Of(1), 0, &data),
                write(Of(1), 50_000, &data),
                Mutation::SetXattr {
                    ino: Of(1),
                    name: b"user.a",
                    value: b"b",
                    mode: XattrMode::Create,
                },
                Mutation::Link {
                    ino: Of(1),
                    dir: ROOT,
                    name: b"other",
                },
                Mutation::Rename {
                    from: (Of(0), b"file"),
                    to: (ROOT, b"file"),
                    mode: RenameMode::Replace,
                },
                Mutation::Unlink {
                    dir: ROOT,
                    name: b"dir",
                    what: Unlink::Directory,
                },
            ],
        )
        .await
        .unwrap();
    let (dir, file) = (outcomes[0].ino().unwrap(), outcomes[1].ino().unwrap());
    let written = Written {
        offset: 50_000,
        size: 150_000,
    };
    assert_eq!(outcomes[3], Outcome::Written(written));
    assert_eq!(outcomes[4], Outcome::Done);
    assert_eq!(outcomes[5].ino(), Some(file));
    assert_fails(t.store.attr(View::Current, dir).await, ErrorKind::NotFound);
    assert_eq!(t.attr(file).await.nlink, 2);
    assert_eq!(t.store.xattr(View::Current, file, b"user.a").await.unwrap(), b"b");
    assert!(t.content(View::Current, file).await[50_000..] == data);
    assert_eq!(t.names(View::Current, Ino::ROOT).await, ["file", "other"]);
    let records = [
        "mkdir /dir",
        "create /dir/file",
        "write /dir/file",
        "xattr /dir/file",
        "link /other",
        "rename /dir/file /file",
        "rmdir /dir",
    ];
    assert_eq!(t.log_after(before).await, records);
}

/// Everything that can be seen, the count of inodes and the position in the log. How many bytes are used, a commit in the background
/// may find out at any time.
async fn seen<D: Database>(t: &Fixture<D>) -> (Tree, u64, Seq) {
    (
        tree(&t.store, View::Current).await.unwrap(),
        t.store.tenant().await.unwrap().usage.inodes,
        t.store.last_seq().await.unwrap(),
    )
}

/// Where one cannot be made, none is, whatever those before it did; also over what waits for a commit.
pub async fn a_refused_mutation_leaves_nothing<D: Database>(t: &Fixture<D>) {
    let dir = t.dir(Ino::ROOT, "dir").await;
    let small = t.file(dir, "small", b"small").await;
    let large = t.file(dir, "large", &bytes(1, 200_000)).await;
    let set = |ino, value| t.store.set_xattr(&t.me, ino, b"user.a", value, XattrMode::Any);
    set(small, b"1").await.unwrap();
    for (round, sealed) in [(1, false), (2, true), (3, false)] {
        if sealed {
            t.checkpoint("sealed").await;
        }
        // One part is committed, one is not.
        let used = t.usage().await;
        t.write(large, 1_000 * round, b"pending").await;
        set(large, b"2").await.unwrap();
        let before = seen(t).await;
        let data = bytes(round, 70_000);
        let cut = SetAttr {
            size: Some(10),
            ..SetAttr::default()
        };
        let (small, large, dir) = (small.into(), large.into(), dir.into());
        let all = [
            create(dir, b"new", FileKind::Directory),
            create(Of(0), b"file", FileKind::File),
            write(Of(1), 0, &data),
            write(small, 0, &data),
            write(large, 0, &data),
            Mutation::SetAttr { ino: large, set: cut },
            Mutation::SetXattr {
                ino: small,
                name: b"user.a",
                value: b"other",
                mode: XattrMode::Replace,
            },
            Mutation::RemoveXattr {
                ino: large,
                name: b"user.a",
            },
            Mutation::Rename {
                from: (dir, b"small"),
                to: (dir, b"large"),
                mode: RenameMode::Replace,
            },
            Mutation::Rename {
                from: (ROOT, b"dir"),
                to: (ROOT, b"moved"),
                mode: RenameMode::NoReplace,
            },
            Mutation::Unlink {
                dir,
                name: b"large",
                what: Unlink::File,
            },
            // There is none any more.
            Mutation::Unlink {
                dir,
                name: b"large",
                what: Unlink::File,
            },
        ];
        let refused = t.store.apply(&t.me, &all).await.unwrap_err();
        assert_eq!(refused.at, Some(11));
        assert_eq!(refused.error.kind(), ErrorKind::NotFound);
        assert!(seen(t).await == before, "everything is as it was");
        t.store.flush().await.unwrap();
        assert!(
            seen(t).await.0 == before.0,
            "a commit does not bring it back either"
        );
        // Of what was written before, and nothing else.
        let now = t.usage().await;
        assert!(
            now.bytes <= used.bytes + 200_000 && now.inodes == used.inodes,
            "{now:?}, {used:?}"
        );
        // What was taken back is free.
        let made = t.store.apply(&t.me, &all[..3]).await.unwrap();
        let file = made[1].ino().unwrap();
        assert!(t.content(View::Current, file).await == data);
        let gone = [
            Mutation::Unlink {
                dir: made[0].ino().unwrap().into(),
                name: b"file",
                what: Unlink::File,
            },
            Mutation::Unlink {
                dir,
                name: b"new",
                what: Unlink::Directory,
            },
        ];
        t.store.apply(&t.me, &gone).await.unwrap();
    }
}

/// Numbers by chance, the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % end
    }

    fn node(&mut self, inodes: u64, at: usize) -> InodeRef {
        match self.below(4) {
            0 if at > 0 => Of(self.below(at)),
            1 | 2 => ROOT,
            _ => InodeRef::Ino(Ino(1 + self.below(inodes as usize) as u64)),
        }
    }

    fn name(&mut self) -> &'static [u8] {
        const NAMES: [&[u8]; 5] = [b"a", b"b", b"c", b"d", b"e"];
        NAMES[self.below(NAMES.len())]
    }

    fn mutation<'a>(&mut self, inodes: u64, at: usize, data: &'a [u8]) -> Mutation<'a> {
        let what = self.below(12);
        let mut node = self.node(inodes, at);
        while matches!(what, 7..) && node == ROOT {
            node = self.node(inodes, at);
        }
        let clear_setid = self.below(2) == 0;
        match what {
            0 | 1 => create(node, self.name(), FileKind::Directory),
            2..=4 => create(node, self.name(), FileKind::File),
            5 => Mutation::Unlink {
                dir: node,
                name: self.name(),
                what: [Unlink::File, Unlink::Directory][self.below(2)],
            },
            6 => Mutation::Rename {
                from: (node, self.name()),
                to: (self.node(inodes, at), self.name()),
                mode: [RenameMode::Replace, RenameMode::NoReplace, RenameMode::Exchange][self.below(3)],
            },
            7 => Mutation::SetAttr {
                ino: node,
                set: SetAttr {
                    size: (self.below(2) == 0).then(|| self.below(150_000) as u64),
                    mode: Some(self.below(0o10000) as u32),
                    clear_setid,
                    ..SetAttr::default()
                },
            },
            8 => Mutation::SetXattr {
                ino: node,
                name: self.name(),
                value: &data[..self.below(50)],
                mode: [XattrMode::Any, XattrMode::Create, XattrMode::Replace][self.below(3)],
            },
            9 => Mutation::Link {
                ino: node,
                dir: self.node(inodes, at),
                name: self.name(),
            },
            _ => Mutation::Write {
                ino: node,
                at: [WriteAt::End, WriteAt::Offset(self.below(100_000) as u64)][self.below(2)],
                data: &data[..self.below(data.len())],
                clear_setid,
            },
        }
    }
}

/// What one mutation says by its own; an outcome that it names is one of these.
fn resolved<'a>(mutation: &Mutation<'a>, outcomes: &[Outcome]) -> Mutation<'a> {
    mutation.clone().map_inodes(|ino| match ino {
        Of(at) => outcomes.get(at).and_then(Outcome::ino).map_or(ino, InodeRef::Ino),
        known => known,
    })
}

/// What is the same of a tree on two tenants: not the times, and not the versions, since writes between two commits share one.
fn timeless(mut tree: Tree) -> Tree {
    for node in tree.values_mut() {
        let attr = &mut node.attr;
        (attr.atime, attr.mtime, attr.ctime, attr.btime) = Default::default();
        attr.version = Seq(0);
    }
    tree
}

fn timeless_outcome(outcome: &Outcome) -> Outcome {
    match *outcome {
        Outcome::Attr(mut attr) => {
            (attr.atime, attr.mtime, attr.ctime, attr.btime) = Default::default();
            (attr.blocks, attr.version) = (0, Seq(0));
            Outcome::Attr(attr)
        }
        other => other,
    }
}

/// Random changes come to the same together and one by one; those that are refused together fail in the same place alone.
pub async fn mutations_mean_what_operations_mean<D: Database>(t: &Fixture<D>) {
    t.database.create_tenant("alone", Quota::default()).await.unwrap();
    let alone = t.database.open_tenant("alone").await.unwrap();
    let mut chance = Chance(7);
    let (mut made, mut refused) = (0, 0);
    for round in 0..300 {
        let data = bytes(round, 3_000);
        let inodes = t.store.tenant().await.unwrap().usage.inodes + 4;
        let mut all = Vec::new();
        for at in 0..1 + chance.below(4) {
            all.push(chance.mutation(inodes, at, &data));
        }
        let before = seen(t).await;
        let wanted = match t.store.apply(&t.me, &all).await {
            Ok(outcomes) => {
                made += 1;
                (outcomes, None)
            }
            Err(error) => {
                refused += 1;
                assert!(seen(t).await == before, "round {round}: {error}");
                let at = error.at.unwrap();
                let outcomes = t.store.apply(&t.me, &all[..at]).await.unwrap();
                (outcomes, Some((at, error.error.kind())))
            }
        };
        let mut outcomes = Vec::new();
        let mut failed = None;
        for (at, mutation) in all.iter().enumerate() {
            let one = [resolved(mutation, &outcomes)];
            match alone.apply(&t.me, &one).await {
                Ok(outcome) => outcomes.extend(outcome),
                Err(e) => {
                    failed = Some((at, e.error.kind()));
                    break;
                }
            }
        }
        assert_eq!(failed, wanted.1, "round {round}: {all:?}");
        let same = outcomes.iter().map(timeless_outcome);
        assert!(same.eq(wanted.0.iter().map(timeless_outcome)), "round {round}");
        match chance.below(12) {
            0 => t.store.flush().await.unwrap(),
            1 => alone.flush().await.unwrap(),
            2 => {
                let name = format!("round {round}");
                for store in [&t.store, &alone] {
                    store
                        .checkpoint(&t.me, &name, None, LaterLayers::Keep)
                        .await
                        .unwrap();
                }
            }
            _ => {}
        }
        if round % 20 == 0 {
            let (one, other) = (&t.store, &alone);
            let one = timeless(tree(one, View::Current).await.unwrap());
            assert!(
                one == timeless(tree(other, View::Current).await.unwrap()),
                "round {round}"
            );
        }
    }
    assert!(made > 20 && refused > 20, "{made} made, {refused} refused");
    for store in [&t.store, &alone] {
        store.flush().await.unwrap();
    }
    let (one, mut other) = (t.store.tenant().await.unwrap(), alone.tenant().await.unwrap());
    other.usage.last_seq = one.usage.last_seq;
    assert_eq!(one.usage, other.usage);
}

/// Conditions are about the state before the first change, and the past takes none.
pub async fn mutations_rest_on_what_holds_before<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"1").await;
    let version = t.attr(file).await.version;
    let at_version = |version| [Condition::Version { ino: file, version }];
    let twice = [write(file.into(), 0, b"2"), write(file.into(), 1, b"3")];
    let conditions = at_version(version);
    let by = Guarded {
        actor: &t.me,
        conditions: &conditions,
    };
    t.store.apply(&by, &twice).await.unwrap();
    for all in [&twice[..], &[]] {
        let refused = t.store.apply(&by, all).await.unwrap_err();
        assert_eq!((refused.at, refused.error.kind()), (None, ErrorKind::Stale));
    }
    let conditions = at_version(t.attr(file).await.version);
    let by = Guarded {
        actor: &t.me,
        conditions: &conditions,
    };
    assert_eq!(t.store.apply(&by, &[]).await.unwrap(), []);
    let past = t.checkpoint("past").await;
    t.write(file, 0, b"now").await;
    t.store.switch(&t.me, past).await.unwrap();
    let refused = t.store.apply(&t.me, &twice).await.unwrap_err();
    assert_eq!((refused.at, refused.error.kind()), (None, ErrorKind::ReadOnly));
    t.switch_to_head().await;
    assert_eq!(t.content(View::Current, file).await, b"now");
}

/// So many at once, with so much content; and outcomes that there are.
pub async fn mutations_have_limits<D: Database>(t: &Fixture<D>) {
    let names: Vec<String> = (0..=MUTATIONS_MAX).map(|n| format!("{n}")).collect();
    let all: Vec<_> = names
        .iter()
        .map(|name| create(ROOT, name.as_bytes(), FileKind::File))
        .collect();
    let refused = t.store.apply(&t.me, &all).await.unwrap_err();
    assert_eq!((refused.at, refused.error.kind()), (None, ErrorKind::Invalid));
    let made = t.store.apply(&t.me, &all[..MUTATIONS_MAX]).await.unwrap();
    assert_eq!(made.len(), MUTATIONS_MAX);
    let file: InodeRef = made[0].ino().unwrap().into();
    let half = bytes(1, MUTATIONS_CONTENT_MAX / 2);
    let parts = [
        write(file, 0, &half),
        write(file, half.len() as u64, &half),
        write(file, 0, b"1"),
    ];
    let refused = t.store.apply(&t.me, &parts).await.unwrap_err();
    assert_eq!((refused.at, refused.error.kind()), (None, ErrorKind::Invalid));
    t.store.apply(&t.me, &parts[..2]).await.unwrap();
    for wrong in [Of(0), Of(1), Of(2), Of(usize::MAX)] {
        let all = [write(file, 0, b"1"), write(wrong, 0, b"1")];
        let refused = t.store.apply(&t.me, &all).await.unwrap_err();
        assert_eq!((refused.at, refused.error.kind()), (Some(1), ErrorKind::Invalid));
    }
    let copy = Mutation::CopyRange {
        view: View::Current,
        source: (file, 0),
        target: (Of(0), 0),
        len: 1 << 20,
    };
    t.store.flush().await.unwrap();
    let all = [create(ROOT, b"copy", FileKind::File), copy.clone()];
    let made = t.store.apply(&t.me, &all).await.unwrap();
    assert_eq!(made[1], Outcome::Copied(1 << 20));
    let copied = t.content(View::Current, made[0].ino().unwrap()).await;
    assert!(copied == half[..1 << 20]);
    // Its content is not in blocks yet.
    let all = [
        create(ROOT, b"again", FileKind::File),
        copy,
        write(file, 0, &half),
        {
            Mutation::CopyRange {
                view: View::Current,
                source: (file, 0),
                target: (Of(0), 0),
                len: 1 << 20,
            }
        },
    ];
    let refused = t.store.apply(&t.me, &all).await.unwrap_err();
    assert_eq!((refused.at, refused.error.kind()), (Some(3), ErrorKind::Invalid));
    assert_fails(t.find(Ino::ROOT, "again").await, ErrorKind::NotFound);
}
