//! Random calls of `fs`, answered as Node.js answers them on a directory of the host: every value, code and message.

use std::fs;
use std::process::Command;

use tarbox_quickjs::{Capability, Entry, Limits};

use crate::support::Workspace;

const SCRIPT: &str = include_str!("../node/differential.cjs");
const CALLS: u32 = 400;

/// Where there is no Node.js 20 there is nothing to compare with.
#[test]
fn random_calls_are_answered_as_node_answers_them() {
    let version = Command::new("node").arg("--version").output();
    if !version.is_ok_and(|version| version.stdout.starts_with(b"v20.")) {
        eprintln!("skipped: there is no Node.js 20");
        return;
    }
    let rounds = std::env::var("TARBOX_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(10);
    let mut differences = Vec::new();
    for seed in 1..=rounds {
        let (theirs, ours) = (on_node(seed), on_workspace(seed));
        // One difference leads to others. Node.js copies a directory into itself, by way of links, until there is no name left for it.
        let both = theirs.lines().zip(ours.lines());
        let mut both = both.take_while(|(a, _)| !a.ends_with("ENAMETOOLONG"));
        let first = both.find(|(a, b)| a != b);
        differences.extend(first.map(|(a, b)| format!("seed {seed}\n  {a}\n  {b}")));
        assert_eq!(theirs.lines().count(), ours.lines().count());
    }
    assert!(
        differences.is_empty(),
        "Node.js, and here:\n{}",
        differences.join("\n")
    );
}

fn on_node(seed: u32) -> String {
    let dir = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(dir.path()).unwrap().join("root");
    fs::create_dir(&root).unwrap();
    let script = dir.path().join("differential.cjs");
    fs::write(&script, SCRIPT).unwrap();
    let run = Command::new("node")
        .arg(&script)
        .arg(&root)
        .args([seed.to_string(), CALLS.to_string()])
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap()
}

fn on_workspace(seed: u32) -> String {
    let workspace = Workspace::new();
    workspace.write("/root/.keep", "");
    workspace.run("fs.unlinkSync('/root/.keep')").text();
    let code = format!("process.argv = ['', '', '/root', '{seed}', '{CALLS}'];{SCRIPT}");
    let root = workspace.mount("/", "/", Capability::ReadWrite);
    workspace
        .run_on(vec![root], &Entry::Code(code), Limits::default())
        .text()
        .to_owned()
}
