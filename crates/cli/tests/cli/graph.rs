//! Graphs among the files.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Child, Stdio};

use serde_json::json;

use crate::support::{Workspace, put};

const PEOPLE: &str = "<http://x/alice> <http://x/knows> <http://x/bob> .\n\
                      # a comment\n\
                      <http://x/bob> <http://x/knows> <http://x/carol> <http://x/g> .\n\
                      <http://x/alice> <http://x/name> \"Alice\\n\"@en .\n";

fn with(name: &str, text: &str) -> Workspace {
    let w = Workspace::new();
    put(&w.host(name), text.as_bytes());
    w
}

#[test]
fn facts_go_in_and_come_out() {
    let w = with("people.nq", PEOPLE);
    assert!(
        w.ok(["graph", "import", "/people", "people.nq"])
            .starts_with("imported 3 facts")
    );
    assert_eq!(
        w.ok([
            "graph",
            "find",
            "/people",
            "-s",
            "http://x/alice",
            "-p",
            "http://x/knows"
        ]),
        "http://x/alice  http://x/knows  http://x/bob\n"
    );
    assert_eq!(
        w.ok(["graph", "find", "/people", "-p", "http://x/knows", "--count"]),
        "2\n"
    );
    assert_eq!(w.ok(["graph", "find", "/people", "-s", "nobody"]), "");
    assert_eq!(w.json(["graph", "find", "/people", "-n", "1"]).len(), 1);
    let stats = w.object(["graph", "stats", "/people"]);
    assert_eq!(stats["facts"], 3);
    assert!(w.ok(["graph", "stats", "/people"]).contains("3 facts"));
    assert!(w.ok(["graph", "check", "/people"]).contains("no problems found"));

    // The layout is that of the npm package.
    let names = w.ok(["ls", "/", "/people.pages"]);
    for name in ["people", "people.pages", "manifest-0", "last-writer"] {
        assert!(names.lines().any(|line| line == name), "{name} is not in {names}");
    }

    w.ok(["graph", "export", "/people", "out.nq"]);
    let mut lines: Vec<String> = std::fs::read_to_string(w.host("out.nq"))
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    lines.sort();
    let mut expected: Vec<&str> = PEOPLE.lines().filter(|line| !line.starts_with('#')).collect();
    expected.sort_unstable();
    assert_eq!(lines, expected);
    let ran = w.run(["graph", "export", "/people"]);
    assert!(ran.err.contains("1 facts are in named graphs"), "{ran:?}");
    assert!(
        w.fails(7, ["graph", "export", "/people", "out.nq"])
            .contains("exists"),
    );
    w.check();
}

#[test]
fn every_format_is_read_and_written() {
    let w = Workspace::new();
    put(
        &w.host("a.csv"),
        b"from,type,to,more\na,knows,\"b, \"\"the\"\" b\",1\r\nb,knows,c,2\n",
    );
    put(&w.host("a.tsv"), b"x\ty\t\"z\n");
    put(
        &w.host("a.jsonl"),
        b"{\"subject\":\"a\",\"predicate\":\"knows\",\"object\":\"c\",\"edgeProperties\":{\"since\":1999,\"tags\":[1, 2]}}\n\
          {\"node\":\"a\",\"properties\":{\"labels\":[\"Person\"],\"age\":42.5}}\n",
    );
    w.ok(["graph", "import", "/g", "a.csv", "--columns", "from,type,to"]);
    w.ok(["graph", "import", "/g", "a.tsv", "--columns", "1,2,3"]);
    let report = w.object(["graph", "import", "/g", "a.jsonl"]);
    assert_eq!(report, json!({"facts": 1, "nodes": 1, "bad_lines": 0}));
    assert_eq!(
        w.ok(["graph", "export", "/g", "--format", "csv"]),
        "subject,predicate,object\na,knows,\"b, \"\"the\"\" b\"\na,knows,c\nb,knows,c\nx,y,\"\"\"z\"\n"
    );
    let found = w.json(["graph", "find", "/g", "-s", "a", "-o", "c"]);
    assert_eq!(found[0]["edgeProperties"], json!({"since": 1999, "tags": [1, 2]}));
    assert_eq!(found[0]["subjectProperties"]["age"], 42.5);

    // What is exported with everything comes back as it was.
    w.ok(["graph", "export", "/g", "all.jsonl"]);
    w.ok(["graph", "import", "/copy", "all.jsonl"]);
    assert_eq!(
        w.ok(["graph", "export", "/copy", "--format", "jsonl"]),
        w.ok(["graph", "export", "/g", "--format", "jsonl"])
    );
}

