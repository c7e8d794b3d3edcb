//! Files up and down.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tarbox_bench_work::Result;

use super::load;
use super::sides::{self, Server, database, nginx, on_core, tarbox};
use crate::Bench;
use crate::race::median;
use crate::report::{Report, Row};
use crate::turns::{micros_each, turns};

/// Connections at the same time.
const CONNECTIONS: usize = 64;

/// Ours, with a database in a directory.
fn ours(dir: &Path) -> Result<Server> {
    let db = format!("--db=sqlite:{}", dir.join("t.db").display());
    let key = database(&db)?;
    Ok(tarbox(&db, &key)?.0)
}

/// One kibibyte and 64 of them, from memory; and new files.
pub(super) fn small(bench: &Bench, report: &mut Report) -> Result<()> {
    let dir = bench.place.group("server")?;
    let (ours, peer) = (ours(dir.path())?, nginx(dir.path())?);
    let (rounds, seconds) = if bench.quick { (1, 1) } else { (5, 4) };
    for (name, len, goal) in [("http get 1K", 1 << 10, 2.0), ("http get 64K", 64 << 10, 1.25)] {
        for server in [&ours, &peer] {
            server.client()?.put(
                &server.file(name.rsplit(' ').next().unwrap_or(name)),
                &vec![7; len],
            )?;
        }
        let get = |server: &Server| {
            let path = server.file(name.rsplit(' ').next().unwrap_or(name));
            Ok(load::get(server, &path, CONNECTIONS, seconds)?.each)
        };
        let pair = turns(rounds, |_| get(&ours), |_| get(&peer))?;
        report.row(&Row::new(format!("{name} vs nginx"), pair.ours, pair.peer, "us").goal(goal));
    }
    for (durability, goal) in [("visible", 1.0), ("durable", 2.0)] {
        let put = |server: &Server, round: u64| {
            let prefix = format!("{durability}-{round}");
            let measured = load::put(server, dir.path(), &prefix, durability, CONNECTIONS, seconds)?;
            Ok(measured.each)
        };
        let pair = turns(rounds, |round| put(&ours, round), |round| put(&peer, round))?;
        let name = format!("http put 1K {durability} vs nginx");
        report.row(&Row::new(name, pair.ours, pair.peer, "us").goal(goal));
    }
    Ok(())
}

/// A large file, and what the server holds of it.
pub(super) fn large(bench: &Bench, report: &mut Report) -> Result<()> {
    let dir = bench.place.group("server")?;
    let (ours, peer) = (ours(dir.path())?, nginx(dir.path())?);
    let mib = if bench.quick { 32 } else { 256 };
    let source = dir.path().join("source");
    let mut file = File::create(&source)?;
    for n in 0..mib {
        let piece: Vec<u8> = (0..1_u32 << 18)
            .flat_map(|at| (at ^ (n << 20)).wrapping_mul(2_654_435_761).to_le_bytes())
            .collect();
        file.write_all(&piece)?;
    }
    drop(file);
    let idle = ours.memory("VmRSS")?;
    let up = |server: &Server, round| curl(server, &format!("large-{round}"), Some(&source), false);
    let rounds = if bench.quick { 1 } else { 3 };
    let pair = turns(rounds, |round| up(&ours, round), |round| up(&peer, round))?;
    report.row(&Row::new(format!("http up {mib}M vs nginx"), pair.ours, pair.peer, "ms").goal(1.25));
    let down = |server: &Server, round| curl(server, &format!("large-{round}"), None, false);
    let pair = turns(rounds, |round| down(&ours, round), |round| down(&peer, round))?;
    report.row(&Row::new(format!("http down {mib}M vs nginx"), pair.ours, pair.peer, "ms").goal(1.25));
    let more = ours.memory("VmHWM")? - idle;
    report.row(&Row::new(format!("http up {mib}M memory"), more, 64.0, "MiB").goal(1.0));
    Ok(())
}

