//! A workspace and someone who types commands in it.

use tarbox_fs::{Credentials, FilesystemExt, FilesystemInterface, Fs, FsOptions, OpenFlags, blocking};
use tarbox_store::{Attr, Database, Error, ErrorKind, Quota, Result, WriteAt};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

pub(crate) type Workspace = Fs<SqliteStore>;

/// A database in memory with a tenant of this quota.
pub(crate) fn database(quota: Quota) -> SqliteDatabase {
    let database = SqliteDatabase::in_memory(&Options::new()).unwrap();
    blocking(database.create_tenant("test", quota)).unwrap();
    database
}

pub(crate) fn workspace() -> Workspace {
    workspace_with(FsOptions::default())
}

pub(crate) fn workspace_with(options: FsOptions) -> Workspace {
    let store = blocking(database(Quota::default()).open_tenant("test")).unwrap();
    Fs::with_options(store, options)
}

/// Uses a workspace with nothing but what a shell does: open, read, write, close.
pub(crate) struct Shell<'f> {
    pub(crate) fs: &'f Workspace,
    pub(crate) who: Credentials,
}

impl<'f> Shell<'f> {
    pub(crate) fn root(fs: &'f Workspace) -> Self {
        Self {
            fs,
            who: Credentials::root("shell"),
        }
    }

    pub(crate) fn user(fs: &'f Workspace, uid: u32) -> Self {
        Self {
            fs,
            who: Credentials::new(uid, uid, "shell"),
        }
    }

    /// `echo TEXT > PATH`
    pub(crate) fn echo(&self, text: &str, path: &str) -> Result<()> {
        let opened = blocking(
            self.fs
                .open_path(&self.who, path, OpenFlags::WRITE.truncated(), Some(0o666)),
        );
        let (_, handle) = opened?;
        let line = format!("{text}\n");
        let written = blocking(self.fs.write(handle, WriteAt::Offset(0), line.as_bytes()));
        blocking(self.fs.release(handle))?;
        written.map(drop)
    }

    /// `cat PATH`, in small pieces.
    pub(crate) fn cat(&self, path: &str) -> Result<String> {
        let (_, handle) = blocking(self.fs.open_path(&self.who, path, OpenFlags::READ, None))?;
        let (mut content, mut piece) = (Vec::new(), [0; 7]);
        loop {
            match blocking(self.fs.read(handle, content.len() as u64, &mut piece))? {
                0 => break,
                read => content.extend_from_slice(&piece[..read]),
            }
        }
        blocking(self.fs.release(handle))?;
        Ok(String::from_utf8(content).unwrap())
    }

    /// `cat PATH`, as JSON.
    pub(crate) fn json(&self, path: &str) -> serde_json::Value {
        let text = self.cat(path).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}: {text}"))
    }

    /// `ls PATH`
    pub(crate) fn ls(&self, path: &str) -> Result<Vec<String>> {
        let entries = blocking(self.fs.read_dir(&self.who, path))?;
        let mut names: Vec<String> = entries
            .into_iter()
            .map(|e| String::from_utf8(e.name).unwrap())
            .collect();
        names.sort();
        Ok(names)
    }

    pub(crate) fn stat(&self, path: &str) -> Result<Attr> {
        blocking(self.fs.lstat(&self.who, path))
    }

    pub(crate) fn rm(&self, path: &str) -> Result<()> {
        blocking(self.fs.remove_file(&self.who, path))
    }

    pub(crate) fn mkdir(&self, path: &str) -> Result<()> {
        blocking(self.fs.create_dir(&self.who, path)).map(drop)
    }
}

/// The error of a result that has to be one.
#[track_caller]
pub(crate) fn error<T>(result: Result<T>) -> Error {
    match result {
        Ok(_) => panic!("it succeeded"),
        Err(e) => e,
    }
}

#[track_caller]
pub(crate) fn fails<T>(result: Result<T>, kind: ErrorKind) {
    let e = error(result);
    assert_eq!(e.kind(), kind, "{e}");
}
