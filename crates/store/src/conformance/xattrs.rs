//! Extended attributes.

use super::{Fixture, assert_fails, bytes};
use crate::XattrMode::{Any, Create, Replace};
use crate::*;

/// What is set is read back, listed in order, replaced and removed, on every kind of inode.
pub async fn xattrs_are_kept_by_name<D: Database>(t: &Fixture<D>) {
    let (s, me) = (&t.store, &t.me);
    let file = t.file(Ino::ROOT, "file", b"").await;
    let link = t.make(Ino::ROOT, "link", FileKind::Symlink).await.unwrap().ino;
    for ino in [file, link, Ino::ROOT] {
        for flush in [false, true] {
            for (name, value) in [
                (&b"user.b"[..], &b"1"[..]),
                (b"user.a", b""),
                (b"\xff", b"\0\xff"),
            ] {
                s.set_xattr(me, ino, name, value, Any).await.unwrap();
                if flush {
                    s.flush().await.unwrap();
                }
                assert_eq!(s.xattr(View::Current, ino, name).await.unwrap(), value);
            }
            let names = s.xattrs(View::Current, ino).await.unwrap();
            assert_eq!(names, [&b"user.a"[..], b"user.b", b"\xff"]);
            assert_eq!(t.attr(ino).await.xattrs, 3);
            s.set_xattr(me, ino, b"user.b", b"22", Any).await.unwrap();
            assert_eq!(s.xattr(View::Current, ino, b"user.b").await.unwrap(), b"22");
            for name in names {
                s.remove_xattr(me, ino, &name).await.unwrap();
                assert_fails(s.xattr(View::Current, ino, &name).await, ErrorKind::NoData);
                assert_fails(s.remove_xattr(me, ino, &name).await, ErrorKind::NoData);
            }
            assert!(s.xattrs(View::Current, ino).await.unwrap().is_empty());
            assert_eq!(t.attr(ino).await.xattrs, 0);
        }
    }
}

/// Making and replacing say whether the attribute has to be there.
pub async fn xattr_modes_are_kept<D: Database>(t: &Fixture<D>) {
    let (s, me) = (&t.store, &t.me);
    let file = t.file(Ino::ROOT, "file", b"").await;
    assert_fails(
        s.set_xattr(me, file, b"user.a", b"1", Replace).await,
        ErrorKind::NoData,
    );
    s.set_xattr(me, file, b"user.a", b"1", Create).await.unwrap();
    assert_fails(
        s.set_xattr(me, file, b"user.a", b"2", Create).await,
        ErrorKind::Exists,
    );
    assert_eq!(s.xattr(View::Current, file, b"user.a").await.unwrap(), b"1");
    s.set_xattr(me, file, b"user.a", b"3", Replace).await.unwrap();
    assert_eq!(s.xattr(View::Current, file, b"user.a").await.unwrap(), b"3");
    assert_fails(s.xattr(View::Current, file, b"user.b").await, ErrorKind::NoData);
    assert_fails(
        s.xattr(View::Current, Ino(4_711), b"user.a").await,
        ErrorKind::NotFound,
    );
    let gone = s.set_xattr(me, Ino(4_711), b"user.a", b"", Any).await;
    assert_fails(gone, ErrorKind::NotFound);
}

/// Names have 255 bytes at most, values 64 KiB.
pub async fn xattrs_have_limits<D: Database>(t: &Fixture<D>) {
    let (s, me) = (&t.store, &t.me);
    let file = t.file(Ino::ROOT, "file", b"").await;
    let name = [b'n'; 255];
    let value = bytes(1, 64 * 1024);
    s.set_xattr(me, file, &name, &value, Any).await.unwrap();
    s.flush().await.unwrap();
    assert!(s.xattr(View::Current, file, &name).await.unwrap() == value);
    let too_big = s.set_xattr(me, file, b"user.a", &[0; 64 * 1024 + 1], Any).await;
    assert_fails(too_big, ErrorKind::TooBig);
    assert_fails(
        s.set_xattr(me, file, &[b'n'; 256], b"", Any).await,
        ErrorKind::Range,
    );
    assert_fails(s.set_xattr(me, file, b"", b"", Any).await, ErrorKind::Invalid);
    assert_fails(s.set_xattr(me, file, b"a\0", b"", Any).await, ErrorKind::Invalid);
    assert_eq!(s.xattrs(View::Current, file).await.unwrap(), [name.to_vec()]);
}

/// They go with their inode, and stay in the past.
pub async fn xattrs_belong_to_their_layer<D: Database>(t: &Fixture<D>) {
    let (s, me) = (&t.store, &t.me);
    let file = t.file(Ino::ROOT, "file", b"").await;
    s.set_xattr(me, file, b"a", b"old", Any).await.unwrap();
    s.set_xattr(me, file, b"b", b"kept", Any).await.unwrap();
    let one = t.checkpoint("one").await;
    s.set_xattr(me, file, b"a", b"new", Any).await.unwrap();
    s.remove_xattr(me, file, b"b").await.unwrap();
    s.set_xattr(me, file, b"c", b"more", Any).await.unwrap();
    let two = t.checkpoint("two").await;
    t.unlink(Ino::ROOT, "file").await.unwrap();
    s.flush().await.unwrap();
    let past = View::Layer(one);
    assert_eq!(s.xattrs(past, file).await.unwrap(), [b"a", b"b"]);
    assert_eq!(s.xattr(past, file, b"a").await.unwrap(), b"old");
    assert_eq!(s.xattr(past, file, b"b").await.unwrap(), b"kept");
    assert_fails(s.xattr(past, file, b"c").await, ErrorKind::NoData);
    let later = View::Layer(two);
    assert_eq!(s.xattrs(later, file).await.unwrap(), [b"a", b"c"]);
    assert_eq!(s.xattr(later, file, b"a").await.unwrap(), b"new");
}