#[test]
fn bad_lines_are_named() {
    let w = with(
        "bad.nt",
        "<http://a> <http://b> <http://c> .\nnonsense\n<http://a> <http://b> \"d\" .\n",
    );
    let said = w.fails(1, ["graph", "import", "/g", "bad.nt"]);
    assert!(
        said.contains("bad.nt:2:") && said.contains("--skip-bad"),
        "{said}"
    );
    // What came before it is there.
    assert_eq!(w.ok(["graph", "find", "/g", "--count"]), "1\n");
    let ran = w.run(["graph", "import", "/g", "bad.nt", "--skip-bad"]);
    assert_eq!(ran.code, 0);
    assert!(ran.err.contains("line 2"), "{ran:?}");
    assert!(ran.text().contains("1 bad lines skipped"));
    assert_eq!(w.ok(["graph", "find", "/g", "--count"]), "2\n");

    let latin = w.feed(
        [
            "graph",
            "import",
            "/g",
            "-",
            "--format",
            "csv",
            "--columns",
            "1,2,3",
        ],
        b"a,b,\xff\n",
    );
    assert!(
        latin
            .line_of(1)
            .contains("standard input:1: the line has bytes that are not UTF-8")
    );
    let columns = w.feed(["graph", "import", "/g", "-", "--format", "csv"], b"a,b,c\n");
    assert!(
        columns
            .line_of(1)
            .contains("there is no column subject; the columns are a, b, c")
    );
    assert!(
        w.fails(2, ["graph", "import", "/g", "none.xml"])
            .contains("--format")
    );
}

#[test]
fn what_is_no_graph_is_said() {
    let w = Workspace::new();
    assert!(
        w.fails(3, ["graph", "stats", "/none"])
            .contains("'tarbox graph import' makes one")
    );
    w.ok(["write", "/file", "something else"]);
    put(&w.host("a.nt"), PEOPLE.lines().next().unwrap().as_bytes());
    for command in [
        &["graph", "find", "/file"][..],
        &["graph", "import", "/file", "a.nt"],
    ] {
        assert!(w.fails(1, command).contains("is a file, and no graph"));
    }
    assert_eq!(w.ok(["cat", "/file"]), "something else");
    w.ok(["graph", "import", "/g", "a.nt"]);
    w.ok(["rm", "/g.pages/manifest-0", "/g.pages/manifest-1"]);
    assert!(
        w.fails(6, ["graph", "find", "/g"])
            .contains("no readable manifest")
    );
}

