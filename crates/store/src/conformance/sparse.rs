//! Holes, sizes to the end of the address space, and finding data.

use super::{Fixture, assert_fails, bytes};
use crate::SeekTo::{Data, Hole};
use crate::*;

/// A gap before a write reads as zeros and takes no room.
pub async fn a_gap_is_a_hole<D: Database>(t: &Fixture<D>) {
    for (i, offset) in [1u64, 1_000, 5_000, 131_072, 1_000_000, 5 << 30, 1 << 50]
        .into_iter()
        .enumerate()
    {
        let file = t.file(Ino::ROOT, &format!("f{i}"), b"").await;
        t.write(file, offset, b"end").await;
        for stored in [false, true] {
            let attr = t.attr(file).await;
            assert_eq!(attr.size, offset + 3);
            assert!(
                attr.blocks <= 16,
                "{offset}: {} blocks, stored: {stored}",
                attr.blocks
            );
            assert_eq!(t.read_at(View::Current, file, offset, 10).await, b"end");
            let near = offset.min(3);
            let tail = t.read_at(View::Current, file, offset - near, 10).await;
            assert_eq!(tail, [&[0; 3][..near as usize], b"end"].concat());
            let head = t
                .read_at(View::Current, file, 0, 200_000.min(offset as usize))
                .await;
            assert!(head.iter().all(|b| *b == 0));
            t.store.flush().await.unwrap();
        }
    }
}

/// Files reach to 2^63 - 1 and no further.
pub async fn files_end_where_addresses_do<D: Database>(t: &Fixture<D>) {
    let last = i64::MAX as u64;
    let file = t.file(Ino::ROOT, "file", b"start").await;
    let written = t.write(file, last - 3, b"end").await;
    assert_eq!(written.size, last);
    let s = &t.store;
    for (at, data) in [
        (WriteAt::Offset(last - 2), &b"end"[..]),
        (WriteAt::Offset(last), b"x"),
        (WriteAt::Offset(u64::MAX), b"x"),
        (WriteAt::End, b"x"),
    ] {
        assert_fails(
            s.write(&t.me, file, at, data, false).await,
            ErrorKind::FileTooLarge,
        );
    }
    for how in [Allocate::Extend, Allocate::ZeroRange, Allocate::PunchHole] {
        assert_fails(
            s.allocate(&t.me, file, how, last, 1, false).await,
            ErrorKind::FileTooLarge,
        );
        let over = s.allocate(&t.me, file, how, u64::MAX, u64::MAX, false).await;
        assert_fails(over, ErrorKind::FileTooLarge);
    }
    for stored in [false, true] {
        assert_eq!(t.attr(file).await.size, last);
        assert_eq!(
            t.read_at(View::Current, file, last - 5, 10).await,
            b"\0\0end",
            "stored: {stored}"
        );
        assert_eq!(t.read_at(View::Current, file, 0, 7).await, b"start\0\0");
        assert_eq!(
            s.seek(View::Current, file, last - 1, Data).await.unwrap(),
            last - 1
        );
        assert_eq!(s.seek(View::Current, file, last - 1, Hole).await.unwrap(), last);
        s.flush().await.unwrap();
    }
    let extended = t.file(Ino::ROOT, "extended", b"").await;
    assert_eq!(t.truncate(extended, last).await.size, last);
    assert_fails(
        s.seek(View::Current, extended, 0, Data).await,
        ErrorKind::NoSuchAddress,
    );
    assert_eq!(t.truncate(file, 2).await.size, 2);
    assert_eq!(t.content(View::Current, file).await, b"st");
}

/// Extending leaves a hole that a later write fills in part.
pub async fn an_extension_is_a_hole<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"abc").await;
    t.truncate(file, 1_000_000).await;
    assert!(t.attr(file).await.blocks <= 8);
    t.write(file, 500_000, b"middle").await;
    let mut expected = b"abc".to_vec();
    expected.resize(1_000_000, 0);
    expected[500_000..500_006].copy_from_slice(b"middle");
    assert!(t.content(View::Current, file).await == expected);
    t.store.flush().await.unwrap();
    assert!(t.content(View::Current, file).await == expected);
    assert!(t.attr(file).await.blocks <= 32);
}

/// Data and holes are found one after the other; what a store calls data holds every byte that is not zero.
pub async fn data_and_holes_are_found<D: Database>(t: &Fixture<D>) {
    let size = 3_000_000u64;
    let parts = [(200_000u64, 1_000usize), (500_000, 300_000), (2_000_000, 1)];
    let file = t.file(Ino::ROOT, "file", b"").await;
    t.truncate(file, size).await;
    for (offset, len) in parts {
        t.write(file, offset, &bytes(offset, len)).await;
    }
    for stored in [false, true] {
        let (mut at, mut found) = (0, Vec::new());
        loop {
            let data = match t.store.seek(View::Current, file, at, Data).await {
                Ok(data) => data,
                Err(e) => {
                    assert_eq!(e.kind(), ErrorKind::NoSuchAddress);
                    break;
                }
            };
            let hole = t.store.seek(View::Current, file, data, Hole).await.unwrap();
            assert!(data >= at && hole > data && hole <= size);
            assert_eq!(t.store.seek(View::Current, file, data, Data).await.unwrap(), data);
            found.push(data..hole);
            at = hole;
            if at == size {
                break;
            }
        }
        for (offset, len) in parts {
            let end = offset + len as u64;
            assert!(
                found.iter().any(|r| r.start <= offset && r.end >= end),
                "{offset}, stored: {stored}"
            );
        }
        let total: u64 = found.iter().map(|r| r.end - r.start).sum();
        assert!(total < 700_000, "most of the file is holes: {found:?}");
        t.store.flush().await.unwrap();
    }
}

/// At and past the end there is neither data nor a hole.
pub async fn there_is_nothing_past_the_end<D: Database>(t: &Fixture<D>) {
    let empty = t.file(Ino::ROOT, "empty", b"").await;
    let small = t.file(Ino::ROOT, "small", b"abc").await;
    let large = t.file(Ino::ROOT, "large", &bytes(1, 200_000)).await;
    for (file, size) in [(empty, 0), (small, 3), (large, 200_000)] {
        for to in [Data, Hole] {
            for offset in [size, size + 1, u64::MAX] {
                let beyond = t.store.seek(View::Current, file, offset, to).await;
                assert_fails(beyond, ErrorKind::NoSuchAddress);
            }
        }
        if size > 0 {
            assert_eq!(t.store.seek(View::Current, file, 0, Data).await.unwrap(), 0);
            assert_eq!(t.store.seek(View::Current, file, 1, Hole).await.unwrap(), size);
        }
    }
}
