//! Guests that mean harm: bad addresses, absurd lengths, strange paths, too many files.

use tarbox_wasi::Capability;
use tarbox_wasi::p1::{Errno, Failure, Fault};

use crate::guest::{CREAT, Guest, ROOT, builder, files, volume};

const END: u32 = 4 << 20;

fn outside(result: Result<(), Failure>) -> bool {
    matches!(result, Err(Failure::Fault(Fault::Outside { .. })))
}

#[test]
fn addresses_outside_memory_end_the_guest() {
    let mut guest = Guest::new();
    let fd = guest.open("f", CREAT, true).unwrap();
    let (at, len) = guest.put("f");
    for bad in [END, END + 64, u32::MAX - 7, !7] {
        assert!(
            outside(guest.raw(|c, m| c.fd_filestat_get(m, fd, bad))),
            "{bad:#x}"
        );
        assert!(outside(guest.raw(|c, m| c.fd_fdstat_get(m, fd, bad))), "{bad:#x}");
        assert!(outside(guest.raw(|c, m| c.fd_read(m, fd, bad, 1, 8))), "{bad:#x}");
        assert!(
            outside(guest.raw(|c, m| c.fd_write(m, fd, bad, 1, 8))),
            "{bad:#x}"
        );
        assert!(
            outside(guest.raw(|c, m| c.path_filestat_get(m, ROOT, 0, bad, 16, 64))),
            "{bad:#x}"
        );
        assert!(
            outside(guest.raw(|c, m| c.path_filestat_get(m, ROOT, 0, at, len, bad))),
            "{bad:#x}"
        );
        assert!(
            outside(guest.raw(|c, m| c.fd_readdir(m, ROOT, bad, 64, 0, 8))),
            "{bad:#x}"
        );
        assert!(outside(guest.raw(|c, m| c.random_get(m, bad, 64))), "{bad:#x}");
        assert!(
            outside(guest.raw(|c, m| c.poll_oneoff(m, bad, 0, 1, 8))),
            "{bad:#x}"
        );
    }
    assert!(outside(guest.raw(|c, m| c.random_get(m, 0, u32::MAX))));
    assert!(outside(guest.raw(|c, m| c.poll_oneoff(m, 0, 0, u32::MAX, 8))));
    assert!(outside(guest.raw(|c, m| c.fd_prestat_dir_name(m, ROOT, END, 9))));
}

#[test]
fn a_vector_that_points_outside_ends_the_guest() {
    let mut guest = Guest::new();
    let fd = guest.open("f", CREAT, true).unwrap();
    let entry = |at: u32, len: u32| [at.to_le_bytes(), len.to_le_bytes()].concat();
    let (one, _) = guest.put(entry(END - 1, 2));
    assert!(outside(guest.raw(|c, m| c.fd_write(m, fd, one, 1, 8))));
    assert!(outside(guest.raw(|c, m| c.fd_read(m, fd, one, 1, 8))));
    assert!(outside(guest.raw(|c, m| c.fd_write(m, 1, one, 1, 8))));
    let (two, _) = guest.put([entry(0, u32::MAX), entry(0, 2)].concat());
    assert_eq!(guest.call(|c, m| c.fd_write(m, fd, two, 2, 8)), Err(Errno::Inval));
    assert_eq!(guest.call(|c, m| c.fd_read(m, fd, 0, 1025, 8)), Err(Errno::Inval));
    assert!(outside(guest.raw(|c, m| c.fd_read(m, fd, 0, u32::MAX, 8))));
}

#[test]
fn misaligned_addresses_end_the_guest() {
    let mut guest = Guest::new();
    for result in [
        guest.raw(|c, m| c.fd_filestat_get(m, ROOT, 4)),
        guest.raw(|c, m| c.clock_time_get(m, 0, 0, 12)),
        guest.raw(|c, m| c.args_sizes_get(m, 2, 8)),
        guest.raw(|c, m| c.fd_write(m, 1, 6, 1, 8)),
    ] {
        assert!(matches!(result, Err(Failure::Fault(Fault::Misaligned { .. }))));
    }
}

#[test]
fn a_read_may_overwrite_its_own_vector() {
    let mut guest = Guest::new();
    guest.file("f", &[0xff; 64]);
    let fd = guest.open("f", 0, false).unwrap();
    let (vector, _) = guest.vector(&[8, 8]);
    let own = vector.to_le_bytes();
    guest.memory[vector as usize..vector as usize + 4].copy_from_slice(&own);
    guest.memory[vector as usize + 4..vector as usize + 8].copy_from_slice(&16u32.to_le_bytes());
    assert!(outside(guest.raw(|c, m| c.fd_read(m, fd, vector, 2, 8))));
}

