//! `run`

mod ahead;

use std::ffi::{OsStr, OsString};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tarbox_fs::{FilesystemExt, Fs, blocking};
use tarbox_host::{
    AllowedHost, Cache, Capability, Files, Host, Limits, Preopen, Program, RunError, RunOptions, Source,
    temporary,
};
use tarbox_store::{ErrorKind, Store};

use crate::commands::http;
use crate::commands::lend::{environment, lent, seconds};
use crate::examples::examples;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::parse::size;
use crate::print::escape;
use crate::workspace::Workspace;
use ahead::{Ahead, Ready};

/// Run a WebAssembly program on the files of the workspace
#[derive(Debug, clap::Args)]
#[command(override_usage = "tarbox run [OPTIONS] <FILE.wasm> [ARGS]...", after_help = examples!(
    "tarbox run python.wasm /src/report.py              sees the workspace as /, and an empty /tmp",
    "tarbox run --ro /src --dir /out tool.wasm /src     read one directory, write another, see nothing else",
    "tarbox run --dir /data::/ tool.wasm                sees /data as the root directory",
    "tarbox run --timeout 10 --max-memory 256 tool.wasm",
    "tarbox run --allow-host api.example.org fetch.wasm may ask this host over HTTP, and nobody else",
    "tarbox layer diff                                  show what the program changed",
    "Exits with the program's own code; 124 after --timeout, 137 after --max-memory, 152 after --fuel, 134 after a trap,",
    "126 if the file cannot be run.",
))]
pub(crate) struct Args {
    /// Give the program this directory of the workspace, under this name [default: / and an empty /tmp]
    #[arg(long, value_name = "PATH[::GUEST]")]
    dir: Vec<String>,
    /// The same, but read-only
    #[arg(long, value_name = "PATH[::GUEST]")]
    ro: Vec<String>,
    /// Set an environment variable; without a value, pass on the current one. Nothing else is passed on
    #[arg(long, short, value_name = "KEY[=VALUE]")]
    env: Vec<String>,
    /// Let it send HTTP requests (wasi:http) to this host, and to no other that is not named, too: a name, an address, or all
    /// names below a domain (*.example.org). Without PORT 80 for http and 443 for https
    #[arg(long, value_name = "HOST[:PORT]")]
    allow_host: Vec<AllowedHost>,
    /// Stop it after this many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Stop it after about this many instructions
    #[arg(long, value_name = "N", value_parser = size::parse)]
    fuel: Option<u64>,
    /// Stop it when it needs more memory than this, in MiB
    #[arg(long, value_name = "MB")]
    max_memory: Option<u64>,
    /// Take the program from the workspace, not from the host
    #[arg(long, short = 'w')]
    from_workspace: bool,
    /// Compile the program again instead of using the cache in the user's cache directory
    #[arg(long)]
    no_cache: bool,
    /// The program: a core module of WASI preview 1, or a component of WASI 0.2 or 0.3; - reads it from standard input. Everything
    /// after it is passed to the program
    // One list, because clap would take an option right after the file for its own.
    #[arg(
        value_name = "FILE.wasm",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    command: Vec<OsString>,
    #[arg(skip)]
    ahead: Ahead,
}

impl Args {
    /// Reads and compiles the program beside whatever comes before [`run`].
    pub(crate) fn begin(&self) {
        if !self.from_workspace {
            let (file, cache, limits) = (self.file().to_owned(), self.cache(), self.limits());
            self.ahead.begin(move || ready(&file, cache, &limits));
        }
    }

    fn cache(&self) -> Cache {
        if self.no_cache {
            Cache::none()
        } else {
            Cache::of_user()
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            timeout: self.timeout,
            fuel: self.fuel,
            memory: self.max_memory.map(|mb| mb.saturating_mul(1 << 20)),
            descriptors: None,
        }
    }

    fn file(&self) -> &OsStr {
        self.command.first().map_or(OsStr::new(""), OsString::as_os_str)
    }

    /// WASI knows only text.
    fn args(&self) -> Result<Vec<String>> {
        let texts = self.command.iter().skip(1).map(|arg| arg.clone().into_string());
        texts
            .collect::<Result<_, _>>()
            .map_err(|arg| Failure::usage(format!("the argument {arg:?} is not UTF-8, which WASI requires")))
    }
}

