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
