//! A workspace in memory, and a registry that answers what it was given.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::write::GzEncoder;
use sha2::Digest as _;
use tarbox_fs::{Credentials, FilesystemExt, Fs, blocking};
use tarbox_npm::{Installed, Options, Told, install};
use tarbox_store::{Database, Quota, Timestamp};
use tarbox_store_sqlite::{Options as StoreOptions, SqliteDatabase, SqliteStore};
use tarbox_tar::{Kind, Member, Writer};
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub(crate) struct Workspace {
    fs: Fs<SqliteStore>,
    me: Credentials,
}

impl Workspace {
    pub(crate) fn new() -> Self {
        let database = SqliteDatabase::in_memory(&StoreOptions::new()).unwrap();
        blocking(database.create_tenant("default", Quota::default())).unwrap();
        let fs = blocking(Fs::open_tenant(&database, "default")).unwrap();
        let me = Credentials::root("test").with_umask(0o022);
        Self { fs, me }
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        let (dir, _) = path.rsplit_once('/').unwrap();
        blocking(self.fs.create_dir_all(&self.me, dir)).unwrap();
        blocking(self.fs.write_file(&self.me, path, content.as_bytes())).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        String::from_utf8(blocking(self.fs.read_file(&self.me, path)).unwrap()).unwrap()
    }

    /// Installs what `/app` names.
    pub(crate) fn install(
        &self,
        options: &Options,
        tell: &mut dyn FnMut(Told<'_>),
    ) -> tarbox_store::Result<Installed> {
        install((&self.fs, &self.me), "/app", options, tell)
    }

    /// Everything below a directory, in order: directories with a slash, links with what they say, files with their modes.
    pub(crate) fn tree(&self, top: &str) -> Vec<String> {
        let mut lines = Vec::new();
        self.list(top.trim_end_matches('/'), "", &mut lines);
        lines.sort();
        lines
    }

    fn list(&self, top: &str, below: &str, lines: &mut Vec<String>) {
        for entry in blocking(self.fs.read_dir(&self.me, &format!("{top}/{below}"))).unwrap() {
            let name = String::from_utf8(entry.name).unwrap();
            if name == ".tarbox" {
                continue;
            }
            let path = format!("{below}{name}");
            let whole = format!("{top}/{path}");
            let attr = blocking(self.fs.lstat(&self.me, &whole)).unwrap();
            if attr.is_dir() {
                lines.push(format!("{path}/"));
                self.list(top, &format!("{path}/"), lines);
            } else if attr.is_symlink() {
                let says = blocking(self.fs.read_link(&self.me, &whole)).unwrap();
                lines.push(format!("{path} -> {}", String::from_utf8(says).unwrap()));
            } else {
                lines.push(format!("{path} {:o}", attr.mode));
            }
        }
    }
}

/// What a registry is to answer.
pub(crate) struct Tarball {
    bytes: Vec<u8>,
    name: String,
    failing: u32,
}

impl Tarball {
    /// Paths, contents and modes.
    pub(crate) fn of(files: &[(String, Vec<u8>, u32)]) -> Self {
        Self::packed(|writer| {
            for (path, content, mode) in files {
                let member = member(path, Kind::File, *mode, content.len() as u64);
                writer.member(&member, None).unwrap();
                writer.data(0, content).unwrap();
                writer.end_file().unwrap();
            }
        })
    }

    pub(crate) fn link(path: &str, target: &str) -> Self {
        let kind = Kind::Symlink(target.into());
        Self::packed(|writer| writer.member(&member(path, kind, 0o777, 0), None).unwrap())
    }

    pub(crate) fn hard_link(path: &str, target: &str) -> Self {
        let kind = Kind::HardLink(target.into());
        Self::packed(|writer| writer.member(&member(path, kind, 0o644, 0), None).unwrap())
    }

    fn packed(fill: impl FnOnce(&mut Writer<Vec<u8>>)) -> Self {
        let mut writer = Writer::new(Vec::new(), None);
        fill(&mut writer);
        let mut packer = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(&writer.finish().unwrap()).unwrap();
        Self::raw(packer.finish().unwrap())
    }

    pub(crate) fn raw(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            name: "a-1.0.0".into(),
            failing: 0,
        }
    }

    pub(crate) fn named(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    /// Only a part of it.
    pub(crate) fn cut(mut self) -> Self {
        self.bytes.truncate(self.bytes.len() / 2);
        self
    }

    /// So often there is an error first.
    pub(crate) fn failing(mut self, times: u32) -> Self {
        self.failing = times;
        self
    }
}

fn member(path: &str, kind: Kind, mode: u32, size: u64) -> Member {
    Member {
        path: path.into(),
        kind,
        mode,
        uid: Some(0),
        gid: Some(0),
        size,
        mtime: Timestamp(0),
        atime: Timestamp(0),
        xattrs: Vec::new(),
    }
}

/// Where a tarball is, and its hashes as npm writes them.
pub(crate) struct Served {
    pub(crate) url: String,
    pub(crate) sha512: String,
    pub(crate) sha1: String,
}

type Answers = Arc<Mutex<HashMap<String, (Vec<u8>, u32)>>>;

/// An HTTP server on this machine, until it is dropped.
pub(crate) struct Registry {
    answers: Answers,
    origin: String,
    cache: TempDir,
    _runtime: Runtime,
}

impl Registry {
    pub(crate) fn new() -> Self {
        let answers = Answers::default();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/{*path}", axum::routing::get(answer))
            .with_state(Arc::clone(&answers));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            answers,
            origin,
            cache: tempfile::tempdir().unwrap(),
            _runtime: runtime,
        }
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("{}/{name}", self.origin)
    }

    pub(crate) fn serve(&self, tarball: Tarball) -> Served {
        let name = format!("{}.tgz", tarball.name);
        let served = Served {
            url: self.url(&name),
            sha512: format!("sha512-{}", STANDARD.encode(sha2::Sha512::digest(&tarball.bytes))),
            sha1: format!("sha1-{}", STANDARD.encode(sha1::Sha1::digest(&tarball.bytes))),
        };
        self.answers
            .lock()
            .unwrap()
            .insert(name, (tarball.bytes, tarball.failing));
        served
    }

    /// Ends the server; what was fetched from it stays.
    pub(crate) fn end(self) -> TempDir {
        self.cache
    }

    /// With a cache that lasts as long as the registry.
    pub(crate) fn options(&self) -> Options {
        Options {
            registry: self.url(""),
            cache: Some(self.cache.path().to_owned()),
            ..Options::default()
        }
    }
}

async fn answer(State(answers): State<Answers>, Path(name): Path<String>) -> (StatusCode, Vec<u8>) {
    let mut answers = answers.lock().unwrap();
    match answers.get_mut(&name) {
        None => (StatusCode::NOT_FOUND, Vec::new()),
        Some((_, failing)) if *failing > 0 => {
            *failing -= 1;
            (StatusCode::SERVICE_UNAVAILABLE, Vec::new())
        }
        Some((bytes, _)) => (StatusCode::OK, bytes.clone()),
    }
}
