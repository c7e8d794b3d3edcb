//! Makes the components that are shipped of their core modules: `component part|whole CORE.wasm OUT.component.wasm`.
//!
//! A part is composed by `tarbox compose`, which puts settings and files into it; into a whole nothing is put.

use std::process::ExitCode;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match make() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("component: {error}");
            ExitCode::FAILURE
        }
    }
}

fn make() -> Result<()> {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let [shape, core, out] = &args[..] else {
        return Err("usage: component part|whole CORE.wasm OUT.component.wasm".into());
    };
    let part = tarbox_compose::componentize(&std::fs::read(core)?)?;
    let made = match shape.to_str() {
        Some("part") => part,
        Some("whole") => tarbox_compose::standalone(&part)?,
        _ => return Err("it is a part or a whole".into()),
    };
    std::fs::write(out, made)?;
    Ok(())
}
