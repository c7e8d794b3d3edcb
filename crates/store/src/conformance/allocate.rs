//! `allocate` in all its modes, against a vector of bytes.

use super::{Fixture, assert_fails, bytes};
use crate::Allocate::{Collapse, Extend, Insert, KeepSize, PunchHole, ZeroKeepSize, ZeroRange};
use crate::*;

/// What a mode does to content.
fn expected(content: &[u8], how: Allocate, offset: usize, len: usize) -> Vec<u8> {
    let mut after = content.to_vec();
    let end = offset + len;
    match how {
        KeepSize => {}
        Extend => after.resize(after.len().max(end), 0),
        PunchHole | ZeroKeepSize | ZeroRange => {
            if how == ZeroRange {
                after.resize(after.len().max(end), 0);
            }
            let to = end.min(after.len());
            if offset < to {
                after[offset..to].fill(0);
            }
        }
        Collapse => drop(after.drain(offset..end)),
        Insert => drop(after.splice(offset..offset, vec![0; len])),
    }
    after
}

async fn check<D: Database>(t: &Fixture<D>, size: usize, how: Allocate, offset: usize, len: usize) {
    for (before, after) in [(false, false), (true, true), (true, false)] {
        let content = bytes(size as u64, size);
        let name = format!("{how:?}-{size}-{offset}-{len}-{before}-{after}");
        let file = t.file(Ino::ROOT, &name, &content).await;
        if before {
            t.store.flush().await.unwrap();
        }
        let done = t
            .store
            .allocate(&t.me, file, how, offset as u64, len as u64, false)
            .await;
        done.unwrap_or_else(|e| panic!("{name}: {e}"));
        if after {
            t.store.flush().await.unwrap();
        }
        let expected = expected(&content, how, offset, len);
        assert_eq!(t.attr(file).await.size, expected.len() as u64, "{name}");
        assert!(t.content(View::Current, file).await == expected, "{name}");
        // What follows must find the file whole.
        t.write(file, expected.len() as u64, b"more").await;
        let more = [&expected[..], b"more"].concat();
        assert!(t.content(View::Current, file).await == more, "{name}, with more");
        t.unlink(Ino::ROOT, &name).await.unwrap();
    }
}

/// Ranges are promised, with or without a new length, and nothing else changes.
pub async fn room_is_promised<D: Database>(t: &Fixture<D>) {
    for how in [Extend, KeepSize] {
        for (size, offset, len) in [
            (0, 0, 1),
            (100, 50, 10),
            (100, 50, 100),
            (1_000, 5_000, 9),
            (300_000, 10, 500_000),
        ] {
            check(t, size, how, offset, len).await;
        }
    }
}

/// Ranges are zeroed, inside, across and behind the end.
pub async fn ranges_are_zeroed<D: Database>(t: &Fixture<D>) {
    for how in [PunchHole, ZeroRange, ZeroKeepSize] {
        for (size, offset, len) in [
            (0, 0, 10),
            (1_000, 10, 100),
            (1_000, 990, 100),
            (1_000, 2_000, 100),
            (400_000, 0, 400_000),
            (400_000, 131_072, 131_072),
            (400_000, 100, 10),
            (400_000, 131_071, 2),
            (400_000, 100_000, 250_000),
            (400_000, 399_999, 10_000),
            (400_000, 500_000, 10_000),
        ] {
            check(t, size, how, offset, len).await;
        }
    }
}

/// Ranges are cut out, at any alignment.
pub async fn ranges_are_cut_out<D: Database>(t: &Fixture<D>) {
    for (size, offset, len) in [
        (1_000, 0, 1),
        (1_000, 0, 999),
        (1_000, 500, 100),
        (400_000, 0, 131_072),
        (400_000, 131_072, 131_072),
        (400_000, 1, 3),
        (400_000, 100_000, 200_001),
        (400_000, 12_345, 387_654),
    ] {
        check(t, size, Collapse, offset, len).await;
    }
}

/// Holes are opened, at any alignment, also where a small file becomes a large one.
pub async fn holes_are_opened<D: Database>(t: &Fixture<D>) {
    for (size, offset, len) in [
        (1_000, 0, 1),
        (1_000, 999, 100),
        (1_000, 500, 100_000),
        (1_000, 0, 500_000),
        (400_000, 0, 131_072),
        (400_000, 131_072, 1),
        (400_000, 77_777, 333_333),
        (400_000, 399_999, 5),
    ] {
        check(t, size, Insert, offset, len).await;
    }
}

/// Punching gives room back, and so it is seen from the first moment.
pub async fn punching_gives_room_back<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", &bytes(1, 1_000_000)).await;
    t.store.flush().await.unwrap();
    let full = t.attr(file).await.blocks;
    assert!(full >= 1_000_000 / 512);
    t.store
        .allocate(&t.me, file, PunchHole, 0, 900_000, false)
        .await
        .unwrap();
    for stored in [false, true] {
        let blocks = t.attr(file).await.blocks;
        assert!(blocks < full / 2, "{blocks} of {full} blocks, stored: {stored}");
        t.store.flush().await.unwrap();
    }
    assert_eq!(t.attr(file).await.size, 1_000_000);
    let data = t.store.seek(View::Current, file, 0, SeekTo::Data).await.unwrap();
    assert!(data > 0 && data <= 900_000);
}

/// Empty ranges, and ranges that would move the end itself, are refused.
pub async fn wrong_ranges_are_refused<D: Database>(t: &Fixture<D>) {
    for size in [1_000u64, 200_000] {
        let content = bytes(1, size as usize);
        let file = t.file(Ino::ROOT, &format!("f{size}"), &content).await;
        let call = async |how, offset, len| t.store.allocate(&t.me, file, how, offset, len, false).await;
        for how in [
            Extend,
            KeepSize,
            PunchHole,
            ZeroRange,
            ZeroKeepSize,
            Collapse,
            Insert,
        ] {
            assert_fails(call(how, 0, 0).await, ErrorKind::Invalid);
        }
        assert_fails(call(Collapse, 0, size).await, ErrorKind::Invalid);
        assert_fails(call(Collapse, size - 1, 1).await, ErrorKind::Invalid);
        assert_fails(call(Collapse, size, 1).await, ErrorKind::Invalid);
        assert_fails(call(Insert, size, 1).await, ErrorKind::Invalid);
        assert_fails(call(Insert, size + 1, 1).await, ErrorKind::Invalid);
        assert_fails(call(Insert, 0, i64::MAX as u64).await, ErrorKind::FileTooLarge);
        assert!(t.content(View::Current, file).await == content);
    }
}
