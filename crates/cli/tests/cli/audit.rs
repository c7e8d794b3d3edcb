//! The audit and the change feed.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::support::Workspace;

#[test]
fn the_audit_can_be_asked() {
    let w = Workspace::new();
    w.ok(["--user", "0", "mkdir", "/d"]);
    w.ok(["--user", "0", "write", "/d/a", "12345"]);
    w.ok(["--user", "0", "mv", "/d/a", "/d/b"]);
    w.ok(["layer", "checkpoint", "one"]);
    w.ok(["--user", "0", "rm", "/d/b"]);

    let words = |args: &[&str]| -> Vec<String> {
        let all: Vec<&str> = ["audit"].iter().chain(args).copied().collect();
        w.json(all)
            .iter()
            .map(|r| r["operation"].as_str().unwrap().to_owned())
            .collect()
    };
    let below = words(&["--path", "/d"]);
    for word in ["mkdir", "create", "write", "rename", "unlink"] {
        assert!(below.contains(&word.to_owned()), "{below:?}");
    }
    assert_eq!(words(&["--op", "rename"]), ["rename"]);
    assert_eq!(words(&["--op", "unlink,mkdir"]), ["mkdir", "unlink"]);
    assert_eq!(words(&["--op", "unlink,mkdir", "--all"]), ["mkdir", "unlink"]);
    assert_eq!(words(&["--limit", "1"]), ["unlink"]);
    assert_eq!(words(&["--layer", "one", "--op", "unlink"]), Vec::<String>::new());
    assert_eq!(words(&["--since", "1h", "--op", "rename"]), ["rename"]);
    assert_eq!(words(&["--until", "1h"]), Vec::<String>::new());
    assert_eq!(words(&["--agent", "nobody"]), Vec::<String>::new());

    let rename = w.json(["audit", "--op", "rename"]).remove(0);
    assert_eq!(
        (rename["from"].as_str(), rename["path"].as_str()),
        (Some("/d/a"), Some("/d/b"))
    );
    assert_eq!(rename["agent"], "cli");
    assert_eq!(rename["uid"], 0);
    let table = w.ok(["audit", "--op", "rename"]);
    assert!(
        table.contains("/d/a -> /d/b") && table.starts_with("SEQ"),
        "{table}"
    );
    assert!(
        w.run(["audit", "--op", "dance"])
            .err
            .contains("unknown operation 'dance'")
    );
    assert_eq!(w.run(["audit", "--layer", "none"]).code, 3);
}

#[test]
fn watch_replays_and_then_waits() {
    let w = Workspace::new();
    w.ok(["mkdir", "/in", "/out"]);
    w.ok(["write", "/in/a", "x"]);
    w.ok(["write", "/out/b", "x"]);
    let events = w.json(["watch", "--after", "0", "--no-wait", "/in"]);
    assert!(
        events
            .iter()
            .all(|e| e["path"].as_str().unwrap().starts_with("/in")),
        "{events:?}"
    );
    assert!(
        events
            .iter()
            .any(|e| e["kind"] == "create" && e["path"] == "/in/a"),
        "{events:?}"
    );

    let last = w.object(["stats"])["usage"]["last_seq"].as_u64().unwrap();
    let mut command = w.command();
    command
        .args(["watch", "/in", "--count", "1", "--after", &last.to_string()])
        .stdout(Stdio::piped());
    let mut watcher = command.spawn().unwrap();
    w.ok(["write", "/out/c", "not of interest"]);
    w.ok(["write", "/in/c", "x"]);
    let mut line = String::new();
    BufReader::new(watcher.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "create /in/c\n");
    assert!(watcher.wait().unwrap().success());
}
