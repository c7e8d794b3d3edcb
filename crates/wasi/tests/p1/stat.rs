//! Attributes, times and what a descriptor is.

use tarbox_wasi::p1::{Errno, Rights};

use crate::guest::{APPEND, CREAT, Guest, ROOT};

fn filestat(guest: &mut Guest, fd: u32) -> Result<[u64; 8], Errno> {
    let (at, _) = guest.put([0xff; 64]);
    guest.call(|c, m| c.fd_filestat_get(m, fd, at))?;
    Ok(std::array::from_fn(|i| guest.u64_at(at + 8 * i as u32)))
}

#[test]
fn attributes_lie_where_the_interface_has_them() {
    let mut guest = Guest::new();
    guest.file("f", b"12345");
    guest.link("f", "g").unwrap();
    let fd = guest.open("f", 0, true).unwrap();
    guest
        .call(|c, m| c.fd_filestat_set_times(m, fd, 1_000_000_001, 2_000_000_002, 1 | 4))
        .unwrap();
    let [dev, ino, kind, nlink, size, atim, mtim, ctim] = filestat(&mut guest, fd).unwrap();
    assert_eq!((dev, kind, nlink, size), (1, 4, 2, 5));
    assert_eq!((atim, mtim), (1_000_000_001, 2_000_000_002));
    assert!(ino > 1 && ctim > mtim);
    let [_, root, kind, ..] = filestat(&mut guest, ROOT).unwrap();
    assert_eq!((root, kind), (1, 3));
}

#[test]
fn times_are_set_by_descriptor_and_path() {
    let mut guest = Guest::new();
    guest.file("f", b"");
    guest.symlink("f", "link").unwrap();
    let fd = guest.open("f", 0, false).unwrap();
    let (at, len) = guest.put("link");
    let mut set = |lookup, a, m_, flags| {
        guest.call(|c, m| c.path_filestat_set_times(m, ROOT, lookup, at, len, a, m_, flags))
    };
    assert_eq!(set(1, 5, 6, 1 | 4), Ok(()));
    assert_eq!(set(0, 7, 8, 1 | 4), Ok(()));
    assert_eq!(set(0, 0, 0, 1 | 2), Err(Errno::Inval));
    assert_eq!(set(0, 0, 0, 4 | 8), Err(Errno::Inval));
    assert_eq!(set(0, 0, 0, 16), Err(Errno::Inval));
    let [.., atim, mtim, _] = filestat(&mut guest, fd).unwrap();
    assert_eq!((atim, mtim), (5, 6), "the link has times of its own");
    guest
        .call(|c, m| c.fd_filestat_set_times(m, fd, 0, 0, 8))
        .unwrap();
    let [.., atim, mtim, _] = filestat(&mut guest, fd).unwrap();
    assert!(atim == 5 && mtim > 1_000_000_000_000_000_000);
    assert_eq!(
        guest.call(|c, m| c.fd_filestat_set_times(m, 0, 0, 0, 8)),
        Err(Errno::Badf)
    );
}

#[test]
fn a_time_after_2262_is_the_last_that_can_be_kept() {
    let mut guest = Guest::new();
    guest.file("f", b"");
    let fd = guest.open("f", 0, true).unwrap();
    let (at, len) = guest.put("f");
    let last = i64::MAX as u64;
    for time in [last, last + 1, 13_136_941_795_642_118_959, u64::MAX] {
        for by_path in [false, true] {
            guest
                .call(|c, m| c.fd_filestat_set_times(m, fd, 0, 0, 1 | 4))
                .unwrap();
            let set = match by_path {
                false => guest.call(|c, m| c.fd_filestat_set_times(m, fd, time, time, 1 | 4)),
                true => guest.call(|c, m| c.path_filestat_set_times(m, ROOT, 0, at, len, time, time, 1 | 4)),
            };
            assert_eq!(set, Ok(()), "{time}");
            let [.., atim, mtim, _] = filestat(&mut guest, fd).unwrap();
            assert_eq!((atim, mtim), (last, last), "{time}");
        }
    }
}

#[test]
fn streams_have_a_type_and_nothing_else() {
    let mut guest = Guest::new();
    assert_eq!(filestat(&mut guest, 0), Ok([0; 8]));
    assert_eq!(filestat(&mut guest, 9), Err(Errno::Badf));
}

#[test]
fn a_descriptor_tells_what_it_is() {
    let mut guest = Guest::new();
    let (at, _) = guest.put([0; 24]);
    let get = |guest: &mut Guest, fd| {
        guest.call(|c, m| c.fd_fdstat_get(m, fd, at))?;
        let flags = u16::from_le_bytes([guest.memory[at as usize + 2], guest.memory[at as usize + 3]]);
        let rights = |at| Rights::from_bits_retain(guest.u64_at(at));
        Ok((guest.memory[at as usize], flags, rights(at + 8), rights(at + 16)))
    };
    assert_eq!(
        get(&mut guest, ROOT),
        Ok((3, 0, Rights::DIRECTORY, Rights::all()))
    );
    assert_eq!(get(&mut guest, 0), Ok((0, 0, Rights::INPUT, Rights::empty())));
    assert_eq!(get(&mut guest, 2), Ok((0, 0, Rights::OUTPUT, Rights::empty())));
    assert_eq!(get(&mut guest, 7), Err(Errno::Badf));
    let wanted = Rights::FD_READ | Rights::FD_WRITE | Rights::PATH_OPEN;
    let fd = guest.open_with(ROOT, "f", 0, CREAT, wanted, APPEND | 4).unwrap();
    let given = Rights::FD_READ | Rights::FD_WRITE;
    assert_eq!(
        get(&mut guest, fd),
        Ok((4, 5, given, Rights::FILE)),
        "only what means something"
    );
}

#[test]
fn preopens_have_names() {
    let mut guest = Guest::new();
    let (at, _) = guest.put([0; 16]);
    guest.call(|c, m| c.fd_prestat_get(m, ROOT, at)).unwrap();
    assert_eq!((guest.memory[at as usize], guest.u32_at(at + 4)), (0, 1));
    guest.call(|c, m| c.fd_prestat_dir_name(m, ROOT, at, 1)).unwrap();
    assert_eq!(guest.memory[at as usize], b'/');
    assert_eq!(
        guest.call(|c, m| c.fd_prestat_dir_name(m, ROOT, at, 0)),
        Err(Errno::Nametoolong)
    );
    assert_eq!(
        guest.call(|c, m| c.fd_prestat_get(m, ROOT + 1, at)),
        Err(Errno::Badf)
    );
    let dir = guest.open(".", 0, false).unwrap();
    assert_eq!(guest.call(|c, m| c.fd_prestat_get(m, dir, at)), Err(Errno::Badf));
    assert_eq!(
        guest.call(|c, m| c.fd_prestat_dir_name(m, dir, at, 16)),
        Err(Errno::Notdir)
    );
}
