//! `tarbox js` and `tarbox js ci`.

use crate::support::Workspace;

#[test]
fn scripts_run_on_the_workspace_and_end_with_their_codes() {
    let w = Workspace::new();
    let script = b"import { readdirSync } from 'node:fs'; const names: string[] = readdirSync('/'); console.log(names.join(), process.argv[2])";
    assert_eq!(w.feed(["write", "/app.ts"], script).code, 0);
    assert_eq!(w.ok(["js", "/app.ts", "--x"]), "app.ts --x\n");
    assert_eq!(w.ok(["js", "-p", "1 + 1"]), "2\n");
    assert_eq!(
        w.feed(["js", "-"], b"console.log(typeof require)").text(),
        "function\n"
    );
    for (code, options, exit) in [
        ("process.exit(9)", ["--fuel", "10M"], 9),
        ("for (;;);", ["--fuel", "1M"], 152),
        ("for (;;);", ["--timeout", "0.2"], 124),
        (
            "const a = []; for (;;) try { a.push(new Array(1e5).fill(1)) } catch {}",
            ["--max-memory", "32"],
            137,
        ),
    ] {
        let ran = w.run(["js", options[0], options[1], "-e", code]);
        assert_eq!(ran.code, exit, "{ran:?}");
    }
    w.check();
}

/// What needs no registry; `crates/npm` has one for its tests.
#[test]
fn packages_come_from_a_lock() {
    let w = Workspace::new();
    let write = |path: &str, text: &str| assert_eq!(w.feed(["write", path], text.as_bytes()).code, 0);
    w.ok(["mkdir", "-p", "/app/packages/own"]);
    assert!(w.fails(3, ["js", "ci", "/app"]).contains("/app/package"));
    write(
        "/app/package.json",
        r#"{"dependencies": {"own": "file:packages/own"}}"#,
    );
    write(
        "/app/packages/own/package.json",
        r#"{"name": "own", "main": "main.js"}"#,
    );
    write("/app/packages/own/main.js", "module.exports = 'linked'");
    let lock = |packages: &str| {
        let root = r#""": {"dependencies": {"own": "file:packages/own"}}"#;
        write(
            "/app/package-lock.json",
            &format!(r#"{{"lockfileVersion": 3, "packages": {{{root}{packages}}}}}"#),
        );
    };
    lock(r#", "node_modules/own": {"resolved": "packages/own", "link": true}"#);
    assert!(w.ok(["js", "ci", "/app"]).starts_with("installed 1 packages"));
    assert_eq!(w.ok(["js", "--cwd", "/app", "-p", "require('own')"]), "linked\n");
    lock(
        r#", "node_modules/far": {"version": "1.0.0", "resolved": "https://nowhere.invalid/far.tgz", "integrity": "sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0="}"#,
    );
    let cache = w.host("cache");
    let ci = [
        "js",
        "ci",
        "--offline",
        "--cache",
        cache.to_str().unwrap(),
        "/app",
    ];
    let line = w.fails(3, ci);
    assert!(line.contains("far") && line.contains("--offline"), "{line}");
    // What was there is there.
    assert_eq!(w.ok(["js", "--cwd", "/app", "-p", "require('own')"]), "linked\n");
    write("/app/package.json", "{}");
    assert!(w.fails(1, ci).contains("about own"));
    write(
        "/app/package-lock.json",
        r#"{"lockfileVersion": 3, "packages": {}}"#,
    );
    assert_eq!(w.object(ci)["packages"], 0);
    assert_eq!(
        w.ok(["ls", "/app"]).split_whitespace().collect::<Vec<_>>(),
        ["node_modules", "package-lock.json", "package.json", "packages"]
    );
    w.check();
}
