//! `js`

mod ci;
mod network;
mod repl;
mod watchdog;

use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tarbox_fs::{Credentials, Fs};
use tarbox_host::AllowedHost;
use tarbox_quickjs::{
    Bytecode, Capability, Death, Entry, Files, Limits, Mount, Network, Options, Outcome, Vm, temporary,
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
use watchdog::Watchdog;

/// Run JavaScript on the files of the workspace
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "tarbox js [OPTIONS] [FILE | -e <CODE>] [ARGS]...\n       tarbox js ci [OPTIONS] [DIR]"
)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true, after_help = examples!(
    "tarbox js /src/app.js                              sees the workspace as /, and an empty /tmp",
    "tarbox js -e 'fs.readdirSync(\"/\")' -p              print the value of an expression",
    "tarbox js --ro /src --dir /out /src/build.mjs      read one directory, write another, see nothing else",
    "tarbox js --allow-host api.example.org app.js      may ask this host with fetch, and nobody else",
    "tarbox js --timeout 10 --max-memory 256 app.js",
    "tarbox js                                          an interactive session, or a script from standard input",
    "tarbox js ci /app                                  put what its package-lock.json names into node_modules",
    "Exits with the script's own code; 1 after an error that nobody caught, 124 after --timeout, 137 after --max-memory,",
    "152 after --fuel.",
))]
pub(crate) struct Args {
    /// Run this text instead of a file
    #[arg(long, short, value_name = "CODE", allow_hyphen_values = true)]
    eval: Option<String>,
    /// Print the value of the text; alone, it takes the text itself
    #[arg(long, short, value_name = "CODE", num_args = 0..=1, default_missing_value = "", allow_hyphen_values = true)]
    print: Option<String>,
    /// Give the script this directory of the workspace, under this name [default: / and an empty /tmp]
    #[arg(long, value_name = "PATH[::NAME]")]
    dir: Vec<String>,
    /// The same, but read-only
    #[arg(long, value_name = "PATH[::NAME]")]
    ro: Vec<String>,
    /// The directory to begin in
    #[arg(long, value_name = "PATH", default_value = "/")]
    cwd: String,
    /// Set an environment variable; without a value, pass on the current one. Nothing else is passed on
    #[arg(long, value_name = "KEY[=VALUE]")]
    env: Vec<String>,
    /// Let it send HTTP requests (fetch) to this host, and to no other that is not named, too: a name, an address, or all names
    /// below a domain (*.example.org). Without PORT 80 for http and 443 for https
    #[arg(long, value_name = "HOST[:PORT]")]
    allow_host: Vec<AllowedHost>,
    /// Stop it after this many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Stop it after about this many steps: calls and repetitions of loops
    #[arg(long, value_name = "N", value_parser = size::parse)]
    fuel: Option<u64>,
    /// Stop it when it needs more memory than this, in MiB
    #[arg(long, value_name = "MB", default_value = "4096")]
    max_memory: u64,
    /// Compile everything again instead of using the cache in the user's cache directory
    #[arg(long)]
    no_cache: bool,
    /// The script, a file of the workspace; - reads it from standard input. Everything after it is passed to the script
    // One list, because clap would take an option right after the file for its own.
    #[arg(value_name = "FILE", trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
    #[command(subcommand)]
    subcommand: Option<Subcommand>,
}

/// What is no script.
#[derive(Debug, clap::Subcommand)]
enum Subcommand {
    Ci(ci::Args),
}

/// Stack of the thread that scripts run in: what scripts may use, and what calls from there need.
const STACK: usize = 64 << 20;
const STACK_OF_SCRIPTS: usize = 32 << 20;

/// Runs the script and answers its code.
pub(crate) fn run<S: Store + 'static>(
    args: &Args,
    fs: &Arc<Fs<S>>,
    w: &Workspace<'_, Fs<S>>,
) -> Result<Exit> {
    if let Some(Subcommand::Ci(args)) = &args.subcommand {
        return ci::run(args, w);
    }
    if !tarbox_quickjs::IS_COMPLETE {
        return Err(Failure::new(
            ErrorKind::Unsupported,
            "this tarbox was built without the npm packages that Node's modules are made of; \
             run `npm ci` in its sources, and build it again",
        ));
    }
    let files: Arc<dyn Files> = fs.clone();
    let (entry, rest) = args.entry();
    let name = match &entry {
        Some(Entry::File(path)) => path.rsplit('/').next().unwrap_or(path).to_owned(),
        _ => "-".to_owned(),
    };
    let mut who = w.who.clone();
    who.actor.agent = format!("js:{name}").into();
    let setting = Setting {
        mounts: args.mounts(&files, &who)?,
        who,
        env: environment(&args.env)?,
        rest,
        network: network::network(http::access(&args.allow_host, w.database)?)?,
        cwd: args.cwd.clone(),
        bytecode: args.bytecode(w.database, entry.as_ref()),
        limits: Limits {
            timeout: args.timeout,
            fuel: args.fuel,
            memory: args.max_memory.saturating_mul(1 << 20),
            stack: STACK_OF_SCRIPTS,
        },
    };
    w.out.flush()?;
    let watchdog = args.timeout.map(|timeout| Watchdog::begin(timeout, files));
    let outcome = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("tarbox-js".into())
            .stack_size(STACK);
        let started = thread.spawn_scoped(scope, || setting.run(entry.as_ref()));
        match started.map(|thread| thread.join()) {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => Err(Failure::host("thread", &error)),
        }
    })?;
    drop(watchdog);
    match outcome {
        Outcome::Ended(code) => Ok(exit(code)),
        Outcome::Killed(_) => Ok(exit(outcome.exit_code())),
        Outcome::Died(death) => Err(died(death, args)),
    }
}

