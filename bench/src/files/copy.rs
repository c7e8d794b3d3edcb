//! Copies inside the workspace, which share blocks, beside copies of the bytes.

use std::path::Path;

use tarbox_bench_work::{Content, Result};
use tarbox_fs::{FilesystemExt, FilesystemInterface, OpenFlags, blocking};
use tarbox_store::WriteAt;

use crate::Bench;
use crate::report::{Report, Row};
use crate::turns::{micros_each, turns};
use crate::workspace::Workspace;

const PIECE: usize = 1 << 20;
const FILE_MIB: usize = 4;
/// Copying may cost this much of copying the bytes.
const GOAL: f64 = 0.05;

/// What the rows' names begin with.
pub(crate) const ROWS: &[&str] = &["copy tree"];

/// Measures all of them: files of 4 MiB, 256 MiB together.
pub(crate) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let dir = bench.place.group("copy")?;
    let files = bench.shape.large_mib / FILE_MIB;
    let w = Workspace::create(&dir.path().join("tarbox.db"))?;
    let host = dir.path().join("host");
    std::fs::create_dir(&host)?;
    fill(&w, &host, files)?;
    let shared = |r| {
        let to = format!("shared-{r}");
        blocking(w.fs.create_dir(&w.who, to.as_str()))?;
        let micros = micros_each(1, || {
            for entry in blocking(w.fs.read_dir(&w.who, "tree"))? {
                let name = String::from_utf8_lossy(&entry.name);
                let (from, to) = (format!("tree/{name}"), format!("{to}/{name}"));
                blocking(w.fs.copy(&w.who, from.as_str(), to.as_str()))?;
            }
            w.settle()
        })?;
        Ok(micros / 1e3)
    };
    let pair = turns(bench.rounds(), shared, |r| {
        let other = Workspace::create(&dir.path().join(format!("other-{r}.db")))?;
        copy_bytes(&w, &other)
    })?;
    report.row(&Row::new("copy tree vs its bytes", pair.ours, pair.peer, "ms").goal(GOAL));
    let again = |r| shared(1_000 + r);
    let pair = turns(bench.rounds(), again, |r| {
        copy_host(&host, &dir.path().join(format!("copy-{r}")))
    })?;
    report.row(&Row::new("copy tree vs cp -r", pair.ours, pair.peer, "ms"));
    Ok(())
}

fn fill(w: &Workspace, host: &Path, files: usize) -> Result<()> {
    let mut content = Content::new(FILE_MIB * PIECE, 1);
    blocking(w.fs.create_dir(&w.who, "tree"))?;
    for file in 0..files {
        let content = content.piece();
        blocking(w.fs.write_file(&w.who, format!("tree/{file:03}").as_str(), content))?;
        std::fs::write(host.join(format!("{file:03}")), content)?;
    }
    w.settle()
}

/// Reads every file and writes what was read to another workspace, which shares nothing with this one.
fn copy_bytes(w: &Workspace, other: &Workspace) -> Result<f64> {
    blocking(other.fs.create_dir(&other.who, "tree"))?;
    let mut buffer = vec![0; PIECE];
    let micros = micros_each(1, || {
        for entry in blocking(w.fs.read_dir(&w.who, "tree"))? {
            let path = format!("tree/{}", String::from_utf8_lossy(&entry.name));
            copy_file(w, other, &path, &mut buffer)?;
        }
        other.settle()
    })?;
    Ok(micros / 1e3)
}

fn copy_file(w: &Workspace, other: &Workspace, path: &str, buffer: &mut [u8]) -> Result<()> {
    let (_, source) = blocking(w.fs.open_path(&w.who, path, OpenFlags::READ, None))?;
    let (_, target) = blocking(
        other
            .fs
            .open_path(&other.who, path, OpenFlags::WRITE, Some(0o666)),
    )?;
    let mut offset = 0;
    loop {
        let read = blocking(w.fs.read(source, offset, buffer))?;
        if read == 0 {
            break;
        }
        blocking(other.fs.write(target, WriteAt::Offset(offset), &buffer[..read]))?;
        offset += read as u64;
    }
    blocking(w.fs.release(source))?;
    Ok(blocking(other.fs.release(target))?)
}

fn copy_host(from: &Path, to: &Path) -> Result<f64> {
    let took = crate::programs::time(Path::new("cp"), [Path::new("-r"), from, to])?;
    std::fs::remove_dir_all(to)?;
    Ok(took.as_secs_f64() * 1e3)
}
