//! Content: reading back what was written, of any size, anywhere.

use super::{Fixture, assert_fails, bytes};
use crate::*;

/// What was written is read back, before and after it is stored, for every size around the ones where stores change their
/// minds about how to keep it.
pub async fn what_was_written_is_read_back<D: Database>(t: &Fixture<D>) {
    let sizes = [
        1, 2, 100, 511, 1_899, 1_900, 1_901, 4_095, 4_096, 4_097, 65_535, 65_537, 131_071, 131_072, 131_073,
        262_144, 300_001, 1_048_577,
    ];
    for (i, size) in sizes.into_iter().enumerate() {
        let data = bytes(i as u64, size);
        let file = t.file(Ino::ROOT, &format!("f{size}"), &data).await;
        assert_eq!(t.attr(file).await.size, size as u64);
        assert!(
            t.content(View::Current, file).await == data,
            "{size} before it is stored"
        );
        t.store.flush().await.unwrap();
        assert!(
            t.content(View::Current, file).await == data,
            "{size} after it is stored"
        );
        assert!(
            t.attr(file).await.blocks * 512 >= size as u64,
            "{size} counts as stored"
        );
    }
}

/// A read answers what lies in the file, wherever it begins and ends.
pub async fn a_read_answers_what_lies_in_the_file<D: Database>(t: &Fixture<D>) {
    for len in [700usize, 300_000] {
        let data = bytes(len as u64, len);
        let file = t.file(Ino::ROOT, &format!("f{len}"), &data).await;
        for stored in [false, true] {
            for offset in [0, 1, 333, len / 2, len - 1, len, len + 1, len * 10] {
                for size in [0, 1, 350, 131_072, 400_000] {
                    let expected = data.get(offset..).unwrap_or_default();
                    let expected = &expected[..size.min(expected.len())];
                    let got = t.read_at(View::Current, file, offset as u64, size).await;
                    assert!(got == expected, "{size} at {offset} of {len}, stored: {stored}");
                }
            }
            t.store.flush().await.unwrap();
        }
        assert!(t.read_at(View::Current, file, u64::MAX, 10).await.is_empty());
    }
}

/// Writes of every size at every place change their range and nothing else.
pub async fn overwriting_changes_only_its_range<D: Database>(t: &Fixture<D>) {
    for (start, flush) in [(600, false), (600, true), (400_000, false), (400_000, true)] {
        let mut expected = bytes(9, start);
        let file = t.file(Ino::ROOT, &format!("f{start}{flush}"), &expected).await;
        let writes = [
            (0, 1),
            (511, 2),
            (131_071, 2),
            (131_000, 131_300),
            (4_096, 4_096),
            (4_095, 4_098),
            (262_143, 1),
            (0, 200_000),
            (start - 1, 1),
            (start - 3, 10),
            (399_990, 100_000),
        ];
        for (i, (offset, len)) in writes.into_iter().enumerate() {
            if flush {
                t.store.flush().await.unwrap();
            }
            let data = bytes(100 + i as u64, len);
            let end = expected.len().max(offset + len);
            expected.resize(end, 0);
            expected[offset..offset + len].copy_from_slice(&data);
            let written = t.write(file, offset as u64, &data).await;
            assert_eq!((written.offset, written.size), (offset as u64, end as u64));
            assert!(t.content(View::Current, file).await == expected, "write {i}");
        }
        t.store.flush().await.unwrap();
        assert!(t.content(View::Current, file).await == expected);
    }
}

/// Hundreds of small writes all over a file come out right.
pub async fn many_small_writes_come_out_right<D: Database>(t: &Fixture<D>) {
    let mut expected = bytes(1, 300_000);
    let file = t.file(Ino::ROOT, "file", &expected).await;
    let places = bytes(2, 4 * 600);
    for (i, place) in places.chunks_exact(4).enumerate() {
        let offset = u32::from_le_bytes([place[0], place[1], place[2], 0]) as usize % 299_000;
        let data = bytes(i as u64, 1 + usize::from(place[3]));
        expected[offset..offset + data.len()].copy_from_slice(&data);
        t.write(file, offset as u64, &data).await;
        if i % 37 == 0 {
            t.store.flush().await.unwrap();
        }
        if i % 50 == 0 {
            assert!(
                t.content(View::Current, file).await == expected,
                "after {i} writes"
            );
        }
    }
    t.store.flush().await.unwrap();
    assert!(t.content(View::Current, file).await == expected);
}

