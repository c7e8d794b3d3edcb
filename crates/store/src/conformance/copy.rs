//! Copying ranges.

use super::{Fixture, assert_fails, bytes};
use crate::*;

async fn copy<D: Database>(
    t: &Fixture<D>,
    view: View,
    from: (Ino, u64),
    to: (Ino, u64),
    len: u64,
) -> Result<u64> {
    t.store
        .copy_range(&t.me, view, from.0, from.1, to.0, to.1, len)
        .await
}

/// Every combination of small and large, stored and not, aligned and not comes out as if it had been read and written.
pub async fn a_copy_is_as_if_read_and_written<D: Database>(t: &Fixture<D>) {
    let sizes = [0usize, 800, 3_000, 400_000];
    let ranges = [
        (0usize, 0usize, 1_000_000u64),
        (10, 20, 500),
        (131_000, 7, 140_000),
        (1, 131_072, 131_072),
        (399_999, 500_000, 100),
    ];
    for (i, (source_size, target_size)) in sizes
        .iter()
        .flat_map(|s| sizes.iter().map(move |t| (*s, *t)))
        .enumerate()
    {
        let (data, old) = (bytes(1, source_size), bytes(2, target_size));
        for (j, (from, to, len)) in ranges.into_iter().enumerate() {
            let source = t.file(Ino::ROOT, "source", &data).await;
            let target = t.file(Ino::ROOT, "target", &old).await;
            if (i + j) % 2 == 0 {
                t.store.flush().await.unwrap();
            }
            let done = copy(t, View::Current, (source, from as u64), (target, to as u64), len)
                .await
                .unwrap();
            let part = data.get(from..).unwrap_or_default();
            let part = &part[..part.len().min(len as usize)];
            assert_eq!(done, part.len() as u64);
            let mut expected = old.clone();
            if !part.is_empty() {
                expected.resize(expected.len().max(to + part.len()), 0);
                expected[to..to + part.len()].copy_from_slice(part);
            }
            for stored in [false, true] {
                let what = format!("{source_size}->{target_size} {from} {to} {len}, stored: {stored}");
                assert!(t.content(View::Current, target).await == expected, "{what}");
                assert!(t.content(View::Current, source).await == data, "{what}");
                t.store.flush().await.unwrap();
            }
            t.unlink(Ino::ROOT, "source").await.unwrap();
            t.store.flush().await.unwrap();
            assert!(
                t.content(View::Current, target).await == expected,
                "without its source"
            );
            t.unlink(Ino::ROOT, "target").await.unwrap();
        }
    }
}

/// Within one file, ranges that do not overlap are copied.
pub async fn a_range_is_copied_within_its_file<D: Database>(t: &Fixture<D>) {
    for (size, from, to, len) in [
        (1_000usize, 0usize, 500usize, 500usize),
        (1_000, 500, 0, 500),
        (1_000, 900, 1_000, 100),
        (500_000, 0, 250_000, 250_000),
        (500_000, 300_001, 7, 123_456),
        (500_000, 0, 500_000, 500_000),
    ] {
        let data = bytes(3, size);
        let file = t.file(Ino::ROOT, "file", &data).await;
        t.store.flush().await.unwrap();
        copy(
            t,
            View::Current,
            (file, from as u64),
            (file, to as u64),
            len as u64,
        )
        .await
        .unwrap();
        let mut expected = data.clone();
        expected.resize(size.max(to + len), 0);
        expected[to..to + len].copy_from_slice(&data[from..from + len]);
        assert!(t.content(View::Current, file).await == expected);
        t.store.flush().await.unwrap();
        assert!(t.content(View::Current, file).await == expected);
        t.unlink(Ino::ROOT, "file").await.unwrap();
    }
}

/// Ranges of one file that overlap are refused, however large they are.
pub async fn overlapping_ranges_are_refused<D: Database>(t: &Fixture<D>) {
    let large = 4u64 << 30;
    for (size, from, to, len) in [
        (1_000u64, 0, 1, 500),
        (1_000, 0, 0, 10),
        (500_000, 100_000, 200_000, 150_000),
        (500_000, 200_000, 100_000, 150_000),
        (large, 0, 1 << 30, 3 << 30),
        (large, 1 << 30, 0, 3 << 30),
    ] {
        let file = t.file(Ino::ROOT, "file", b"data").await;
        t.truncate(file, size).await;
        t.write(file, size - 4, b"tail").await;
        t.store.flush().await.unwrap();
        let before = t.attr(file).await;
        let refused = copy(t, View::Current, (file, from), (file, to), len).await;
        assert_fails(refused, ErrorKind::Invalid);
        assert_eq!(t.attr(file).await, before);
        t.unlink(Ino::ROOT, "file").await.unwrap();
    }
}

