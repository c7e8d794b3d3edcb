//! From the command line to the exit code.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::sync::Arc;

use tarbox_fs::{Credentials, Fs, blocking};
use tarbox_quickjs::{Capability, Files, IS_COMPLETE, Mount, Options, Outcome, Vm, temporary};
use tarbox_store::{Database, Error, ErrorKind, Quota};
use tarbox_store_sqlite::{Options as StoreOptions, SqliteDatabase};

use crate::arguments::{Arguments, USAGE};
use crate::lent::Lent;

/// What the command line makes no sense with.
const USAGE_CODE: u8 = 2;

pub(crate) fn main() -> ExitCode {
    let arguments = Arguments::parse(std::env::args().skip(1), |name| std::env::var(name).ok());
    let arguments = match arguments {
        Ok(arguments) => arguments,
        Err(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(Some(message)) => {
            eprintln!("tarbox-js: {message}\n\n{USAGE}");
            return ExitCode::from(USAGE_CODE);
        }
    };
    match run(arguments) {
        Ok(code) => exit(code),
        Err(message) => {
            eprintln!("tarbox-js: {message}");
            ExitCode::FAILURE
        }
    }
}

/// A process's code has eight bits; what fails must not look as if it had not.
fn exit(code: i32) -> ExitCode {
    match code & 0xff {
        0 if code != 0 => ExitCode::FAILURE,
        low => ExitCode::from(low as u8),
    }
}

fn run(arguments: Arguments) -> Result<i32, String> {
    if !IS_COMPLETE {
        return Err("it was built without the npm packages that Node's modules are made of".into());
    }
    let me = Credentials::root("js");
    let mut mounts = Vec::new();
    let mut mount = |files, at: &[u8]| {
        Mount::new(files, &me, b"/", at, Capability::ReadWrite).map(|mount| mounts.push(mount))
    };
    let mut durable = None;
    match &arguments.db {
        Some(path) => {
            let files = open(path, &arguments.tenant).map_err(|error| format!("{path}: {error}"))?;
            durable = Some(Arc::clone(&files));
            mount(files, b"/").and_then(|()| mount(temporary(), b"/tmp"))
        }
        None => mount(Arc::new(Lent::default()), b"/"),
    }
    .map_err(|error| error.to_string())?;
    let mut options = Options::new(mounts, me);
    options.args = arguments.rest;
    options.env = std::env::vars().collect();
    options.cwd = arguments.cwd;
    options.limits = arguments.limits;
    options.use_standard_streams();
    let mut vm = Vm::new(options).map_err(|error| error.to_string())?;
    let outcome = match &arguments.entry {
        Some(entry) => vm.run(entry),
        None => session(&mut vm),
    };
    drop(vm);
    if let Some(files) = durable {
        files.syncfs().map_err(|error| error.to_string())?;
    }
    if let Outcome::Died(death) = outcome {
        eprintln!("tarbox-js: the script was stopped: {death:?}");
    }
    Ok(outcome.exit_code())
}

/// The files of a workspace in a database, which nobody else uses meanwhile.
fn open(path: &str, tenant: &str) -> Result<Arc<dyn Files>, Error> {
    let path = path.strip_prefix("sqlite:").unwrap_or(path);
    let database = SqliteDatabase::open(path, &StoreOptions::new().create(true))?;
    match blocking(database.create_tenant(tenant, Quota::default())) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::Exists => {}
        Err(error) => return Err(error),
    }
    Ok(Arc::new(blocking(Fs::open_tenant(&database, tenant))?))
}

/// Line by line, until the end of input.
fn session(vm: &mut Vm) -> Outcome {
    let mut text = String::new();
    loop {
        print!("{}", if text.is_empty() { "> " } else { "... " });
        let _ = io::stdout().flush();
        match io::stdin().lock().read_line(&mut text) {
            Ok(1..) => {}
            _ => return Outcome::Ended(0),
        }
        match vm.line(text.trim_end_matches('\n')) {
            Ok(true) => text.clear(),
            Ok(false) => {}
            Err(outcome) => return outcome,
        }
    }
}
