//! Standard streams, arguments, environment, the end.

use tarbox_wasi::p1::{Errno, Failure};

use crate::guest::{Guest, Kept, builder};

#[test]
fn what_is_written_arrives() {
    let (out, err) = (Kept::default(), Kept::default());
    let mut guest = Guest::of(builder().stdout(out.clone()).stderr(err.clone()));
    assert_eq!(guest.write_vector(1, &[b"to ", b"", b"out"]), Ok(6));
    assert_eq!(guest.write(2, b"to err"), Ok(6));
    assert_eq!(guest.write(0, b"x"), Err(Errno::Badf));
    assert_eq!(guest.read(1, 1), Err(Errno::Badf));
    assert_eq!(guest.read(0, 8), Ok(vec![]));
    assert_eq!(*out.0.lock().unwrap(), b"to out");
    assert_eq!(*err.0.lock().unwrap(), b"to err");
}

#[test]
fn streams_have_no_offsets() {
    let mut guest = Guest::new();
    let (vector, _) = guest.vector(&[4]);
    assert_eq!(
        guest.call(|c, m| c.fd_pread(m, 0, vector, 1, 0, 8)),
        Err(Errno::Spipe)
    );
    assert_eq!(
        guest.call(|c, m| c.fd_pwrite(m, 1, vector, 1, 0, 8)),
        Err(Errno::Spipe)
    );
    assert_eq!(guest.call(|c, m| c.fd_tell(m, 1, 8)), Err(Errno::Spipe));
}

#[test]
fn arguments_and_environment_arrive() {
    let mut guest = Guest::of(
        builder()
            .arg("prog")
            .arg("")
            .arg("ä b")
            .env("K", "v=1")
            .env("E", ""),
    );
    guest.call(|c, m| c.args_sizes_get(m, 8, 12)).unwrap();
    assert_eq!((guest.u32_at(8), guest.u32_at(12)), (3, 5 + 1 + 5));
    guest.call(|c, m| c.args_get(m, 1024, 2048)).unwrap();
    assert_eq!(&guest.memory[2048..2059], "prog\0\0ä b\0".as_bytes());
    assert_eq!(
        (guest.u32_at(1024), guest.u32_at(1028), guest.u32_at(1032)),
        (2048, 2053, 2054)
    );
    guest.call(|c, m| c.environ_sizes_get(m, 8, 12)).unwrap();
    assert_eq!((guest.u32_at(8), guest.u32_at(12)), (2, 6 + 3));
    guest.call(|c, m| c.environ_get(m, 1024, 2048)).unwrap();
    assert_eq!(&guest.memory[2048..2057], b"K=v=1\0E=\0");
}

#[test]
fn the_end_is_the_guests_own() {
    let mut guest = Guest::new();
    assert_eq!(guest.raw(|c, m| c.proc_exit(m, 77)), Err(Failure::Exit(77)));
    assert_eq!(guest.call(|c, m| c.proc_raise(m, 6)), Err(Errno::Notsup));
    assert_eq!(guest.call(|c, m| c.sched_yield(m)), Ok(()));
}

#[test]
fn there_are_no_sockets() {
    let mut guest = Guest::new();
    assert_eq!(guest.call(|c, m| c.sock_accept(m, 1, 0, 8)), Err(Errno::Notsock));
    assert_eq!(
        guest.call(|c, m| c.sock_recv(m, 1, 8, 0, 0, 8, 8)),
        Err(Errno::Notsock)
    );
    assert_eq!(
        guest.call(|c, m| c.sock_send(m, 99, 8, 0, 0, 8)),
        Err(Errno::Badf)
    );
    assert_eq!(guest.call(|c, m| c.sock_shutdown(m, 3, 0)), Err(Errno::Notsock));
}
