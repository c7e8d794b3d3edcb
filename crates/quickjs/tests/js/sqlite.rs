//! `node:sqlite`: as Node.js 22 has it, on files of the workspace, within limits.

use std::time::Duration;

use tarbox_quickjs::{Capability, Death, Entry, Limits, Outcome};

use crate::support::Workspace;

const SCRIPT: &str = include_str!("../node/sqlite.cjs");
const NODE_SAYS: &str = include_str!("../node/sqlite.txt");

#[test]
fn everything_is_answered_as_node_answers_it() {
    let workspace = Workspace::new();
    workspace.write("/tmp/tarbox-sqlite-test/.keep", "");
    assert_eq!(workspace.run(SCRIPT).text(), NODE_SAYS);
}

/// Runs scripts one after the other, each in an engine of its own.
fn one_after_the_other(workspace: &Workspace, scripts: &[(&str, &str)]) {
    for (script, answer) in scripts {
        let code = format!("const {{ DatabaseSync }} = require('node:sqlite'); {script}");
        assert_eq!(workspace.run(&code).text(), *answer, "{script}");
    }
}

#[test]
fn a_database_is_a_file_that_the_next_script_finds() {
    let workspace = Workspace::new();
    one_after_the_other(
        &workspace,
        &[
            (
                "const db = new DatabaseSync('/d.db'); db.exec(`PRAGMA journal_mode = WAL; CREATE TABLE t(x); INSERT INTO t VALUES (1)`);
                 db.exec('BEGIN; INSERT INTO t VALUES (2)')", // never committed, never closed
                "",
            ),
            (
                "console.log(new DatabaseSync('/d.db').prepare('SELECT x FROM t').all().length, fs.readdirSync('/').filter((name) => /lock|wal/.test(name)))",
                "1 []\n",
            ),
            (
                "fs.symlinkSync('/d.db', '/link'); const a = new DatabaseSync('/link'), b = new DatabaseSync('d.db');
                 a.exec('INSERT INTO t VALUES (3)'); console.log(b.prepare('SELECT count(*) AS n FROM t').get().n, a.location())",
                "2 /d.db\n",
            ),
            (
                "const db = new DatabaseSync(':memory:'); db.exec(`ATTACH '/d.db' AS d; ATTACH '/tmp/e.db' AS e; CREATE TABLE e.t AS SELECT * FROM d.t`);
                 db.exec(`VACUUM d INTO '/copy.db'`); db.close();
                 console.log(new DatabaseSync('/copy.db', { readOnly: true }).prepare('SELECT sum(x) AS s FROM t').get().s, fs.existsSync('/tmp/e.db'))",
                "4 true\n",
            ),
        ],
    );
}

#[test]
fn a_database_belongs_to_one_engine_at_a_time() {
    let workspace = Workspace::new();
    let child = "try { new (require('node:sqlite').DatabaseSync)('/d.db', { timeout: 20 }); console.log('open') } catch (e) { console.log(e.message, e.errcode) }";
    let code = format!(
        "const {{ DatabaseSync }} = require('node:sqlite'); const {{ execFileSync }} = require('child_process');
         const child = () => process.stdout.write(execFileSync(process.execPath, ['-e', {child:?}]));
         const db = new DatabaseSync('/d.db'); db.exec('CREATE TABLE t(x)'); child(); db.close(); child()"
    );
    assert_eq!(workspace.run(&code).text(), "database is locked 5\nopen\n");
}

#[test]
fn nothing_else_is_reached_by_names() {
    let workspace = Workspace::new();
    let secret = tempfile::NamedTempFile::new().unwrap();
    let path = secret.path().display().to_string();
    let code = format!(
        "const {{ DatabaseSync }} = require('node:sqlite'); const db = new DatabaseSync(':memory:');
         for (const sql of [
           `ATTACH 'file:{path}?vfs=unix' AS x`, `ATTACH 'FILE:///x?vfs=memdb' AS x`, `ATTACH ('file:' || '{path}?vfs=unix') AS x`,
           `VACUUM INTO 'file:{path}2?vfs=unix'`, `VACUUM INTO '/../..{path}3'`,
           `PRAGMA temp_store_directory = '/'`, `PRAGMA hard_heap_limit = 1`, `PRAGMA threads = 8`, `SELECT load_extension('/x')`,
           `SELECT fts3_tokenizer('simple', x'0000000000000000')`,
         ]) try {{ db.exec(sql); console.log('done') }} catch (e) {{ console.log(e.message) }}"
    );
    let ran = workspace.run(&code);
    // What climbs is at the root of what the script sees.
    assert_eq!(ran.text().matches("done").count(), 1, "{}", ran.output);
    assert!(workspace.read(&format!("{path}3")).starts_with("SQLite format 3"));
    assert!(!std::path::Path::new(&format!("{path}2")).exists());
    assert!(!std::path::Path::new(&format!("{path}3")).exists());
}

