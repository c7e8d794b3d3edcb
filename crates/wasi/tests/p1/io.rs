//! Reading and writing: positions, offsets, vectors, append and sync flags.

use tarbox_wasi::p1::{Errno, Rights};

use crate::guest::{APPEND, CREAT, Guest, ROOT};

const ALL: Rights = Rights::FILE;

#[test]
fn positions_move_and_offsets_do_not() {
    let mut guest = Guest::new();
    let fd = guest.open("f", CREAT, true).unwrap();
    assert_eq!(guest.write(fd, b"0123456789"), Ok(10));
    assert_eq!(guest.seek(fd, 2, 0), Ok(2));
    assert_eq!(guest.read(fd, 3), Ok(b"234".to_vec()));
    assert_eq!(guest.seek(fd, 0, 1), Ok(5));
    let (vector, first) = guest.vector(&[4]);
    guest.call(|c, m| c.fd_pread(m, fd, vector, 1, 8, 8)).unwrap();
    assert_eq!(
        (guest.u32_at(8), &guest.memory[first as usize..][..2]),
        (2, &b"89"[..])
    );
    guest.call(|c, m| c.fd_pwrite(m, fd, vector, 1, 20, 8)).unwrap();
    guest.call(|c, m| c.fd_tell(m, fd, 16)).unwrap();
    assert_eq!(guest.u64_at(16), 5);
    assert_eq!(guest.seek(fd, 0, 2), Ok(24));
    assert_eq!(guest.seek(fd, -4, 1), Ok(20));
    assert_eq!(guest.seek(fd, 1 << 40, 0), Ok(1 << 40));
    assert_eq!(guest.read(fd, 9), Ok(vec![]));
}

#[test]
fn impossible_positions_are_refused() {
    let mut guest = Guest::new();
    let fd = guest.open("f", CREAT, true).unwrap();
    assert_eq!(guest.seek(fd, -1, 0), Err(Errno::Inval));
    assert_eq!(guest.seek(fd, -1, 1), Err(Errno::Inval));
    assert_eq!(guest.seek(fd, i64::MIN, 2), Err(Errno::Inval));
    assert_eq!(guest.seek(fd, 0, 3), Err(Errno::Inval));
    assert_eq!(guest.seek(fd, i64::MAX, 0), Ok(i64::MAX as u64));
    assert_eq!(guest.seek(fd, 1, 1), Err(Errno::Inval));
    assert_eq!(guest.write(fd, b"x"), Err(Errno::Fbig));
    assert_eq!(guest.seek(ROOT, 0, 0), Err(Errno::Badf));
    assert_eq!(guest.seek(1, 0, 1), Err(Errno::Spipe));
}

#[test]
fn vectors_are_read_and_written_whole() {
    let mut guest = Guest::new();
    let fd = guest.open("f", CREAT, true).unwrap();
    assert_eq!(guest.write_vector(fd, &[b"", b"ab", b"", b"cde", b"f"]), Ok(6));
    assert_eq!(guest.write_vector(fd, &[]), Ok(0));
    let large = vec![7; 100_000];
    assert_eq!(guest.write_vector(fd, &[&large, b"end"]), Ok(100_003));
    assert_eq!(guest.seek(fd, 0, 1), Ok(100_009));
    guest.seek(fd, 0, 0).unwrap();
    let (vector, first) = guest.vector(&[3, 0, 2, 9]);
    guest.call(|c, m| c.fd_read(m, fd, vector, 4, 8)).unwrap();
    assert_eq!(guest.u32_at(8), 14);
    assert_eq!(
        &guest.memory[first as usize..][..14],
        b"abcdef\x07\x07\x07\x07\x07\x07\x07\x07"
    );
    guest.seek(fd, -2, 2).unwrap();
    guest.call(|c, m| c.fd_read(m, fd, vector, 4, 8)).unwrap();
    assert_eq!(guest.u32_at(8), 2);
}

#[test]
fn append_writes_at_the_end_whatever_the_position() {
    let mut guest = Guest::new();
    guest.file("f", b"start");
    let fd = guest.open_with(ROOT, "f", 0, 0, ALL, APPEND).unwrap();
    let other = guest.open("f", 0, true).unwrap();
    assert_eq!(guest.write(fd, b"+a"), Ok(2));
    guest.seek(other, 0, 2).unwrap();
    guest.write(other, b"+b").unwrap();
    guest.seek(fd, 0, 0).unwrap();
    assert_eq!(guest.write_vector(fd, &[b"+", b"c"]), Ok(2));
    assert_eq!(guest.seek(fd, 0, 1), Ok(11));
    let (vector, _) = guest.vector(&[1]);
    guest.call(|c, m| c.fd_pwrite(m, fd, vector, 1, 0, 8)).unwrap();
    assert_eq!(guest.content("f"), Ok(b"start+a+b+c\0".to_vec()));
    guest.call(|c, m| c.fd_fdstat_set_flags(m, fd, 0)).unwrap();
    guest.seek(fd, 0, 0).unwrap();
    guest.write(fd, b"S").unwrap();
    assert_eq!(guest.content("f"), Ok(b"Start+a+b+c\0".to_vec()));
}

