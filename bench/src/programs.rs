//! Programs that are run and timed.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tarbox_bench_work::Result;

use crate::place::beside_program;

/// The command `tarbox`, built beside this program.
///
/// # Errors
/// When it is not there.
pub(crate) fn tarbox() -> Result<PathBuf> {
    let program = beside_program()?.join("tarbox");
    match program.exists() {
        true => Ok(program),
        false => Err(format!(
            "{} is not there; `cargo xtask bench` builds it, or `cargo build --release -p tarbox-cli`",
            program.display()
        )
        .into()),
    }
}

/// Runs a program to its end and answers how long it took.
///
/// # Errors
/// When it cannot start, or fails.
pub(crate) fn time<S: AsRef<OsStr>>(program: &Path, args: impl IntoIterator<Item = S>) -> Result<Duration> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    let status = command
        .status()
        .map_err(|e| format!("{}: {e}", program.display()))?;
    let elapsed = start.elapsed();
    match status.success() {
        true => Ok(elapsed),
        false => Err(format!("{} ended with {status}", program.display()).into()),
    }
}

/// Runs a program to its end and answers what it wrote to its standard output.
///
/// # Errors
/// When it cannot start, or fails.
pub(crate) fn output<S: AsRef<OsStr>>(program: &Path, args: impl IntoIterator<Item = S>) -> Result<String> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command
        .output()
        .map_err(|e| format!("{}: {e}", program.display()))?;
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout)?),
        false => Err(format!("{} ended with {}", program.display(), output.status).into()),
    }
}

/// Runs a program to its end and answers the most memory it held, in MiB: the kernel's own high-water mark, which only
/// grows, asked for until the end.
///
/// # Errors
/// When it cannot start, or fails.
pub(crate) fn peak_mib<S: AsRef<OsStr>>(program: &Path, args: impl IntoIterator<Item = S>) -> Result<f64> {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?;
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak = 0.0_f64;
    loop {
        if let Some(now) = std::fs::read_to_string(&status_file)
            .ok()
            .as_deref()
            .and_then(high_water_mib)
        {
            peak = peak.max(now);
        }
        if let Some(status) = child.try_wait()? {
            return match status.success() {
                true => Ok(peak),
                false => Err(format!("{} ended with {status}", program.display()).into()),
            };
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn high_water_mib(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace()
        .next()?
        .parse::<f64>()
        .ok()
        .map(|kib| kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::high_water_mib;

    #[test]
    fn the_high_water_mark_is_found() {
        assert_eq!(high_water_mib("VmPeak:\t 1 kB\nVmHWM:\t    2048 kB\n"), Some(2.0));
        assert_eq!(high_water_mib("Name:\tx\n"), None);
    }
}