#[test]
fn strange_paths_are_answered() {
    let mut guest = Guest::new();
    let deep = "../".repeat(1000);
    let wide = "x".repeat(5000);
    for (path, errno) in [
        (deep.as_bytes(), Errno::Perm),
        (wide.as_bytes(), Errno::Nametoolong),
        (b"", Errno::Noent),
        (b"\xff\xfe", Errno::Ilseq),
        (b"a\0b", Errno::Inval),
        (b"\0", Errno::Inval),
    ] {
        let (at, len) = guest.put(path);
        let all = [
            guest.call(|c, m| c.path_filestat_get(m, ROOT, 1, at, len, 64)),
            guest.call(|c, m| c.path_create_directory(m, ROOT, at, len)),
            guest.call(|c, m| c.path_unlink_file(m, ROOT, at, len)),
            guest.call(|c, m| c.path_remove_directory(m, ROOT, at, len)),
            guest.call(|c, m| c.path_open(m, ROOT, 1, at, len, CREAT, 2, 2, 0, 8)),
            guest.call(|c, m| c.path_readlink(m, ROOT, at, len, 64, 64, 8)),
            guest.call(|c, m| c.path_rename(m, ROOT, at, len, ROOT, at, len)),
        ];
        assert_eq!(all, [Err(errno); 7], "{}", path.escape_ascii());
    }
}

#[test]
fn descriptors_run_out_before_anything_is_made() {
    let root = volume(&files(), Capability::ReadWrite, 1).dir(b"/").unwrap();
    let mut guest = Guest::of(builder().preopen("/", root).max_descriptors(10));
    for i in 4..10 {
        assert_eq!(guest.open(&format!("f{i}"), CREAT, true), Ok(i));
    }
    assert_eq!(guest.open("one-more", CREAT, true), Err(Errno::Mfile));
    assert_eq!(guest.stat("one-more", 0), Err(Errno::Noent));
    guest.close(7).unwrap();
    assert_eq!(guest.open("one-more", CREAT, true), Ok(7));
}

#[test]
fn closing_everything_leaves_nothing_to_use() {
    let mut guest = Guest::new();
    for fd in 0..4 {
        assert_eq!(guest.close(fd), Ok(()));
    }
    assert_eq!(guest.open("f", 0, false), Err(Errno::Badf));
    assert_eq!(guest.write(1, b"x"), Err(Errno::Badf));
    assert_eq!(guest.call(|c, m| c.fd_prestat_get(m, ROOT, 8)), Err(Errno::Badf));
}

#[test]
fn every_call_survives_every_argument() {
    let mut guest = Guest::new();
    guest.file("f", b"x");
    let values = [0, 1, 3, 4, 8, 64, END - 1, END, 1 << 31, u32::MAX];
    let wide = [0, 1, i64::MAX as u64, u64::MAX];
    for a in values {
        for b in values {
            for w in wide {
                // Only that it answers: what it answers is tested elsewhere.
                let _ = guest.raw(|c, m| c.fd_read(m, a, b, a, b));
                let _ = guest.raw(|c, m| c.fd_pread(m, a, b, b, w, a));
                let _ = guest.raw(|c, m| c.fd_pwrite(m, a, b, b, w, a));
                let _ = guest.raw(|c, m| c.fd_seek(m, a, w as i64, b, a));
                let _ = guest.raw(|c, m| c.fd_advise(m, a, w, w, b));
                let _ = guest.raw(|c, m| c.fd_allocate(m, a, w, w));
                let _ = guest.raw(|c, m| c.fd_filestat_set_times(m, a, w, w, b));
                let _ = guest.raw(|c, m| c.fd_fdstat_set_flags(m, a, b));
                let _ = guest.raw(|c, m| c.fd_readdir(m, a, b, b, w, a));
                let _ = guest.raw(|c, m| c.path_open(m, a, b, a, b, a, w, w, b, a));
                let _ = guest.raw(|c, m| c.path_link(m, a, b, a, b, a, b, a));
                let _ = guest.raw(|c, m| c.path_rename(m, a, b, a, a, b, a));
                let _ = guest.raw(|c, m| c.path_symlink(m, a, b, a, b, a));
                let _ = guest.raw(|c, m| c.path_readlink(m, a, b, a, b, a, b));
                let _ = guest.raw(|c, m| c.args_get(m, a, b));
                let _ = guest.raw(|c, m| c.clock_time_get(m, a, w, b));
            }
        }
    }
    assert_eq!(guest.content("f"), Ok(b"x".to_vec()));
}
