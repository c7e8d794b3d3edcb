//! `tarbox-js.wasm`: scripts on the directories that a runtime lends, and on a workspace in a database there.

use std::path::Path;

use crate::support::{Node, Outer, Runtime, js_wasm, native, native_run, text};

/// `tarbox run tarbox-js.wasm`, as a user of a workspace does it.
fn on_workspace(database: &Path, args: &[&str]) -> std::process::Output {
    native(database)
        .arg("run")
        .arg(js_wasm())
        .args(args)
        .output()
        .unwrap()
}

fn write(database: &Path, path: &str, content: &str) {
    let code = "require('fs').writeFileSync(process.argv[1], process.argv[2])";
    native_run(database, &["js", "-e", code, path, content]);
}

#[test]
fn a_script_of_a_workspace_runs_on_its_files() {
    let dir = tempfile::tempdir().unwrap();
    let database = dir.path().join("outer.db");
    native_run(&database, &["init"]);
    native_run(&database, &["mkdir", "/app"]);
    write(
        &database,
        "/app/lib.cjs",
        "exports.shout = (text) => text.toUpperCase();",
    );
    let main = "import { shout } from './lib.cjs'; import fs from 'node:fs'; import { inspect } from 'node:util';\n\
        const told: string[] = [];\n\
        fs.mkdirSync('/app/made/deep', { recursive: true }); fs.writeFileSync('/app/made/a.txt', 'one'); fs.appendFileSync('/app/made/a.txt', ' two');\n\
        fs.renameSync('/app/made/a.txt', '/app/made/deep/b.txt'); fs.symlinkSync('b.txt', '/app/made/deep/link'); fs.truncateSync('/app/made/deep/b.txt', 5);\n\
        const fd = fs.openSync('/app/made/deep/b.txt', 'r+'); fs.writeSync(fd, 'X', 0); fs.fsyncSync(fd); told.push(String(fs.fstatSync(fd).size)); fs.closeSync(fd);\n\
        told.push(fs.readFileSync('/app/made/deep/link', 'utf8'), fs.readlinkSync('/app/made/deep/link'), fs.readdirSync('/app/made/deep').join(), fs.realpathSync('/app/made/deep/link'));\n\
        for (const bad of [() => fs.readFileSync('/none'), () => fs.rmdirSync('/app/made'), () => fs.mkdirSync('/app'), () => fs.readFileSync('/app'), () => fs.openSync('/app', 'w')]) try { bad(); } catch (error: any) { told.push(error.code); }\n\
        fs.utimesSync('/app/made/deep/b.txt', 1, 2); told.push(String(fs.statSync('/app/made/deep/b.txt').mtimeMs));\n\
        await fs.promises.rm('/app/made', { recursive: true }); fs.writeFileSync('/app/out.txt', shout(inspect(told)));\n\
        console.log(process.argv.slice(2).join(), new URL('a?b', 'http://c/').search, Buffer.from('é').length);";
    write(&database, "/app/main.ts", main);
    let args = ["/app/main.ts", "x", "--y"];
    assert_eq!(text(on_workspace(&database, &args), &args), "x,--y ?b 2\n");
    assert_eq!(
        native_run(&database, &["cat", "/app/out.txt"])
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" "),
        "[ '5', 'XNE T', 'B.TXT', 'B.TXT,LINK', '/APP/MADE/DEEP/B.TXT', 'ENOENT', 'ENOTEMPTY', 'EEXIST', 'EISDIR', 'EISDIR', '2000' ]"
    );
    native_run(&database, &["fsck"]);
}

/// What a script has done is in a database that opens natively, and the other way round.
fn a_workspace_in_a_database_lasts(runtime: &dyn Runtime) {
    let run = |args: &[&str]| runtime.run(js_wasm(), args, "");
    run(&[
        "-e",
        "fs.writeFileSync('/a.txt', 'x'.repeat(1e6)); fs.mkdirSync('/d'); fs.writeFileSync('/d/run.mjs', 'console.log(await 1, import.meta.url)')",
    ]);
    assert_eq!(run(&["-p", "fs.readFileSync('/a.txt').length"]), "1000000\n");
    assert_eq!(run(&["/d/run.mjs"]), "1 file:///d/run.mjs\n");
    assert_eq!(
        runtime.run(js_wasm(), &["-"], "console.log(fs.readdirSync('/').join())"),
        "a.txt,d\n"
    );
    // Only the workspace is there.
    assert_eq!(run(&["-p", "fs.existsSync('/work')"]), "false\n");
}

