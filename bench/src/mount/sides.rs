//! What is compared: directories that are served in different ways.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use tarbox_bench_work::Result;
use tempfile::TempDir;

use crate::{Bench, left_over, programs};

/// Who serves a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// `tarbox mount`.
    Tarbox,
    /// `bindfs`, as it comes, on a directory of the host.
    Bindfs,
    /// The host itself.
    Host,
}

/// A directory of each side, mounted where it has to be.
pub(crate) struct Sides {
    dir: TempDir,
    tarbox: PathBuf,
    mounted: Vec<Side>,
}

impl Sides {
    /// Makes and mounts them, empty.
    ///
    /// # Errors
    /// When a mount cannot be made; `bindfs` may be missing.
    pub(crate) fn new(bench: &Bench) -> Result<Self> {
        let mut sides = Self {
            dir: bench.place.group("mount")?,
            tarbox: programs::tarbox()?,
            mounted: Vec::new(),
        };
        for name in ["Tarbox", "Bindfs", "Host", "below"] {
            std::fs::create_dir(sides.dir.path().join(name))?;
        }
        run(Command::new(&sides.tarbox).arg(sides.db()).arg("init"))?;
        sides.mount(Side::Tarbox)?;
        sides.mount(Side::Bindfs)?;
        Ok(sides)
    }

    /// The directory.
    pub(crate) fn root(&self, side: Side) -> PathBuf {
        self.dir.path().join(format!("{side:?}"))
    }

    /// A directory beside all of them.
    pub(crate) fn beside(&self) -> &Path {
        self.dir.path()
    }

    /// Mounts a side anew, so that nothing is left of what its kernel and its process remember.
    pub(crate) fn remount(&mut self, side: Side) -> Result<()> {
        self.unmount(side)?;
        self.mount(side)
    }

    fn mount(&mut self, side: Side) -> Result<()> {
        let root = self.root(side);
        match side {
            Side::Tarbox => run(Command::new(&self.tarbox).arg(self.db()).arg("mount").arg(root))?,
            Side::Bindfs => run(Command::new("bindfs")
                .arg(self.dir.path().join("below"))
                .arg(root))?,
            Side::Host => return Ok(()),
        }
        self.mounted.push(side);
        Ok(())
    }

    fn unmount(&mut self, side: Side) -> Result<()> {
        match side {
            Side::Tarbox => run(Command::new(&self.tarbox).arg("umount").arg(self.root(side)))?,
            Side::Bindfs => run(Command::new("fusermount3").arg("-u").arg(self.root(side)))?,
            Side::Host => return Ok(()),
        }
        self.mounted.retain(|other| *other != side);
        Ok(())
    }

    fn db(&self) -> String {
        format!("--db=sqlite:{}", self.dir.path().join("tarbox.db").display())
    }
}

impl Drop for Sides {
    fn drop(&mut self) {
        for side in self.mounted.clone() {
            // A program that was started here and does not end must not keep the mount.
            if let Err(e) = self.unmount(side) {
                eprintln!("{e}");
                left_over::detach(&self.root(side));
            }
        }
    }
}

/// A command that works in a directory of a side.
pub(crate) fn shell(dir: &Path, script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-euc", script]).current_dir(dir);
    command
}

/// Runs a command to its end; what it says is seen only if it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|e| format!("{}: {e}", command.get_program().display()))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "{command:?} ended with {}: {}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
        .into()),
    }
}

/// Milliseconds that work takes, begun when nothing waits for the device.
pub(crate) fn millis(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    run(&mut Command::new("sync"))?;
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}
