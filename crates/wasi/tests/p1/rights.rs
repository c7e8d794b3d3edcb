//! Rights are given up, passed on in part, and never gained.

use tarbox_wasi::p1::{Errno, Rights};

use crate::guest::{CREAT, Guest, ROOT, TRUNC};

fn set(guest: &mut Guest, fd: u32, base: Rights, inheriting: Rights) -> Result<(), Errno> {
    guest.call(|c, m| c.fd_fdstat_set_rights(m, fd, base.bits(), inheriting.bits()))
}

#[test]
fn what_was_given_up_is_not_capable() {
    let mut guest = Guest::new();
    guest.file("f", b"x");
    let fd = guest.open("f", 0, true).unwrap();
    let all = Rights::FILE;
    assert_eq!(set(&mut guest, fd, all & !Rights::FD_WRITE, all), Ok(()));
    assert_eq!(guest.write(fd, b"y"), Err(Errno::Notcapable));
    assert_eq!(guest.read(fd, 1), Ok(b"x".to_vec()));
    assert_eq!(
        set(&mut guest, fd, all, all),
        Err(Errno::Notcapable),
        "never gained back"
    );
    assert_eq!(set(&mut guest, fd, Rights::empty(), Rights::empty()), Ok(()));
    assert_eq!(guest.read(fd, 1), Err(Errno::Notcapable));
    assert_eq!(guest.seek(fd, 0, 0), Err(Errno::Notcapable));
    assert_eq!(guest.seek(fd, 0, 1), Err(Errno::Notcapable));
    for refused in [
        guest.call(|c, m| c.fd_tell(m, fd, 8)),
        guest.call(|c, m| c.fd_sync(m, fd)),
        guest.call(|c, m| c.fd_datasync(m, fd)),
        guest.call(|c, m| c.fd_advise(m, fd, 0, 0, 0)),
        guest.call(|c, m| c.fd_allocate(m, fd, 0, 1)),
        guest.call(|c, m| c.fd_filestat_get(m, fd, 64)),
        guest.call(|c, m| c.fd_filestat_set_size(m, fd, 0)),
        guest.call(|c, m| c.fd_filestat_set_times(m, fd, 0, 0, 0)),
        guest.call(|c, m| c.fd_fdstat_set_flags(m, fd, 0)),
    ] {
        assert_eq!(refused, Err(Errno::Notcapable));
    }
    assert_eq!(guest.close(fd), Ok(()));
}

#[test]
fn a_directory_without_rights_does_nothing() {
    let mut guest = Guest::new();
    guest.file("f", b"x");
    guest.mkdir("d").unwrap();
    guest.symlink("f", "link").unwrap();
    assert_eq!(set(&mut guest, ROOT, Rights::empty(), Rights::empty()), Ok(()));
    let refused = Err(Errno::Notcapable);
    assert_eq!(guest.open("f", 0, false).map(drop), refused);
    assert_eq!(guest.mkdir("e"), refused);
    assert_eq!(guest.rmdir("d"), refused);
    assert_eq!(guest.unlink("f"), refused);
    assert_eq!(guest.rename("f", "g"), refused);
    assert_eq!(guest.link("f", "g"), refused);
    assert_eq!(guest.symlink("f", "g"), refused);
    assert_eq!(guest.readlink("link", 9).map(drop), refused);
    assert_eq!(guest.stat("f", 0).map(drop), refused);
    assert_eq!(guest.call(|c, m| c.fd_readdir(m, ROOT, 64, 64, 0, 8)), refused);
}

#[test]
fn a_directory_passes_on_what_it_may() {
    let mut guest = Guest::new();
    guest.file("f", b"x");
    let passing = Rights::FD_READ | Rights::FD_SEEK;
    assert_eq!(set(&mut guest, ROOT, Rights::PATH_OPEN, passing), Ok(()));
    let mut open = |flags, base: Rights| {
        let (at, len) = guest.put("f");
        guest.call(|c, m| c.path_open(m, ROOT, 0, at, len, flags, base.bits(), 0, 0, 8))
    };
    assert_eq!(open(0, passing), Ok(()));
    assert_eq!(open(0, Rights::FD_WRITE), Err(Errno::Notcapable));
    assert_eq!(open(CREAT, passing), Err(Errno::Notcapable));
    assert_eq!(open(TRUNC, passing), Err(Errno::Notcapable));
}

#[test]
fn unknown_rights_are_not_given() {
    let mut guest = Guest::new();
    let (at, len) = guest.put("f");
    let opened = guest.call(|c, m| c.path_open(m, ROOT, 0, at, len, CREAT, u64::MAX, u64::MAX, 0, 8));
    assert_eq!(opened, Ok(()));
    assert_eq!(
        guest.call(|c, m| c.fd_fdstat_set_rights(m, 4, u64::MAX, 0)),
        Err(Errno::Notcapable)
    );
}
