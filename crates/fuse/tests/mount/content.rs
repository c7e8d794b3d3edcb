//! What is in files: written, mapped, cut, punched, copied.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};

use rustix::fs::{FallocateFlags, SeekFrom as Seeking, fallocate};
use rustix::io::Errno;
use rustix::mm::{MapFlags, MsyncFlags, ProtFlags};
use tarbox_store::Quota;

use crate::support::{Mounted, Shown, World};

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 + i / 4096) as u8).collect()
}

fn both(path: &std::path::Path) -> File {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .unwrap()
}

#[test]
fn bytes_come_back_whatever_their_place() {
    let mut m = Mounted::new();
    let data = pattern(3 << 20);
    let path = m.file("big", &data);
    assert_eq!(fs::read(&path).unwrap(), data);
    let file = both(&path);
    file.write_all_at(b"middle", 1_234_567).unwrap();
    file.write_all_at(b"end", 4 << 20).unwrap();
    let mut expected = data;
    expected[1_234_567..1_234_573].copy_from_slice(b"middle");
    expected.resize(4 << 20, 0);
    expected.extend(b"end");
    assert!(fs::read(&path).unwrap() == expected);
    file.set_len(10).unwrap();
    file.set_len(20).unwrap();
    assert_eq!(fs::read(&path).unwrap(), [&expected[..10], &[0; 10]].concat());
    drop(file);
    m.unmount();
}

#[test]
fn appending_goes_to_the_end_through_every_descriptor() {
    let m = Mounted::new();
    let path = m.file("log", "");
    let open = || OpenOptions::new().append(true).open(&path).unwrap();
    let (mut one, mut two) = (open(), open());
    for _ in 0..100 {
        one.write_all(b"aaaa").unwrap();
        two.write_all(b"bbbb").unwrap();
    }
    assert_eq!(fs::read(&path).unwrap(), b"aaaabbbb".repeat(100));
}

#[test]
fn direct_and_cached_reading_agree() {
    const O_DIRECT: i32 = 0o40_000;
    let m = Mounted::new();
    let path = m.file("file", pattern(64 << 10));
    assert_eq!(fs::read(&path).unwrap(), pattern(64 << 10));
    let mut direct = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(O_DIRECT)
        .open(&path)
        .unwrap();
    direct.write_all(&[7; 8192]).unwrap();
    let mut expected = pattern(64 << 10);
    expected[..8192].fill(7);
    assert!(fs::read(&path).unwrap() == expected);
    fs::write(m.path("file"), b"shorter").unwrap();
    let mut read = Vec::new();
    direct.rewind().unwrap();
    direct.read_to_end(&mut read).unwrap();
    assert_eq!(read, b"shorter");
}

#[test]
#[allow(unsafe_code, reason = "memory is mapped by system calls only")]
fn a_shared_map_writes_the_file() {
    let mut m = Mounted::new();
    let path = m.file("map", pattern(20_000));
    // One that appends is open too: pages must not be written through it to the end.
    let appends = OpenOptions::new().append(true).read(true).open(&path).unwrap();
    let file = both(&path);
    // SAFETY: the range is mapped until it is unmapped below, and nothing else refers to it.
    unsafe {
        let prot = ProtFlags::READ | ProtFlags::WRITE;
        let map = rustix::mm::mmap(std::ptr::null_mut(), 20_000, prot, MapFlags::SHARED, &file, 0).unwrap();
        let bytes = std::slice::from_raw_parts_mut(map.cast::<u8>(), 20_000);
        assert_eq!(bytes, pattern(20_000));
        bytes[5000..5004].copy_from_slice(b"abcd");
        rustix::mm::msync(map, 20_000, MsyncFlags::SYNC).unwrap();
        bytes[19_999] = b'z';
        rustix::mm::munmap(map, 20_000).unwrap();
    }
    drop((file, appends));
    let content = fs::read(&path).unwrap();
    assert_eq!(
        (content.len(), &content[5000..5004], content[19_999]),
        (20_000, &b"abcd"[..], b'z')
    );
    m.unmount();
}

