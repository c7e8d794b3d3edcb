//! Several mounts, and others beside them, on one workspace.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;

use tarbox_fs::{Credentials, FilesystemExt, FilesystemInterface, blocking};
use tarbox_store::{LaterLayers, RenameMode, Store, TenantState};

use crate::support::{Mounted, World, eventually};

#[test]
fn what_one_mount_does_the_other_shows() {
    let world = World::new();
    let (mut a, mut b) = (world.mount(), world.mount());
    // Each is looked at first, so that the kernel has something to forget.
    assert!(!b.path("f").exists());
    a.file("f", "one");
    assert_eq!(fs::read(b.path("f")).unwrap(), b"one");
    let mut open = File::open(b.path("f")).unwrap();
    a.file("f", "second");
    assert_eq!(fs::read(b.path("f")).unwrap(), b"second");
    let mut content = Vec::new();
    open.read_to_end(&mut content).unwrap();
    assert_eq!(content, b"second");
    drop(open);
    // As long as before: only the feed can tell.
    b.file("f", "backed");
    assert_eq!(fs::read(a.path("f")).unwrap(), b"backed");
    fs::set_permissions(a.path("f"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(fs::metadata(b.path("f")).unwrap().mode() & 0o777, 0o600);
    fs::rename(a.path("f"), a.path("g")).unwrap();
    assert!(!b.path("f").exists() && b.path("g").exists());
    fs::remove_file(b.path("g")).unwrap();
    assert!(!a.path("g").exists());
    a.unmount();
    b.unmount();
}

#[test]
fn directories_move_with_all_that_is_known_below_them() {
    let world = World::new();
    let (a, b) = (world.mount(), world.mount());
    fs::create_dir_all(a.path("old/deep")).unwrap();
    a.file("old/deep/f", "x");
    assert!(b.path("old/deep/f").exists());
    assert!(!b.path("new/deep/f").exists());
    fs::rename(a.path("old"), a.path("new")).unwrap();
    assert!(b.path("new/deep/f").exists() && !b.path("old").exists());
    fs::remove_dir_all(b.path("new")).unwrap();
    assert!(!a.path("new/deep/f").exists() && !a.path("new").exists());
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
        assert_eq!(listed(), i + 1);
    }
    for i in 0..NAMES {
        fs::remove_file(name(i)).unwrap();
        assert_eq!(listed(), NAMES - i - 1);
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
    assert_eq!(fs::read(b.path("f")).unwrap(), b"after!");
    assert!(b.path("only-later").exists());
    fs::write(a.path(".tarbox/layers/switch"), "base").unwrap();
    for m in [&a, &b] {
        assert_eq!(fs::read(m.path("f")).unwrap(), b"before");
        assert!(!m.path("only-later").exists());
    }
    fs::write(b.path(".tarbox/layers/switch"), "head").unwrap();
    for m in [&a, &b] {
        assert_eq!(fs::read(m.path("f")).unwrap(), b"after!");
        assert!(m.path("only-later").exists());
    }
}

#[test]
fn what_has_settled_beside_the_mounts_is_seen_at_once() {
    let world = World::new();
    let (mounts, files, who) = (
        [world.mount(), world.mount()],
        world.files(),
        Credentials::root("cli"),
    );
    let settle = || blocking(files.settle(None)).unwrap();
    let each = |see: &dyn Fn(&Mounted)| {
        settle();
        mounts.iter().for_each(see);
    };
    let listed = |m: &Mounted| m.path("d").read_dir().unwrap().count();
    assert!(!mounts[0].path("d").exists());
    blocking(files.create_dir_all(&who, "/d")).unwrap();
    for i in 0..20_usize {
        let path = format!("/d/{i}");
        blocking(files.write_file(&who, &path, b"one")).unwrap();
        each(&|m| {
            assert_eq!(listed(m), i + 1);
            assert_eq!(fs::read(m.path(&path[1..])).unwrap(), b"one");
            assert!(!m.path("d/other").exists());
        });
        // As long as before: only the feed can tell.
        blocking(files.write_file(&who, &path, b"two")).unwrap();
        each(&|m| assert_eq!(fs::read(m.path(&path[1..])).unwrap(), b"two"));
        blocking(files.append_file(&who, &path, b", and more")).unwrap();
        each(&|m| assert_eq!(fs::metadata(m.path(&path[1..])).unwrap().len(), 13));
        blocking(files.rename_path(&who, &path, "/d/other", RenameMode::Replace)).unwrap();
        each(&|m| assert!(m.path("d/other").exists() && !m.path(&path[1..]).exists()));
        blocking(files.rename_path(&who, "/d/other", &path, RenameMode::Replace)).unwrap();
        each(&|m| assert!(!m.path("d/other").exists() && m.path(&path[1..]).exists()));
    }
    mounts[0].file("d/0", "from within");
    eventually(|| blocking(files.read_file(&who, "/d/0")).unwrap() == b"from within");
}

#[test]
fn nothing_is_written_to_what_was_removed_or_replaced_elsewhere() {
    let world = World::new();
    let (m, files, who) = (world.mount(), world.files(), Credentials::root("cli"));
    for i in 0..60 {
        let (path, name) = (format!("/{i}"), format!("{i}"));
        m.file(&name, "old");
        m.path(&name).metadata().unwrap();
        // Committed, and perhaps not told to the kernel yet.
        match i % 3 {
            0 => {
                blocking(files.write_file(&who, "/new", b"NEW")).unwrap();
                blocking(files.rename_path(&who, "/new", &path, RenameMode::Replace)).unwrap();
            }
            _ => blocking(files.remove_file(&who, &path)).unwrap(),
        }
        blocking(files.store().flush()).unwrap();
        let mut options = File::options();
        options.create(true).append(i % 3 < 2);
        if i % 3 == 2 {
            options.write(true).truncate(true);
        }
        std::io::Write::write_all(&mut options.open(m.path(&name)).unwrap(), b"+").unwrap();
        let expected: &[u8] = if i % 3 == 0 { b"NEW+" } else { b"+" };
        // Seen here once this mount has committed it.
        eventually(|| blocking(files.read_file(&who, &path)).is_ok_and(|content| content == expected));
    }
}

#[test]
fn what_is_open_without_a_name_can_be_opened_again() {
    use std::os::fd::AsRawFd;
    let world = World::new();
    let (m, files, who) = (world.mount(), world.files(), Credentials::root("cli"));
    let again = |file: &File| fs::read(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap();
    m.file("here", "removed here");
    let here = File::open(m.path("here")).unwrap();
    fs::remove_file(m.path("here")).unwrap();
    assert_eq!(again(&here), b"removed here");
    m.file("there", "removed there");
    let there = File::open(m.path("there")).unwrap();
    eventually(|| blocking(files.remove_file(&who, "/there")).is_ok());
    blocking(files.settle(None)).unwrap();
    assert_eq!(again(&there), b"removed there");
}

#[test]
fn a_switch_that_has_settled_never_mixes_two_layers() {
    const LEN: usize = 48 << 20;
    let world = World::new();
    let (m, files, who) = (world.mount(), world.files(), Credentials::root("cli"));
    let store = files.store();
    let content = |byte: u8| vec![byte; LEN];
    for (name, byte) in [("base", b'a'), ("later", b'b')] {
        for file in ["f", "g"] {
            m.file(file, content(byte));
        }
        File::open(m.path("f")).unwrap().sync_all().unwrap();
        blocking(store.checkpoint(&who.actor, name, None, LaterLayers::Keep)).unwrap();
    }
    let layers = blocking(store.layers()).unwrap();
    for round in 0..6 {
        let which = round % 2;
        blocking(store.switch(&who.actor, layers[which].id)).unwrap();
        blocking(files.settle(None)).unwrap();
        for file in ["f", "g"] {
            assert!(fs::read(m.path(file)).unwrap() == content([b'a', b'b'][which]));
        }
    }
}

#[test]
fn a_mount_that_was_killed_is_not_waited_for() {
    let world = World::new();
    let (mut m, files, who) = (world.mount(), world.files(), Credentials::root("cli"));
    let followers = || world.blocks().join("followers").read_dir().unwrap().count();
    assert_eq!(followers(), 1);
    m.crash();
    blocking(files.write_file(&who, "/f", b"")).unwrap();
    blocking(files.settle(None)).unwrap();
    assert_eq!(followers(), 0);
    let mut m = world.mount();
    assert_eq!(followers(), 1);
    m.unmount();
    assert_eq!(followers(), 0);
}

#[test]
fn who_has_written_nothing_does_not_wait_for_other_mounts() {
    use rustix::process::Signal;
    let world = World::new();
    let (a, b, files, who) = (
        world.mount(),
        world.mount(),
        world.files(),
        Credentials::root("cli"),
    );
    a.file("f", "x");
    // Whoever waits for one that is stopped gives it up, and leaves that in its second number.
    let given_up = || {
        let mut followers = world.blocks().join("followers").read_dir().unwrap();
        followers.any(|entry| fs::read(entry.unwrap().path()).unwrap()[8..16] != [0; 8])
    };
    b.signal(Signal::STOP);
    blocking(files.write_file(&who, "/g", b"")).unwrap();
    blocking(files.store().flush()).unwrap();
    drop(File::options().write(true).open(a.path("f")).unwrap());
    let waited = given_up();
    b.signal(Signal::CONT);
    assert!(!waited);
}

#[test]
fn appends_are_whole_and_at_the_end_whoever_appends() {
    use std::io::Write;
    const LINES: usize = 150;
    let world = World::new();
    let (a, b) = (world.mount(), world.mount());
    a.file("log", "");
    eventually(|| b.path("log").exists());
    let append = |path: std::path::PathBuf, line: Vec<u8>| {
        std::thread::spawn(move || {
            let mut file = File::options().append(true).open(path).unwrap();
            (0..LINES).for_each(|_| assert_eq!(file.write(&line).unwrap(), line.len()));
        })
    };
    let line = |byte: u8, len: usize| [vec![byte; len - 1], vec![b'\n']].concat();
    let lines = [
        line(b'a', 8),
        line(b'b', 3_001),
        line(b'c', 100_003),
        line(b'd', 4_096),
    ];
    let writers = lines.iter().zip([&a, &b, &a, &b]);
    let writers: Vec<_> = writers
        .map(|(line, m)| append(m.path("log"), line.clone()))
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    for m in [&a, &b] {
        eventually(|| {
            let log = fs::read(m.path("log")).unwrap();
            let whole = |line: &&[u8]| lines.iter().any(|known| known == line);
            let split: Vec<_> = log.split_inclusive(|byte| *byte == b'\n').collect();
            split.len() == LINES * lines.len() && split.iter().all(whole)
        });
    }
}

#[test]
fn mounts_that_change_the_same_directories_and_files_do_not_wait_for_each_other_for_ever() {
    use std::os::unix::fs::FileExt;
    const ROUNDS: usize = 100;
    let world = World::new();
    let mounts = [world.mount(), world.mount()];
    fs::create_dir(mounts[0].path("d")).unwrap();
    mounts[0].file("shared", vec![b'.'; 20_000]);
    std::thread::scope(|scope| {
        for worker in 0..6_usize {
            let m = &mounts[worker % 2];
            scope.spawn(move || {
                let name = |what: &str| m.path(&format!("d/{what}{worker}"));
                for round in 0..ROUNDS {
                    fs::write(name("f"), round.to_string()).unwrap();
                    fs::rename(name("f"), name("g")).unwrap();
                    let mut options = File::options();
                    let file = options.read(true).write(true).open(m.path("shared")).unwrap();
                    file.write_all_at(b"x", (round * 100 + worker) as u64).unwrap();
                    let mut content = [0; 4096];
                    file.read_exact_at(&mut content, 4096).unwrap();
                    fs::remove_file(name("g")).unwrap();
                }
            });
        }
    });
    for m in &mounts {
        assert_eq!(m.path("d").read_dir().unwrap().count(), 0);
        let content = fs::read(m.path("shared")).unwrap();
        assert_eq!(content.iter().filter(|byte| **byte == b'x').count(), 6 * ROUNDS);
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