impl Args {
    /// What to run, and the arguments for it; nothing for an interactive session.
    fn entry(&self) -> (Option<Entry>, Vec<String>) {
        let text = match (&self.print, &self.eval) {
            (Some(text), _) if !text.is_empty() => Some(Entry::Print(text.clone())),
            (Some(_), Some(text)) => Some(Entry::Print(text.clone())),
            (_, Some(text)) => Some(Entry::Code(text.clone())),
            _ => None,
        };
        if text.is_some() {
            return (text, self.command.clone());
        }
        let rest = self.command.iter().skip(1).cloned().collect();
        match self.command.first().map(String::as_str) {
            Some("-") => (Some(Entry::Input), rest),
            Some(path) => (Some(Entry::File(path.to_owned())), rest),
            None if io::stdin().is_terminal() => (None, rest),
            None => (Some(Entry::Input), rest),
        }
    }

    /// What was compiled when this script ran before; nothing for what is not a file, which is rarely the same again.
    fn bytecode(&self, database: Option<&Path>, entry: Option<&Entry>) -> Option<Bytecode> {
        let Some(Entry::File(path)) = entry.filter(|_| !self.no_cache) else {
            return None;
        };
        let database = database.map(|path| path.canonicalize().unwrap_or_else(|_| path.to_owned()));
        let database = database.unwrap_or_default();
        let script = [database.as_os_str().as_encoded_bytes(), &[0], path.as_bytes()];
        Some(Bytecode::of_user(&script.concat()))
    }

    /// The root and a temporary directory, unless other directories are named.
    fn mounts(&self, files: &Arc<dyn Files>, who: &Credentials) -> Result<Vec<Mount>> {
        let mut mounts = Vec::new();
        let mut has_temporary = false;
        for (texts, capability) in [
            (&self.dir, Capability::ReadWrite),
            (&self.ro, Capability::ReadOnly),
        ] {
            for text in texts {
                let (path, name) = lent(text)?;
                has_temporary |= name == "/tmp";
                let mount = Mount::new(files.clone(), who, path.as_bytes(), name.as_bytes(), capability);
                mounts.push(mount.map_err(|error| Failure::of(error, path.as_bytes()))?);
            }
        }
        if mounts.is_empty() {
            mounts.push(Mount::new(files.clone(), who, b"/", b"/", Capability::ReadWrite)?);
        }
        if !has_temporary {
            mounts.push(Mount::new(
                temporary(),
                who,
                b"/",
                b"/tmp",
                Capability::ReadWrite,
            )?);
        }
        Ok(mounts)
    }
}

/// What the engine is made with, ready to go to its thread.
struct Setting {
    mounts: Vec<Mount>,
    who: Credentials,
    env: Vec<(String, String)>,
    rest: Vec<String>,
    network: Arc<dyn Network>,
    cwd: String,
    bytecode: Option<Bytecode>,
    limits: Limits,
}

impl Setting {
    fn run(self, entry: Option<&Entry>) -> Result<Outcome> {
        let mut options = Options::new(self.mounts, self.who);
        options.args = self.rest;
        options.network = Some(self.network);
        options.env = self.env;
        options.cwd = self.cwd;
        options.bytecode = self.bytecode;
        options.limits = self.limits;
        options.use_standard_streams();
        let failed = |error: tarbox_quickjs::Error| Failure::new(ErrorKind::Io, error.to_string());
        let mut vm = Vm::new(options).map_err(failed)?;
        match entry {
            Some(entry) => Ok(vm.run(entry)),
            None => repl::run(&mut vm),
        }
    }
}

/// A process's code has eight bits; what fails must not look as if it had not.
fn exit(code: i32) -> Exit {
    match code & 0xff {
        0 if code != 0 => Exit::FAILED,
        low => Exit(low as u8),
    }
}

fn died(death: Death, args: &Args) -> Failure {
    let message = match death {
        Death::Timeout => format!(
            "the script was stopped after {} s (--timeout)",
            args.timeout.unwrap_or_default().as_secs_f64()
        ),
        Death::Fuel => "the script was stopped: it has used up its --fuel".to_owned(),
        Death::Memory => format!(
            "the script was stopped: it needs more than {} MiB of memory (--max-memory)",
            args.max_memory
        ),
        Death::Exit(_) => "the script has ended itself".to_owned(),
    };
    let message = escape(message.as_bytes()).into_owned();
    Failure::new(ErrorKind::Io, message).ending(Exit(death.exit_code() as u8))
}
