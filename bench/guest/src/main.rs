//! A WASI program that works on files below its root and prints how long it took.
//!
//! `guest WORK OPERATIONS ROUND` answers `nanoseconds operations`, by the clock it sees; `guest hello` greets. It is one
//! module for every host that is compared.
#![forbid(unsafe_code)]

use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::process::ExitCode;
use std::time::Instant;

use tarbox_bench_work::{Content, Random, Result};

/// Files that are looked at and read, each of 4 KiB.
const FILES: usize = 1_000;
const PAGE: usize = 4096;
const PIECE: usize = 64 * 1024;
/// Where writing begins anew.
const WRITTEN_MAX: u64 = 16 << 20;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let result = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["hello"] => {
            println!("hello");
            Ok(())
        }
        [work, operations, round] => measure(work, operations, round),
        _ => Err("usage: guest WORK OPERATIONS ROUND".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("guest: {e}");
            ExitCode::FAILURE
        }
    }
}

fn measure(work: &str, operations: &str, round: &str) -> Result<()> {
    let (operations, round) = (operations.parse()?, round.parse()?);
    let paths = paths(work, operations, round);
    let start = Instant::now();
    match work {
        "prepare" => prepare()?,
        "stat" => stat(&paths)?,
        "read" => read(&paths)?,
        "write" => write(operations, round)?,
        "create" => create(&paths)?,
        "delete" => delete(&paths)?,
        "hold" => hold(&paths)?,
        _ => return Err(format!("there is no work `{work}`").into()),
    }
    println!("{} {operations}", start.elapsed().as_nanos());
    Ok(())
}

/// The paths a work goes through, made before its clock starts.
fn paths(work: &str, operations: usize, round: u64) -> Vec<String> {
    let mut random = Random::new(round);
    match work {
        "stat" | "read" | "hold" => (0..operations).map(|_| path(random.below(FILES))).collect(),
        "create" | "delete" => (0..operations).map(|n| format!("/new/{n:05}")).collect(),
        _ => Vec::new(),
    }
}

fn path(file: usize) -> String {
    format!("/tree/{:02}/{file:04}", file % 10)
}

fn prepare() -> Result<()> {
    let mut content = Content::new(PAGE, 1);
    fs::create_dir("/new")?;
    for dir in 0..10 {
        fs::create_dir_all(format!("/tree/{dir:02}"))?;
    }
    for file in 0..FILES {
        fs::write(path(file), content.piece())?;
    }
    Ok(())
}

fn stat(paths: &[String]) -> Result<()> {
    for path in paths {
        if fs::metadata(path)?.len() != PAGE as u64 {
            return Err(format!("{path} has not the size it was made with").into());
        }
    }
    Ok(())
}

fn read(paths: &[String]) -> Result<()> {
    let mut buffer = [0; PAGE];
    for path in paths {
        File::open(path)?.read_exact(&mut buffer)?;
    }
    Ok(())
}

fn write(operations: usize, round: u64) -> Result<()> {
    let mut content = Content::new(PIECE, round + 1);
    let mut file = File::create("/written")?;
    let mut offset = 0;
    for _ in 0..operations {
        if offset == WRITTEN_MAX {
            file.rewind()?;
            offset = 0;
        }
        file.write_all(content.piece())?;
        offset += PIECE as u64;
    }
    Ok(())
}

fn create(paths: &[String]) -> Result<()> {
    for path in paths {
        File::create(path)?;
    }
    Ok(())
}

fn delete(paths: &[String]) -> Result<()> {
    for path in paths {
        fs::remove_file(path)?;
    }
    Ok(())
}

/// Has all of them open at once.
fn hold(paths: &[String]) -> Result<()> {
    let files: Vec<File> = paths.iter().map(File::open).collect::<Result<_, _>>()?;
    match files.len() == paths.len() {
        true => Ok(()),
        false => Err("some are missing".into()),
    }
}
