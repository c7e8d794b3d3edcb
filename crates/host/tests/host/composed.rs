//! Programs that carry their workspace, on a runtime that knows nothing of Tarbox: Wasmtime with its own WASI.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use tarbox_compose::{Compose, Error};
use tarbox_fs::{FilesystemExt, Fs, blocking};
use tarbox_pool::{DirectoryPool, MemoryPool};
use tarbox_store::{Database, ErrorKind, Quota};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};
use wasmtime::Trap;
use wasmtime_wasi::I32Exit;

use crate::artifact;
use crate::guests::{self, Target};
use crate::reference::{self, Metered};
use crate::run::root;

/// More instructions than any program here needs.
const ENOUGH: u64 = u64::MAX / 2;

/// The component that provides files.
fn provider() -> &'static [u8] {
    static BUILT: OnceLock<Vec<u8>> = OnceLock::new();
    BUILT.get_or_init(|| std::fs::read(artifact::path("TARBOX_PROVIDER", "tarbox-workspace")).unwrap())
}

fn compose(application: &[u8], settings: &[(&str, &str)]) -> Result<Vec<u8>, Error> {
    let settings = settings
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    let compose = Compose {
        application,
        provider: provider(),
        settings: settings.collect(),
        image: None,
    };
    compose.compose().map(|made| made.component)
}

pub(crate) fn composed(name: &str, target: Target, settings: &[(&str, &str)]) -> Vec<u8> {
    compose(&std::fs::read(guests::path(name, target)).unwrap(), settings).unwrap()
}

/// What a program left in its directory.
pub(crate) fn left_in(dir: &Path) -> Fs<SqliteStore> {
    let pool = Arc::new(DirectoryPool::open(dir).unwrap());
    let options = Options::new().background(false);
    let database = SqliteDatabase::on_pool(pool, "tarbox.db", &options).unwrap();
    let report = blocking(database.fsck(false, &|_, _| {})).unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    blocking(Fs::open_tenant(&database, "default")).unwrap()
}

fn read(fs: &Fs<SqliteStore>, path: &str) -> Option<Vec<u8>> {
    match blocking(fs.read_file(&root(), path)) {
        Ok(content) => Some(content),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => panic!("{path}: {error}"),
    }
}

