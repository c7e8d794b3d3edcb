//! A tree to a server that is far away, and back, beside `rsync` over the same way.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use tarbox_bench_work::Result;

use super::mounts::free_port;
use super::sides::{database, tarbox};
use crate::mount::sides::{run, shell};
use crate::report::{Report, Row};
use crate::turns::turns;
use crate::{Bench, programs, source_tree};

/// What each byte takes, each way.
const DELAY: Duration = Duration::from_millis(20);

/// Listens for connections to a port, whose bytes arrive later than they were sent.
fn far_away(port: u16) -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let here = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for near in listener.incoming() {
            let (Ok(near), Ok(far)) = (near, TcpStream::connect(("127.0.0.1", port))) else {
                continue;
            };
            for (from, to) in [(&near, &far), (&far, &near)] {
                if let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) {
                    pass(from, to);
                }
            }
        }
    });
    Ok(here)
}

/// Passes on what comes, when its time has come.
fn pass(mut from: TcpStream, mut to: TcpStream) {
    let (sent, arriving) = channel::<(Instant, Vec<u8>)>();
    let _ = to.set_nodelay(true);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 256 << 10];
        while let Ok(len @ 1..) = from.read(&mut buffer) {
            if sent
                .send((Instant::now() + DELAY, buffer[..len].to_vec()))
                .is_err()
            {
                break;
            }
        }
    });
    std::thread::spawn(move || {
        for (due, bytes) in arriving {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}

/// A server that ends with this value.
struct Rsync(Child);

impl Drop for Rsync {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves a directory by rsync.
fn rsync(dir: &Path) -> Result<(Rsync, u16)> {
    let port = free_port()?;
    let config = dir.join("rsyncd.conf");
    let root = dir.join("rsync");
    std::fs::create_dir(&root)?;
    let text = format!(
        "use chroot = no\nport = {port}\naddress = 127.0.0.1\n[all]\npath = {}\nread only = no\nuid = root\ngid = root\n",
        root.display()
    );
    std::fs::write(&config, text)?;
    let mut command = Command::new("rsync");
    command.args(["--daemon", "--no-detach", "--config"]).arg(config);
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let server = Rsync(quiet.spawn()?);
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if begun.elapsed() > Duration::from_secs(20) {
            return Err("rsync does not begin".into());
        }
        std::thread::yield_now();
    }
    Ok((server, port))
}

/// Measures both ways, with 10,000 files.
pub(super) fn transfer(bench: &Bench, report: &mut Report) -> Result<()> {
    let dir = bench.place.group("distance")?;
    let at = dir.path();
    let source = at.join("source");
    source_tree::make(&source, if bench.quick { 500 } else { 10_000 })?;
    let db = format!("--db=sqlite:{}", at.join("t.db").display());
    let key = database(&db)?;
    let (server, _) = tarbox(&db, &key)?;
    let url = format!("--db=http://127.0.0.1:{}/?tenant=default", far_away(server.port)?);
    let (_rsync, port) = rsync(at)?;
    let there = format!("rsync://127.0.0.1:{}/all", far_away(port)?);
    let program = programs::tarbox()?;
    let ours = |args: &[&str]| {
        let begun = Instant::now();
        run(Command::new(&program)
            .env("TARBOX_API_KEY", &key)
            .arg(&url)
            .args(args))?;
        Ok(begun.elapsed().as_secs_f64() * 1e3)
    };
    let theirs = |from: &str, to: &str| {
        let begun = Instant::now();
        run(Command::new("rsync").args(["-a", from, to]))?;
        Ok(begun.elapsed().as_secs_f64() * 1e3)
    };
    let rounds = if bench.quick { 1 } else { 3 };
    let tree = source.to_string_lossy().into_owned();
    let pair = turns(
        rounds,
        |round| ours(&["import", &tree, &format!("/{round}")]),
        |round| theirs(&format!("{tree}/"), &format!("{there}/{round}/")),
    )?;
    report.row(&Row::new("remote import 40ms vs rsync", pair.ours, pair.peer, "ms").goal(1.0));
    let pair = turns(
        rounds,
        |round| {
            ours(&[
                "export",
                "/1",
                &at.join(format!("ours-{round}")).to_string_lossy(),
            ])
        },
        |round| {
            theirs(
                &format!("{there}/1/"),
                &at.join(format!("theirs-{round}")).to_string_lossy(),
            )
        },
    )?;
    report.row(&Row::new("remote export 40ms vs rsync", pair.ours, pair.peer, "ms").goal(1.0));
    run(&mut shell(at, "diff -r ours-1 source && diff -r theirs-1 source"))?;
    Ok(())
}
