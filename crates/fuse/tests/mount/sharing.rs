//! Several mounts, and others beside them, on one workspace.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;

use tarbox_fs::{Credentials, FilesystemExt, blocking};
use tarbox_store::TenantState;

use crate::support::{World, eventually};

#[test]
fn what_one_mount_does_the_other_shows() {
    let world = World::new();
    let (mut a, mut b) = (world.mount(), world.mount());
    // Each is looked at first, so that the kernel has something to forget.
    assert!(!b.path("f").exists());
    a.file("f", "one");
    eventually(|| fs::read(b.path("f")).is_ok_and(|content| content == b"one"));
    let mut open = File::open(b.path("f")).unwrap();
    a.file("f", "second");
    eventually(|| fs::read(b.path("f")).unwrap() == b"second");
    let mut content = Vec::new();
    open.read_to_end(&mut content).unwrap();
    assert_eq!(content, b"second");
    drop(open);
    // As long as before: only the feed can tell.
    b.file("f", "backed");
    eventually(|| fs::read(a.path("f")).unwrap() == b"backed");
    fs::set_permissions(a.path("f"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    eventually(|| fs::metadata(b.path("f")).unwrap().mode() & 0o777 == 0o600);
    fs::rename(a.path("f"), a.path("g")).unwrap();
    eventually(|| !b.path("f").exists() && b.path("g").exists());
    fs::remove_file(b.path("g")).unwrap();
    eventually(|| !a.path("g").exists());
    a.unmount();
    b.unmount();
}

#[test]
fn directories_move_with_all_that_is_known_below_them() {
    let world = World::new();
    let (a, b) = (world.mount(), world.mount());
    fs::create_dir_all(a.path("old/deep")).unwrap();
    a.file("old/deep/f", "x");
    eventually(|| b.path("old/deep/f").exists());
    assert!(!b.path("new/deep/f").exists());
    fs::rename(a.path("old"), a.path("new")).unwrap();
    eventually(|| b.path("new/deep/f").exists() && !b.path("old").exists());
    fs::remove_dir_all(b.path("new")).unwrap();
    eventually(|| !a.path("new/deep/f").exists() && !a.path("new").exists());
    let listed = |m: &crate::support::Mounted| m.dir().read_dir().unwrap().count();
    assert_eq!((listed(&a), listed(&b)), (0, 0));
}

#[test]
fn listings_follow_what_others_change() {
    const NAMES: usize = 200;
    let world = World::new();
    let (a, b) = (world.mount(), world.mount());
    fs::create_dir(a.path("d")).unwrap();
    eventually(|| b.path("d").exists());
    let name = |i: usize| a.path(&format!("d/{i}"));
    // Looked at all the time, so that listings are on their way while changes are told.
    let listed = || b.path("d").read_dir().unwrap().count();
    for i in 0..NAMES {
        fs::write(name(i), "").unwrap();
        eventually(|| listed() == i + 1);
    }
    for i in 0..NAMES {
        fs::remove_file(name(i)).unwrap();
        eventually(|| listed() == NAMES - i - 1);
    }
}

#[test]
fn a_switch_of_layers_shows_everywhere() {
    let world = World::new();
    let (a, b) = (world.mount(), world.mount());
    a.file("f", "before");
    fs::write(a.path(".tarbox/layers/new"), "base").unwrap();
    a.file("f", "after!");
    a.file("only-later", "");
    eventually(|| fs::read(b.path("f")).is_ok_and(|content| content == b"after!"));
    assert!(b.path("only-later").exists());
    fs::write(a.path(".tarbox/layers/switch"), "base").unwrap();
    // At once where it was done, and soon elsewhere.
    assert_eq!(fs::read(a.path("f")).unwrap(), b"before");
    assert!(!a.path("only-later").exists());
    eventually(|| fs::read(b.path("f")).unwrap() == b"before" && !b.path("only-later").exists());
    fs::write(b.path(".tarbox/layers/switch"), "head").unwrap();
    assert_eq!(fs::read(b.path("f")).unwrap(), b"after!");
    eventually(|| fs::read(a.path("f")).unwrap() == b"after!" && a.path("only-later").exists());
}

#[test]
fn others_beside_the_mount_are_seen() {
    let world = World::new();
    let (m, files, who) = (world.mount(), world.files(), Credentials::root("cli"));
    assert!(!m.path("d").exists());
    blocking(files.create_dir_all(&who, "/d/e")).unwrap();
    blocking(files.write_file(&who, "/d/e/f", b"from beside")).unwrap();
    eventually(|| fs::read(m.path("d/e/f")).is_ok_and(|content| content == b"from beside"));
    m.file("d/e/f", "from within");
    eventually(|| blocking(files.read_file(&who, "/d/e/f")).unwrap() == b"from within");
    let size = fs::metadata(m.path("d/e/f")).unwrap().len();
    blocking(files.append_file(&who, "/d/e/f", b", and more")).unwrap();
    eventually(|| fs::metadata(m.path("d/e/f")).unwrap().len() == size + 10);
    assert_eq!(fs::read(m.path("d/e/f")).unwrap(), b"from within, and more");
}

#[test]
fn appends_from_two_mounts_do_not_overwrite_each_other() {
    let world = World::new();
    let (a, b) = (world.mount(), world.mount());
    a.file("log", "");
    eventually(|| b.path("log").exists());
    let append = |path: std::path::PathBuf, line: &'static [u8]| {
        std::thread::spawn(move || {
            use std::io::Write;
            let mut file = File::options().append(true).open(path).unwrap();
            (0..200).for_each(|_| file.write_all(line).unwrap());
        })
    };
    let writers = [
        append(a.path("log"), b"aaaaaaa\n"),
        append(b.path("log"), b"bbbbbbb\n"),
    ];
    for writer in writers {
        writer.join().unwrap();
    }
    for m in [&a, &b] {
        eventually(|| {
            let log = fs::read(m.path("log")).unwrap();
            let whole = log
                .chunks(8)
                .filter(|line| line == b"aaaaaaa\n" || line == b"bbbbbbb\n");
            whole.count() == 400 && log.len() == 3200
        });
    }
}

#[test]
fn a_suspended_tenant_shows_nothing_until_it_is_resumed() {
    let world = World::new();
    let m = world.mount();
    m.file("f", "kept");
    assert_eq!(fs::read(m.path("f")).unwrap(), b"kept");
    world.set_state(TenantState::Suspended);
    eventually(|| fs::read(m.path("f")).is_err());
    assert!(m.dir().read_dir().is_err());
    world.set_state(TenantState::Active);
    eventually(|| fs::read(m.path("f")).is_ok_and(|content| content == b"kept"));
}
