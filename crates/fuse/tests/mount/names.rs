//! Names: made, linked, moved, exchanged and removed, also while somebody holds what they named.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, symlink};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags, XattrFlags, openat, renameat_with, statat};
use rustix::io::Errno;

use crate::support::{Mounted, errno};

#[test]
fn renames_replace_refuse_or_exchange() {
    let mut m = Mounted::new();
    let (a, b) = (m.file("a", "A"), m.file("b", "B"));
    let rename = |flags| renameat_with(CWD, &a, CWD, &b, flags);
    assert_eq!(rename(RenameFlags::NOREPLACE), Err(Errno::EXIST));
    rename(RenameFlags::EXCHANGE).unwrap();
    assert_eq!(
        (fs::read(&a).unwrap(), fs::read(&b).unwrap()),
        (b"B".to_vec(), b"A".to_vec())
    );
    rename(RenameFlags::empty()).unwrap();
    assert_eq!(fs::read(&b).unwrap(), b"B");
    assert_eq!(errno(fs::read(&a)), Errno::NOENT);
    fs::create_dir_all(m.path("d/e")).unwrap();
    assert_eq!(errno(fs::rename(m.path("d"), m.path("d/e/f"))), Errno::INVAL);
    fs::rename(m.path("d/e"), m.path("e")).unwrap();
    assert_eq!(fs::metadata(m.path("d")).unwrap().nlink(), 2);
    m.unmount();
}

#[test]
fn links_count_and_share() {
    let m = Mounted::new();
    let a = m.file("a", "one");
    fs::hard_link(&a, m.path("b")).unwrap();
    fs::write(m.path("b"), "two").unwrap();
    let (first, second) = (fs::metadata(&a).unwrap(), fs::metadata(m.path("b")).unwrap());
    assert_eq!((first.nlink(), first.ino()), (2, second.ino()));
    assert_eq!(fs::read(&a).unwrap(), b"two");
    symlink("b", m.path("s")).unwrap();
    assert_eq!(fs::read_link(m.path("s")).unwrap().to_str(), Some("b"));
    fs::remove_file(&a).unwrap();
    assert_eq!(fs::metadata(m.path("s")).unwrap().nlink(), 1);
}

#[test]
fn what_is_open_outlives_its_name() {
    let mut m = Mounted::new();
    let path = m.file("gone", "still here");
    let mut file = File::open(&path).unwrap();
    let place = openat(CWD, m.file("place", ""), OFlags::PATH, Mode::empty()).unwrap();
    fs::create_dir(m.path("dir")).unwrap();
    let dir = File::open(m.path("dir")).unwrap();
    fs::remove_file(&path).unwrap();
    fs::rename(m.file("other", ""), m.path("place")).unwrap();
    fs::remove_dir(m.path("dir")).unwrap();
    let mut content = String::new();
    file.read_to_string(&mut content).unwrap();
    assert_eq!(
        (content.as_str(), file.metadata().unwrap().nlink()),
        ("still here", 0)
    );
    assert_eq!(statat(&place, "", AtFlags::EMPTY_PATH).unwrap().st_nlink, 0);
    assert_eq!(dir.metadata().unwrap().nlink(), 0);
    let create = openat(&dir, "x", OFlags::CREATE | OFlags::WRONLY, Mode::RUSR);
    assert_eq!(create.err(), Some(Errno::NOENT));
    let used = rustix::fs::statvfs(m.dir()).unwrap();
    drop((file, place, dir));
    // The kernel says so a little later, and then everything is let go.
    crate::support::eventually(|| rustix::fs::statvfs(m.dir()).unwrap().f_ffree == used.f_ffree + 3);
    m.unmount();
}

#[test]
fn special_files_work_within_the_machine() {
    let m = Mounted::new();
    let fifo = m.path("fifo");
    rustix::fs::mknodat(CWD, &fifo, rustix::fs::FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let writer = {
        let fifo = fifo.clone();
        std::thread::spawn(move || fs::write(fifo, "through the pipe").unwrap())
    };
    assert_eq!(fs::read(&fifo).unwrap(), b"through the pipe");
    writer.join().unwrap();
    let socket = std::os::unix::net::UnixListener::bind(m.path("socket")).unwrap();
    std::os::unix::net::UnixStream::connect(m.path("socket")).unwrap();
    drop(socket);
}

#[test]
fn attributes_of_every_kind_are_kept_or_refused() {
    let m = Mounted::new();
    let path = m.file("f", "");
    let set = |name: &str, value: &[u8], flags| rustix::fs::setxattr(&path, name, value, flags);
    set("user.a", b"1", XattrFlags::CREATE).unwrap();
    assert_eq!(set("user.a", b"2", XattrFlags::CREATE), Err(Errno::EXIST));
    assert_eq!(set("user.b", b"2", XattrFlags::REPLACE), Err(Errno::NODATA));
    set("user.big", &[7; 60_000], XattrFlags::empty()).unwrap();
    let mut buffer = vec![0; 65_536];
    assert_eq!(
        rustix::fs::getxattr(&path, "user.big", &mut buffer[..]),
        Ok(60_000)
    );
    assert_eq!(
        rustix::fs::getxattr(&path, "user.big", &mut buffer[..10]),
        Err(Errno::RANGE)
    );
    let len = rustix::fs::listxattr(&path, &mut buffer[..]).unwrap();
    assert_eq!(&buffer[..len], b"user.a\0user.big\0");
    rustix::fs::removexattr(&path, "user.a").unwrap();
    assert_eq!(rustix::fs::removexattr(&path, "user.a"), Err(Errno::NODATA));
    assert_eq!(
        set("system.other", b"x", XattrFlags::empty()),
        Err(Errno::OPNOTSUPP)
    );
}

#[test]
fn hooks_are_there_though_not_listed() {
    let mut m = Mounted::new();
    m.file("f", "before");
    fs::write(m.path(".tarbox/layers/new"), "base").unwrap();
    fs::write(m.path("f"), "after").unwrap();
    assert_eq!(fs::read(m.path(".tarbox/snapshots/base/f")).unwrap(), b"before");
    assert_eq!(
        errno(fs::write(m.path(".tarbox/snapshots/base/f"), "x")),
        Errno::ROFS
    );
    fs::write(m.path(".tarbox/layers/switch"), "base").unwrap();
    assert_eq!(fs::read(m.path("f")).unwrap(), b"before");
    assert_eq!(errno(fs::write(m.path("f"), "x")), Errno::ROFS);
    fs::write(m.path(".tarbox/layers/switch"), "head").unwrap();
    assert_eq!(fs::read(m.path("f")).unwrap(), b"after");
    let names: Vec<_> = m
        .dir()
        .read_dir()
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names, ["f"]);
    m.unmount();
}