#[test]
fn a_file_not_opened_for_it_is_a_bad_descriptor() {
    let mut guest = Guest::new();
    guest.file("f", b"x");
    let reader = guest.open("f", 0, false).unwrap();
    let writer = guest
        .open_with(ROOT, "f", 0, 0, ALL & !Rights::FD_READ, 0)
        .unwrap();
    assert_eq!(guest.write(reader, b"y"), Err(Errno::Badf));
    assert_eq!(guest.read(writer, 1), Err(Errno::Badf));
    assert_eq!(guest.read(ROOT, 1), Err(Errno::Isdir));
    assert_eq!(guest.write(ROOT, b"y"), Err(Errno::Badf));
    assert_eq!(guest.read(99, 1), Err(Errno::Badf));
}

#[test]
fn sizes_are_set_and_allocated() {
    let mut guest = Guest::new();
    guest.file("f", b"hello");
    let fd = guest.open("f", 0, true).unwrap();
    guest.call(|c, m| c.fd_filestat_set_size(m, fd, 2)).unwrap();
    assert_eq!(guest.content("f"), Ok(b"he".to_vec()));
    guest.call(|c, m| c.fd_allocate(m, fd, 2, 3)).unwrap();
    assert_eq!(guest.content("f"), Ok(b"he\0\0\0".to_vec()));
    guest.call(|c, m| c.fd_allocate(m, fd, 0, 1)).unwrap();
    assert_eq!(guest.stat("f", 0), Ok((4, 5)));
    assert_eq!(guest.call(|c, m| c.fd_allocate(m, fd, 0, 0)), Err(Errno::Inval));
    assert_eq!(
        guest.call(|c, m| c.fd_filestat_set_size(m, fd, u64::MAX)),
        Err(Errno::Fbig)
    );
    assert_eq!(
        guest.call(|c, m| c.fd_filestat_set_size(m, ROOT, 1)),
        Err(Errno::Badf)
    );
    assert_eq!(guest.call(|c, m| c.fd_allocate(m, ROOT, 0, 1)), Err(Errno::Badf));
}

#[test]
fn syncing_and_advice_are_taken() {
    let mut guest = Guest::new();
    let sync = 2 | 8 | 16;
    let fd = guest.open_with(ROOT, "f", 0, CREAT, ALL, sync).unwrap();
    assert_eq!(guest.write(fd, b"kept"), Ok(4));
    guest.seek(fd, 0, 0).unwrap();
    assert_eq!(guest.read(fd, 4), Ok(b"kept".to_vec()));
    for fd in [fd, ROOT] {
        assert_eq!(guest.call(|c, m| c.fd_sync(m, fd)), Ok(()));
        assert_eq!(guest.call(|c, m| c.fd_datasync(m, fd)), Ok(()));
    }
    assert_eq!(guest.call(|c, m| c.fd_sync(m, 1)), Err(Errno::Inval));
    assert_eq!(guest.call(|c, m| c.fd_advise(m, fd, 0, 100, 5)), Ok(()));
    assert_eq!(
        guest.call(|c, m| c.fd_advise(m, fd, 0, 100, 6)),
        Err(Errno::Inval)
    );
    assert_eq!(guest.call(|c, m| c.fd_advise(m, ROOT, 0, 0, 0)), Err(Errno::Badf));
}

#[test]
fn an_unlinked_file_lives_until_it_is_closed() {
    let mut guest = Guest::new();
    guest.file("f", b"here");
    let fd = guest.open("f", 0, true).unwrap();
    guest.unlink("f").unwrap();
    assert_eq!(guest.read(fd, 9), Ok(b"here".to_vec()));
    assert_eq!(guest.write(fd, b" still"), Ok(6));
    assert_eq!(guest.seek(fd, 0, 2), Ok(10));
    guest.close(fd).unwrap();
    assert_eq!(guest.close(fd), Err(Errno::Badf));
    assert_eq!(guest.stat("f", 0), Err(Errno::Noent));
}

#[test]
fn renumbering_takes_the_open_file_along() {
    let mut guest = Guest::new();
    guest.file("a", b"a");
    guest.file("b", b"b");
    let a = guest.open("a", 0, false).unwrap();
    let b = guest.open("b", 0, false).unwrap();
    assert_eq!(guest.call(|c, m| c.fd_renumber(m, a, b)), Ok(()));
    assert_eq!(guest.read(b, 1), Ok(b"a".to_vec()));
    assert_eq!(guest.read(a, 1), Err(Errno::Badf));
    assert_eq!(guest.call(|c, m| c.fd_renumber(m, a, b)), Err(Errno::Badf));
    assert_eq!(guest.call(|c, m| c.fd_renumber(m, b, 1000)), Err(Errno::Badf));
}
