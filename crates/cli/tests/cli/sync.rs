//! Local databases that are kept in step with a real server, through cuts and kills.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::serve::{Serving, serve};
use crate::support::Workspace;

/// How long something may take that has to happen.
const PATIENCE: Duration = Duration::from_secs(120);

/// A database of its own in step with a server.
fn replica(serving: &Serving, key: &str) -> Workspace {
    let server = format!("http://127.0.0.1:{}/?tenant=default", serving.port);
    Workspace::on_a_server(format!("sqlite:local.db?sync={server}")).with("TARBOX_API_KEY", key)
}

/// The same files at the same server under another address, since it was started again.
fn moved(old: &Workspace, serving: &Serving, key: &str) -> Workspace {
    let server = format!("http://127.0.0.1:{}/?tenant=default", serving.port);
    let path = old.host("local.db");
    Workspace::on_a_server(format!("sqlite:{}?sync={server}", path.display())).with("TARBOX_API_KEY", key)
}

fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what} does not happen");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// All files with their contents.
fn exported(w: &Workspace, name: &str) -> Vec<(String, Vec<u8>)> {
    let dir = w.host(name);
    w.ok(["export", "/", dir.to_str().unwrap()]);
    let mut all = Vec::new();
    collect(&dir, &dir, &mut all);
    all.sort();
    all
}

fn collect(root: &Path, dir: &Path, all: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(root, &path, all),
            false => {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                all.push((name, fs::read(&path).unwrap()));
            }
        }
    }
}

#[test]
fn two_replicas_work_offline_and_come_back() {
    let server = Workspace::new();
    let mut serving = serve(&server);
    let key = serving.key.clone().expect("the first start prints a key");
    server.ok(["mkdir", "/notes"]);
    server.feed(["write", "/notes/plan.txt"], b"the plan");
    let (a, b) = (replica(&serving, &key), replica(&serving, &key));
    assert!(a.ok(["sync"]).contains("changes came"));
    assert_eq!(b.object(["sync", "--wait"])["pulled"], 2);
    assert_eq!(a.ok(["sync"]), "in step\n");
    serving.stop();
    // Nobody needs the server for this.
    a.feed(["write", "/notes/plan.txt"], b"as a has it");
    b.feed(["write", "/notes/plan.txt"], b"as b has it");
    b.ok(["mv", "/notes", "/papers"]);
    let status = a.object(["sync", "status", "--offline"]);
    assert_eq!((&status["running"], &status["ahead"]), (&json!(false), &json!(1)));
    assert!(a.run(["sync"]).code != 0);
    let refused = a.run(["layer", "checkpoint", "one"]);
    assert!(
        refused.err.contains("layers are made at the server"),
        "{refused:?}"
    );

    serving = serve(&server);
    let (a, b) = (moved(&a, &serving, &key), moved(&b, &serving, &key));
    a.ok(["sync"]);
    let report = b.object(["sync"]);
    let copy = report["conflicts"][0]["copy"]
        .as_str()
        .unwrap_or_else(|| panic!("{report}"))
        .to_owned();
    assert!(
        copy.starts_with("/papers/plan.conflict-") && copy.ends_with(".txt"),
        "{copy}"
    );
    a.ok(["sync"]);
    for w in [&a, &b, &server] {
        assert_eq!(w.ok(["cat", "/papers/plan.txt"]), "as a has it");
        assert_eq!(w.ok(["cat", &copy]), "as b has it");
    }
    assert!(b.ok(["sync", "status"]).contains(&copy));
    assert!(server.ok(["audit", "--refused"]).contains("/papers/plan.txt"));
    let nobody = b.run(["sync", "resolve", "/other", "--ours"]);
    assert!(nobody.err.contains("there is no conflict here"), "{nobody:?}");
    b.ok(["sync", "resolve", "/papers/plan.txt", "--ours"]);
    b.ok(["sync"]);
    a.ok(["sync"]);
    for w in [&a, &b, &server] {
        assert_eq!(w.ok(["cat", "/papers/plan.txt"]), "as b has it");
        assert_eq!(w.ok(["ls", "/papers"]), "plan.txt\n");
    }
    assert_eq!(b.object(["sync", "status"])["conflicts"], json!([]));
    assert!(b.ok(["sync", "log"]).contains("both changed"));
    for w in [&a, &b, &server] {
        w.check();
    }
}

