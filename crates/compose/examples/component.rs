//! Makes the components that are shipped of the core module of `tarbox-component`:
//! `component CORE.wasm WORKSPACE.component.wasm FS.component.wasm`.

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
    let paths: Vec<_> = std::env::args_os().skip(1).collect();
    let [core, workspace, fs] = &paths[..] else {
        return Err("usage: component CORE.wasm WORKSPACE.component.wasm FS.component.wasm".into());
    };
    let provider = tarbox_compose::componentize(&std::fs::read(core)?)?;
    std::fs::write(fs, tarbox_compose::standalone(&provider)?)?;
    std::fs::write(workspace, provider)?;
    Ok(())
}
