//! Files that are something else.

use std::fs;
use std::path::Path;

use tarbox_store::conformance::bytes;
use tarbox_store::{Error, ErrorKind};
use tarbox_store_sqlite::{Options, SqliteDatabase};

use crate::{Sample, open};

/// Opening fails in this way, also where a database might be made, and leaves the directory as it was.
fn assert_refused(path: &Path, expected: ErrorKind) -> Error {
    let before = snapshot(path.parent().unwrap());
    let error = SqliteDatabase::open(path, &Options::new().create(true)).expect_err("it is refused");
    assert_eq!(error.kind(), expected, "{error}");
    let error = SqliteDatabase::open(path, &Options::new()).expect_err("it is refused");
    assert_eq!(error.kind(), expected, "{error}");
    let text = error.to_string();
    assert!(
        text.contains(&*path.file_name().unwrap().to_string_lossy()),
        "it names the file: {text}"
    );
    assert!(!text.contains('\n'), "it is one line: {text}");
    assert!(
        before == snapshot(path.parent().unwrap()),
        "nothing is changed, and nothing left beside it"
    );
    error
}

/// Every file below a directory with its content.
fn snapshot(dir: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()) {
        match entry.is_dir() {
            true => all.extend(snapshot(&entry)),
            false => all.push((entry.clone(), fs::read(&entry).unwrap())),
        }
    }
    all.sort();
    all
}

#[test]
fn what_is_no_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let cases: [(&str, Vec<u8>); 6] = [
        (
            "text",
            b"Dear diary, today I opened a file that is none of Tarbox's.\n".repeat(100),
        ),
        ("short", b"x".to_vec()),
        ("random", bytes(1, 100_000)),
        ("zeros", vec![0; 8_192]),
        ("header only", b"SQLite format 3\0".to_vec()),
        (
            "header and nonsense",
            [&b"SQLite format 3\0"[..], &bytes(2, 20_000)].concat(),
        ),
    ];
    for (name, content) in cases {
        let path = dir.path().join(name);
        fs::write(&path, content).unwrap();
        assert_refused(&path, ErrorKind::Invalid);
    }
}

#[test]
fn a_database_of_another_program_is_refused_and_stays_as_it_is() {
    for mode in ["DELETE", "WAL"] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("other.db");
        let c = rusqlite::Connection::open(&path).unwrap();
        c.query_row(&format!("PRAGMA journal_mode = {mode}"), [], |_| Ok(()))
            .unwrap();
        c.execute_batch("CREATE TABLE notes(text); INSERT INTO notes VALUES ('mine')")
            .unwrap();
        c.close().unwrap();
        let error = assert_refused(&path, ErrorKind::Invalid);
        assert!(error.to_string().contains("not a Tarbox database"), "{error}");
    }
}

#[test]
fn a_database_of_the_future_is_refused_and_stays_as_it_is() {
    let sample = Sample::new();
    let c = rusqlite::Connection::open(&sample.path).unwrap();
    c.pragma_update(None, "user_version", 9_000).unwrap();
    c.close().unwrap();
    let error = assert_refused(&sample.path, ErrorKind::Unsupported);
    assert!(error.to_string().contains("9000"), "{error}");
}

#[test]
fn an_impossible_version_is_corrupt() {
    let sample = Sample::new();
    for version in [-1, 0] {
        let c = rusqlite::Connection::open(&sample.path).unwrap();
        c.pragma_update(None, "user_version", version).unwrap();
        c.close().unwrap();
        assert_refused(&sample.path, ErrorKind::Corrupt);
    }
}

#[test]
fn what_is_not_there_is_not_made_unless_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("missing.db");
    let error = SqliteDatabase::open(&path, &Options::new()).expect_err("it is not there");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("missing.db"), "{error}");
    fs::write(&path, b"").unwrap();
    let error = SqliteDatabase::open(&path, &Options::new()).expect_err("it is empty");
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert_eq!(snapshot(dir.path()), [(path.clone(), Vec::new())]);
    SqliteDatabase::open(&path, &Options::new().create(true)).unwrap();
}

#[test]
fn a_place_where_no_file_can_be_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, b"x").unwrap();
    for path in [
        dir.path().to_owned(),
        dir.path().join("no/such/dir/t.db"),
        file.join("t.db"),
    ] {
        let error =
            SqliteDatabase::open(&path, &Options::new().create(true)).expect_err("no file can be there");
        assert!(!error.to_string().contains('\n'), "{error}");
        assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
    }
}

#[test]
fn a_database_without_its_blocks_opens_and_says_what_is_missing() {
    let sample = Sample::new();
    fs::remove_dir_all(sample.path.with_file_name("t.db-blocks")).unwrap();
    let (_database, s) = open(&sample.path).unwrap();
    let error = crate::block(tarbox_store::conformance::tree(&s, tarbox_store::View::Current)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert!(error.to_string().contains("segment"), "{error}");
}
