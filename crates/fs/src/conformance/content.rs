//! Bytes.

use tarbox_store::{Allocate, ErrorKind, SeekTo, WriteAt};

use super::user::{User, fails};
use crate::interface::{FilesystemInterface, OpenFlags, blocking};

const RW: OpenFlags = OpenFlags::READ_WRITE;

/// Any size, at any offset.
pub fn what_was_written_is_read<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    let handle = root.create("/f", RW, 0o644).unwrap();
    for (offset, len) in [
        (0u64, 1usize),
        (1, 4_095),
        (4_096, 4_096),
        (10_000, 70_000),
        (79_999, 2),
        (3, 300_000),
    ] {
        let data: Vec<u8> = (0..len).map(|i| (i as u64 * 31 + offset) as u8).collect();
        root.pwrite(handle, offset, &data).unwrap();
        assert_eq!(root.pread(handle, offset, len).unwrap(), data);
    }
    assert_eq!(root.stat("/f").unwrap().size, 300_003);
    assert_eq!(root.pread(handle, 300_000, 100).unwrap().len(), 3);
    assert!(root.pread(handle, 300_003, 100).unwrap().is_empty());
    assert!(root.pread(handle, i64::MAX as u64, 100).unwrap().is_empty());
    fails(root.pread(handle, u64::MAX, 1), ErrorKind::Invalid);
    let size = blocking(fs.write(handle, WriteAt::Offset(5), b"")).unwrap().size;
    assert_eq!(size, 300_003, "writing nothing changes nothing");
    // Larger than any one piece of the store.
    let large = vec![7; 40 << 20];
    root.pwrite(handle, 1, &large).unwrap();
    assert_eq!(root.stat("/f").unwrap().size, 1 + (40 << 20));
    assert!(root.pread(handle, 1, large.len()).unwrap() == large);
    root.close(handle);
}

/// What was never written is zero and takes no room.
pub fn gaps_are_holes_of_zeros<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    let handle = root.create("/f", RW, 0o644).unwrap();
    root.pwrite(handle, 1 << 40, b"end").unwrap();
    let attr = root.stat("/f").unwrap();
    assert_eq!(attr.size, (1 << 40) + 3);
    assert!(
        attr.blocks < 1 << 20,
        "a hole takes no blocks, got {}",
        attr.blocks
    );
    assert_eq!(root.pread(handle, (1 << 40) - 2, 10).unwrap(), b"\0\0end");
    assert_eq!(root.pread(handle, 12_345, 1000).unwrap(), [0; 1000]);
    root.pwrite(handle, 1 << 30, b"middle").unwrap();
    assert_eq!(root.pread(handle, (1 << 30) - 1, 8).unwrap(), b"\0middle\0");
    root.close(handle);
}

/// `O_APPEND` finds the end at each write, whoever moved it.
pub fn appending_writes_go_to_the_end<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.write("/f", b"0").unwrap();
    let (a, b) = (
        root.open("/f", RW.appending()).unwrap(),
        root.open("/f", RW.appending()).unwrap(),
    );
    for turn in 1..=3 {
        root.pwrite(a, 0, b"a").unwrap();
        let written = blocking(fs.write(b, WriteAt::Offset(0), b"b")).unwrap();
        assert_eq!((written.offset, written.size), (turn * 2, turn * 2 + 1));
    }
    root.close(a);
    root.close(b);
    assert_eq!(root.read("/f").unwrap(), b"0ababab");
    let end = root.open("/f", OpenFlags::WRITE).unwrap();
    assert_eq!(blocking(fs.write(end, WriteAt::End, b"!")).unwrap().offset, 7);
    root.close(end);
}