/// The past can be copied from, also of the same file.
pub async fn the_past_can_be_copied_from<D: Database>(t: &Fixture<D>) {
    for size in [900usize, 300_000] {
        let old = bytes(4, size);
        let name = format!("f{size}");
        let file = t.file(Ino::ROOT, &name, &old).await;
        let layer = t.checkpoint(&format!("layer{size}")).await;
        t.write(file, 0, &bytes(5, size)).await;
        t.truncate(file, size as u64 / 2).await;
        let other = t.file(Ino::ROOT, &format!("o{size}"), b"").await;
        let past = View::Layer(layer);
        assert_eq!(
            copy(t, past, (file, 0), (other, 0), 1 << 40).await.unwrap(),
            size as u64
        );
        assert_eq!(
            copy(t, past, (file, 0), (file, 0), 1 << 40).await.unwrap(),
            size as u64
        );
        for stored in [false, true] {
            assert!(
                t.content(View::Current, other).await == old,
                "{size}, stored: {stored}"
            );
            assert!(
                t.content(View::Current, file).await == old,
                "{size}, stored: {stored}"
            );
            t.store.flush().await.unwrap();
        }
        assert!(t.content(past, file).await == old);
    }
}

/// Copies share room: copying a large file costs next to nothing.
pub async fn a_copy_shares_room<D: Database>(t: &Fixture<D>) {
    let data = bytes(6, 2_000_000);
    let source = t.file(Ino::ROOT, "source", &data).await;
    let before = t.usage().await.bytes;
    let mut copies = Vec::new();
    for i in 0..5 {
        let target = t.file(Ino::ROOT, &format!("t{i}"), b"").await;
        copy(t, View::Current, (source, 0), (target, 0), 1 << 40)
            .await
            .unwrap();
        copies.push(target);
    }
    assert!(t.usage().await.bytes < before + 10_000);
    t.unlink(Ino::ROOT, "source").await.unwrap();
    t.write(copies[0], 1_000_000, b"own").await;
    t.store.flush().await.unwrap();
    t.store.gc().await.unwrap();
    for target in &copies[1..] {
        assert!(t.content(View::Current, *target).await == data);
    }
}

/// Holes stay holes, and bytes in memory are copied as well as stored ones.
pub async fn holes_are_copied_as_holes<D: Database>(t: &Fixture<D>) {
    let source = t.file(Ino::ROOT, "source", b"").await;
    t.write(source, 500_000, b"data").await;
    t.truncate(source, 1_000_000).await;
    let target = t.file(Ino::ROOT, "target", &bytes(7, 1_000_000)).await;
    let done = copy(t, View::Current, (source, 0), (target, 0), 1_000_000)
        .await
        .unwrap();
    assert_eq!(done, 1_000_000);
    let mut expected = vec![0; 1_000_000];
    expected[500_000..500_004].copy_from_slice(b"data");
    assert!(t.content(View::Current, target).await == expected);
    t.store.flush().await.unwrap();
    assert!(t.content(View::Current, target).await == expected);
    assert!(t.attr(target).await.blocks <= 16);
}

/// Copying ends where files end, and needs files.
pub async fn copies_know_their_limits<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"abc").await;
    let other = t.file(Ino::ROOT, "other", b"").await;
    let dir = t.dir(Ino::ROOT, "dir").await;
    assert_eq!(copy(t, View::Current, (file, 3), (other, 9), 5).await.unwrap(), 0);
    assert_eq!(
        copy(t, View::Current, (file, 99), (other, 0), 5).await.unwrap(),
        0
    );
    assert_eq!(copy(t, View::Current, (file, 0), (other, 0), 0).await.unwrap(), 0);
    assert_eq!(t.attr(other).await.size, 0);
    let last = i64::MAX as u64;
    let beyond = copy(t, View::Current, (file, 0), (other, last - 1), 3).await;
    assert_fails(beyond, ErrorKind::FileTooLarge);
    let from_dir = copy(t, View::Current, (dir, 0), (other, 0), 1).await;
    assert_fails(from_dir, ErrorKind::IsDirectory);
    let to_dir = copy(t, View::Current, (file, 0), (dir, 0), 1).await;
    assert_fails(to_dir, ErrorKind::IsDirectory);
    let missing = copy(t, View::Current, (Ino(4_711), 0), (other, 0), 1).await;
    assert_fails(missing, ErrorKind::NotFound);
}