/// A file grows out of its small form and goes back to it.
pub async fn a_file_grows_and_shrinks<D: Database>(t: &Fixture<D>) {
    for flush in [false, true] {
        let file = t.file(Ino::ROOT, &format!("f{flush}"), b"small").await;
        let mut expected = b"small".to_vec();
        for (i, size) in [3_000, 100, 500_000, 0, 10, 131_073, 1, 0, 250_000, 131_072]
            .into_iter()
            .enumerate()
        {
            if size < expected.len() {
                t.truncate(file, size as u64).await;
                expected.truncate(size);
            } else {
                let data = bytes(i as u64, size - expected.len());
                let at = WriteAt::End;
                let written = t.store.write(&t.me, file, at, &data, false).await.unwrap();
                assert_eq!(written.offset, expected.len() as u64);
                expected.extend(data);
            }
            if flush {
                t.store.flush().await.unwrap();
            }
            assert_eq!(t.attr(file).await.size, size as u64);
            assert!(t.content(View::Current, file).await == expected, "step {i}");
        }
    }
}

/// What is cut off does not come back when the file grows again.
pub async fn what_was_cut_off_does_not_come_back<D: Database>(t: &Fixture<D>) {
    for (len, cut, flush) in [
        (1_000, 100, false),
        (1_000, 0, true),
        (400_000, 200_000, false),
        (400_000, 131_072, true),
        (400_000, 1, true),
        (400_000, 0, false),
        (400_000, 0, true),
    ] {
        let data = bytes(3, len);
        let name = format!("f{len}-{cut}-{flush}");
        let file = t.file(Ino::ROOT, &name, &data).await;
        if flush {
            t.store.flush().await.unwrap();
        }
        t.truncate(file, cut as u64).await;
        assert!(t.content(View::Current, file).await == data[..cut]);
        t.truncate(file, len as u64).await;
        let mut expected = data[..cut].to_vec();
        expected.resize(len, 0);
        assert!(t.content(View::Current, file).await == expected, "{name}");
        t.store.flush().await.unwrap();
        assert!(t.content(View::Current, file).await == expected, "{name}, stored");
        t.write(file, len as u64 + 10, b"x").await;
        expected.resize(len + 10, 0);
        expected.push(b'x');
        assert!(t.content(View::Current, file).await == expected, "{name}, beyond");
    }
}

/// Appending finds the end in the same step.
pub async fn appends_follow_each_other<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "log", b"").await;
    let mut expected = Vec::new();
    for i in 0..300u64 {
        let data = bytes(i, 1 + (i as usize * 37) % 2_000);
        let written = t
            .store
            .write(&t.me, file, WriteAt::End, &data, false)
            .await
            .unwrap();
        assert_eq!(written.offset, expected.len() as u64);
        expected.extend(data);
        assert_eq!(written.size, expected.len() as u64);
        if i % 71 == 0 {
            t.store.flush().await.unwrap();
        }
    }
    assert!(t.content(View::Current, file).await == expected);
}

/// One write brings 16 MiB at most, and that much it may bring.
pub async fn one_write_brings_16_mib_at_most<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"").await;
    let mut data = bytes(1, 16 * 1024 * 1024 + 1);
    let too_much = t.store.write(&t.me, file, WriteAt::Offset(0), &data, false).await;
    assert_fails(too_much, ErrorKind::Invalid);
    assert_eq!(t.attr(file).await.size, 0);
    data.pop();
    t.write(file, 77, &data).await;
    assert!(t.read_at(View::Current, file, 77, data.len() + 1).await == data);
    t.store.flush().await.unwrap();
    assert!(t.read_at(View::Current, file, 77, data.len() + 1).await == data);
}

/// Only regular files have content.
pub async fn only_files_have_content<D: Database>(t: &Fixture<D>) {
    let dir = t.dir(Ino::ROOT, "dir").await;
    let fifo = t.make(Ino::ROOT, "fifo", FileKind::Fifo).await.unwrap().ino;
    let link = t.make(Ino::ROOT, "link", FileKind::Symlink).await.unwrap().ino;
    for (ino, kind) in [
        (dir, ErrorKind::IsDirectory),
        (fifo, ErrorKind::Invalid),
        (link, ErrorKind::Invalid),
        (Ino(4_711), ErrorKind::NotFound),
    ] {
        let mut buffer = [0; 4];
        let s = &t.store;
        assert_fails(
            s.read(View::Current, ino, 0, &mut buffer, Access::Quiet).await,
            kind,
        );
        assert_fails(s.write(&t.me, ino, WriteAt::End, b"x", false).await, kind);
        assert_fails(s.allocate(&t.me, ino, Allocate::Extend, 0, 1, false).await, kind);
        assert_fails(s.seek(View::Current, ino, 0, SeekTo::Data).await, kind);
    }
}

