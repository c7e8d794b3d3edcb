//! The engines of a module, by number.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tarbox_calls::Request;
use tarbox_fs::Credentials;
use tarbox_quickjs::{Capability, Death, Entry, Files, Limits, Mount, Options, Outcome, Turn, Vm, temporary};
use tarbox_store::{Error, ErrorKind, Result};

/// The names of the operations, numbered from 1000 on.
///
/// * `new`: an engine, whose workspace is at the path `first`. Numbers: the engine, which is a random number, so that none is taken for
///   one that went with another worker; milliseconds for each turn (0 for any); bytes of memory (0 for 512 MiB).
/// * `begin`: `second` is run, which is `first`: `code` or `file`. Numbers: the engine. The value numbers the run.
/// * `turn`: what is to be done now. Numbers: the engine. The output is JSON about it.
/// * `free`: the end of an engine. Numbers: the engine.
pub const OPERATIONS: &[&str] = &["new", "begin", "turn", "free"];

/// The number of the first operation.
const FIRST: u32 = 1000;
/// The most engines at once. Each has a few megabytes at least.
const ENGINES_MAX: usize = 64;
/// WebAssembly's stack is small, and that of the browser beside it is not much larger.
const STACK: usize = 64 << 10;
const MEMORY: u64 = 512 << 20;
/// What is kept of what a script prints, until it is fetched.
const OUTPUT_MAX: usize = 16 << 20;

/// All engines.
#[derive(Default)]
pub struct Engines {
    engines: BTreeMap<u32, Engine>,
}

struct Engine {
    vm: Vm,
    output: Kept,
    errors: Kept,
    /// Why it runs nothing any more.
    ended: Option<Outcome>,
}

impl Engines {
    /// Does an operation. `files` is what the engines see, and `who` for whom they work there.
    ///
    /// # Errors
    /// `Invalid` for what is no operation, `BadHandle` for an engine that is not there, `TooManyOpen`; `Stale` once a limit or
    /// `process.exit` has ended an engine.
    pub fn call(
        &mut self,
        (files, who): (Arc<dyn Files>, &Credentials),
        operation: u32,
        request: &Request<'_>,
        out: &mut Vec<u8>,
    ) -> Result<f64> {
        let name = operation
            .checked_sub(FIRST)
            .and_then(|at| OPERATIONS.get(at as usize));
        match name {
            Some(&"new") => self.make(files, who, request).map(|()| 0.0),
            Some(&"begin") => {
                let engine = self.engine(request)?;
                let entry = match request.first {
                    "file" => Entry::File(request.second.to_owned()),
                    _ => Entry::Code(request.second.to_owned()),
                };
                engine.live()?;
                let begun = engine.vm.begin(&entry);
                begun.map(f64::from).or_else(|outcome| {
                    // The next turn tells.
                    engine.ended = Some(outcome);
                    Ok(0.0)
                })
            }
            Some(&"turn") => {
                self.engine(request)?.turn(out);
                Ok(0.0)
            }
            Some(&"free") => {
                let number = request.small(0)?;
                let engine = self.engines.remove(&number);
                engine.map(|_| 0.0).ok_or_else(|| ErrorKind::BadHandle.into())
            }
            _ => Err(Error::new(ErrorKind::Invalid).because("there is no such operation")),
        }
    }

    fn make(&mut self, files: Arc<dyn Files>, who: &Credentials, request: &Request<'_>) -> Result<()> {
        if self.engines.len() >= ENGINES_MAX {
            return Err(Error::new(ErrorKind::TooManyOpen).because("there are too many engines"));
        }
        let number = request.small(0)?;
        if self.engines.contains_key(&number) {
            return Err(ErrorKind::Exists.into());
        }
        let at = match request.first {
            "" => "/",
            at => at,
        };
        let mut mounts = vec![Mount::new(
            files,
            who,
            b"/",
            at.as_bytes(),
            Capability::ReadWrite,
        )?];
        if at != "/tmp" {
            mounts.push(Mount::new(
                temporary(),
                who,
                b"/",
                b"/tmp",
                Capability::ReadWrite,
            )?);
        }
        let (output, errors) = (Kept::default(), Kept::default());
        let mut options = Options::new(mounts, who.clone());
        options.cwd = at.to_owned();
        options.limits = Limits {
            timeout: Some(request.whole(1)?)
                .filter(|time| *time > 0)
                .map(Duration::from_millis),
            memory: Some(request.whole(2)?)
                .filter(|bytes| *bytes > 0)
                .unwrap_or(MEMORY),
            stack: STACK,
            ..Limits::default()
        };
        options.output = Box::new(output.clone());
        options.errors = Box::new(errors.clone());
        let vm = Vm::new(options);
        let vm = vm.map_err(|error| Error::new(ErrorKind::NoSpace).because(error.to_string()))?;
        let engine = Engine {
            vm,
            output,
            errors,
            ended: None,
        };
        self.engines.insert(number, engine);
        Ok(())
    }

    fn engine(&mut self, request: &Request<'_>) -> Result<&mut Engine> {
        let engine = self.engines.get_mut(&request.small(0)?);
        engine.ok_or_else(|| Error::new(ErrorKind::BadHandle).because("the engine is gone"))
    }
}

impl fmt::Debug for Engines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.engines.keys()).finish()
    }
}

impl Engine {
    fn live(&self) -> Result<()> {
        match self.ended {
            None => Ok(()),
            Some(_) => Err(Error::new(ErrorKind::Stale).because("the engine has ended; make another one")),
        }
    }

    /// JSON: `wait` in milliseconds, or null; `settled`, numbers and what `Vm::turn` tells of them; `ended`, an exit code with `why`;
    /// what was printed, as `out` and `err`.
    fn turn(&mut self, out: &mut Vec<u8>) {
        let turn = match self.ended {
            Some(outcome) => Err(outcome),
            None => self.vm.turn(),
        };
        let turn = turn.unwrap_or_else(|outcome| {
            self.ended = Some(outcome);
            Turn {
                wait: None,
                settled: Vec::new(),
            }
        });
        let wait = turn
            .wait
            .map_or("null".into(), |wait| wait.as_millis().to_string());
        let settled: Vec<_> = turn
            .settled
            .iter()
            .map(|(number, told)| format!("[{number},{told}]"))
            .collect();
        let ended = match self.ended {
            None => "null".to_owned(),
            Some(outcome) => format!(
                "{{\"code\":{},\"why\":{}}}",
                outcome.exit_code(),
                quoted(why(outcome))
            ),
        };
        let (output, errors) = (quoted(&self.output.take()), quoted(&self.errors.take()));
        let settled = settled.join(",");
        let text = format!(
            "{{\"wait\":{wait},\"settled\":[{settled}],\"ended\":{ended},\"out\":{output},\"err\":{errors}}}"
        );
        out.extend_from_slice(text.as_bytes());
    }
}

fn why(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ended(_) | Outcome::Killed(_) | Outcome::Died(Death::Exit(_)) => "exit",
        Outcome::Died(Death::Timeout) => "timeout",
        Outcome::Died(Death::Fuel) => "fuel",
        Outcome::Died(Death::Memory) => "memory",
    }
}

/// A text as JSON has it.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            c if u32::from(c) < 0x20 => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// What was printed and not fetched yet.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn take(&self) -> String {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = std::mem::take(&mut *kept);
        String::from_utf8_lossy(&all).into_owned()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len().saturating_add(bytes.len()) > OUTPUT_MAX {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        kept.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
