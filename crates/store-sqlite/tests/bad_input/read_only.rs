//! Devices that cannot be written.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use tarbox_pool::{DirectoryOptions, DirectoryPool};
use tarbox_store::ErrorKind;
use tarbox_store_sqlite::{Options, SqliteDatabase};

use crate::Sample;

#[test]
fn a_read_only_pool_is_refused() {
    let sample = Sample::new();
    let dir = sample.path.parent().unwrap();
    let options = DirectoryOptions {
        read_only: true,
        ..DirectoryOptions::default()
    };
    let before = fs::read(&sample.path).unwrap();
    let pool = Arc::new(DirectoryPool::open_with(dir, options).unwrap());
    let error = SqliteDatabase::on_pool(pool, "t.db", &Options::new()).expect_err("it cannot be written");
    assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error}");
    assert!(error.to_string().contains("t.db"), "{error}");
    assert!(fs::read(&sample.path).unwrap() == before);
}

/// The part of a user who may read and not write; root is no such user, so root plays somebody else.
#[cfg(unix)]
mod as_somebody {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use super::*;

    const DATABASE: &str = "TARBOX_TEST_READ_ONLY";

    /// What the other user does, if there is one to be.
    #[test]
    fn child() {
        let Some(path) = std::env::var_os(DATABASE) else {
            return;
        };
        match SqliteDatabase::open(Path::new(&path), &Options::new()) {
            Ok(_) => println!("opened"),
            Err(e) => println!("refused as {}: {e}", e.kind().code()),
        }
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// What happens when somebody without the right to write opens the database.
    fn open_as_somebody(path: &Path) -> String {
        let dir = path.parent().unwrap();
        // Where the other user can reach it.
        let program = tempfile::tempdir().unwrap();
        set_mode(program.path(), 0o755);
        let exe = program.path().join("test");
        fs::copy(std::env::current_exe().unwrap(), &exe).unwrap();
        let mut command = Command::new(exe);
        command
            .args(["read_only::as_somebody::child", "--exact", "--nocapture"])
            .env(DATABASE, path)
            .env_remove("RUST_BACKTRACE")
            .current_dir("/");
        if fs::metadata(dir).is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0) {
            command.uid(65_534).gid(65_534);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let line = text
            .lines()
            .find_map(|l| l.find("refused as").map(|at| l[at..].to_owned()));
        line.unwrap_or_else(|| panic!("it is not refused: {text}"))
    }

    #[test]
    fn a_database_that_cannot_be_written_is_refused() {
        let sample = Sample::new();
        let dir = sample.path.parent().unwrap();
        set_mode(&sample.path, 0o444);
        let blocks = sample.path.with_file_name("t.db-blocks");
        for mode in [0o755, 0o555] {
            set_mode(&blocks, mode);
            set_mode(dir, mode);
            let before = fs::read(&sample.path).unwrap();
            let refused = open_as_somebody(&sample.path);
            let fine = ["EROFS", "EACCES"].iter().any(|code| refused.contains(code));
            assert!(fine && refused.contains("t.db"), "{refused}");
            assert!(fs::read(&sample.path).unwrap() == before);
        }
        set_mode(dir, 0o755);
        set_mode(&blocks, 0o755);
    }

    #[test]
    fn a_database_that_cannot_be_read_is_refused() {
        let sample = Sample::new();
        set_mode(sample.path.parent().unwrap(), 0o755);
        set_mode(&sample.path, 0o000);
        let refused = open_as_somebody(&sample.path);
        assert!(
            refused.contains("EACCES") && refused.contains("t.db"),
            "{refused}"
        );
        set_mode(&sample.path, 0o644);
    }
}