/// A program prints the same, whether its files are its own or a directory's.
#[track_caller]
fn same(name: &str) {
    for target in Target::BOTH {
        for store in ["file", "memory"] {
            let (host, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let program = own.path().join(format!("{name}.wasm"));
            std::fs::write(&program, composed(name, target, &[("TARBOX_STORE", store)])).unwrap();
            let lent = own.path().join("lent");
            std::fs::create_dir(&lent).unwrap();
            let printed = reference::run(&program, Target::P2, &lent, &[]);
            let expected = reference::run(&guests::path(name, target), target, host.path(), &[]);
            assert_eq!(printed, expected, "{name} as {target:?} on {store}");
            let is_empty = std::fs::read_dir(&lent).unwrap().next().is_none();
            assert_eq!(is_empty, store == "memory", "{name} on {store}");
        }
    }
}

#[test]
fn files() {
    same("files");
}

#[test]
fn directories() {
    same("dirs");
}

#[test]
fn links() {
    same("links");
}

#[test]
fn times() {
    same("times");
}

/// How many of the numbered files are there: they are the first ones, and each of them is whole.
fn whole(fs: &Fs<SqliteStore>, count: usize) -> usize {
    let content = |number: usize| read(fs, &format!("/{number:04}"));
    let there = (0..count).take_while(|number| content(*number).is_some()).count();
    for number in 0..count {
        let expected = vec![b'a' + (number % 26) as u8; if number % 4 == 3 { 20_000 } else { 100 }];
        match content(number) {
            None => assert!(number >= there),
            // The last one may be half written: that was done, too.
            Some(found) if number + 1 == there => assert!(expected.starts_with(&found), "{number}"),
            Some(found) => {
                assert!(number < there, "{number} is there, and one before it is not");
                assert_eq!(found, expected, "{number}");
            }
        }
    }
    there
}

#[test]
fn a_program_that_is_killed_leaves_what_it_did_in_order() {
    const COUNT: usize = 24;
    let program = Metered::new(&composed("sequence", Target::P1, &[]));
    let arg = COUNT.to_string();
    // Where it ends by itself, to find moments before that.
    let full = |fuel| {
        let dir = tempfile::tempdir().unwrap();
        let (printed, ended) = program.run(dir.path(), &[&arg], fuel);
        (dir, printed.lines().count(), ended)
    };
    let (dir, printed, ended) = full(ENOUGH);
    ended.unwrap();
    assert_eq!((printed, whole(&left_in(dir.path()), COUNT)), (COUNT, COUNT));
    let mut enough = 1 << 20;
    while full(enough).2.is_err() {
        enough *= 2;
    }
    let kills = if std::env::var_os("TARBOX_LONG").is_some() {
        400
    } else {
        25
    };
    for kill in 0..kills {
        let (dir, printed, ended) = full(enough * kill / kills);
        let Err(error) = ended else { continue };
        assert!(matches!(error.downcast_ref(), Some(Trap::OutOfFuel)), "{error:?}");
        if !dir.path().join("tarbox.db").exists() {
            assert_eq!(printed, 0);
            continue;
        }
        let pool = Arc::new(DirectoryPool::open(dir.path()).unwrap());
        let options = Options::new().background(false).create(true);
        let database = SqliteDatabase::on_pool(pool, "tarbox.db", &options).unwrap();
        if blocking(database.tenants()).unwrap().is_empty() {
            assert_eq!(printed, 0);
            continue;
        }
        drop(database);
        let there = whole(&left_in(dir.path()), COUNT);
        assert!(there >= printed, "{printed} were printed, and {there} are there");
    }
}

#[test]
fn a_trap_an_exit_code_and_an_end_leave_everything() {
    let sequence = Metered::new(&composed("sequence", Target::P2, &[]));
    let dir = tempfile::tempdir().unwrap();
    let (_, ended) = sequence.run(dir.path(), &["10", "trap"], ENOUGH);
    assert!(ended.unwrap_err().downcast_ref::<Trap>().is_some());
    assert_eq!(whole(&left_in(dir.path()), 10), 10);
    for (status, target) in [
        (0, Target::P1),
        (77, Target::P1),
        (0, Target::P2),
        (1, Target::P2),
    ] {
        let exit = Metered::new(&composed("exit", target, &[]));
        let dir = tempfile::tempdir().unwrap();
        let (_, ended) = exit.run(dir.path(), &[&status.to_string()], ENOUGH);
        let got = ended.map_or_else(
            |error| error.downcast_ref::<I32Exit>().expect("an exit").0,
            |()| 0,
        );
        assert_eq!(got, status, "{target:?}");
        assert!(
            !dir.path().join("tarbox.db-lease").exists(),
            "the lease is given back"
        );
    }
}

/// The sign of life of another program.
fn lease_of_another(dir: &Path, beaten: SystemTime) -> std::fs::File {
    let lease = dir.join("tarbox.db-lease");
    std::fs::create_dir(&lease).unwrap();
    let file = std::fs::File::create(lease.join("0123456789abcdef")).unwrap();
    file.set_modified(beaten).unwrap();
    file
}

#[test]
fn a_directory_that_another_program_has_is_refused() {
    let program = Metered::new(&composed("sequence", Target::P1, &[]));
    let dir = tempfile::tempdir().unwrap();
    let file = lease_of_another(dir.path(), SystemTime::now());
    let done = AtomicBool::new(false);
    let (printed, ended) = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                file.set_modified(SystemTime::now()).unwrap();
                std::thread::yield_now();
            }
        });
        let ended = program.run(dir.path(), &["3"], ENOUGH);
        done.store(true, Ordering::Relaxed);
        ended
    });
    assert_eq!(ended.unwrap_err().downcast_ref::<I32Exit>().unwrap().0, 1);
    assert_eq!(printed, "");
    assert!(!dir.path().join("tarbox.db").exists());
}

