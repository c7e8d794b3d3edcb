//! A change is made only as long as what it rests on is so.

use super::{Fixture, assert_fails};
use crate::*;

impl<D: Database> Fixture<D> {
    /// Makes and removes a file in a directory on a condition, which is what `expected` says of it.
    async fn check(&self, dir: Ino, condition: Condition<'_>, expected: Option<ErrorKind>) {
        let conditions = [condition];
        let by = Guarded {
            actor: &self.me,
            conditions: &conditions,
        };
        let new = NewInode {
            kind: FileKind::File,
            mode: 0o644,
            uid: 1000,
            gid: 100,
            rdev: 0,
            target: b"",
        };
        let before = self.store.last_seq().await.unwrap();
        let made = self.store.create(&by, dir, b"checked", &new).await;
        match expected {
            None => {
                made.unwrap();
                self.unlink(dir, "checked").await.unwrap();
            }
            Some(kind) => {
                assert_fails(made, kind);
                assert_fails(self.find(dir, "checked").await, ErrorKind::NotFound);
                assert_eq!(
                    self.store.last_seq().await.unwrap(),
                    before,
                    "nothing is recorded"
                );
            }
        }
    }

    async fn set(&self, ino: Ino, set: SetAttr) -> Attr {
        self.store.set_attr(&self.me, ino, &set).await.unwrap()
    }
}

/// Permissions that were read are those at the change: another mode, owner or group fails it, and nothing else does.
pub async fn permissions_are_a_condition<D: Database>(t: &Fixture<D>) {
    let dir = t.dir(Ino::ROOT, "dir").await;
    let file = t.file(dir, "file", b"abc").await;
    let of_dir = Condition::permissions(&t.attr(dir).await);
    let of_file = Condition::permissions(&t.attr(file).await);
    for flush in [false, true] {
        if flush {
            t.store.flush().await.unwrap();
        }
        t.check(dir, of_dir, None).await;
        t.write(file, 0, b"more").await;
        t.check(dir, of_file, None).await;
    }
    let kept = SetAttr {
        mode: Some(0o755),
        ..SetAttr::default()
    };
    t.set(dir, kept).await;
    t.check(dir, of_dir, None).await;
    let (mode, uid, gid) = (Some(0o700), Some(7), Some(8));
    for change in [
        SetAttr {
            mode,
            ..SetAttr::default()
        },
        SetAttr {
            uid,
            ..SetAttr::default()
        },
        SetAttr {
            gid,
            ..SetAttr::default()
        },
    ] {
        let before = Condition::permissions(&t.attr(file).await);
        t.set(file, change).await;
        t.check(dir, before, Some(ErrorKind::Changed)).await;
        t.store.flush().await.unwrap();
        t.check(dir, before, Some(ErrorKind::Changed)).await;
    }
    let before = Condition::permissions(&t.attr(file).await);
    t.unlink(dir, "file").await.unwrap();
    t.check(dir, before, Some(ErrorKind::Changed)).await;
}

/// A name that was looked up leads where it did, or nowhere if it did not lead anywhere.
pub async fn names_are_a_condition<D: Database>(t: &Fixture<D>) {
    let dir = t.dir(Ino::ROOT, "dir").await;
    let file = t.file(dir, "file", b"").await;
    let leads = |ino| Condition::Name {
        dir,
        name: b"file",
        ino,
    };
    t.check(Ino::ROOT, leads(Some(file)), None).await;
    t.file(dir, "other", b"").await;
    t.check(dir, leads(Some(file)), None).await;
    t.check(dir, leads(None), Some(ErrorKind::Changed)).await;
    t.rename((dir, "other"), (dir, "file"), RenameMode::Replace)
        .await
        .unwrap();
    t.check(dir, leads(Some(file)), Some(ErrorKind::Changed)).await;
    t.unlink(dir, "file").await.unwrap();
    t.check(dir, leads(Some(file)), Some(ErrorKind::Changed)).await;
    t.check(dir, leads(None), None).await;
    let nowhere = Condition::Name {
        dir: file,
        name: b"x",
        ino: Some(dir),
    };
    t.check(dir, nowhere, Some(ErrorKind::Changed)).await;
}