/// Cutting forgets, extending gives zeros.
pub fn truncation_goes_both_ways<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    let handle = root.create("/f", RW, 0o644).unwrap();
    for size in [10usize, 100_000] {
        root.pwrite(handle, 0, &vec![9; size]).unwrap();
        assert_eq!(
            blocking(fs.truncate(handle, size as u64 / 2)).unwrap().size,
            size as u64 / 2
        );
        assert_eq!(
            blocking(fs.truncate(handle, size as u64)).unwrap().size,
            size as u64
        );
        let mut expected = vec![9; size / 2];
        expected.resize(size, 0);
        assert!(
            root.pread(handle, 0, size + 1).unwrap() == expected,
            "size {size}"
        );
    }
    blocking(fs.truncate(handle, 0)).unwrap();
    assert_eq!(root.stat("/f").unwrap().blocks, 0);
    fails(blocking(fs.truncate(handle, 1 << 63)), ErrorKind::FileTooLarge);
    root.close(handle);
}

/// 2^63 - 1 bytes.
pub fn files_reach_to_the_end_of_all_offsets<F: FilesystemInterface>(fs: &F) {
    const END: u64 = i64::MAX as u64;
    let root = User::root(fs);
    let handle = root.create("/f", RW, 0o644).unwrap();
    root.pwrite(handle, END - 4, b"last").unwrap();
    assert_eq!(root.stat("/f").unwrap().size, END);
    assert_eq!(root.pread(handle, END - 5, 10).unwrap(), b"\0last");
    fails(root.pwrite(handle, END - 3, b"more"), ErrorKind::FileTooLarge);
    fails(root.pwrite(handle, END, b"x"), ErrorKind::FileTooLarge);
    fails(root.pwrite(handle, u64::MAX, b"x"), ErrorKind::FileTooLarge);
    fails(
        blocking(fs.write(handle, WriteAt::End, b"x")),
        ErrorKind::FileTooLarge,
    );
    blocking(fs.truncate(handle, 1)).unwrap();
    assert_eq!(blocking(fs.truncate(handle, END)).unwrap().size, END);
    root.close(handle);
}

/// `SEEK_DATA` and `SEEK_HOLE`.
pub fn data_and_holes_are_found<F: FilesystemInterface>(fs: &F) {
    const MIB: u64 = 1 << 20;
    let root = User::root(fs);
    let handle = root.create("/f", RW, 0o644).unwrap();
    root.pwrite(handle, 0, &[1; 1000]).unwrap();
    root.pwrite(handle, 8 * MIB, &[2; MIB as usize]).unwrap();
    blocking(fs.truncate(handle, 20 * MIB)).unwrap();
    blocking(fs.fsync(handle, false)).unwrap();
    let seek = |offset, to| blocking(fs.seek(handle, offset, to));
    assert_eq!(seek(0, SeekTo::Data).unwrap(), 0);
    let hole = seek(0, SeekTo::Hole).unwrap();
    assert!(
        (1000..=MIB).contains(&hole),
        "the hole begins behind the data, at {hole}"
    );
    let data = seek(MIB, SeekTo::Data).unwrap();
    assert!(
        (7 * MIB..=8 * MIB).contains(&data),
        "data is found where it was written, at {data}"
    );
    let end = seek(8 * MIB, SeekTo::Hole).unwrap();
    assert!((9 * MIB..=10 * MIB).contains(&end), "and ends, at {end}");
    fails(seek(19 * MIB, SeekTo::Data), ErrorKind::NoSuchAddress);
    assert_eq!(seek(19 * MIB, SeekTo::Hole).unwrap(), 19 * MIB);
    fails(seek(20 * MIB, SeekTo::Hole), ErrorKind::NoSuchAddress);
    fails(seek(u64::MAX, SeekTo::Data), ErrorKind::NoSuchAddress);
    root.close(handle);
}

