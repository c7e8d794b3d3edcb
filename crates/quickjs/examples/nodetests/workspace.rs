//! What tests find around them.

use std::fs;
use std::path::Path;

use tarbox_fs::{Credentials, FilesystemExt, Fs, blocking};
use tarbox_store::{Database, Quota};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

use crate::Failed;

/// What is on every machine that Node's tests run on: the program itself, and a file that says that it is empty and is not.
const FILES: &[(&str, &str)] = &[
    ("/usr/local/bin/tarbox", ""),
    ("/proc/sys/kernel/hostname", "tarbox\n"),
];
/// Directories of fixtures that no test here looks at, with many files.
const LEFT_OUT: &[&str] = &["wpt", "wasi", "postject-copy", "v8"];

/// A workspace in memory with these tests and what they look for.
pub(crate) fn with(tests: &Path, names: &[String]) -> Result<Fs<SqliteStore>, Failed> {
    let database = SqliteDatabase::in_memory(&Options::new())?;
    blocking(database.create_tenant("default", Quota::default()))?;
    let workspace = blocking(Fs::open_tenant(&database, "default"))?;
    let me = me();
    for part in ["common", "fixtures"] {
        bring(&workspace, &me, &tests.join(part), &format!("/test/{part}"))?;
    }
    // What Node's tests find under `internal/` with `--expose-internals`: our own functions under Node's names.
    let internals = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node/internal");
    bring(&workspace, &me, &internals, "/test/node_modules/internal")?;
    blocking(workspace.create_dir_all(&me, "/test/parallel"))?;
    for name in names {
        let source = fs::read(tests.join("parallel").join(name))?;
        blocking(workspace.write_file(&me, &format!("/test/parallel/{name}"), &source))?;
    }
    for &(path, content) in FILES {
        let (dir, _) = path.rsplit_once('/').unwrap_or_default();
        blocking(workspace.create_dir_all(&me, dir))?;
        blocking(workspace.write_file(&me, path, content.as_bytes()))?;
    }
    for dir in ["/lib", "/test/addons/not-a-binding"] {
        blocking(workspace.create_dir_all(&me, dir))?;
    }
    Ok(workspace)
}

pub(crate) fn me() -> Credentials {
    Credentials::root("nodetests")
}

/// Copies a directory of the host into the workspace.
fn bring(fs: &Fs<SqliteStore>, who: &Credentials, from: &Path, to: &str) -> Result<(), Failed> {
    blocking(fs.create_dir_all(who, to))?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = format!("{to}/{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if !LEFT_OUT.iter().any(|name| target.ends_with(name)) {
                bring(fs, who, &entry.path(), &target)?;
            }
        } else if kind.is_file() && entry.metadata()?.len() < 4 << 20 {
            blocking(fs.write_file(who, &target, &std::fs::read(entry.path())?))?;
        } else if kind.is_symlink() {
            let says = std::fs::read_link(entry.path())?;
            blocking(fs.symlink_path(who, says.as_os_str().as_encoded_bytes(), &target))?;
        }
    }
    Ok(())
}
