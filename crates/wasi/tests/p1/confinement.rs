//! No path leads out of the directory it begins in.

use tarbox_wasi::Capability;
use tarbox_wasi::p1::{Errno, Rights};

use crate::guest::{CREAT, Guest, ROOT, builder, files, volume};

/// A guest that was lent `/inside` of a file system with a secret beside it.
fn confined() -> Guest {
    let files = files();
    let volume = volume(&files, Capability::ReadWrite, 1);
    let mut owner = Guest::of(builder().preopen("/", volume.dir(b"/").unwrap()));
    owner.mkdir("inside").unwrap();
    owner.mkdir("inside/d").unwrap();
    owner.file("secret", b"secret");
    owner.file("inside/f", b"mine");
    owner.symlink("../secret", "inside/up").unwrap();
    owner.symlink("..", "inside/d/parent").unwrap();
    Guest::of(builder().preopen("/", volume.dir(b"/inside").unwrap()))
}

#[test]
fn dot_dot_never_leads_above_the_beginning() {
    let mut guest = confined();
    for path in [
        "..",
        "../secret",
        "../inside/f",
        "d/../../secret",
        "./../secret",
        "d/./..//../secret",
        "../../../../../../etc/passwd",
        "d/parent/../secret",
    ] {
        assert_eq!(guest.open(path, 0, false), Err(Errno::Perm), "{path}");
        assert_eq!(guest.stat(path, 1), Err(Errno::Perm), "{path}");
    }
    assert_eq!(guest.content("d/../f"), Ok(b"mine".to_vec()));
    assert_eq!(guest.content("d/parent/f"), Ok(b"mine".to_vec()));
    assert_eq!(guest.open("missing/../f", 0, false), Err(Errno::Noent));
    assert_eq!(guest.open("f/../f", 0, false), Err(Errno::Notdir));
}

#[test]
fn absolute_paths_and_links_are_refused() {
    let mut guest = confined();
    for path in ["/", "/f", "//f", "/secret"] {
        assert_eq!(guest.open(path, 0, false), Err(Errno::Perm), "{path}");
        assert_eq!(guest.unlink(path), Err(Errno::Perm), "{path}");
        assert_eq!(guest.mkdir(path), Err(Errno::Perm), "{path}");
        assert_eq!(guest.rename("f", path), Err(Errno::Perm), "{path}");
        assert_eq!(guest.link("f", path), Err(Errno::Perm), "{path}");
    }
    assert_eq!(guest.symlink("/secret", "link"), Err(Errno::Perm));
    assert_eq!(guest.stat("link", 0), Err(Errno::Noent));
}

#[test]
fn links_do_not_lead_out_but_can_be_looked_at() {
    let mut guest = confined();
    assert_eq!(guest.content("up"), Err(Errno::Perm));
    assert_eq!(guest.open("up", CREAT, true), Err(Errno::Perm));
    assert_eq!(guest.stat("up", 1), Err(Errno::Perm));
    assert_eq!(guest.readlink("up", 64), Ok(b"../secret".to_vec()));
    assert_eq!(guest.stat("up", 0), Ok((7, 9)));
    assert_eq!(guest.rename("up", "d/up"), Ok(()));
    assert_eq!(
        guest.content("d/up"),
        Err(Errno::Noent),
        "one level down it names a file inside"
    );
    guest.unlink("d/up").unwrap();
}

#[test]
fn an_opened_directory_confines_too() {
    let mut guest = confined();
    let rights = Rights::DIRECTORY | Rights::FILE;
    let dir = guest.open("d", 0, false).unwrap();
    let rights = rights & !Rights::FD_WRITE;
    assert_eq!(guest.open_with(dir, "../f", 0, 0, rights, 0), Err(Errno::Perm));
    assert_eq!(guest.open_with(dir, "parent", 1, 0, rights, 0), Err(Errno::Perm));
    assert_eq!(guest.rename_between(dir, "../f", ROOT, "g"), Err(Errno::Perm));
}

#[test]
fn what_is_lent_read_only_cannot_be_changed() {
    let files = files();
    let mut owner =
        Guest::of(builder().preopen("/", volume(&files, Capability::ReadWrite, 1).dir(b"/").unwrap()));
    owner.file("f", b"kept");
    owner.mkdir("d").unwrap();
    let mut guest =
        Guest::of(builder().preopen("/", volume(&files, Capability::ReadOnly, 1).dir(b"/").unwrap()));
    let refused = Err(Errno::Rofs);
    assert_eq!(guest.content("f"), Ok(b"kept".to_vec()));
    assert_eq!(guest.open("f", 0, true).map(drop), refused);
    assert_eq!(guest.open("new", CREAT, true).map(drop), refused);
    assert_eq!(guest.open("d", 0, true).map(drop), Err(Errno::Isdir));
    assert_eq!(guest.open("missing", 0, true).map(drop), Err(Errno::Noent));
    assert_eq!(guest.mkdir("new"), refused);
    assert_eq!(guest.mkdir("d"), Err(Errno::Exist));
    assert_eq!(guest.rmdir("d"), refused);
    assert_eq!(guest.unlink("f"), refused);
    assert_eq!(guest.unlink("missing"), Err(Errno::Noent));
    assert_eq!(guest.rename("f", "g"), refused);
    assert_eq!(guest.link("f", "g"), refused);
    assert_eq!(guest.symlink("f", "g"), refused);
    let fd = guest.open("f", CREAT, false).unwrap();
    assert_eq!(
        guest.call(|c, m| c.fd_filestat_set_times(m, fd, 0, 0, 2)),
        refused
    );
    assert_eq!(guest.write(fd, b"x"), Err(Errno::Badf));
    assert_eq!(owner.content("f"), Ok(b"kept".to_vec()));
}

#[test]
fn file_systems_do_not_mix() {
    let (a, b) = (files(), files());
    let mut guest = Guest::of(
        builder()
            .preopen("/", volume(&a, Capability::ReadWrite, 1).dir(b"/").unwrap())
            .preopen("/tmp", volume(&b, Capability::ReadWrite, 2).dir(b"/").unwrap()),
    );
    guest.file("f", b"a");
    assert_eq!(guest.rename_between(ROOT, "f", ROOT + 1, "f"), Err(Errno::Xdev));
    let rights = Rights::FD_READ | Rights::FD_WRITE;
    assert_eq!(guest.open_with(ROOT + 1, "f", 0, 0, rights, 0), Err(Errno::Noent));
}