/// `fallocate` in its forms.
pub fn ranges_are_allocated_punched_and_moved<F: FilesystemInterface>(fs: &F) {
    const K: usize = 4096;
    let root = User::root(fs);
    let handle = root.create("/f", RW, 0o644).unwrap();
    let allocate =
        |how, offset: usize, len: usize| blocking(fs.fallocate(handle, how, offset as u64, len as u64));
    let mut expected: Vec<u8> = (0..64 * K).map(|i| (i / K + 1) as u8).collect();
    root.pwrite(handle, 0, &expected).unwrap();
    let check = |expected: &[u8], what: &str| {
        assert_eq!(root.stat("/f").unwrap().size, expected.len() as u64, "{what}");
        assert!(
            root.pread(handle, 0, expected.len() + 1).unwrap() == expected,
            "{what}"
        );
    };
    allocate(Allocate::PunchHole, 5 * K + 7, 10 * K).unwrap();
    expected[5 * K + 7..15 * K + 7].fill(0);
    check(&expected, "punch");
    allocate(Allocate::ZeroKeepSize, 63 * K, 10 * K).unwrap();
    expected[63 * K..].fill(0);
    check(&expected, "zero, keeping the size");
    allocate(Allocate::ZeroRange, 63 * K, 2 * K).unwrap();
    expected.resize(65 * K, 0);
    check(&expected, "zero, extending");
    allocate(Allocate::Extend, 60 * K, 10 * K).unwrap();
    expected.resize(70 * K, 0);
    check(&expected, "extend");
    allocate(Allocate::KeepSize, 60 * K, 100 * K).unwrap();
    check(&expected, "keep size");
    allocate(Allocate::Collapse, 20 * K, 7 * K).unwrap();
    expected.drain(20 * K..27 * K);
    check(&expected, "collapse");
    allocate(Allocate::Insert, 30 * K, 3 * K).unwrap();
    expected.splice(30 * K..30 * K, vec![0; 3 * K]);
    check(&expected, "insert");
    fails(allocate(Allocate::Extend, 0, 0), ErrorKind::Invalid);
    fails(
        blocking(fs.fallocate(handle, Allocate::Extend, 1 << 62, 1 << 62)),
        ErrorKind::FileTooLarge,
    );
    root.close(handle);
    let reader = root.open("/f", OpenFlags::READ).unwrap();
    fails(
        blocking(fs.fallocate(reader, Allocate::Extend, 0, 1)),
        ErrorKind::BadHandle,
    );
    root.close(reader);
}

/// A vector in memory is the reference.
pub fn any_mixture_of_writes_agrees_with_memory<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    let handle = root.create("/f", RW, 0o644).unwrap();
    let mut expected: Vec<u8> = Vec::new();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |bound: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % bound
    };
    for turn in 0..400 {
        let (offset, len) = (random(600_000), 1 + random([16, 5_000, 200_000][turn % 3]));
        match random(8) {
            0 => {
                expected.resize(offset, 0);
                blocking(fs.truncate(handle, offset as u64)).unwrap();
            }
            1 => blocking(fs.fsync(handle, true)).unwrap(),
            2 => {
                let end = expected.len().min(offset + len);
                if offset < end {
                    expected[offset..end].fill(0);
                }
                blocking(fs.fallocate(handle, Allocate::PunchHole, offset as u64, len as u64)).unwrap();
            }
            _ => {
                let data: Vec<u8> = (0..len).map(|i| (i * 7 + turn) as u8).collect();
                if expected.len() < offset + len {
                    expected.resize(offset + len, 0);
                }
                expected[offset..offset + len].copy_from_slice(&data);
                root.pwrite(handle, offset as u64, &data).unwrap();
            }
        }
        let (from, some) = (random(700_000), random(100_000));
        let end = expected.len().min(from + some);
        let part = expected.get(from..end).unwrap_or_default();
        assert!(
            root.pread(handle, from as u64, some).unwrap() == part,
            "turn {turn}: {from}+{some}"
        );
    }
    assert!(root.pread(handle, 0, expected.len() + 1).unwrap() == expected);
    root.close(handle);
}
