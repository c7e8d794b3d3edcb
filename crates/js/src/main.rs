//! `tarbox-js.wasm`: QuickJS, Node's modules, the store and SQLite in one module of WASI preview 1.
//!
//! A script's `fs` is a workspace in a database, which lies in a directory that the runtime lends; or, where no database is named,
//! the lent directories themselves. Natively there is `tarbox js`.
#![forbid(unsafe_code)]

#[cfg(target_os = "wasi")]
mod arguments;
#[cfg(target_os = "wasi")]
mod errors;
#[cfg(target_os = "wasi")]
mod lent;
#[cfg(target_os = "wasi")]
mod run;

#[cfg(target_os = "wasi")]
fn main() -> std::process::ExitCode {
    run::main()
}

#[cfg(not(target_os = "wasi"))]
fn main() -> std::process::ExitCode {
    eprintln!("this program is for WebAssembly (cargo xtask wasm tarbox-js); natively, use `tarbox js`");
    std::process::ExitCode::from(2)
}
