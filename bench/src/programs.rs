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

/// What a program needed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    /// Time of processors, to 10 ms.
    pub(crate) processor: Duration,
    /// The most memory it held.
    pub(crate) peak_mib: f64,
}

/// Runs a program to its end and answers the most memory it held, in MiB.
///
/// # Errors
/// When it cannot start, or fails.
pub(crate) fn peak_mib<S: AsRef<OsStr>>(program: &Path, args: impl IntoIterator<Item = S>) -> Result<f64> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null());
    Ok(watch(command)?.peak_mib)
}

/// Runs a program to its end and answers what it needed. Its memory is the kernel's own high-water mark, which only grows, asked
/// for until the end.
///
/// # Errors
/// When it cannot start, or fails.
pub(crate) fn watch(mut command: Command) -> Result<Used> {
    let before = of_children()?;
    let mut child = command
        .spawn()
        .map_err(|e| format!("{}: {e}", command.get_program().display()))?;
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak_mib = 0.0_f64;
    loop {
        if let Some(now) = std::fs::read_to_string(&status_file)
            .ok()
            .as_deref()
            .and_then(high_water_mib)
        {
            peak_mib = peak_mib.max(now);
        }
        if let Some(status) = child.try_wait()? {
            return match status.success() {
                true => Ok(Used {
                    processor: of_children()?.saturating_sub(before),
                    peak_mib,
                }),
                false => Err(format!("{} ended with {status}", command.get_program().display()).into()),
            };
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Time of processors that children have used which have ended.
fn of_children() -> Result<Duration> {
    ticks(&std::fs::read_to_string("/proc/self/stat")?, 13)
}

/// Two fields of `/proc/PID/stat` that follow each other, by their number behind the name: 11 are the program's own time in user and in
/// kernel mode, 13 its children's.
///
/// # Errors
/// When there are no such fields.
pub(crate) fn ticks(stat: &str, first: usize) -> Result<Duration> {
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Vec<u64> = fields.skip(first).take(2).flat_map(str::parse).collect();
    match ticks[..] {
        [user, kernel] => Ok(Duration::from_millis(10 * (user + kernel))),
        _ => Err("no such process".into()),
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
