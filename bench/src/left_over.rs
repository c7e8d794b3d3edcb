//! Ending what a run started, however it ends: at a signal by itself, and after a crash by the next run.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::place::PREFIX;

/// Locked as long as a run lasts.
const SIGN: &str = "running";

/// Says that a run goes on in this directory.
pub(crate) fn sign(dir: &Path) -> io::Result<File> {
    let sign = File::create(dir.join(SIGN))?;
    sign.lock()?;
    Ok(sign)
}

/// Takes away what runs that did not come to their end have left in `parent`.
pub(crate) fn clear(parent: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.starts_with(PREFIX)) && is_over(&path) {
            eprintln!("taking away {}, which an earlier run has left", path.display());
            take_away(&path);
        }
    }
    Ok(())
}

/// Whether nobody runs there any more. A run that is only about to say so has an empty directory, which is left alone.
fn is_over(dir: &Path) -> bool {
    File::open(dir.join(SIGN)).is_ok_and(|sign| sign.try_lock().is_ok())
}

/// Ends this process at a signal that asks for it, without leaving anything.
pub(crate) fn clear_at_signals(dir: &Path) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let dir = dir.to_owned();
    std::thread::Builder::new().spawn(move || {
        if let Some(signal) = signals.forever().next() {
            take_away(&dir);
            std::process::exit(128 + signal);
        }
    })?;
    Ok(())
}

/// Takes away what is mounted below the directory, and the directory.
fn take_away(dir: &Path) {
    if mounted_below(dir).iter().rev().all(|place| detach(place))
        && let Err(e) = fs::remove_dir_all(dir)
    {
        eprintln!("{} stays: {e}", dir.display());
    }
}

/// Takes a mount away, also where a program still uses it; the process behind it ends with the last one. Answers whether
/// that was possible.
pub(crate) fn detach(place: &Path) -> bool {
    let status = Command::new("fusermount3")
        .args(["-u", "-z", "--"])
        .arg(place)
        .stdin(Stdio::null())
        .status();
    let gone = status.is_ok_and(|status| status.success());
    if !gone {
        eprintln!("{} stays mounted", place.display());
    }
    gone
}

/// The mounts below a directory, in the order they were made.
fn mounted_below(dir: &Path) -> Vec<PathBuf> {
    let table = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let places = table.lines().filter_map(|line| line.split(' ').nth(1));
    places
        .map(PathBuf::from)
        .filter(|place| place.starts_with(dir))
        .collect()
}

#[cfg(test)]
mod tests {
    use tarbox_bench_work::Result;

    use super::*;

    #[test]
    fn only_what_nobody_runs_in_is_taken_away() -> Result<()> {
        let parent = tempfile::tempdir()?;
        let run = |name: &str| -> Result<(PathBuf, File)> {
            let dir = parent.path().join(name);
            fs::create_dir(&dir)?;
            let sign = sign(&dir)?;
            Ok((dir, sign))
        };
        let (over, ended) = run("bench-over")?;
        let (going, _on) = run("bench-going")?;
        let (other, _) = run("other")?;
        let beginning = parent.path().join("bench-beginning");
        fs::create_dir(&beginning)?;
        drop(ended);
        clear(parent.path())?;
        assert!(!over.exists() && going.exists() && other.exists() && beginning.exists());
        Ok(())
    }
}
