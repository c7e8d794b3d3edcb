//! Moving names, with every rule of `rename(2)`.

use super::{Fixture, assert_fails};
use crate::RenameMode::{Exchange, NoReplace, Replace};
use crate::*;

const ROOT: Ino = Ino::ROOT;

/// A file moves with its inode, within a directory and to another.
pub async fn a_file_moves_with_its_inode<D: Database>(t: &Fixture<D>) {
    let dir = t.dir(ROOT, "dir").await;
    let file = t.file(ROOT, "a", b"content").await;
    t.rename((ROOT, "a"), (ROOT, "b"), Replace).await.unwrap();
    assert_eq!(t.path(file).await, "/b");
    t.rename((ROOT, "b"), (dir, "c"), NoReplace).await.unwrap();
    assert_eq!(t.path(file).await, "/dir/c");
    assert_eq!(t.names(View::Current, ROOT).await, ["dir"]);
    assert_eq!(t.names(View::Current, dir).await, ["c"]);
    assert_eq!(t.find(dir, "c").await.unwrap().ino, file);
    assert_fails(t.find(ROOT, "a").await, ErrorKind::NotFound);
    assert_eq!(t.content(View::Current, file).await, b"content");
    assert_eq!((t.attr(ROOT).await.size, t.attr(dir).await.size), (32, 32));
}

/// A directory moves with all below it, and its parents' link counts follow.
pub async fn a_directory_moves_with_all_below_it<D: Database>(t: &Fixture<D>) {
    let (a, b) = (t.dir(ROOT, "a").await, t.dir(ROOT, "b").await);
    let moved = t.dir(a, "moved").await;
    let below = t.file(moved, "below", b"").await;
    assert_eq!((t.attr(a).await.nlink, t.attr(b).await.nlink), (3, 2));
    t.rename((a, "moved"), (b, "there"), Replace).await.unwrap();
    assert_eq!((t.attr(a).await.nlink, t.attr(b).await.nlink), (2, 3));
    assert_eq!(t.store.parent(View::Current, moved).await.unwrap(), b);
    assert_eq!(t.path(below).await, "/b/there/below");
    t.rename((b, "there"), (b, "again"), Replace).await.unwrap();
    assert_eq!((t.attr(b).await.nlink, t.attr(b).await.size), (3, 32));
    t.rmdir(ROOT, "a").await.unwrap();
}

/// A file replaces a file, whose inode goes with its last name.
pub async fn a_file_replaces_a_file<D: Database>(t: &Fixture<D>) {
    for flush in [false, true] {
        let old = t.file(ROOT, "old", b"old").await;
        let kept = t.file(ROOT, "kept", b"kept").await;
        t.link(kept, ROOT, "other").await.unwrap();
        if flush {
            t.store.flush().await.unwrap();
        }
        let new = t.file(ROOT, "new", b"new").await;
        t.rename((ROOT, "new"), (ROOT, "old"), Replace).await.unwrap();
        assert_fails(t.store.attr(View::Current, old).await, ErrorKind::NotFound);
        assert_eq!(t.find(ROOT, "old").await.unwrap().ino, new);
        t.rename((ROOT, "old"), (ROOT, "kept"), Replace).await.unwrap();
        assert_eq!(t.attr(kept).await.nlink, 1);
        assert_eq!(t.path(kept).await, "/other");
        assert_eq!(t.content(View::Current, kept).await, b"kept");
        assert_eq!(t.content(View::Current, new).await, b"new");
        assert_eq!(t.names(View::Current, ROOT).await, ["kept", "other"]);
        assert_eq!(t.attr(ROOT).await.size, 64);
        t.unlink(ROOT, "kept").await.unwrap();
        t.unlink(ROOT, "other").await.unwrap();
    }
}

