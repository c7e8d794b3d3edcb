//! Compiled modules are kept where nobody else can reach them.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use tarbox_host::{Cache, Host, RunOptions};

use crate::guests::{self, Target};
use crate::run::root;

fn run(dir: &Path) {
    for target in Target::BOTH {
        let mut options = RunOptions::new(root());
        options.stdout = tarbox_host::Sink::Discard;
        let program = guests::program("exit", target);
        assert_eq!(Host::new(Cache::at(dir)).run(&program, options).unwrap(), 0);
    }
}

/// The compiled programs. Notes about files come only some time after these were written.
fn entries(dir: &Path) -> Vec<(String, u64)> {
    let mut entries: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().extension().is_none())
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                entry.metadata().unwrap().ino(),
            )
        })
        .collect();
    entries.sort();
    entries
}

#[test]
fn a_second_run_finds_what_the_first_left() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("deep/modules");
    run(&dir);
    assert_eq!(fs::metadata(&dir).unwrap().mode() & 0o777, 0o700);
    let first = entries(&dir);
    assert_eq!(first.len(), 2, "{first:?}");
    run(&dir);
    assert_eq!(entries(&dir), first, "nothing was written again");
}

#[test]
fn a_damaged_entry_is_replaced() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("modules");
    run(&dir);
    let before = entries(&dir);
    for (name, _) in &before {
        fs::write(dir.join(name), "not machine code").unwrap();
    }
    run(&dir);
    let after = entries(&dir);
    assert!(before.iter().zip(&after).all(|(a, b)| a.0 == b.0 && a.1 != b.1));
}

#[test]
fn a_directory_others_can_enter_is_not_used() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("modules");
    fs::create_dir(&dir).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
    run(&dir);
    assert_eq!(entries(&dir), []);
    let link = parent.path().join("link");
    std::os::unix::fs::symlink(&dir, &link).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
    run(&link);
    assert_eq!(entries(&dir), []);
}

#[test]
fn an_entry_others_can_write_is_not_used() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("modules");
    run(&dir);
    let before = entries(&dir);
    for (name, _) in &before {
        fs::set_permissions(dir.join(name), fs::Permissions::from_mode(0o666)).unwrap();
    }
    run(&dir);
    assert!(before.iter().zip(entries(&dir)).all(|(a, b)| a.1 != b.1));
}

#[test]
fn without_a_cache_every_run_compiles() {
    let program = guests::program("exit", Target::P1);
    let host = Host::new(Cache::none());
    host.prepare(&program, &Default::default()).unwrap();
    assert_eq!(host.run(&program, RunOptions::new(root())).unwrap(), 0);
}