#[test]
fn what_is_lent_read_only_is_only_read() {
    let workspace = Workspace::new();
    workspace.write("/ro/.keep", "");
    workspace
        .run("new (require('node:sqlite').DatabaseSync)('/ro/d.db').exec('CREATE TABLE t(x); INSERT INTO t VALUES (7)')")
        .text();
    let lent = workspace.mount("/ro", "/data", Capability::ReadOnly);
    let code = "const db = new (require('node:sqlite').DatabaseSync)('/data/d.db'); console.log(db.prepare('SELECT x FROM t').get().x);
                try { db.exec('DELETE FROM t') } catch (e) { console.log(e.message) }
                try { new (require('node:sqlite').DatabaseSync)('/data/new.db') } catch (e) { console.log(e.message) }";
    let ran = workspace.run_on(vec![lent], &Entry::Code(code.into()), Limits::default());
    assert_eq!(
        ran.text(),
        "7\nattempt to write a readonly database\nunable to open database file\n"
    );
}

#[test]
fn limits_hold_inside_sql() {
    let endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)";
    let limits = |timeout: Option<u64>, fuel, memory| Limits {
        timeout: timeout.map(Duration::from_millis),
        fuel,
        memory,
        ..Limits::default()
    };
    for (sql, limits, death) in [
        (
            format!("{endless} SELECT count(*) FROM n"),
            limits(Some(300), None, 1 << 30),
            Death::Timeout,
        ),
        (
            format!("{endless} SELECT count(*) FROM n"),
            limits(None, Some(5_000_000), 1 << 30),
            Death::Fuel,
        ),
        (
            format!("CREATE TABLE t(x); {endless} INSERT INTO t SELECT randomblob(1000) FROM n"),
            limits(None, None, 64 << 20),
            Death::Memory,
        ),
    ] {
        let workspace = Workspace::new();
        let code = format!(
            "const db = new (require('node:sqlite').DatabaseSync)(':memory:');
             for (;;) try {{ db.exec(`{sql}`) }} catch (e) {{}} finally {{ console.log('on') }}"
        );
        let ran = workspace.run_within(&code, limits);
        assert_eq!(ran.outcome, Outcome::Died(death), "{sql}: {}", ran.errors);
    }
    // What has no step at which it could be ended is bounded by itself.
    let code = "const db = new (require('node:sqlite').DatabaseSync)(':memory:');
                for (const sql of ['SELECT zeroblob(1e9)', `SELECT printf('%1000000000d', 1)`, `SELECT replace(hex(zeroblob(1e6)), '0', hex(zeroblob(1e4)))`])
                  try { db.prepare(sql).get(); console.log('done') } catch (e) { console.log(e.message) }";
    let ran = Workspace::new().run_within(code, limits(None, None, 64 << 20));
    assert!(!ran.output.contains("done"), "{}", ran.output);
    // Sorting goes to temporary files.
    let code = format!(
        "const db = new (require('node:sqlite').DatabaseSync)('/s.db');
         db.exec('PRAGMA temp_store = FILE');
         db.exec(`{endless} SELECT randomblob(2000) AS r FROM n LIMIT 200000 ORDER BY r`.replace('LIMIT 200000 ORDER BY r', 'ORDER BY r LIMIT -1'))"
    );
    let ran = Workspace::new().run_within(&code, limits(Some(20_000), None, 64 << 20));
    assert!(
        ran.errors.contains("database or disk is full") || ran.outcome == Outcome::Died(Death::Memory),
        "{ran:?}"
    );
}

#[test]
fn functions_that_come_back_are_told_no() {
    let code = r#"
        const { DatabaseSync } = require('node:sqlite');
        const db = new DatabaseSync(':memory:');
        db.exec('CREATE TABLE t(x); INSERT INTO t VALUES (1), (2)');
        let all;
        const said = [];
        const tell = (f) => { try { f(); said.push('done') } catch (e) { said.push(e.message) } };
        db.function('f', (x) => {
          tell(() => db.close());
          tell(() => all.get());
          tell(() => db.exec('DROP TABLE t'));
          db.exec('CREATE TABLE IF NOT EXISTS u(x)');
          structuredClone(new Uint8Array(9), {});
          return x + db.prepare('SELECT count(*) AS n FROM t').get().n;
        });
        all = db.prepare('SELECT f(x) AS y FROM t');
        console.log(all.all().map((row) => row.y));
        console.log([...new Set(said)].join('; '));
        const deep = (n) => db.prepare(`SELECT g(${n}) AS y`).get().y;
        db.function('g', (n) => deep(n + 1));
        try { deep(0) } catch (e) { console.log(e.name) }
        for (const bad of [Symbol(), {}, new Proxy({}, {}), () => 1, new Date(), 10n ** 30n]) tell(() => db.prepare('SELECT ?').get(1, bad));
        db.exec('PRAGMA writable_schema = 1'); tell(() => db.exec("UPDATE sqlite_schema SET sql = 'CREATE TABLE t(' || hex(randomblob(99))"));
        tell(() => db.exec('VACUUM'));
        const iterator = db.prepare('SELECT 1 UNION SELECT 2').iterate(); iterator.next(); db.close();
        tell(() => iterator.next());
        console.log('still here');
    "#;
    let ran = Workspace::new().run(code);
    let lines: Vec<_> = ran.text().lines().collect();
    assert_eq!(lines[0], "[ 3, 4 ]");
    assert_eq!(
        lines[1],
        "database is in use by a function; statement is running; database table is locked"
    );
    assert_eq!(lines[2..], ["RangeError", "still here"]);
}