/// Runs the program and answers its code.
pub(crate) fn run<S: Store + 'static>(
    args: &Args,
    fs: &Arc<Fs<S>>,
    w: &Workspace<'_, Fs<S>>,
) -> Result<Exit> {
    let (host, program) = host_and_program(args, w)?;
    let files: Arc<dyn Files> = fs.clone();
    let options = RunOptions {
        args: args.args()?,
        env: environment(&args.env)?,
        preopens: preopens(args, &files)?,
        stdin: Source::Inherit,
        limits: args.limits(),
        http: http::access(&args.allow_host, w.database)?,
        ..RunOptions::new(w.who.clone())
    };
    w.out.flush()?;
    match host.run(&program, options) {
        Ok(status) => Ok(exit(status)),
        Err(error) => Err(failure(&error)),
    }
}

/// The program: a file of the workspace, or one of the host that was made ready before.
fn host_and_program<S: Store>(args: &Args, w: &Workspace<'_, Fs<S>>) -> Result<(Host, Program)> {
    if !args.from_workspace {
        let begun = args.ahead.end();
        let ready = begun.unwrap_or_else(|| ready(args.file(), args.cache(), &args.limits()));
        return ready.map_err(|e| failure(&e));
    }
    let path = w.path(args.file())?;
    let wasm = blocking(w.fs.read_file(&w.who, &path)).map_err(|e| Failure::of(e, &path))?;
    let name = String::from_utf8_lossy(crate::workspace::last_name(&path)).into_owned();
    let program = Program::from_bytes(name, wasm).map_err(|e| failure(&e))?;
    Ok((Host::new(args.cache()), program))
}

fn ready(file: &OsStr, cache: Cache, limits: &Limits) -> Ready {
    let program = if file == "-" {
        Program::from_reader("stdin", std::io::stdin().lock())?
    } else {
        Program::from_file(file)?
    };
    let host = Host::new(cache);
    host.prepare(&program, limits)?;
    Ok((host, program))
}

/// The root and a temporary directory, unless other directories are named.
fn preopens(args: &Args, files: &Arc<dyn Files>) -> Result<Vec<Preopen>> {
    let mut preopens = Vec::new();
    for (texts, capability) in [
        (&args.dir, Capability::ReadWrite),
        (&args.ro, Capability::ReadOnly),
    ] {
        for text in texts {
            let (path, guest) = lent(text)?;
            preopens.push(Preopen::new(files.clone(), path).at(guest).with(capability));
        }
    }
    if preopens.is_empty() {
        preopens.push(Preopen::new(files.clone(), "/"));
    }
    if preopens.iter().all(|preopen| preopen.guest() != "/tmp") {
        preopens.push(Preopen::new(temporary(), "/").at("/tmp"));
    }
    Ok(preopens)
}

/// A process's code has eight bits; what fails must not look as if it had not.
fn exit(status: i32) -> Exit {
    match status & 0xff {
        0 if status != 0 => Exit::FAILED,
        low => Exit(low as u8),
    }
}

fn failure(error: &RunError) -> Failure {
    let kind = match error {
        RunError::Read { source, path } => {
            return Failure::host(path.as_os_str().as_encoded_bytes(), source);
        }
        RunError::Preopen { kind, .. } => return Failure::new(*kind, escape(error.to_string().as_bytes())),
        RunError::NotWasm { .. } | RunError::MissingImport { .. } | RunError::NotAProgram { .. } => {
            ErrorKind::Invalid
        }
        _ => ErrorKind::Io,
    };
    let failure = Failure::new(kind, escape(error.to_string().as_bytes())).ending(Exit(error.exit_code()));
    match error {
        RunError::Trap(trap) => failure.with_member("frames", json!(trap.frames)),
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_keep_what_they_say() {
        assert_eq!(exit(0), Exit::DONE);
        assert_eq!(exit(3), Exit(3));
        assert_eq!(exit(256), Exit::FAILED);
        assert_eq!(exit(-1), Exit(255));
    }
}