/// Sends or fetches a file by curl, in milliseconds.
fn curl(server: &Server, name: &str, source: Option<&Path>, visible: bool) -> Result<f64> {
    let mut path = server.file(name);
    if visible && server.authorization.is_some() {
        path += "&durability=visible";
    }
    let mut command = on_core(1, Path::new("curl"));
    command.args(["--silent", "--show-error", "--fail", "--output", "/dev/null"]);
    if let Some(authorization) = &server.authorization {
        command.arg("-H").arg(format!("Authorization: {authorization}"));
    }
    if let Some(source) = source {
        command.arg("--upload-file").arg(source);
    }
    let begun = Instant::now();
    let status = command.arg(server.url(&path)).status()?;
    match status.success() {
        true => Ok(begun.elapsed().as_secs_f64() * 1e3),
        false => Err(format!("curl ended with {status}").into()),
    }
}

/// A hundred files in one request, beside one request each.
pub(super) fn batch(bench: &Bench, report: &mut Report) -> Result<()> {
    const FILES: usize = 100;
    let dir = bench.place.group("server")?;
    let server = ours(dir.path())?;
    let (mut one, mut each) = (server.client()?, server.client()?);
    let rounds = bench.rounds();
    let pair = turns(
        rounds,
        |round| {
            let call = |n| {
                serde_json::json!({"create": {
                    "dir": 1, "name": format!("batch-{round}-{n}"), "kind": "file", "mode": 0o644, "uid": 0, "gid": 0,
                }})
            };
            let calls: Vec<_> = (0..FILES).map(call).collect();
            let request = serde_json::json!({"calls": calls, "atomic": true, "durable": true}).to_string();
            micros_each(FILES, || {
                one.post("/api/v1/tenants/default/ops", &request)?;
                Ok(())
            })
        },
        |round| {
            micros_each(FILES, || {
                for n in 0..FILES {
                    each.put(&server.file(&format!("single-{round}-{n}")), b"")?;
                }
                Ok(())
            })
        },
    )?;
    report.row(
        &Row::new(
            "http batch of 100 creates vs 100 puts",
            pair.ours,
            pair.peer,
            "us",
        )
        .goal(0.1),
    );
    Ok(())
}

/// What those who read wait, while one uploads and one lists.
pub(super) fn beside_others(bench: &Bench, report: &mut Report) -> Result<()> {
    let (mib, entries, seconds) = if bench.quick {
        (64, 2_000, 1)
    } else {
        (1_024, 100_000, 10)
    };
    let dir = bench.place.group("server")?;
    let db = format!("--db=sqlite:{}", dir.path().join("t.db").display());
    let key = database(&db)?;
    let tree = dir.path().join("tree");
    fs::create_dir(&tree)?;
    for n in 0..entries {
        File::create(tree.join(n.to_string()))?;
    }
    let tree = tree.to_string_lossy().into_owned();
    crate::programs::time(&crate::programs::tarbox()?, [&*db, "import", &tree, "/tree"])?;
    let (server, _) = sides::tarbox(&db, &key)?;
    server.client()?.put(&server.file("small"), &[7; 1024])?;
    let source = dir.path().join("source");
    File::create(&source)?.set_len(mib << 20)?;
    let path = server.file("small");
    let get = || Ok(load::get(&server, &path, CONNECTIONS, seconds)?.p99);
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        alone.push(get()?);
        let done = AtomicBool::new(false);
        let is_done = || done.load(Ordering::Relaxed);
        let measured: Result<f64> = std::thread::scope(|scope| {
            let upload = scope.spawn(|| -> Result<()> {
                while !is_done() {
                    curl(&server, "upload", Some(&source), true)?;
                }
                Ok(())
            });
            let listing = scope.spawn(|| -> Result<()> {
                let mut client = server.client()?;
                while !is_done() {
                    client.get("/api/v1/directories/default?path=/tree&limit=1000")?;
                }
                Ok(())
            });
            let measured = get();
            done.store(true, Ordering::Relaxed);
            for other in [upload, listing] {
                other.join().map_err(|_| "a thread panicked")??;
            }
            measured
        });
        beside.push(measured?);
    }
    let row = Row::new(
        "http p99 of get beside others vs alone",
        median(&beside),
        median(&alone),
        "ms",
    );
    report.row(&row.goal(3.0));
    Ok(())
}