/// Anything that is no directory replaces anything that is none.
pub async fn kinds_that_are_no_directory_replace_each_other<D: Database>(t: &Fixture<D>) {
    let kinds = [
        FileKind::File,
        FileKind::Symlink,
        FileKind::Fifo,
        FileKind::Socket,
    ];
    for from in kinds {
        for to in kinds {
            let moved = t.make(ROOT, "from", from).await.unwrap();
            let gone = t.make(ROOT, "to", to).await.unwrap();
            t.rename((ROOT, "from"), (ROOT, "to"), Replace).await.unwrap();
            let found = t.find(ROOT, "to").await.unwrap();
            assert_eq!((found.ino, found.kind), (moved.ino, from));
            assert_fails(t.store.attr(View::Current, gone.ino).await, ErrorKind::NotFound);
            t.unlink(ROOT, "to").await.unwrap();
        }
    }
}

/// A directory replaces an empty one only; files and directories do not replace each other.
pub async fn a_directory_replaces_an_empty_one_only<D: Database>(t: &Fixture<D>) {
    let (a, b) = (t.dir(ROOT, "a").await, t.dir(ROOT, "b").await);
    t.file(a, "inner", b"").await;
    let sub = t.dir(b, "sub").await;
    t.file(ROOT, "file", b"").await;
    assert_fails(
        t.rename((ROOT, "a"), (ROOT, "b"), Replace).await,
        ErrorKind::NotEmpty,
    );
    assert_fails(
        t.rename((ROOT, "a"), (ROOT, "file"), Replace).await,
        ErrorKind::NotDirectory,
    );
    assert_fails(
        t.rename((ROOT, "file"), (ROOT, "a"), Replace).await,
        ErrorKind::IsDirectory,
    );
    assert_fails(
        t.rename((ROOT, "file"), (b, "sub"), Replace).await,
        ErrorKind::IsDirectory,
    );
    t.rename((ROOT, "a"), (b, "sub"), Replace).await.unwrap();
    assert_fails(t.store.attr(View::Current, sub).await, ErrorKind::NotFound);
    assert_eq!(t.names(View::Current, a).await, ["inner"]);
    assert_eq!((t.attr(ROOT).await.nlink, t.attr(b).await.nlink), (3, 3));
    assert_eq!((t.attr(ROOT).await.size, t.attr(b).await.size), (64, 32));
}

/// Within one directory, too, the replaced directory is counted off.
pub async fn a_directory_replaces_its_sibling<D: Database>(t: &Fixture<D>) {
    let a = t.dir(ROOT, "a").await;
    t.dir(ROOT, "b").await;
    assert_eq!(t.attr(ROOT).await.nlink, 4);
    t.rename((ROOT, "a"), (ROOT, "b"), Replace).await.unwrap();
    assert_eq!((t.attr(ROOT).await.nlink, t.attr(ROOT).await.size), (3, 32));
    assert_eq!(t.find(ROOT, "b").await.unwrap().ino, a);
}

/// Onto itself, or onto another name of the same inode, a rename does nothing.
pub async fn onto_the_same_inode_it_does_nothing<D: Database>(t: &Fixture<D>) {
    let dir = t.dir(ROOT, "dir").await;
    let file = t.file(ROOT, "a", b"x").await;
    t.link(file, dir, "b").await.unwrap();
    let before = t.store.last_seq().await.unwrap();
    let (attr, root) = (t.attr(file).await, t.attr(ROOT).await);
    for mode in [Replace, Exchange] {
        t.rename((ROOT, "a"), (ROOT, "a"), mode).await.unwrap();
        t.rename((ROOT, "a"), (dir, "b"), mode).await.unwrap();
        t.rename((dir, "b"), (ROOT, "a"), mode).await.unwrap();
        t.rename((ROOT, "dir"), (ROOT, "dir"), mode).await.unwrap();
    }
    assert_fails(
        t.rename((ROOT, "a"), (ROOT, "a"), NoReplace).await,
        ErrorKind::Exists,
    );
    assert_fails(
        t.rename((ROOT, "a"), (dir, "b"), NoReplace).await,
        ErrorKind::Exists,
    );
    assert_eq!((t.attr(file).await, t.attr(ROOT).await), (attr, root));
    assert_eq!(
        t.store.last_seq().await.unwrap(),
        before,
        "nothing happened, so nothing is recorded"
    );
}