#[test]
fn holes_are_made_found_and_cost_nothing() {
    const MB: u64 = 1 << 20;
    let m = Mounted::new();
    let file = both(&m.path("sparse"));
    file.write_all_at(&pattern(16 << 20), 0).unwrap();
    file.sync_all().unwrap();
    let full = file.metadata().unwrap().blocks();
    let punch = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    fallocate(&file, punch, 4 * MB, 8 * MB).unwrap();
    // Nobody tells the kernel when a commit has counted: what it is told at once must be true.
    assert_eq!(file.metadata().unwrap().blocks(), full - 8 * MB / 512);
    let seek = |from| rustix::fs::seek(&file, from);
    assert_eq!(seek(Seeking::Hole(0)), Ok(4 * MB));
    assert_eq!(seek(Seeking::Data(4 * MB)), Ok(12 * MB));
    assert_eq!(seek(Seeking::Hole(12 * MB)), Ok(16 * MB));
    assert_eq!(seek(Seeking::Data(16 * MB)), Err(Errno::NXIO));
    fallocate(&file, FallocateFlags::empty(), 16 * MB, 100).unwrap();
    assert_eq!(file.metadata().unwrap().len(), 16 * MB + 100);
    fallocate(&file, FallocateFlags::KEEP_SIZE, 32 * MB, 100).unwrap();
    assert_eq!(file.metadata().unwrap().len(), 16 * MB + 100);
    fallocate(&file, FallocateFlags::ZERO_RANGE, 0, 10).unwrap();
    let mut start = [1; 11];
    file.read_exact_at(&mut start, 0).unwrap();
    assert_eq!(start[..10], [0; 10]);
    assert_eq!(start[10], pattern(11)[10]);
}

#[test]
fn a_copy_shares_its_blocks() {
    let world = World::new();
    let m = world.mount();
    let data: Vec<u8> = (0..8).flat_map(pattern_of).collect();
    m.file("from", &data);
    let (from, to) = (File::open(m.path("from")).unwrap(), both(&m.path("to")));
    from.sync_all().unwrap();
    let before = blocks_of(&world);
    let mut copied = 0;
    while copied < data.len() {
        let n = rustix::fs::copy_file_range(&from, None, &to, None, data.len() - copied).unwrap();
        assert!(n > 0, "the source ended early");
        copied += n;
    }
    to.sync_all().unwrap();
    assert_eq!(blocks_of(&world), before, "the blocks were copied");
    assert!(fs::read(m.path("to")).unwrap() == data);
}

/// Bytes of the files that hold the database's blocks.
fn blocks_of(world: &World) -> u64 {
    fn walk(dir: &std::path::Path) -> u64 {
        let entries = dir.read_dir().unwrap().map(Result::unwrap);
        entries
            .map(|entry| match entry.metadata().unwrap() {
                metadata if metadata.is_dir() => walk(&entry.path()),
                metadata => metadata.len(),
            })
            .sum()
    }
    walk(&world.blocks())
}

#[test]
fn the_quota_is_the_size_of_the_file_system() {
    let world = World::with_quota(Quota {
        bytes: Some(10 << 20),
        inodes: Some(50),
        ..Quota::default()
    });
    let mut m = world.mount();
    let space = rustix::fs::statvfs(m.dir()).unwrap();
    assert_eq!((space.f_blocks * space.f_frsize, space.f_files), (10 << 20, 50));
    assert!(space.f_ffree < 50 && space.f_namemax == 255);
    let full = (0..20).find_map(|i| fs::write(m.path(&format!("f{i}")), pattern_of(i)).err());
    assert_eq!(Errno::from_io_error(&full.unwrap()), Some(Errno::DQUOT));
    m.unmount();
}

/// A megabyte that no other number has.
fn pattern_of(i: u64) -> Vec<u8> {
    let mut state = i.wrapping_mul(0x9E37_79B9_7F4A_7C15) + 1;
    (0..1 << 20)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .collect()
}

