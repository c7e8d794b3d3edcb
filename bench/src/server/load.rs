//! Load by `wrk`, on the second core.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use tarbox_bench_work::Result;

use super::sides::{Server, on_core};

/// What wrk says of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    /// Microseconds of the server for each request.
    pub(super) each: f64,
    /// Milliseconds that all but one in a hundred took at most.
    pub(super) p99: f64,
}

/// So many connections ask for one path.
pub(super) fn get(server: &Server, path: &str, connections: usize, seconds: u64) -> Result<Measured> {
    wrk(server, &server.url(path), None, connections, seconds)
}

/// So many connections put 1 KiB under new names, which begin with `prefix`.
pub(super) fn put(
    server: &Server,
    dir: &Path,
    prefix: &str,
    durability: &str,
    connections: usize,
    seconds: u64,
) -> Result<Measured> {
    let path = server.file(prefix);
    let rest = match server.authorization {
        Some(_) => format!("&durability={durability}"),
        None => String::new(),
    };
    let script = dir.join("put.lua");
    fs::write(
        &script,
        format!(
            "local n = 0\nwrk.method = 'PUT'\nwrk.body = string.rep('x', 1024)\n\
             request = function()\n  n = n + 1\n  return wrk.format(nil, '{path}-' .. n .. '{rest}')\nend\n"
        ),
    )?;
    wrk(server, &server.url("/"), Some(&script), connections, seconds)
}

fn wrk(
    server: &Server,
    url: &str,
    script: Option<&Path>,
    connections: usize,
    seconds: u64,
) -> Result<Measured> {
    let mut command = on_core(1, Path::new("wrk"));
    command.args(["--latency", "-t1"]);
    command
        .arg(format!("-c{connections}"))
        .arg(format!("-d{seconds}s"));
    if let Some(script) = script {
        command.arg("-s").arg(script);
    }
    if let Some(authorization) = &server.authorization {
        command.arg("-H").arg(format!("Authorization: {authorization}"));
    }
    let output = command.arg(url).stderr(Stdio::inherit()).output()?;
    let said = String::from_utf8(output.stdout)?;
    let after = |what: &str| {
        let line = said.lines().find_map(|line| line.trim().strip_prefix(what));
        line.map(str::trim).ok_or(format!("wrk said: {said}"))
    };
    if said.contains("Non-2xx") || said.contains("Socket errors") {
        return Err(format!("requests failed: {said}").into());
    }
    let rate: f64 = after("Requests/sec:")?.parse()?;
    Ok(Measured {
        each: 1e6 / rate,
        p99: milliseconds(after("99%")?).ok_or("wrk says no percentile")?,
    })
}

/// A time as wrk writes it.
fn milliseconds(text: &str) -> Option<f64> {
    let digits = text.trim_end_matches(|c: char| c.is_alphabetic());
    let number: f64 = digits.parse().ok()?;
    match &text[digits.len()..] {
        "us" => Some(number / 1e3),
        "ms" => Some(number),
        "s" => Some(number * 1e3),
        "m" => Some(number * 6e4),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn times_have_units() {
        assert_eq!(milliseconds("250.00us"), Some(0.25));
        assert_eq!(milliseconds("1.50ms"), Some(1.5));
        assert_eq!(milliseconds("2.00s"), Some(2000.0));
        assert_eq!(milliseconds("2"), None);
    }
}
