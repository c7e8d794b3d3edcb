//! How mounts begin and end, and what they refuse.

use std::fs::{self, File};
use std::io::Write;
use std::sync::Arc;

use rustix::io::Errno;
use tarbox_fs::{Credentials, FilesystemExt, Follow, Fs, blocking};
use tarbox_fuse::{MountOptions, mount, point};
use tarbox_store::{Database, ErrorKind, Quota};

use crate::support::{Mounted, Shown, World, errno};

#[test]
fn only_an_empty_directory_is_mounted_on_and_only_once() {
    let world = World::new();
    let m = world.mount();
    m.file("inside", "");
    let refused = |dir: &std::path::Path| {
        let error = mount(world.files(), dir, &MountOptions::default()).err().unwrap();
        (error.kind(), error.to_string())
    };
    let (kind, why) = refused(m.dir());
    assert_eq!(kind, ErrorKind::Busy);
    assert!(why.contains("mounted here already"), "{why}");
    let full = tempfile::tempdir().unwrap();
    fs::write(full.path().join("x"), "").unwrap();
    assert_eq!(refused(full.path()).0, ErrorKind::NotEmpty);
    assert_eq!(refused(&full.path().join("x")).0, ErrorKind::NotDirectory);
    assert_eq!(refused(&full.path().join("none")).0, ErrorKind::NotFound);
}

#[test]
fn a_mount_in_use_is_not_taken_away_by_name() {
    let m = Mounted::new();
    let file = File::create(m.path("f")).unwrap();
    assert_eq!(point::unmount(m.dir()).unwrap_err().kind(), ErrorKind::Busy);
    drop(file);
    crate::support::eventually(|| point::unmount(m.dir()).is_ok());
    assert_eq!(point::unmount(m.dir()).unwrap_err().kind(), ErrorKind::Invalid);
}

#[test]
fn what_was_written_is_there_when_a_mount_is_gone() {
    let world = World::new();
    let files = world.files();
    for round in 0..20_u8 {
        let mut m = world.mount();
        m.file("f", [round; 100_000]);
        m.unmount_and_leave();
        // Not seen sooner or later, but now.
        let content = blocking(files.read_file(&Credentials::root("t"), "/f")).unwrap();
        assert!(content == [round; 100_000], "round {round}");
    }
}

#[test]
fn one_process_mounts_several_tenants() {
    let home = tempfile::tempdir().unwrap();
    let options = tarbox_store_sqlite::Options::new().create(true);
    let database = tarbox_store_sqlite::SqliteDatabase::open(home.path().join("db"), &options).unwrap();
    let mut mounts = Vec::from(["one", "two", "three"].map(|tenant| {
        blocking(database.create_tenant(tenant, Quota::default())).unwrap();
        let files = Arc::new(blocking(Fs::open_tenant(&database, tenant)).unwrap());
        let dir = tempfile::tempdir().unwrap();
        let mounted = mount(files, dir.path(), &MountOptions::default()).unwrap();
        fs::write(dir.path().join("tenant"), tenant).unwrap();
        (tenant, dir, mounted)
    }));
    while let Some((tenant, dir, mounted)) = mounts.pop() {
        // The others are served on when one ends.
        assert_eq!(fs::read_to_string(dir.path().join("tenant")).unwrap(), tenant);
        assert_eq!(dir.path().read_dir().unwrap().count(), 1);
        mounted.unmount().unwrap();
    }
}

#[test]
fn dropping_a_mount_takes_it_away() {
    let (world, dir) = (World::new(), tempfile::tempdir().unwrap());
    let mounted = mount(world.files(), dir.path(), &MountOptions::default()).unwrap();
    fs::write(dir.path().join("f"), "kept").unwrap();
    drop(mounted);
    assert!(!dir.path().join("f").exists());
    let again = mount(world.files(), dir.path(), &MountOptions::default()).unwrap();
    assert_eq!(fs::read(dir.path().join("f")).unwrap(), b"kept");
    again.unmount().unwrap();
}

#[test]
fn a_read_only_mount_refuses_every_change() {
    let world = World::new();
    blocking(world.files().write_file(&Credentials::root("t"), "/f", b"x")).unwrap();
    let m = world.mount_with(&Shown {
        read_only: true,
        ..Shown::default()
    });
    assert_eq!(fs::read(m.path("f")).unwrap(), b"x");
    assert_eq!(errno(fs::write(m.path("f"), "y")), Errno::ROFS);
    assert_eq!(errno(fs::create_dir(m.path("d"))), Errno::ROFS);
    assert_eq!(errno(fs::remove_file(m.path("f"))), Errno::ROFS);
}

#[test]
fn a_layer_is_mounted_as_it_was() {
    let (world, who) = (World::new(), Credentials::root("t"));
    let files = world.files();
    blocking(files.create_dir_all(&who, "/d")).unwrap();
    blocking(files.write_file(&who, "/d/f", b"then")).unwrap();
    blocking(files.write_file(&who, "/.tarbox/layers/new", b"base")).unwrap();
    let root = blocking(files.resolve(&who, "/.tarbox/snapshots/base", Follow::No)).unwrap();
    blocking(files.write_file(&who, "/d/f", b"now")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let options = MountOptions {
        root: root.ino,
        read_only: true,
        ..MountOptions::default()
    };
    // The number of the snapshot is this object's own, so it has to be served from here.
    let mounted = mount(files, dir.path(), &options).unwrap();
    assert_eq!(fs::read(dir.path().join("d/f")).unwrap(), b"then");
    assert_eq!(dir.path().read_dir().unwrap().count(), 1);
    assert_eq!(errno(fs::write(dir.path().join("d/f"), "x")), Errno::ROFS);
    mounted.unmount().unwrap();
}

#[test]
fn a_crash_leaves_what_was_synced_and_a_mount_that_can_be_taken_away() {
    let world = World::new();
    let mut m = world.mount();
    let mut file = File::create(m.path("f")).unwrap();
    file.write_all(b"synced").unwrap();
    file.sync_all().unwrap();
    m.crash();
    assert_eq!(errno(fs::read(m.path("f"))), Errno::NOTCONN);
    let error = mount(world.files(), m.dir(), &MountOptions::default())
        .err()
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert!(error.to_string().contains("tarbox umount"), "{error}");
    // Whoever still has a file of it open is no obstacle.
    point::unmount(m.dir()).unwrap();
    assert!(m.dir().read_dir().unwrap().next().is_none());
    let again = world.mount();
    assert_eq!(fs::read(again.path("f")).unwrap(), b"synced");
}