/// Nothing moves below itself, however deep.
pub async fn nothing_moves_below_itself<D: Database>(t: &Fixture<D>) {
    let a = t.dir(ROOT, "a").await;
    let b = t.dir(a, "b").await;
    let c = t.dir(b, "c").await;
    t.dir(ROOT, "other").await;
    for mode in [Replace, NoReplace] {
        for target in [a, b, c] {
            assert_fails(
                t.rename((ROOT, "a"), (target, "x"), mode).await,
                ErrorKind::Invalid,
            );
        }
        assert_fails(t.rename((a, "b"), (c, "x"), mode).await, ErrorKind::Invalid);
    }
    assert_fails(
        t.rename((ROOT, "a"), (b, "c"), Exchange).await,
        ErrorKind::Invalid,
    );
    assert_fails(
        t.rename((b, "c"), (ROOT, "a"), Exchange).await,
        ErrorKind::Invalid,
    );
    // Upwards it may, but not over a directory that holds it.
    assert_fails(
        t.rename((b, "c"), (ROOT, "a"), Replace).await,
        ErrorKind::NotEmpty,
    );
    t.rename((b, "c"), (ROOT, "c"), Replace).await.unwrap();
    t.rename((ROOT, "a"), (c, "a"), Replace).await.unwrap();
    assert_eq!(t.path(b).await, "/c/a/b");
}

/// A name that is to stay free is not replaced.
pub async fn no_replace_refuses_a_name_that_is_taken<D: Database>(t: &Fixture<D>) {
    let file = t.file(ROOT, "file", b"").await;
    t.dir(ROOT, "dir").await;
    t.file(ROOT, "other", b"").await;
    for target in ["dir", "other"] {
        assert_fails(
            t.rename((ROOT, "file"), (ROOT, target), NoReplace).await,
            ErrorKind::Exists,
        );
    }
    t.rename((ROOT, "file"), (ROOT, "free"), NoReplace).await.unwrap();
    assert_eq!(t.find(ROOT, "free").await.unwrap().ino, file);
}

/// What is missing cannot move, and nothing moves to where no directory is.
pub async fn what_is_missing_cannot_move<D: Database>(t: &Fixture<D>) {
    let file = t.file(ROOT, "file", b"").await;
    let gone = t.dir(ROOT, "gone").await;
    t.rmdir(ROOT, "gone").await.unwrap();
    for mode in [Replace, NoReplace, Exchange] {
        assert_fails(
            t.rename((ROOT, "missing"), (ROOT, "x"), mode).await,
            ErrorKind::NotFound,
        );
        assert_fails(
            t.rename((ROOT, "missing"), (ROOT, "file"), mode).await,
            ErrorKind::NotFound,
        );
        assert_fails(
            t.rename((ROOT, "file"), (gone, "x"), mode).await,
            ErrorKind::NotFound,
        );
        assert_fails(
            t.rename((ROOT, "file"), (file, "x"), mode).await,
            ErrorKind::NotDirectory,
        );
        assert_fails(
            t.rename((file, "x"), (ROOT, "y"), mode).await,
            ErrorKind::NotDirectory,
        );
    }
    assert_fails(
        t.rename((ROOT, "file"), (ROOT, "x"), Exchange).await,
        ErrorKind::NotFound,
    );
    assert_eq!(t.names(View::Current, ROOT).await, ["file"]);
}

/// A name can move away and back, and around, in one go or with others seeing each step.
pub async fn names_can_go_round<D: Database>(t: &Fixture<D>) {
    for flush in [false, true] {
        let inos = [
            t.file(ROOT, "a", b"a").await,
            t.file(ROOT, "b", b"b").await,
            t.file(ROOT, "c", b"c").await,
        ];
        for (from, to) in [("a", "x"), ("b", "a"), ("c", "b"), ("x", "c")] {
            t.rename((ROOT, from), (ROOT, to), Replace).await.unwrap();
            if flush {
                t.store.flush().await.unwrap();
            }
        }
        let found = [
            t.find(ROOT, "c").await.unwrap().ino,
            t.find(ROOT, "a").await.unwrap().ino,
            t.find(ROOT, "b").await.unwrap().ino,
        ];
        assert_eq!(found, inos);
        assert_eq!(t.path(inos[0]).await, "/c");
        for name in ["a", "b", "c"] {
            t.unlink(ROOT, name).await.unwrap();
        }
    }
}
