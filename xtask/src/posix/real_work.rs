//! Programs that know nothing of Tarbox, at their daily work.

use anyhow::{Result, ensure};

use super::Amount;
use super::workspace::Workspace;
use crate::command::Cmd;
use crate::project::Project;

/// Runs a script in the mount, with `$SOURCE` as this checkout and `$BESIDE` as a directory of the machine.
fn script(project: &Project, workspace: &Workspace, text: &str) -> Result<String> {
    Cmd::new("sh")
        .args(["-euc", text])
        .dir(workspace.dir())
        .env("SOURCE", &project.root)
        .env("BESIDE", &workspace.beside)
        .output()
}

/// A clone, a commit, a repack and a check of everything.
pub(super) fn git(project: &Project, workspace: &Workspace, _: Amount) -> Result<()> {
    let status = script(
        project,
        workspace,
        "git clone --quiet --no-hardlinks \"$SOURCE\" clone
         cd clone
         git config user.name t && git config user.email t@example.org
         cp -r crates copy && git add copy && git commit --quiet -m copy
         git gc --quiet && git fsck --strict >&2
         git checkout --quiet HEAD~1 && git checkout --quiet -
         git status --porcelain",
    )?;
    ensure!(status.is_empty(), "git sees changes that nobody made: {status}");
    Ok(())
}

/// There and back again, with everything that tar keeps.
pub(super) fn tar(project: &Project, workspace: &Workspace, _: Amount) -> Result<()> {
    script(
        project,
        workspace,
        "mkdir tree && cp -a \"$SOURCE/crates\" tree/
         ln tree/crates/fs/Cargo.toml tree/hard && ln -s nowhere tree/soft && mkfifo tree/pipe
         truncate -s 5M tree/sparse && setfattr -n user.a -v b tree/hard 2>/dev/null || true
         tar --xattrs --sparse --numeric-owner -cf \"$BESIDE/a.tar\" tree
         mkdir back && tar --xattrs --numeric-owner -xpf \"$BESIDE/a.tar\" -C back
         tar --xattrs --compare -f \"$BESIDE/a.tar\" -C back
         diff -r --no-dereference --exclude pipe tree back/tree",
    )
    .map(drop)
}

/// There and back again, with everything that rsync keeps, compared by checksums.
pub(super) fn rsync(project: &Project, workspace: &Workspace, _: Amount) -> Result<()> {
    let said = script(
        project,
        workspace,
        "cd \"$BESIDE\" && mkdir from back && cp -a \"$SOURCE/crates\" from/
         ln from/crates/fs/Cargo.toml from/hard && ln -s nowhere from/soft && mkfifo from/pipe
         truncate -s 5M from/sparse && python3 -c 'import os; os.setxattr(\"from/hard\", \"user.a\", b\"b\")'
         chown -R daemon:daemon from/crates/store && chmod 4750 from/hard
         there=\"$OLDPWD/there\"
         rsync -aHAX --checksum from/ \"$there/\" && rsync -aHAX --checksum \"$there/\" back/
         rsync -aHAX --checksum --dry-run --itemize-changes from/ back/
         rsync -aHAX --checksum --dry-run --itemize-changes --delete from/ \"$there/\"",
    )?;
    ensure!(said.is_empty(), "what came back is not what went there: {said}");
    Ok(())
}

const MANIFEST: &str = "[package]
name = \"project\"
version = \"0.1.0\"
edition = \"2024\"
[dependencies]
clap = { version = \"4\", features = [\"derive\"] }
serde = { version = \"1\", features = [\"derive\"] }
serde_json = \"1\"
[workspace]
";
const MAIN: &str = "#[derive(clap::Parser, serde::Serialize)]
struct Args { name: String }
fn main() { println!(\"{}\", serde_json::to_string(&<Args as clap::Parser>::parse()).unwrap()); }
";

/// A program with dependencies, of the versions that this checkout has; changed, and built again.
pub(super) fn cargo(project: &Project, workspace: &Workspace, _: Amount) -> Result<()> {
    let dir = workspace.dir().join("project");
    std::fs::create_dir_all(dir.join("src"))?;
    std::fs::write(dir.join("Cargo.toml"), MANIFEST)?;
    std::fs::write(dir.join("src/main.rs"), MAIN)?;
    std::fs::copy(project.root.join("Cargo.lock"), dir.join("Cargo.lock"))?;
    let cargo = |args: &[&str]| {
        Cmd::cargo()
            .args(args)
            .dir(&dir)
            .env("CARGO_TARGET_DIR", dir.join("target"))
    };
    let said = cargo(&["run", "--quiet", "--", "Ann"]).output()?;
    ensure!(said == r#"{"name":"Ann"}"#, "the program said {said}");
    std::fs::write(dir.join("src/main.rs"), MAIN.replace("name", "called"))?;
    let said = cargo(&["run", "--quiet", "--", "Ann"]).output()?;
    ensure!(said == r#"{"called":"Ann"}"#, "the changed program said {said}");
    cargo(&["clean", "--quiet"]).run_silent()
}

/// More than 250 packages, which then do their work.
pub(super) fn npm(project: &Project, workspace: &Workspace, _: Amount) -> Result<()> {
    const PACKAGE: &str = r#"{ "name": "project", "private": true, "dependencies": { "jest": "29.7.0" } }"#;
    const TEST: &str = "test('adds', () => expect(1 + 1).toBe(2))\n";
    std::fs::write(workspace.dir().join("package.json"), PACKAGE)?;
    std::fs::write(workspace.dir().join("sum.test.js"), TEST)?;
    let cache = project.target.join("posix-npm-cache");
    Cmd::new("npm")
        .args([
            "install",
            "--prefer-offline",
            "--no-audit",
            "--no-fund",
            "--cache",
        ])
        .arg(cache)
        .dir(workspace.dir())
        .run_silent()?;
    script(
        project,
        workspace,
        "npm ls --all >/dev/null && npx --offline jest && rm -r node_modules",
    )
    .map(drop)
}

/// Two processes that write one database with a write-ahead log, which lives in shared memory.
pub(super) fn sqlite(project: &Project, workspace: &Workspace, _: Amount) -> Result<()> {
    const WRITE: &str = "import sqlite3, sys
db = sqlite3.connect('work.db', timeout=60, isolation_level=None)
db.execute('PRAGMA journal_mode=WAL')
db.execute('CREATE TABLE IF NOT EXISTS t(who, n)')
for n in range(500):
    db.execute('INSERT INTO t VALUES(?, ?)', (sys.argv[1], n))
";
    const CHECK: &str = "import sqlite3
db = sqlite3.connect('work.db')
assert db.execute('PRAGMA integrity_check').fetchall() == [('ok',)]
assert db.execute('SELECT count(*), count(DISTINCT who || n) FROM t').fetchone() == (1000, 1000)
";
    std::fs::write(workspace.dir().join("write.py"), WRITE)?;
    std::fs::write(workspace.dir().join("check.py"), CHECK)?;
    let work = "python3 write.py a & one=$!; python3 write.py b; wait $one; python3 check.py";
    script(project, workspace, work).map(drop)
}