#[test]
fn a_directory_that_a_dead_program_had_is_taken_over() {
    let program = Metered::new(&composed("sequence", Target::P1, &[]));
    let dir = tempfile::tempdir().unwrap();
    drop(lease_of_another(
        dir.path(),
        SystemTime::now() - Duration::from_secs(60),
    ));
    let (_, ended) = program.run(dir.path(), &["3"], ENOUGH);
    ended.unwrap();
    assert_eq!(whole(&left_in(dir.path()), 3), 3);
    assert!(!dir.path().join("tarbox.db-lease").exists());
}

#[test]
fn wrong_settings_are_told_and_nothing_is_run() {
    for (name, value) in [
        ("TARBOX_STORE", "tape"),
        ("TARBOX_DB", "../outside"),
        ("TARBOX_CACHE_MB", "0"),
        ("TARBOX_DIR", "/not/lent"),
        ("TARBOX_PREOPENS", "data"),
    ] {
        let program = Metered::new(&composed("sequence", Target::P1, &[(name, value)]));
        let dir = tempfile::tempdir().unwrap();
        let (printed, ended) = program.run(dir.path(), &["3"], ENOUGH);
        // The directory is lent as `/`, so every path is below it.
        if name == "TARBOX_DIR" {
            ended.unwrap();
            assert!(dir.path().join("not/lent/tarbox.db").exists());
            continue;
        }
        assert_eq!(
            ended.unwrap_err().downcast_ref::<I32Exit>().unwrap().0,
            1,
            "{name}"
        );
        assert_eq!(printed, "", "{name}");
        assert!(!dir.path().join("tarbox.db").exists(), "{name}");
    }
}

#[test]
fn what_would_reach_the_host_is_refused() {
    let http = wat::parse_str(r#"(component (import "wasi:http/types@0.2.3" (instance)))"#).unwrap();
    assert!(matches!(compose(&http, &[]), Err(Error::Leaks(name)) if name == "wasi:http/types@0.2.3"));
    let once = composed("hello", Target::P1, &[]);
    // Composed twice it is still its own: the inner workspace is in a directory of the outer one.
    compose(&once, &[]).unwrap();
    assert!(matches!(compose(b"not wasm", &[]), Err(Error::NotWasm(_))));
    assert!(matches!(
        compose(b"\0asm\x01\0\0\0", &[]),
        Err(Error::NothingToRun)
    ));
    let wrong = Compose {
        application: &once,
        provider: &once,
        settings: Vec::new(),
        image: None,
    };
    assert!(matches!(wrong.compose(), Err(Error::Provider(_))));
}

#[test]
fn native_processes_find_what_a_killed_program_left() {
    let program = Metered::new(&composed("sequence", Target::P1, &[]));
    let dir = tempfile::tempdir().unwrap();
    let (_, ended) = program.run(dir.path(), &["9", "trap"], ENOUGH);
    ended.unwrap_err();
    let path = dir.path().join("tarbox.db");
    let open = || SqliteDatabase::open(&path, &Options::new());
    // It has just shown a sign of life.
    assert_eq!(open().unwrap_err().kind(), ErrorKind::Busy);
    let lease = std::fs::read_dir(dir.path().join("tarbox.db-lease")).unwrap();
    let sign = lease.flatten().next().unwrap().path();
    let long_ago = SystemTime::now() - Duration::from_secs(60);
    std::fs::File::options()
        .write(true)
        .open(sign)
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    let fs = blocking(Fs::open_tenant(&open().unwrap(), "default")).unwrap();
    assert_eq!(whole(&fs, 9), 9);
    assert!(!dir.path().join("tarbox.db-redo").exists());
    blocking(fs.write_file(&root(), "/native", b"after")).unwrap();
    drop(fs);
    // And the other way round.
    let (_, ended) = program.run(dir.path(), &["10"], ENOUGH);
    ended.unwrap();
    let left = left_in(dir.path());
    assert_eq!(
        (whole(&left, 10), read(&left, "/native")),
        (10, Some(b"after".to_vec()))
    );
}

#[test]
fn packed_files_are_there_from_the_start() {
    let pool = Arc::new(MemoryPool::new());
    let database = SqliteDatabase::on_pool(
        pool.clone(),
        "tarbox.db",
        &Options::new().create(true).background(false),
    )
    .unwrap();
    blocking(database.create_tenant("default", Quota::default())).unwrap();
    {
        let fs = blocking(Fs::open_tenant(&database, "default")).unwrap();
        blocking(fs.write_file(&root(), "/small", b"packed")).unwrap();
        blocking(fs.write_file(&root(), "/large", &vec![7; 3_000_000])).unwrap();
    }
    database.close().unwrap();
    let image = tarbox_pool::archive::pack(&*pool).unwrap();
    for store in ["file", "memory"] {
        let compose = Compose {
            application: &std::fs::read(guests::path("listing", Target::P1)).unwrap(),
            provider: provider(),
            settings: vec![("TARBOX_STORE".into(), store.into())],
            image: Some(&image),
        };
        let program = Metered::new(&compose.compose().unwrap().component);
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let (printed, ended) = program.run(dir.path(), &[], ENOUGH);
            ended.unwrap();
            assert_eq!(printed, "[\"large\", \"small\"]\n", "{store}");
        }
        if store == "file" {
            assert_eq!(read(&left_in(dir.path()), "/large").unwrap(), vec![7; 3_000_000]);
        }
    }
}