#[test]
fn times_and_modes_are_kept_to_the_nanosecond() {
    use std::time::{Duration, UNIX_EPOCH};
    let m = Mounted::new();
    let path = m.file("f", "x");
    for time in [
        UNIX_EPOCH + Duration::new(5_000_000_000, 123_456_789),
        UNIX_EPOCH - Duration::new(1_000_000, 250_000_000),
        UNIX_EPOCH,
    ] {
        let times = fs::FileTimes::new().set_modified(time).set_accessed(time);
        both(&path).set_times(times).unwrap();
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!(
            (metadata.modified().unwrap(), metadata.accessed().unwrap()),
            (time, time)
        );
    }
    rustix::fs::chmod(&path, rustix::fs::Mode::from_raw_mode(0o4751)).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o4751);
}

#[test]
fn the_largest_offsets_are_reached() {
    const LAST: u64 = i64::MAX as u64 - 4096;
    let m = Mounted::new();
    let file = both(&m.path("f"));
    file.write_all_at(b"x", LAST).unwrap();
    assert_eq!(file.metadata().unwrap().len(), LAST + 1);
    assert_eq!(file.read_at(&mut [0; 10], LAST).unwrap(), 1);
    assert_eq!(file.read_at(&mut [0; 10], LAST + 1).unwrap(), 0);
}

#[test]
fn a_time_that_was_set_outlives_what_a_memory_map_had_before() {
    use std::time::{Duration, SystemTime};
    let mut m = Mounted::new();
    let path = m.file("mapped", pattern(20_000));
    let file = both(&path);
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    // SAFETY: the range is mapped until it is unmapped below, and nothing else refers to it.
    unsafe {
        let prot = ProtFlags::READ | ProtFlags::WRITE;
        let map = rustix::mm::mmap(std::ptr::null_mut(), 20_000, prot, MapFlags::SHARED, &file, 0).unwrap();
        let bytes = std::slice::from_raw_parts_mut(map.cast::<u8>(), 20_000);
        bytes[10_000] = b'z';
        file.set_modified(then).unwrap();
        rustix::mm::munmap(map, 20_000).unwrap();
    }
    drop(file);
    assert_eq!(path.metadata().unwrap().modified().unwrap(), then);
    assert_eq!(fs::read(&path).unwrap()[10_000], b'z');
    // What is written afterwards has a time of its own.
    both(&path).write_all_at(b"y", 0).unwrap();
    assert_ne!(path.metadata().unwrap().modified().unwrap(), then);
    m.unmount();
}

#[test]
fn setuid_that_a_write_takes_away_is_not_shown_any_more() {
    use std::os::unix::fs::PermissionsExt;
    const USER: u32 = 1000;
    let world = World::new();
    let root = rustix::process::geteuid().is_root();
    let m = world.mount_with(&Shown {
        allow_other: root,
        ..Shown::default()
    });
    let source = m.file("source", "zz");
    fs::set_permissions(&source, PermissionsExt::from_mode(0o644)).unwrap();
    let directory = File::open(m.dir()).unwrap();
    type Change = fn(&File, &File);
    let changes: [Change; 3] = [
        |_, to| drop(to.write_all_at(b"q", 0)),
        |_, to| fallocate(to, FallocateFlags::empty(), 0, 100).unwrap(),
        |from, to| {
            let copied = rustix::fs::copy_file_range(from, None, to, None, 2);
            assert_eq!(copied, Ok(2));
        },
    ];
    for change in changes {
        let path = m.file("program", "0123456789");
        fs::set_permissions(&path, PermissionsExt::from_mode(0o4777)).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o7777, 0o4777);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                if root {
                    // Of this thread alone.
                    let (uid, gid) = (rustix::fs::Uid::from_raw(USER), rustix::fs::Gid::from_raw(USER));
                    rustix::thread::set_thread_res_gid(gid, gid, gid).unwrap();
                    rustix::thread::set_thread_res_uid(uid, uid, uid).unwrap();
                }
                let open = |name: &str, flags| {
                    let mode = rustix::fs::Mode::empty();
                    File::from(rustix::fs::openat(&directory, name, flags, mode).unwrap())
                };
                let from = open("source", rustix::fs::OFlags::RDONLY);
                change(&from, &open("program", rustix::fs::OFlags::WRONLY));
            });
        });
        assert_eq!(path.metadata().unwrap().mode() & 0o7777, 0o777);
    }
}