#[test]
fn kills_of_either_side_are_repaired_by_the_next_round() {
    let server = Workspace::new();
    let mut serving = serve(&server);
    let key = serving.key.clone().expect("the first start prints a key");
    let mut w = replica(&serving, &key);
    let first = w;
    w = moved(&first, &serving, &key);
    w.ok(["sync"]);
    let tree = w.host("tree");
    fs::create_dir_all(tree.join("deep/er")).unwrap();
    for i in 0..120_u32 {
        let content = vec![i as u8; 100 + (i as usize * 997) % 9_000];
        fs::write(
            tree.join(if i % 2 == 0 {
                format!("{i}")
            } else {
                format!("deep/er/{i}")
            }),
            content,
        )
        .unwrap();
    }
    w.ok(["import", "tree", "/tree"]);
    server.feed(["write", "/there"], b"there");
    let mut killed = 0;
    for turn in 0..8_u64 {
        let mut round = w.command();
        let mut child = round
            .arg("sync")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Somewhere within it, and further each time.
        std::thread::sleep(Duration::from_millis(20 + turn * 60));
        if turn % 2 == 0 {
            killed += u32::from(child.try_wait().unwrap().is_none());
            child.kill().unwrap();
        } else {
            serving.kill();
            serving = serve(&server);
        }
        child.wait().unwrap();
        w = moved(&first, &serving, &key);
    }
    assert!(killed > 0, "no round was long enough to be killed");
    w.ok(["sync"]);
    assert_eq!(w.ok(["sync"]), "in step\n");
    assert_eq!(exported(&w, "here"), exported(&server, "there"));
    assert_eq!(
        server.ok(["find", "/", "--name", "*conflict*"]),
        "",
        "nothing was made twice"
    );
    w.check();
    server.check();
}

#[test]
fn in_the_background_changes_come_and_go_by_themselves() {
    let server = Workspace::new();
    let serving = serve(&server);
    let key = serving.key.clone().expect("the first start prints a key");
    let w = replica(&serving, &key);
    w.ok(["sync", "start"]);
    assert!(w.run(["sync", "start"]).err.contains("it is running already"));
    server.feed(["write", "/from-there"], b"hello");
    eventually("a change of the server", || {
        w.run(["cat", "/from-there"]).out == b"hello"
    });
    w.feed(["write", "/from-here"], b"hello, too");
    eventually("a change of the replica", || {
        server.run(["cat", "/from-here"]).out == b"hello, too"
    });
    assert_eq!(w.object(["sync", "status"])["running"], true);
    w.ok(["sync", "stop"]);
    assert_eq!(w.object(["sync", "status"])["running"], false);
    assert_eq!(w.ok(["sync", "stop"]), "not running\n");
    w.check();
}

#[test]
fn the_environment_says_the_same() {
    let server = Workspace::new();
    let serving = serve(&server);
    let key = serving.key.as_ref().expect("the first start prints a key");
    server.feed(["write", "/f"], b"content");
    let url = format!("http://127.0.0.1:{}/?tenant=default", serving.port);
    let w = Workspace::empty()
        .with("TARBOX_DB_MODE", "hybrid")
        .with("TARBOX_SQLITE_PATH", "cache.db")
        .with("TARBOX_API_URL", &url)
        .with("TARBOX_API_KEY", key);
    w.ok(["sync"]);
    assert!(w.host("cache.db").exists());
    drop(serving);
    assert_eq!(w.ok(["cat", "/f"]), "content");
    let wrong = Workspace::empty().with("TARBOX_DB_MODE", "both");
    assert!(
        wrong
            .fails(2, ["ls"])
            .contains("TARBOX_DB_MODE is sqlite, http or hybrid")
    );
    let alone = Workspace::new();
    assert!(alone.fails(2, ["sync"]).contains("sync needs a server"));
}

#[test]
fn the_example_of_an_edge_node_works() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/edge/run.sh");
    let bin = Path::new(env!("CARGO_BIN_EXE_tarbox"))
        .parent()
        .unwrap()
        .to_owned();
    let old = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&old))).unwrap();
    let ran = std::process::Command::new(script)
        .env("PATH", path)
        .env_remove("TARBOX_TENANT")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    assert!(
        said.contains("5. Both have everything.\n1\n2\n3\n4\n5\nin step\n"),
        "{said}"
    );
}