#[test]
fn a_workspace_in_a_directory_of_the_host_lasts() {
    let dir = tempfile::tempdir().unwrap();
    a_workspace_in_a_database_lasts(&Node(dir.path().into()));
    let database = dir.path().join("inner.db");
    assert_eq!(native_run(&database, &["cat", "/a.txt"]).len(), 1_000_000);
    native_run(&database, &["fsck"]);
    native_run(&database, &["mkdir", "/native"]);
    let found = Node(dir.path().into()).run(js_wasm(), &["-p", "fs.existsSync('/native')"], "");
    assert_eq!(found, "true\n");
}

#[test]
fn without_a_database_a_script_has_the_directories_that_are_lent() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.txt"), "a").unwrap();
    let script = "fs.mkdirSync('/work/d/e', { recursive: true }); fs.writeFileSync('/work/d/b', fs.readFileSync('/work/a.txt')); \
                  console.log(fs.readdirSync('/work').sort().join(), fs.readdirSync('/work/d').sort().join())";
    let args = ["-e", script];
    let said = text(Node(dir.path().into()).output(js_wasm(), &args, ""), &args);
    assert_eq!(said, "a.txt,d b,e\n");
}

#[test]
fn a_workspace_inside_a_workspace_lasts() {
    let dir = tempfile::tempdir().unwrap();
    let outer = dir.path().join("outer.db");
    native_run(&outer, &["init"]);
    native_run(&outer, &["mkdir", "/inside"]);
    a_workspace_in_a_database_lasts(&Outer(outer.clone()));
    native_run(&outer, &["fsck"]);
}

/// Inside WebAssembly the stack is small, and where it ends the whole module ends: scripts must not get there.
#[test]
fn no_depth_and_no_limit_ends_the_module() {
    let dir = tempfile::tempdir().unwrap();
    let database = dir.path().join("w.db");
    native_run(&database, &["init"]);
    for (what, code) in [
        ("calls", "function f() { f(); } f()"),
        (
            "calls with arguments",
            "function f(a, b, c) { return f(a, b, [c]) + 1; } f(1, 2, 3)",
        ),
        ("getters", "const o = { get x() { return this.x; } }; o.x"),
        (
            "proxies",
            "let p = {}; for (let i = 0; i < 1e4; i++) p = new Proxy(p, {}); p.x",
        ),
        ("source", "eval('['.repeat(1e5) + ']'.repeat(1e5))"),
        (
            "functions in source",
            "eval('(function(){'.repeat(1e5) + '})'.repeat(1e5))",
        ),
        ("JSON", "JSON.parse('['.repeat(1e6))"),
        (
            "JSON out",
            "let a = []; for (let i = 0; i < 3e3; i++) a = [a]; JSON.stringify(a)",
        ),
        (
            "regular expressions",
            "new RegExp('('.repeat(1e5) + ')'.repeat(1e5))",
        ),
        (
            "toString",
            "let a = []; a[0] = { toString() { return String(a); } }; String(a) + String({ toString() { return `${this}`; } })",
        ),
        (
            "inspect",
            "let a = {}; for (let i = 0; i < 300; i++) a = { a }; require('util').inspect(a, { depth: Infinity })",
        ),
        ("sorting", "function f() { [2, 1].sort(() => f()); } f()"),
        ("replacing", "function f() { 'a'.replace(/a/, () => f()); } f()"),
    ] {
        let code = format!("try {{ {code} }} catch (e) {{}} console.log('still here')");
        let output = on_workspace(&database, &["-e", &code]);
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "still here\n",
            "{what}: {output:?}"
        );
    }
    for (code, options, exit) in [
        ("for (;;) try { for (;;); } catch {}", ["--fuel", "3000000"], 152),
        (
            "const all = []; for (;;) try { all.push(new Array(1e5).fill(1)); } catch {}",
            ["--max-memory", "32"],
            137,
        ),
        ("for (;;) try { for (;;); } catch {}", ["--timeout", "0.2"], 124),
        ("process.exit(7)", ["--fuel", "3000000"], 7),
    ] {
        let output = on_workspace(&database, &[options[0], options[1], "-e", code]);
        assert_eq!(output.status.code(), Some(exit), "{code}: {output:?}");
    }
}
