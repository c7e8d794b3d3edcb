//! Attributes that can be set.

use super::{Fixture, assert_fails};
use crate::*;

/// What is set is set, what is not stays.
pub async fn only_what_is_named_is_set<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"content").await;
    let sets = [
        SetAttr {
            mode: Some(0o4755),
            ..SetAttr::default()
        },
        SetAttr {
            uid: Some(u32::MAX - 1),
            ..SetAttr::default()
        },
        SetAttr {
            gid: Some(0),
            ..SetAttr::default()
        },
        SetAttr {
            atime: Some(SetTime::At(Timestamp(-5_000_000_001))),
            ..SetAttr::default()
        },
        SetAttr {
            mtime: Some(SetTime::At(Timestamp(i64::MAX))),
            ..SetAttr::default()
        },
    ];
    let mut expected = t.attr(file).await;
    for set in sets {
        let got = t.store.set_attr(&t.me, file, &set).await.unwrap();
        expected.mode = set.mode.unwrap_or(expected.mode);
        expected.uid = set.uid.unwrap_or(expected.uid);
        expected.gid = set.gid.unwrap_or(expected.gid);
        if let Some(SetTime::At(time)) = set.atime {
            expected.atime = time;
        }
        if let Some(SetTime::At(time)) = set.mtime {
            expected.mtime = time;
        }
        assert!(got.ctime >= expected.ctime, "ctime follows by itself");
        assert!(got.version > expected.version, "it is another version");
        (expected.ctime, expected.version) = (got.ctime, got.version);
        assert_eq!(got, expected);
        t.store.flush().await.unwrap();
        assert_eq!(t.attr(file).await, expected);
    }
    assert_eq!(t.content(View::Current, file).await, b"content");
}

/// Only twelve bits are a mode.
pub async fn a_mode_has_twelve_bits<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"").await;
    let set = SetAttr {
        mode: Some(0o170_7777),
        ..SetAttr::default()
    };
    assert_eq!(t.store.set_attr(&t.me, file, &set).await.unwrap().mode, 0o7777);
}

/// Setting nothing still is a change.
pub async fn links_and_directories_have_attributes_too<D: Database>(t: &Fixture<D>) {
    let dir = t.dir(Ino::ROOT, "dir").await;
    let link = t.make(Ino::ROOT, "link", FileKind::Symlink).await.unwrap().ino;
    for ino in [dir, link, Ino::ROOT] {
        let set = SetAttr {
            mode: Some(0o1700),
            uid: Some(5),
            gid: Some(6),
            ..SetAttr::default()
        };
        let got = t.store.set_attr(&t.me, ino, &set).await.unwrap();
        assert_eq!((got.mode, got.uid, got.gid), (0o1700, 5, 6));
    }
    assert_eq!(t.store.read_link(View::Current, link).await.unwrap(), b"target");
}

/// Only regular files have a length to set, and it ends where files do.
pub async fn only_files_have_a_length_to_set<D: Database>(t: &Fixture<D>) {
    let dir = t.dir(Ino::ROOT, "dir").await;
    let link = t.make(Ino::ROOT, "link", FileKind::Symlink).await.unwrap().ino;
    let file = t.file(Ino::ROOT, "file", b"abc").await;
    let size = |size| SetAttr {
        size: Some(size),
        mode: Some(0o777),
        ..SetAttr::default()
    };
    assert_fails(
        t.store.set_attr(&t.me, dir, &size(0)).await,
        ErrorKind::IsDirectory,
    );
    assert_fails(t.store.set_attr(&t.me, link, &size(0)).await, ErrorKind::Invalid);
    let too_large = t.store.set_attr(&t.me, file, &size(1 << 63)).await;
    assert_fails(too_large, ErrorKind::FileTooLarge);
    let attr = t.attr(file).await;
    assert_eq!(
        (attr.size, attr.mode),
        (3, 0o644),
        "a refused change changes nothing"
    );
    assert_fails(
        t.store.set_attr(&t.me, Ino(4_711), &size(0)).await,
        ErrorKind::NotFound,
    );
}

/// Clearing set-id bits drops setuid, and setgid where the group may execute.
pub async fn clearing_set_id_bits_follows_the_rule<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"abc").await;
    for (mode, cleared) in [
        (0o6755, 0o0755),
        (0o6745, 0o2745),
        (0o6644, 0o2644),
        (0o4711, 0o0711),
    ] {
        let arm = async || {
            let set = SetAttr {
                mode: Some(mode),
                ..SetAttr::default()
            };
            assert_eq!(t.store.set_attr(&t.me, file, &set).await.unwrap().mode, mode);
        };
        arm().await;
        t.write(file, 0, b"x").await;
        assert_eq!(t.attr(file).await.mode, mode, "only where it is asked for");
        let at = WriteAt::Offset(0);
        t.store.write(&t.me, file, at, b"x", true).await.unwrap();
        assert_eq!(t.attr(file).await.mode, cleared);
        arm().await;
        let set = SetAttr {
            size: Some(2),
            clear_setid: true,
            ..SetAttr::default()
        };
        assert_eq!(t.store.set_attr(&t.me, file, &set).await.unwrap().mode, cleared);
        arm().await;
        t.store
            .allocate(&t.me, file, Allocate::Extend, 0, 10, true)
            .await
            .unwrap();
        assert_eq!(t.attr(file).await.mode, cleared);
    }
}
