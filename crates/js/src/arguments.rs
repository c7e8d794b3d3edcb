//! The command line. What there is has the names that `tarbox js` gives it.

use std::time::Duration;

use tarbox_quickjs::{Entry, Limits};

pub(crate) const USAGE: &str = "\
Usage: tarbox-js [OPTIONS] [FILE | - | -e CODE | -p CODE] [ARGS]...

Runs JavaScript or TypeScript with Node's modules. With --db, its files are a workspace in that database; otherwise they are the
directories that the runtime lends.

  -e, --eval CODE     run this text; -p, --print CODE also prints its value
      --db PATH       the database, made if it is not there; also TARBOX_DB
      --tenant NAME   the workspace in it [default: default]; also TARBOX_TENANT
      --cwd PATH      the directory to begin in [default: /]
      --timeout SECONDS, --fuel N, --max-memory MB
                      what ends the script: 124, 152 and 137 are the exit codes
      --stack KB      for nested calls [default: 64, about 350 of them]; the runtime's own stack has to be larger in step
";

/// What the command line says.
pub(crate) struct Arguments {
    /// What to run; nothing for an interactive session.
    pub(crate) entry: Option<Entry>,
    pub(crate) rest: Vec<String>,
    pub(crate) db: Option<String>,
    pub(crate) tenant: String,
    pub(crate) cwd: String,
    pub(crate) limits: Limits,
}

/// WebAssembly's stack is small, and where it ends the module ends, too. Runtimes keep one of their own beside the module's, of which
/// a nested call takes many times as much: with this, nothing that nests ends one of 1 MiB, and about 350 calls of JavaScript fit.
const STACK: usize = 64 << 10;
/// The most that the module's own stack, of 1 MiB, leaves for scripts.
const STACK_MAX: u64 = 640;
/// There are 4 GiB in all, for everything.
const MEMORY: u64 = 3 << 30;

impl Arguments {
    /// Reads what comes behind the program's name.
    ///
    /// # Errors
    /// What is wrong with it; `None` if help was asked for.
    pub(crate) fn parse(
        mut args: impl Iterator<Item = String>,
        env: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Option<String>> {
        let mut parsed = Self {
            entry: None,
            rest: Vec::new(),
            db: env("TARBOX_DB"),
            tenant: env("TARBOX_TENANT").unwrap_or_else(|| "default".into()),
            cwd: "/".into(),
            limits: Limits {
                memory: MEMORY,
                stack: STACK,
                ..Limits::default()
            },
        };
        while let Some(arg) = args.next() {
            let (name, joined) = match arg.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
                _ => (arg.clone(), None),
            };
            let mut value = || {
                let value = joined.clone().or_else(|| args.next());
                value.ok_or_else(|| Some(format!("{name} needs a value")))
            };
            match name.as_str() {
                "-h" | "--help" => return Err(None),
                "-e" | "--eval" => parsed.entry = Some(Entry::Code(value()?)),
                "-p" | "--print" => parsed.entry = Some(Entry::Print(value()?)),
                "--db" => parsed.db = Some(value()?),
                "--tenant" => parsed.tenant = value()?,
                "--cwd" => parsed.cwd = value()?,
                "--timeout" => {
                    let seconds: f64 = number(&name, &value()?)?;
                    let timeout = Duration::try_from_secs_f64(seconds);
                    parsed.limits.timeout = Some(timeout.map_err(|error| Some(format!("{name}: {error}")))?);
                }
                "--fuel" => parsed.limits.fuel = Some(number(&name, &value()?)?),
                "--max-memory" => {
                    let megabytes: u64 = number(&name, &value()?)?;
                    parsed.limits.memory = megabytes.saturating_mul(1 << 20).min(MEMORY);
                }
                "--stack" => {
                    let kilobytes: u64 = number(&name, &value()?)?;
                    parsed.limits.stack = (kilobytes.min(STACK_MAX) as usize) << 10;
                }
                "-" => parsed.entry = Some(Entry::Input),
                _ if arg.starts_with('-') => return Err(Some(format!("unknown option {arg}"))),
                _ => parsed.entry = Some(Entry::File(arg)),
            }
            if parsed.entry.is_some() {
                break;
            }
        }
        parsed.rest = args.collect();
        Ok(parsed)
    }
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, Option<String>> {
    text.parse()
        .map_err(|_| Some(format!("{name} needs a number, not {text:?}")))
}
