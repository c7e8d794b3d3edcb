//! `serve` and `key`: the command itself, from its first line to a signal.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::http::Request;
use crate::support::Workspace;

/// A running server.
pub(crate) struct Serving {
    child: Child,
    pub(crate) port: u16,
    /// The key it printed.
    pub(crate) key: Option<String>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn serve(w: &Workspace) -> Serving {
    let mut command = w.command();
    command
        .args(["--json", "serve", "--listen", "127.0.0.1:0", "--log", "json"])
        .env("RUST_LOG", "warn")
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let said: Value = serde_json::from_str(&line).expect(&line);
    let url = said["url"].as_str().unwrap();
    let port = url.trim_end_matches('/').rsplit(':').next().unwrap();
    Serving {
        child,
        port: port.parse().unwrap(),
        key: said["key"].as_str().map(ToOwned::to_owned),
    }
}

impl Serving {
    /// One request on a connection of its own: the status and the body, or nothing if it broke off.
    fn ask(&self, key: &str, method: &str, target: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
        ask(self.port, key, method, target, body)
    }

    /// Ends it as an administrator does.
    pub(crate) fn stop(&mut self) {
        self.signal("TERM");
        assert!(self.child.wait().unwrap().success());
    }

    /// Ends it without a word.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-s", name, &pid])
            .status()
            .unwrap();
        assert!(sent.success());
    }
}

fn ask(port: u16, key: &str, method: &str, target: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
    let head = "";
    let request = Request {
        key,
        method,
        target,
        head,
        body,
    };
    request.send(port).map(|answer| (answer.status, answer.body))
}

#[test]
fn the_first_start_makes_all_that_is_needed() {
    let w = Workspace::empty();
    let mut serving = serve(&w);
    let key = serving.key.clone().expect("a key is printed");
    assert_eq!(
        serving
            .ask(&key, "PUT", "files/default?path=/f", b"hello")
            .unwrap()
            .0,
        201
    );
    assert_eq!(
        serving.ask(&key, "GET", "files/default?path=/f", b""),
        Some((200, b"hello".to_vec()))
    );
    // Other programs work on it meanwhile.
    assert_eq!(w.ok(["cat", "/f"]), "hello");
    w.ok(["write", "/g", "from the command"]);
    assert_eq!(
        serving.ask(&key, "GET", "files/default?path=/g", b"").unwrap().1,
        b"from the command"
    );
    serving.signal("TERM");
    assert!(serving.child.wait().unwrap().success());
    // The second start prints none.
    assert_eq!(serve(&w).key, None);
    w.check();
}

#[test]
fn keys_are_made_listed_and_revoked() {
    let w = Workspace::new();
    w.ok(["mkdir", "/site"]);
    w.ok(["write", "/site/page", "x"]);
    let made = w.object([
        "key",
        "create",
        "--name",
        "laptop",
        "--scope",
        "read",
        "--path",
        "/site",
        "--as",
        "1000:100",
        "--expires",
        "2100-01-01",
    ]);
    let (token, id) = (made["key"].as_str().unwrap(), made["id"].as_str().unwrap());
    assert!(token.starts_with(&format!("tbx_{id}_")));
    let listed = w.object(["key", "list"]);
    assert_eq!(
        (&listed["id"], &listed["name"], &listed["scope"]),
        (&id.into(), &"laptop".into(), &"read".into())
    );
    assert!(listed.get("key").is_none() && !listed.to_string().contains(&token[24..40]));
    let shown = w.ok(["key", "list"]);
    assert!(
        shown.contains(id) && shown.contains("1000:100") && !shown.contains(&token[24..40]),
        "{shown}"
    );
    let serving = serve(&w);
    assert_eq!(serving.key, None);
    assert_eq!(
        serving
            .ask(token, "GET", "files/default?path=/page", b"")
            .unwrap()
            .0,
        200
    );
    assert_eq!(
        serving
            .ask(token, "PUT", "files/default?path=/page", b"y")
            .unwrap()
            .0,
        403
    );
    w.ok(["key", "revoke", id]);
    assert_eq!(
        serving
            .ask(token, "GET", "files/default?path=/page", b"")
            .unwrap()
            .0,
        401
    );
    assert!(w.ok(["key", "list"]).contains("revoked"));
    assert_eq!(
        w.fails(3, ["key", "revoke", "nothing"]),
        "key nothing: no such key; 'tarbox key list' shows all"
    );
    assert!(
        w.fails(3, ["--tenant", "bob", "key", "create"])
            .starts_with("tenant bob: no such tenant")
    );
    for wrong in [
        &["key", "create", "--scope", "all"][..],
        &["key", "create", "--path", "relative"],
        &["key", "create", "--path", "/a/../b"],
        &["key", "create", "--expires", "2001-01-01"],
        &["serve", "--tls-cert", "x"],
        &["serve", "--listen", "nowhere"],
        &["serve", "--cors", "nonsense"],
    ] {
        assert_eq!(w.run(wrong).code, 2, "{wrong:?}");
    }
}

#[test]
fn an_address_that_is_taken_is_said_in_one_line() {
    let w = Workspace::new();
    let serving = serve(&w);
    let address = format!("127.0.0.1:{}", serving.port);
    let line = w.fails(4, ["serve", "--listen", &address]);
    assert!(line.contains("choose another address with --listen"), "{line}");
}