#[test]
fn facts_and_files_go_back_together() {
    let w = with("one.nt", "<http://a> <http://b> <http://one> .\n");
    put(&w.host("two.nt"), b"<http://a> <http://b> <http://two> .\n");
    w.ok(["graph", "import", "/g", "one.nt"]);
    w.ok(["write", "/note", "one"]);
    w.ok(["layer", "checkpoint", "first"]);
    w.ok(["graph", "import", "/g", "two.nt"]);
    w.ok(["write", "/note", "two"]);
    let count = |path: &str| w.ok(["graph", "find", path, "--count"]);
    assert_eq!(count("/g"), "2\n");

    let log = w.json(["audit"]).len();
    let past = "/.tarbox/snapshots/first/g";
    assert_eq!(count(past), "1\n");
    assert_eq!(
        w.ok(["graph", "export", past]),
        "<http://a> <http://b> <http://one> .\n"
    );
    assert!(w.ok(["graph", "check", past]).contains("no problems found"));
    w.ok(["graph", "stats", past]);
    assert_eq!(
        w.json(["audit"]).len(),
        log,
        "looking at the past was recorded as a change"
    );
    assert!(
        w.fails(4, ["graph", "import", past, "two.nt"])
            .contains("read-only")
    );

    w.ok(["layer", "switch", "first"]);
    assert_eq!(
        (count("/g"), w.ok(["cat", "/note"])),
        ("1\n".into(), "one".into())
    );
    assert!(w.ok(["graph", "check", "/g"]).contains("no problems found"));
    assert!(
        w.fails(4, ["graph", "import", "/g", "two.nt"])
            .contains("read-only")
    );
    w.ok(["layer", "switch", "head"]);
    assert_eq!(
        (count("/g"), w.ok(["cat", "/note"])),
        ("2\n".into(), "two".into())
    );

    // A copy of the files is a copy of the graph, and the audit says what was done for it.
    w.ok(["cp", "/g", "/copy"]);
    w.ok(["cp", "-r", "/g.pages", "/copy.pages"]);
    assert_eq!(count("/copy"), "2\n");
    assert!(!w.json(["audit", "--agent", "cli:graph"]).is_empty());
    w.check();
}

/// An import that has the graph and waits for its input.
fn writer(w: &Workspace) -> Child {
    let mut child = w
        .command()
        .args(["graph", "import", "/g", "-", "--format", "nt"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while w.run(["ls", "/g.pages/writer"]).code != 0 {
        assert!(child.try_wait().unwrap().is_none(), "the import ended");
    }
    child
}

#[test]
fn a_second_writer_is_refused_and_readers_are_not() {
    let w = with("one.nt", "<http://a> <http://b> <http://one> .\n");
    w.ok(["graph", "import", "/g", "one.nt"]);
    let mut first = writer(&w);
    let refused = w.fails(4, ["graph", "import", "/g", "one.nt"]);
    let who = format!("tarbox graph, process {} is writing", first.id());
    assert!(
        refused.contains(&who) && refused.contains("/g.pages/writer"),
        "{refused}"
    );
    assert_eq!(w.ok(["graph", "find", "/g", "--count"]), "1\n");
    let mut stdin = first.stdin.take().unwrap();
    stdin
        .write_all(b"<http://a> <http://b> <http://two> .\n")
        .unwrap();
    drop(stdin);
    assert!(first.wait().unwrap().success());
    assert_eq!(w.ok(["graph", "find", "/g", "--count"]), "2\n");

    // One that was killed leaves nothing in the way.
    let mut killed = writer(&w);
    w.fails(4, ["graph", "import", "/g", "one.nt"]);
    killed.kill().unwrap();
    killed.wait().unwrap();
    w.ok(["graph", "import", "/g", "one.nt"]);
    assert!(w.ok(["graph", "check", "/g"]).contains("no problems found"));
    w.check();
}

#[test]
fn a_full_quota_costs_nothing_that_was_there() {
    let w = with("one.nt", "<http://a> <http://b> <http://one> .\n");
    w.ok(["graph", "import", "/g", "one.nt"]);
    let mut many = String::new();
    for n in 0..50_000 {
        writeln!(
            many,
            "<http://a/{n}> <http://b> <http://c/{}> .",
            n * 7919 % 50_021
        )
        .unwrap();
    }
    put(&w.host("many.nt"), many.as_bytes());
    w.ok(["tenant", "quota", "default", "--bytes", "400K"]);
    let said = w.fails(5, ["graph", "import", "/g", "many.nt"]);
    assert!(said.contains("quota"), "{said}");
    assert_eq!(
        w.ok(["graph", "find", "/g", "-o", "http://one"]).lines().count(),
        1
    );
    assert!(w.ok(["graph", "check", "/g"]).contains("no problems found"));
    w.ok(["tenant", "quota", "default", "--bytes", "none"]);
    w.ok(["graph", "import", "/g", "many.nt"]);
    assert_eq!(w.ok(["graph", "find", "/g", "--count"]), "50,001\n");
    w.check();
}