#[test]
fn there_is_no_network() {
    let program = Metered::new(&composed("connect", Target::P2, &[]));
    let dir = tempfile::tempdir().unwrap();
    let (printed, ended) = program.run(dir.path(), &[], ENOUGH);
    ended.unwrap();
    assert_eq!(printed, "PermissionDenied\n");
}

#[test]
fn cpython_works_on_its_own_files() {
    let python = compose(&std::fs::read(crate::python::interpreter()).unwrap(), &[]).unwrap();
    let program = Metered::new(&python);
    let dir = tempfile::tempdir().unwrap();
    let script = crate::python::SCRIPT.replace("dir='/tmp'", "dir='/work'");
    let (printed, ended) = program.run(dir.path(), &["-c", &script, "/work"], ENOUGH);
    assert_eq!(printed, "['archive.tar', 'link', 'moved', 'report']\n");
    assert_eq!(ended.unwrap_err().downcast_ref::<I32Exit>().unwrap().0, 3);
    let left = left_in(dir.path());
    assert_eq!(read(&left, "/work/moved").unwrap(), b"1");
    assert_eq!(read(&left, "/work/report").unwrap().len(), 65);
}

/// Node.js with the packages of `examples/node`.
fn node(program: &Path, dir: &Path, args: &[&str]) -> std::process::Output {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/node");
    assert!(
        example.join("node_modules").exists(),
        "the packages of examples/node are missing; run `npm ci` there, or `cargo xtask test tests`"
    );
    let mut node = Command::new("node");
    node.arg("--no-warnings").arg(example.join("run.mjs"));
    node.arg(program)
        .arg(dir)
        .args(args)
        .output()
        .expect("node can be started")
}

#[test]
fn the_same_composition_runs_in_node() {
    let own = tempfile::tempdir().unwrap();
    let lent = own.path().join("lent");
    std::fs::create_dir(&lent).unwrap();
    let program = |name: &str| {
        let path = own.path().join(format!("{name}.wasm"));
        std::fs::write(&path, composed(name, Target::P1, &[])).unwrap();
        path
    };
    let ended = node(&program("sequence"), &lent, &["8"]);
    let error = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{error}");
    assert_eq!(ended.stdout, b"0\n1\n2\n3\n4\n5\n6\n7\n");
    // Wasmtime goes on where Node.js ended.
    let host = tempfile::tempdir().unwrap();
    let listing = reference::run(&program("listing"), Target::P2, &lent, &[]).0;
    for number in 0..8 {
        std::fs::write(host.path().join(format!("{number:04}")), "").unwrap();
    }
    let expected = reference::run(&guests::path("listing", Target::P1), Target::P1, host.path(), &[]).0;
    assert_eq!(listing, expected);
    assert_eq!(node(&program("exit"), &lent, &["77"]).status.code(), Some(77));
    assert_eq!(whole(&left_in(&lent), 8), 8);
}
