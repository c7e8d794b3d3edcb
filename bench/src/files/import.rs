//! A real tree of sources, in and out, beside `cp -r`; and the memory that a large file takes on its way.

use std::fs;
use std::path::Path;

use tarbox_bench_work::{Content, Result};

use crate::report::{Report, Row};
use crate::turns::turns;
use crate::{Bench, programs, source_tree};

/// What the rows' names begin with.
pub(crate) const ROWS: &[&str] = &["import 10k files", "export 10k files"];
/// What the memory rows' names begin with.
pub(crate) const MEMORY_ROWS: &[&str] = &["import 2G resident", "export 2G resident"];

/// Growth that a large file may cause, in MiB.
const RESIDENT_MIB: f64 = 64.0;

/// Measures import and export, each a run of the program from start to end, as its peer is.
pub(crate) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let tarbox = programs::tarbox()?;
    let dir = bench.place.group("import")?;
    let (at, source) = (dir.path(), dir.path().join("source"));
    source_tree::make(&source, if bench.quick { 2_000 } else { 10_000 })?;
    let copy = |r: u64| -> Result<f64> {
        let target = at.join(format!("copy-{r}"));
        let took = programs::time(Path::new("cp"), [Path::new("-r"), &source, &target])?;
        fs::remove_dir_all(&target)?;
        Ok(took.as_secs_f64() * 1e3)
    };
    let import = |r: u64| -> Result<f64> {
        let db = at.join(format!("{r}.db"));
        programs::time(&tarbox, args(&db, "init", &[]))?;
        let took = programs::time(
            &tarbox,
            args(&db, "import", &[&source.to_string_lossy(), "/tree"]),
        )?;
        Ok(took.as_secs_f64() * 1e3)
    };
    let pair = turns(bench.rounds(), import, copy)?;
    report.row(&Row::new("import 10k files vs cp -r", pair.ours, pair.peer, "ms").goal(1.5));
    let export = |r: u64| -> Result<f64> {
        let target = at.join(format!("export-{r}"));
        let db = at.join("1.db");
        let took = programs::time(
            &tarbox,
            args(&db, "export", &["/tree", &target.to_string_lossy()]),
        )?;
        fs::remove_dir_all(&target)?;
        Ok(took.as_secs_f64() * 1e3)
    };
    let pair = turns(bench.rounds(), export, copy)?;
    report.row(&Row::new("export 10k files vs cp -r", pair.ours, pair.peer, "ms"));
    Ok(())
}

/// Measures how much more memory the program takes for a file of 2 GiB than for one of 1 MiB.
pub(crate) fn memory(bench: &Bench, report: &mut Report) -> Result<()> {
    let tarbox = programs::tarbox()?;
    let dir = bench.place.group("memory")?;
    let at = dir.path();
    let large_mib = if bench.quick { 256 } else { 2048 };
    host_file(&at.join("small/file"), 1)?;
    host_file(&at.join("large/file"), large_mib)?;
    let peak = |db: &str, command: &str, rest: &[&str]| {
        programs::peak_mib(&tarbox, args(&at.join(db), command, rest))
    };
    for (name, command) in [
        ("import 2G resident vs 64 MiB", "import"),
        ("export 2G resident vs 64 MiB", "export"),
    ] {
        let mut peaks = [0.0; 2];
        for (peak_of, size) in peaks.iter_mut().zip(["small", "large"]) {
            let db = format!("{size}.db");
            let (host, out) = (at.join(size), at.join(format!("{size}-out")));
            *peak_of = match command {
                "import" => {
                    programs::time(&tarbox, args(&at.join(&db), "init", &[]))?;
                    peak(&db, command, &[&host.to_string_lossy(), "/tree"])?
                }
                _ => peak(&db, command, &["/tree", &out.to_string_lossy()])?,
            };
        }
        report.row(&Row::new(name, (peaks[1] - peaks[0]).max(0.0), RESIDENT_MIB, "MiB").goal(1.0));
    }
    Ok(())
}

fn args(db: &Path, command: &str, rest: &[&str]) -> Vec<String> {
    let mut args = vec![
        "--db".to_owned(),
        format!("sqlite:{}", db.display()),
        command.to_owned(),
    ];
    args.extend(rest.iter().map(|arg| (*arg).to_owned()));
    args
}

/// A file on the host whose bytes nothing can share or compress.
fn host_file(at: &Path, mib: usize) -> Result<()> {
    use std::io::Write;
    fs::create_dir_all(at.parent().unwrap_or(Path::new(".")))?;
    let mut file = fs::File::create(at)?;
    let mut content = Content::new(1 << 20, mib as u64);
    for _ in 0..mib {
        file.write_all(content.piece())?;
    }
    Ok(())
}
