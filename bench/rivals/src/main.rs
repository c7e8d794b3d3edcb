//! Rivals in a process of their own: reads what to do, one line each, and answers how long it took.
//!
//! `tarbox-bench-rivals agentfs DATABASE [SYNCHRONOUS]`; a line is `work shape round`, an answer `nanoseconds operations`
//! or `error reason`.
#![forbid(unsafe_code)]

mod agentfs;

use std::io::{BufRead, Write};
use std::process::ExitCode;

use tarbox_bench_work::{Files, Result, Sample, run};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let result = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["agentfs", database] => serve(database, None),
        ["agentfs", database, synchronous] => serve(database, Some(synchronous)),
        _ => Err("usage: tarbox-bench-rivals agentfs DATABASE [SYNCHRONOUS]".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{e}");
            ExitCode::FAILURE
        }
    }
}

fn serve(database: &str, synchronous: Option<&str>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut files = agentfs::Agentfs::create(database, synchronous).await?;
        for line in std::io::stdin().lock().lines() {
            let answer = match answer(&mut files, &line?).await {
                Ok(sample) => format!("{} {}", sample.elapsed.as_nanos(), sample.operations),
                Err(e) => format!("error {}", e.to_string().replace('\n', " ")),
            };
            let mut out = std::io::stdout().lock();
            writeln!(out, "{answer}")?;
            out.flush()?;
        }
        Ok(())
    })
}

async fn answer<F: Files>(files: &mut F, line: &str) -> Result<Sample> {
    let [work, shape, round] = line.split(' ').collect::<Vec<_>>()[..] else {
        return Err(format!("not `work shape round`: {line}").into());
    };
    run(files, work.parse()?, &shape.parse()?, round.parse()?).await
}
