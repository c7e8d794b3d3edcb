//! What the examples share: their directory, programs of theirs, and what they left.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tarbox_fs::{Credentials, FilesystemExt as _, Fs, blocking};
use tarbox_store::{Database as _, ErrorKind};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

/// The key of writers.
pub(crate) const KEY: &str = "a key";

/// A file of an example.
pub(crate) fn example(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

pub(crate) fn tarbox_wasm() -> PathBuf {
    crate::artifact::path("TARBOX_WASM", "tarbox.wasm")
}

pub(crate) fn http_component() -> PathBuf {
    crate::artifact::path("TARBOX_HTTP_COMPONENT", "tarbox-http")
}

pub(crate) fn root() -> Credentials {
    Credentials::root("test")
}

/// What a program left in a directory, which is whole. An instance may answer and be about to close its workspace still.
pub(crate) fn left_in(dir: &Path) -> Fs<SqliteStore> {
    let database = loop {
        match SqliteDatabase::open(dir.join("tarbox.db"), &Options::new().background(false)) {
            Err(error) if error.kind() == ErrorKind::Busy => std::thread::yield_now(),
            opened => break opened.unwrap(),
        }
    };
    let report = blocking(database.fsck(false, &|_, _| {})).unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    blocking(Fs::open_tenant(&database, "default")).unwrap()
}

pub(crate) fn read(fs: &Fs<SqliteStore>, path: &str) -> String {
    String::from_utf8(blocking(fs.read_file(&root(), path)).unwrap()).unwrap()
}

/// The output of a command that succeeds.
#[track_caller]
pub(crate) fn output(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("it can be started");
    let (out, err) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{out}\n{err}");
    out.into_owned()
}

/// `serve` with the HTTP component, ended with the test.
pub(crate) struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    /// Serves a directory of this machine under a name that the component is told.
    pub(crate) fn start(dir: &Path, guest: &str, env: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_serve"))
            .arg("127.0.0.1:0")
            .arg(http_component())
            .arg(format!("{}::{guest}", dir.display()))
            .args(env.iter().map(|(name, value)| format!("{name}={value}")))
            .stdout(Stdio::piped())
            .spawn()
            .expect("serve can be started");
        let mut line = String::new();
        let out = child.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("an address");
        let address = line
            .trim()
            .strip_prefix("http://")
            .expect("an address")
            .to_owned();
        Self { child, address }
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> &str {
        self.address.rsplit_once(':').expect("a port").1
    }

    /// The status and the body of an answer.
    pub(crate) fn ask(&self, method: &str, target: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {KEY}\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.expect("a status"), body.to_owned())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
