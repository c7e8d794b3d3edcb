//! Swapping two names.

use super::Fixture;
use crate::RenameMode::Exchange;
use crate::*;

const ROOT: Ino = Ino::ROOT;

/// Files swap their names, in one directory and across two.
pub async fn files_swap_names<D: Database>(t: &Fixture<D>) {
    let dir = t.dir(ROOT, "dir").await;
    let a = t.file(ROOT, "a", b"a").await;
    let b = t.file(ROOT, "b", b"b").await;
    let c = t.file(dir, "c", b"c").await;
    t.rename((ROOT, "a"), (ROOT, "b"), Exchange).await.unwrap();
    assert_eq!((t.path(a).await, t.path(b).await), ("/b".into(), "/a".into()));
    t.rename((ROOT, "a"), (dir, "c"), Exchange).await.unwrap();
    assert_eq!((t.path(b).await, t.path(c).await), ("/dir/c".into(), "/a".into()));
    assert_eq!(t.find(ROOT, "a").await.unwrap().ino, c);
    assert_eq!(t.find(ROOT, "b").await.unwrap().ino, a);
    assert_eq!(t.find(dir, "c").await.unwrap().ino, b);
    assert_eq!((t.attr(ROOT).await.size, t.attr(dir).await.size), (96, 32));
    assert_eq!((t.attr(ROOT).await.nlink, t.attr(dir).await.nlink), (3, 2));
}

/// A directory and a file swap, and the link counts of both parents are right.
pub async fn a_directory_and_a_file_swap<D: Database>(t: &Fixture<D>) {
    for flush in [false, true] {
        let (p, q) = (t.dir(ROOT, "p").await, t.dir(ROOT, "q").await);
        let dir = t.dir(p, "dir").await;
        let inner = t.file(dir, "inner", b"").await;
        let file = t.file(q, "file", b"").await;
        if flush {
            t.store.flush().await.unwrap();
        }
        t.rename((p, "dir"), (q, "file"), Exchange).await.unwrap();
        assert_eq!((t.attr(p).await.nlink, t.attr(q).await.nlink), (2, 3));
        assert_eq!(t.find(p, "dir").await.unwrap().ino, file);
        assert_eq!(t.find(q, "file").await.unwrap().ino, dir);
        assert_eq!(t.store.parent(View::Current, dir).await.unwrap(), q);
        assert_eq!(t.path(inner).await, "/q/file/inner");
        t.rename((p, "dir"), (q, "file"), Exchange).await.unwrap();
        assert_eq!((t.attr(p).await.nlink, t.attr(q).await.nlink), (3, 2));
        assert_eq!(t.path(inner).await, "/p/dir/inner");
        t.unlink(dir, "inner").await.unwrap();
        t.rmdir(p, "dir").await.unwrap();
        t.unlink(q, "file").await.unwrap();
        t.rmdir(ROOT, "p").await.unwrap();
        t.rmdir(ROOT, "q").await.unwrap();
    }
}

/// Directories in different parents swap with all below them, full or empty.
pub async fn directories_swap_with_all_below<D: Database>(t: &Fixture<D>) {
    let (p, q) = (t.dir(ROOT, "p").await, t.dir(ROOT, "q").await);
    let (a, b) = (t.dir(p, "a").await, t.dir(q, "b").await);
    let deep = t.dir(a, "deep").await;
    let file = t.file(b, "file", b"").await;
    t.rename((p, "a"), (q, "b"), Exchange).await.unwrap();
    assert_eq!(
        (t.path(deep).await, t.path(file).await),
        ("/q/b/deep".into(), "/p/a/file".into())
    );
    assert_eq!((t.attr(p).await.nlink, t.attr(q).await.nlink), (3, 3));
    assert_eq!(t.store.parent(View::Current, a).await.unwrap(), q);
    assert_eq!(t.store.parent(View::Current, b).await.unwrap(), p);
    t.rename((p, "a"), (ROOT, "q"), Exchange).await.unwrap();
    assert_eq!(
        (t.path(file).await, t.path(deep).await),
        ("/q/file".into(), "/p/a/b/deep".into())
    );
    assert_eq!(
        (
            t.attr(p).await.nlink,
            t.attr(b).await.nlink,
            t.attr(q).await.nlink
        ),
        (3, 2, 3)
    );
    t.rename((ROOT, "p"), (ROOT, "q"), Exchange).await.unwrap();
    assert_eq!(
        (t.path(file).await, t.path(deep).await),
        ("/p/file".into(), "/q/a/b/deep".into())
    );
    assert_eq!(t.attr(ROOT).await.nlink, 4);
}

/// A swap is two renames to whoever follows paths.
pub async fn a_swap_is_recorded_as_two_renames<D: Database>(t: &Fixture<D>) {
    t.file(ROOT, "a", b"").await;
    t.dir(ROOT, "b").await;
    let before = t.store.last_seq().await.unwrap();
    t.rename((ROOT, "a"), (ROOT, "b"), Exchange).await.unwrap();
    assert_eq!(t.log_after(before).await, ["rename /a /b", "rename /b /a"]);
}