/// A version that was read is still the one that is changed; else it is stale, and the error says what to do.
pub async fn a_version_is_a_condition<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"abc").await;
    let version = |attr: Attr| Condition::Version {
        ino: attr.ino,
        version: attr.version,
    };
    for round in 0..3 {
        let seen = [version(t.attr(file).await)];
        let by = Guarded {
            actor: &t.me,
            conditions: &seen,
        };
        if round > 0 {
            t.store.flush().await.unwrap();
        }
        let write = |data: &'static [u8]| t.store.write(&by, file, WriteAt::Offset(0), data, false);
        write(b"first").await.unwrap();
        let error = assert_fails(write(b"again").await, ErrorKind::Stale);
        assert!(error.to_string().contains("read it again"), "{error}");
        assert_eq!(t.content(View::Current, file).await, b"first");
        let cut = SetAttr {
            size: Some(0),
            ..SetAttr::default()
        };
        assert_fails(t.store.set_attr(&by, file, &cut).await, ErrorKind::Stale);
        assert_fails(
            t.store
                .set_xattr(&by, file, b"user.a", b"b", XattrMode::Any)
                .await,
            ErrorKind::Stale,
        );
        assert_fails(t.store.remove_xattr(&by, file, b"user.a").await, ErrorKind::Stale);
        let zero = t.store.allocate(&by, file, Allocate::ZeroRange, 0, 1, false);
        assert_fails(zero.await, ErrorKind::Stale);
        assert_fails(
            t.store.link(&by, file, Ino::ROOT, b"link").await,
            ErrorKind::Stale,
        );
        let moved = t.store.rename(
            &by,
            (Ino::ROOT, b"file"),
            (Ino::ROOT, b"moved"),
            RenameMode::Replace,
        );
        assert_fails(moved.await, ErrorKind::Stale);
        let removed = t.store.unlink(&by, Ino::ROOT, b"file", Unlink::File);
        assert_fails(removed.await, ErrorKind::Stale);
        assert_eq!(t.content(View::Current, file).await, b"first");
    }
    let seen = version(t.attr(file).await);
    t.unlink(Ino::ROOT, "file").await.unwrap();
    t.check(Ino::ROOT, seen, Some(ErrorKind::Stale)).await;
}

/// A copy has its conditions met once, however many steps it takes; and its target is as it was if they are not.
pub async fn a_copy_meets_its_conditions_once<D: Database>(t: &Fixture<D>) {
    let source = t.file(Ino::ROOT, "source", &super::bytes(1, 3_000_000)).await;
    let target = t.file(Ino::ROOT, "target", b"old").await;
    let seen = t.attr(target).await;
    let conditions = [Condition::Version {
        ino: target,
        version: seen.version,
    }];
    let by = Guarded {
        actor: &t.me,
        conditions: &conditions,
    };
    let copy = || {
        t.store
            .copy_range(&by, View::Current, source, 0, target, 0, u64::MAX)
    };
    assert_eq!(copy().await.unwrap(), 3_000_000);
    assert_fails(copy().await, ErrorKind::Stale);
    assert!(t.content(View::Current, target).await == t.content(View::Current, source).await);
}

/// All conditions hold, whichever comes first; numbers that are no inodes meet none, and name nobody else's.
pub async fn all_conditions_hold<D: Database>(t: &Fixture<D>) {
    let (one, two) = (
        t.file(Ino::ROOT, "one", b"").await,
        t.file(Ino::ROOT, "two", b"").await,
    );
    let fine = Condition::permissions(&t.attr(one).await);
    let wrong = Condition::Name {
        dir: Ino::ROOT,
        name: b"two",
        ino: Some(one),
    };
    t.store.flush().await.unwrap();
    for (conditions, holds) in [
        ([fine, fine], true),
        ([fine, wrong], false),
        ([wrong, fine], false),
    ] {
        let by = Guarded {
            actor: &t.me,
            conditions: &conditions,
        };
        let written = t.store.write(&by, two, WriteAt::End, b"x", false).await;
        match holds {
            true => drop(written.unwrap()),
            false => drop(assert_fails(written, ErrorKind::Changed)),
        }
    }
    assert_eq!(t.attr(two).await.size, 1);
    for number in [0, 1 << 40, Ino::LIMIT, Ino::LIMIT + 1, 1 << 63, u64::MAX] {
        let ino = Ino(number);
        let attr = Attr {
            ino,
            ..t.attr(Ino::ROOT).await
        };
        let version = attr.version;
        t.check(Ino::ROOT, Condition::permissions(&attr), Some(ErrorKind::Changed))
            .await;
        t.check(
            Ino::ROOT,
            Condition::Version { ino, version },
            Some(ErrorKind::Stale),
        )
        .await;
        let (dir, name, ino) = (ino, b"one", Some(one));
        t.check(
            Ino::ROOT,
            Condition::Name { dir, name, ino },
            Some(ErrorKind::Changed),
        )
        .await;
    }
}
