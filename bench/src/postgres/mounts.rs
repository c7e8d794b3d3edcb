//! Mounts of two file systems on the same server: ours, and JuiceFS with its content in a directory.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tarbox_bench_work::Result;
use tarbox_test_postgres::server;
use tempfile::TempDir;

use crate::mount::sides;
use crate::report::{Report, Row};
use crate::turns::{micros_each, turns};
use crate::{Bench, left_over, programs};

/// What an operation may cost of the rival's.
const GOAL: f64 = 0.3;
const ROUNDS: u64 = 3;
/// Files of a directory.
const PER_DIR: usize = 500;
/// How long a mount may take to be there.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy)]
enum Side {
    Tarbox,
    Juicefs,
}

/// Both, mounted.
struct Sides {
    dir: TempDir,
    tarbox: PathBuf,
    db: String,
    /// Files of each round.
    files: usize,
}

/// Measures all of them.
pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let sides = RefCell::new(Sides::new(bench)?);
    type Work = fn(&Sides, &Path) -> Result<()>;
    let works: [(&str, Work); 5] = [
        ("create", Sides::create),
        ("stat", Sides::stat),
        ("list", Sides::list),
        ("rename", Sides::rename),
        ("unlink", Sides::unlink),
    ];
    for (name, work) in works {
        let cost = |side: Side, round: u64| {
            let sides = sides.borrow();
            let at = sides.root(side).join(round.to_string());
            fs::create_dir_all(&at)?;
            micros_each(sides.files, || work(&sides, &at))
        };
        let pair = turns(
            ROUNDS,
            |round| cost(Side::Tarbox, round),
            |round| cost(Side::Juicefs, round),
        )?;
        report.row(&Row::new(format!("pg mount {name} vs juicefs"), pair.ours, pair.peer, "µs").goal(GOAL));
    }
    Ok(())
}

impl Sides {
    /// Makes and mounts them, empty.
    fn new(bench: &Bench) -> Result<Self> {
        let made = Self {
            dir: bench.place.group("pg-mount")?,
            tarbox: programs::tarbox()?,
            db: format!("--db={}", server().fresh_url()),
            files: if bench.quick { 300 } else { 10_000 },
        };
        for name in ["Tarbox", "Juicefs", "blocks"] {
            fs::create_dir(made.dir.path().join(name))?;
        }
        sides::run(Command::new(&made.tarbox).args([&made.db, "init"]))?;
        sides::run(
            Command::new(&made.tarbox)
                .args([&made.db, "mount"])
                .arg(made.root(Side::Tarbox)),
        )?;
        made.mount_juicefs()?;
        Ok(made)
    }

    /// Its metadata goes to a database of its own on the same server, its content to a directory.
    fn mount_juicefs(&self) -> Result<()> {
        let program = juicefs()?;
        let meta = format!(
            "postgres://host={} user=tarbox dbname={} sslmode=disable",
            server().directory().display(),
            server().fresh()
        );
        let (root, at) = (self.root(Side::Juicefs), self.dir.path());
        let mut format = Command::new(&program);
        format.args(["format", "--storage", "file", "--bucket"]);
        // A directory is told from a prefix by its slash.
        format.arg(format!("{}/", at.join("blocks").display()));
        sides::run(format.arg(&meta).arg("bench"))?;
        let mut mount = Command::new(&program);
        mount.args(["mount", "-d", "--no-usage-report", "--cache-dir"]);
        mount.arg(at.join("cache")).arg("--no-syslog");
        sides::run(mount.arg(&meta).arg(&root))?;
        let limit = Instant::now() + PATIENCE;
        while !is_mounted(&root) {
            if Instant::now() > limit {
                return Err("JuiceFS does not mount".into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn root(&self, side: Side) -> PathBuf {
        self.dir.path().join(format!("{side:?}"))
    }

    fn create(&self, at: &Path) -> Result<()> {
        for i in 0..self.files {
            if i % PER_DIR == 0 {
                fs::create_dir(at.join((i / PER_DIR).to_string()))?;
            }
            fs::write(file(at, i), [7; 1024])?;
        }
        Ok(())
    }

    fn stat(&self, at: &Path) -> Result<()> {
        // In another order than they were made in.
        for i in 0..self.files {
            fs::metadata(file(at, i * 7919 % self.files))?;
        }
        Ok(())
    }

    fn list(&self, at: &Path) -> Result<()> {
        let mut count = 0;
        for dir in fs::read_dir(at)? {
            for entry in fs::read_dir(dir?.path())? {
                entry?;
                count += 1;
            }
        }
        match count == self.files {
            true => Ok(()),
            false => Err(format!("{count} of {} files are listed", self.files).into()),
        }
    }

    fn rename(&self, at: &Path) -> Result<()> {
        for i in 0..self.files {
            let from = file(at, i);
            fs::rename(&from, from.with_extension("new"))?;
        }
        Ok(())
    }

    fn unlink(&self, at: &Path) -> Result<()> {
        for i in 0..self.files {
            fs::remove_file(file(at, i).with_extension("new"))?;
        }
        Ok(())
    }
}

fn file(at: &Path, i: usize) -> PathBuf {
    at.join((i / PER_DIR).to_string()).join(format!("file{i}"))
}

fn is_mounted(at: &Path) -> bool {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    mounts.contains(&format!(" {} ", at.display()))
}

/// What `cargo xtask setup` has unpacked.
fn juicefs() -> Result<PathBuf> {
    let tools = std::env::var_os("TARBOX_JUICEFS")
        .ok_or("TARBOX_JUICEFS names no program; `cargo xtask bench` sets it")?;
    Ok(tools.into())
}

impl Drop for Sides {
    fn drop(&mut self) {
        let root = self.root(Side::Tarbox);
        if let Err(e) = sides::run(Command::new(&self.tarbox).arg("umount").arg(&root)) {
            eprintln!("{e}");
            left_over::detach(&root);
        }
        let juicefs = self.root(Side::Juicefs);
        if is_mounted(&juicefs) {
            left_over::detach(&juicefs);
        }
    }
}