/// Equal content in many files is each file's own.
pub async fn equal_content_is_each_files_own<D: Database>(t: &Fixture<D>) {
    let data = bytes(5, 200_000);
    let mut files = Vec::new();
    for i in 0..4 {
        files.push(t.file(Ino::ROOT, &format!("f{i}"), &data).await);
        t.store.flush().await.unwrap();
    }
    t.write(files[0], 150_000, b"changed").await;
    t.truncate(files[1], 10).await;
    t.unlink(Ino::ROOT, "f2").await.unwrap();
    t.store.flush().await.unwrap();
    assert!(t.content(View::Current, files[3]).await == data);
    let mut changed = data.clone();
    changed[150_000..150_007].copy_from_slice(b"changed");
    assert!(t.content(View::Current, files[0]).await == changed);
    assert!(t.content(View::Current, files[1]).await == data[..10]);
    let again = t.file(Ino::ROOT, "again", &data).await;
    t.store.flush().await.unwrap();
    assert!(t.content(View::Current, again).await == data);
}

/// The hashes of a file's pieces are those of its bytes, whatever it is kept as, in every view.
pub async fn pieces_have_the_hashes_of_their_bytes<D: Database>(t: &Fixture<D>) {
    const PIECE: u32 = DIGEST_PIECE_MIN;
    let s = &t.store;
    let sparse = t.file(Ino::ROOT, "sparse", b"begins").await;
    t.write(sparse, 300_000, b"ends").await;
    let mut files = vec![(sparse, t.content(View::Current, sparse).await)];
    for len in [0, 1, 4_095, 4_096, 4_097, 131_072, 400_000] {
        let data = bytes(len as u64, len);
        files.push((t.file(Ino::ROOT, &format!("f{len}"), &data).await, data));
    }
    for stored in [false, true] {
        for (file, data) in &files {
            for (from, size, count) in [
                (0, PIECE, 200),
                (0, 131_072, 3),
                (4_096, 100_000, 2),
                (1 << 40, PIECE, 1),
            ] {
                let rest = data
                    .get(usize::try_from(from).unwrap_or(usize::MAX)..)
                    .unwrap_or_default();
                let pieces = rest.chunks(size as usize).take(count as usize);
                let expected: Vec<Digest> = pieces.map(|piece| *blake3::hash(piece).as_bytes()).collect();
                let digests = s.digests(View::Current, *file, from, size, count).await;
                assert!(
                    digests.unwrap() == expected,
                    "{count} of {size} from {from} of {}, stored: {stored}",
                    data.len()
                );
            }
        }
        s.flush().await.unwrap();
    }
    let (file, data) = &files[files.len() - 1];
    let before = s.digests(View::Current, *file, 0, PIECE, 200).await.unwrap();
    let sealed = s.checkpoint(&t.me, "one", None, LaterLayers::Keep).await.unwrap();
    t.write(*file, 5_000, b"changed").await;
    let after = s.digests(View::Current, *file, 0, PIECE, 200).await.unwrap();
    assert_eq!(after.len(), data.len().div_ceil(PIECE as usize));
    let differing: Vec<usize> = (0..after.len()).filter(|at| after[*at] != before[*at]).collect();
    assert_eq!(differing, [1]);
    let past = s
        .digests(View::Layer(sealed.id), *file, 0, PIECE, 200)
        .await
        .unwrap();
    assert!(past == before, "a sealed layer stays as it is");
    for (size, count) in [(PIECE - 1, 1), (0, 1), (PIECE, u32::MAX)] {
        let refused = s.digests(View::Current, *file, 0, size, count).await;
        assert_fails(refused, ErrorKind::Invalid);
    }
    assert_fails(
        s.digests(View::Current, Ino::ROOT, 0, PIECE, 1).await,
        ErrorKind::IsDirectory,
    );
    let gone = s.digests(View::Current, Ino(9_999), 0, PIECE, 1).await;
    assert_fails(gone, ErrorKind::NotFound);
}
