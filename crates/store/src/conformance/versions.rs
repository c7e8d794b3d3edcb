//! Which state an inode is in.

use super::{Fixture, assert_fails};
use crate::*;

impl<D: Database> Fixture<D> {
    async fn version(&self, ino: Ino) -> Seq {
        self.attr(ino).await.version
    }
}

/// Every change of an inode gives it a version that is higher than all before, the position of the record of that change.
pub async fn every_change_is_a_version<D: Database>(t: &Fixture<D>) {
    let file = t.make(Ino::ROOT, "file", FileKind::File).await.unwrap();
    assert_eq!(file.version, t.store.last_seq().await.unwrap());
    assert_eq!(
        t.version(Ino::ROOT).await,
        file.version,
        "an entry is of its directory"
    );
    let (ino, dir) = (file.ino, t.dir(Ino::ROOT, "dir").await);
    let mut before = file.version;
    for change in 0..11 {
        match change {
            0 => drop(t.write(ino, 0, b"abc").await),
            1 => drop(t.write(ino, 0, b"abc").await),
            2 => drop(t.write(ino, 5, &[1; 3_000]).await),
            3 => drop(t.truncate(ino, 2).await),
            4 => drop(t.truncate(ino, 2).await),
            5 => drop(t.link(ino, dir, "other").await.unwrap()),
            6 => drop(t.unlink(dir, "other").await.unwrap()),
            7 => t
                .rename((Ino::ROOT, "file"), (dir, "file"), RenameMode::Replace)
                .await
                .unwrap(),
            8 => t
                .store
                .set_xattr(&t.me, ino, b"user.a", b"b", XattrMode::Any)
                .await
                .unwrap(),
            9 => t.store.remove_xattr(&t.me, ino, b"user.a").await.unwrap(),
            _ => t
                .store
                .allocate(&t.me, ino, Allocate::PunchHole, 0, 1, false)
                .await
                .unwrap(),
        }
        let after = t.version(ino).await;
        assert!(after > before, "change {change}: {after} is not behind {before}");
        assert_eq!(after, t.store.last_seq().await.unwrap(), "change {change}");
        before = after;
    }
    assert_eq!(t.find(dir, "file").await.unwrap().version, before);
    let listed = t.store.list(View::Current, dir, Cookie(0), 9).await.unwrap();
    assert_eq!(listed[0].attr.version, before);
}

/// What a change answers has the version that is found afterwards; what it did not touch keeps its own.
pub async fn a_change_answers_its_version<D: Database>(t: &Fixture<D>) {
    let dir = t.dir(Ino::ROOT, "dir").await;
    let made = t.make(dir, "a", FileKind::File).await.unwrap();
    assert_eq!(made.version, t.version(made.ino).await);
    assert_eq!(made.version, t.version(dir).await);
    let root = t.version(Ino::ROOT).await;
    let cut = t.truncate(made.ino, 7).await;
    assert_eq!(cut.version, t.version(made.ino).await);
    assert!(cut.version > t.version(dir).await, "a directory is not its files");
    let linked = t.link(made.ino, dir, "b").await.unwrap();
    assert_eq!(
        (linked.version, linked.version),
        (t.version(made.ino).await, t.version(dir).await)
    );
    let unlinked = t.unlink(dir, "b").await.unwrap();
    assert_eq!(unlinked.version, t.version(made.ino).await);
    assert_eq!(t.version(Ino::ROOT).await, root);
}

/// A swap gives all four the position of its last record, which nothing else gets.
pub async fn swapped_names_have_one_version<D: Database>(t: &Fixture<D>) {
    let (one, two) = (t.dir(Ino::ROOT, "one").await, t.dir(Ino::ROOT, "two").await);
    let (a, b) = (t.file(one, "a", b"a").await, t.dir(two, "b").await);
    t.rename((one, "a"), (two, "b"), RenameMode::Exchange)
        .await
        .unwrap();
    let last = t.store.last_seq().await.unwrap();
    for ino in [one, two, a, b] {
        assert_eq!(t.version(ino).await, last, "inode {ino}");
    }
    t.write(a, 0, b"b").await;
    assert!(t.version(a).await > last);
}

/// Reading, noting an access, refusing a change, and storing change no version.
pub async fn a_look_is_no_version<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"abc").await;
    let dir = t.dir(Ino::ROOT, "dir").await;
    let before = (
        t.version(file).await,
        t.version(dir).await,
        t.version(Ino::ROOT).await,
    );
    let mut buffer = [0; 3];
    let read = t
        .store
        .read(View::Current, file, 0, &mut buffer, Access::Touch)
        .await;
    assert_eq!(read.unwrap(), 3);
    t.store.hold(file).await.unwrap();
    assert_fails(t.make(Ino::ROOT, "file", FileKind::File).await, ErrorKind::Exists);
    assert_fails(t.unlink(dir, "x").await, ErrorKind::NotFound);
    t.write(file, 0, b"").await;
    let onto_itself = t.rename((Ino::ROOT, "file"), (Ino::ROOT, "file"), RenameMode::Replace);
    onto_itself.await.unwrap();
    t.store.flush().await.unwrap();
    t.store.release(file).await.unwrap();
    t.checkpoint("one").await;
    let after = (
        t.version(file).await,
        t.version(dir).await,
        t.version(Ino::ROOT).await,
    );
    assert_eq!(after, before);
}

/// Writes share a record only as long as nobody has seen the file in between: then it has another version at once.
pub async fn a_version_that_was_seen_stays_what_it_was<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"abc").await;
    for look in 0..5 {
        t.write(file, 0, b"one").await;
        let seen = match look {
            0 => t.attr(file).await,
            1 => t.find(Ino::ROOT, "file").await.unwrap(),
            2 => t.store.walk(View::Current, Ino::ROOT, &[b"file"]).await.unwrap()[0],
            3 => {
                t.store
                    .list(View::Current, Ino::ROOT, Cookie(0), 1)
                    .await
                    .unwrap()[0]
                    .attr
            }
            _ => {
                let set = SetAttr {
                    mode: Some(0o600),
                    ..SetAttr::default()
                };
                t.store.set_attr(&t.me, file, &set).await.unwrap()
            }
        };
        t.write(file, 0, b"two").await;
        assert!(t.version(file).await > seen.version, "look {look}");
    }
    // What lives on without a name is seen by who took the name away.
    t.store.hold(file).await.unwrap();
    t.write(file, 0, b"one").await;
    let seen = t.unlink(Ino::ROOT, "file").await.unwrap().version;
    t.write(file, 0, b"two").await;
    assert!(t.version(file).await > seen);
    t.store.release(file).await.unwrap();
}

/// A layer keeps the versions of its state; what goes on from the past has others than what it replaces.
pub async fn versions_belong_to_their_layer<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"one").await;
    let first = t.version(file).await;
    let layer = t.checkpoint("one").await;
    assert_eq!(t.version(file).await, first, "nothing has changed");
    t.write(file, 0, b"two").await;
    let second = t.version(file).await;
    t.checkpoint("two").await;
    t.write(file, 0, b"three").await;
    let third = t.version(file).await;
    assert!(first < second && second < third);
    let past = t.store.attr(View::Layer(layer), file).await.unwrap();
    assert_eq!(past.version, first);
    t.store.switch(&t.me, layer).await.unwrap();
    assert_eq!(t.version(file).await, first);
    t.store
        .checkpoint(&t.me, "", None, LaterLayers::Discard)
        .await
        .unwrap();
    assert_eq!(t.version(file).await, first);
    t.write(file, 0, b"2").await;
    let other = t.version(file).await;
    assert!(other > third, "what was discarded comes back under no version");
}
