//! Suites made to find faults of file systems.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::Amount;
use super::workspace::Workspace;
use crate::command::Cmd;
use crate::project::Project;

const PJDFSTEST: &str = r#"[features]
posix_fallocate = {}
rename_ctime = {}
utime_now = {}
utimensat = {}
[settings]
naptime = 0.01
allow_remount = false
[dummy_auth]
entries = [["nobody", "nogroup"], ["daemon", "daemon"]]
"#;

/// What pjdfstest cannot ask of a FUSE mount, with the reasons in `docs/posix.md`.
const SKIPPED: &[&str] = &["link_count_max", "erofs_named", "erofs_new_file"];

pub(super) fn pjdfstest(project: &Project, workspace: &Workspace, _: Amount) -> Result<()> {
    let config = workspace.beside.join("pjdfstest.toml");
    fs::write(&config, PJDFSTEST)?;
    let other = workspace.beside.join("other");
    fs::create_dir_all(&other)?;
    let said = Cmd::new(project.tools.bin().join("pjdfstest"))
        .arg("-c")
        .arg(config)
        .arg("-p")
        .arg(workspace.dir())
        .arg("-s")
        .arg(other)
        .output()?;
    let skipped = said
        .lines()
        .filter_map(|line| line.strip_suffix("skipped").map(str::trim))
        .filter(|name| !SKIPPED.iter().any(|known| name.ends_with(known)));
    let skipped: Vec<_> = skipped.collect();
    ensure!(skipped.is_empty(), "pjdfstest skipped {}", skipped.join(", "));
    println!("pjdfstest: {}", said.lines().last().unwrap_or_default());
    Ok(())
}

/// Ranges of length 0, which `fallocate` has to refuse, are left out: fsx takes the refusal for a fault.
const FSX: &str = "[opsize]
min = 1
max = 65536
[weights]
close_open = 1.0
invalidate = 1.0
mapread = 1.0
mapwrite = 1.0
read = 1.0
write = 1.0
truncate = 1.0
fsync = 0.02
fdatasync = 0.02
posix_fallocate = 1.0
punch_hole = 1.0
sendfile = 1.0
posix_fadvise = 1.0
copy_file_range = 1.0
";

pub(super) fn fsx(project: &Project, workspace: &Workspace, amount: Amount) -> Result<()> {
    let config = workspace.beside.join("fsx.toml");
    fs::write(&config, FSX)?;
    let (seeds, operations) = match amount {
        Amount::Quick => (1..=2, "10000"),
        Amount::Full => (1..=10, "100000"),
    };
    for seed in seeds {
        Cmd::new(project.tools.bin().join("fsx"))
            .args(["-q", "-N", operations, "-S", &seed.to_string(), "-P"])
            .arg(&workspace.beside)
            .arg("-f")
            .arg(&config)
            .arg(workspace.dir().join(format!("fsx{seed}")))
            .run_silent()?;
    }
    Ok(())
}

/// Stressors of files beside those of the class `filesystem`.
const STRESSORS: &[&str] = &["aio", "readahead", "seek", "sendfile", "splice", "mmap", "msync"];
/// What FUSE does not hand on, with the reasons in `docs/posix.md`.
const NOT_OVER_FUSE: &[&str] = &["fiemap"];

/// Every stressor of file systems that passes beside the mount has to pass in it.
pub(super) fn stress(_: &Project, workspace: &Workspace, _: Amount) -> Result<()> {
    // What it answers when it is asked for a class that it does not know is the list of this one.
    let class = Cmd::new("stress-ng").args(["--class", "filesystem?"]).output()?;
    let (_, class) = class.split_once(": ").context("stress-ng names no stressors")?;
    let beside = workspace.beside.join("stress");
    fs::create_dir_all(&beside)?;
    let mut failed = Vec::new();
    for stressor in class.split_whitespace().chain(STRESSORS.iter().copied()) {
        let Err(error) = stressor_passes(stressor, workspace.dir()) else {
            continue;
        };
        match stressor_passes(stressor, &beside) {
            Ok(()) if !NOT_OVER_FUSE.contains(&stressor) => failed.push(error.to_string()),
            Ok(()) => println!("stress-ng: {stressor} needs something that FUSE does not support"),
            Err(_) => println!("stress-ng: {stressor} does not pass outside the mount either"),
        }
    }
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}

/// A stressor that finds nothing to do says so and counts as passed; here it does not.
fn stressor_passes(stressor: &str, dir: &Path) -> Result<()> {
    let said = Cmd::new("sh")
        .args(["-c", "exec stress-ng \"$@\" 2>&1", "stress-ng", "--temp-path"])
        .arg(dir)
        .args([&format!("--{stressor}"), "2", "--verify", "--timeout", "5"])
        .args([
            "--hdd-bytes",
            "64m",
            "--iomix-bytes",
            "64m",
            "--fallocate-bytes",
            "64m",
        ])
        .args(["--mmap-bytes", "32m", "--mmap-file"])
        .dir(dir)
        .output()?;
    let skipped = said.lines().find(|line| line.contains("skipping stress"));
    skipped.map_or(Ok(()), |line| bail!("{line}"))
}

pub(super) fn fio(_: &Project, workspace: &Workspace, _: Amount) -> Result<()> {
    for (rw, block, direct) in [
        ("randwrite", "4k", "0"),
        ("randwrite", "4k", "1"),
        ("write", "1m", "0"),
        ("randrw", "16k", "0"),
    ] {
        Cmd::new("fio")
            .args([
                "--name=verify",
                "--size=64m",
                "--verify=crc32c",
                "--verify_fatal=1",
                "--numjobs=2",
            ])
            .arg(format!("--rw={rw}"))
            .arg(format!("--bs={block}"))
            .arg(format!("--direct={direct}"))
            .arg(format!("--directory={}", workspace.dir().display()))
            .dir(&workspace.beside) // where it keeps what it has verified
            .run_silent()?;
    }
    Ok(())
}

pub(super) fn dbench(_: &Project, workspace: &Workspace, _: Amount) -> Result<()> {
    let said = Cmd::new("dbench")
        .args(["-t", "30", "4", "-D"])
        .arg(workspace.dir())
        .output()?;
    last_line("dbench", &said)
}

pub(super) fn fs_mark(_: &Project, workspace: &Workspace, _: Amount) -> Result<()> {
    let said = Cmd::new("fs_mark")
        .args(["-n", "2000", "-s", "10240", "-t", "2", "-S", "1", "-d"])
        .arg(workspace.dir())
        .dir(&workspace.beside)
        .output()?;
    last_line("fs_mark", &said)
}

/// Small files of mail and news: made, appended to, read, removed.
pub(super) fn postmark(_: &Project, workspace: &Workspace, _: Amount) -> Result<()> {
    let orders = workspace.beside.join("postmark");
    let dir = workspace.dir().display();
    fs::write(
        &orders,
        format!(
            "set location {dir}\nset number 2000\nset transactions 10000\nset subdirectories 10\nrun\nquit\n"
        ),
    )?;
    let said = Cmd::new("postmark").arg(&orders).output()?;
    let rate = said.lines().find(|line| line.contains("transactions ("));
    let rate = rate.context("postmark did not finish")?;
    println!("postmark: {}", rate.trim());
    Ok(())
}

fn last_line(name: &str, said: &str) -> Result<()> {
    let line = said.lines().rev().find(|line| !line.trim().is_empty());
    println!("{name}: {}", line.unwrap_or_default().trim());
    Ok(())
}
