//! One engine, from its making to its end.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use rquickjs::{CatchResultExt, Context, Ctx, Function, Object, Persistent, Runtime, Value};

use crate::allocator::Bounded;
use crate::builtins;
use crate::bytecode;
use crate::host::Host;
use crate::limits::{Death, Watch};
use crate::loader::Hooks;
use crate::native::{self, Shared};
use crate::options::Options;
use crate::world::World;

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The file at this path, as `node FILE` does.
    File(String),
    /// This text, as `node -e TEXT` does.
    Code(String),
    /// This text, as `node -p TEXT` does: its value is printed.
    Print(String),
    /// All of standard input, as `node -` does.
    Input,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It came to its end, or ended itself, with this code.
    Ended(i32),
    /// It sent itself this signal, which nobody listened for.
    Killed(i32),
    /// It was ended by a limit. The engine cannot be used any more.
    Died(Death),
}

impl Outcome {
    /// What `native.exit` was called with: a code, or a signal and a bit that tells so.
    fn of_exit(code: i32) -> Self {
        const BY_SIGNAL: i32 = 1 << 30;
        match code & BY_SIGNAL {
            0 => Self::Ended(code),
            _ => Self::Killed(code >> 8 & 0x7f),
        }
    }

    /// What the process is to end with.
    pub const fn exit_code(self) -> i32 {
        match self {
            Self::Ended(code) => code,
            Self::Killed(signal) => 128 + signal,
            Self::Died(death) => death.exit_code(),
        }
    }
}

/// What a turn of the event loop has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// How long there is nothing to do; `None` if nothing that was begun is left.
    pub wait: Option<Duration>,
    /// Numbers of what has been settled, and JSON about each: `{"value":…}`, without a value `{}`, or
    /// `{"error":{"name","message","stack","code"}}`.
    pub settled: Vec<(u32, String)>,
}

/// The engine could not be made.
#[derive(Debug)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// An engine with Node's world in it. It belongs to one thread, which must have the stack that its limits name.
pub struct Vm {
    // The order of the fields is the order of their end: values, context, runtime.
    boot: Option<Persistent<Object<'static>>>,
    hooks: Hooks,
    context: Context,
    runtime: Runtime,
    shared: Rc<Shared>,
}

impl Vm {
    /// # Errors
    /// If there is not even the memory to begin.
    pub fn new(options: Options) -> Result<Self, Error> {
        let watch = Rc::new(Watch::new(&options.limits));
        let limit = usize::try_from(options.limits.memory).unwrap_or(usize::MAX);
        let failed = |error: rquickjs::Error| Error(format!("the JavaScript engine cannot start: {error}"));
        let runtime = Runtime::new_with_alloc(Bounded::new(limit, Rc::clone(&watch))).map_err(failed)?;
        runtime.set_max_stack_size(options.limits.stack);
        let looks = Rc::clone(&watch);
        runtime.set_interrupt_handler(Some(Box::new(move || looks.work())));
        let hooks = Hooks::default();
        runtime.set_loader(hooks.clone(), hooks.clone());
        let context = Context::full(&runtime).map_err(failed)?;
        let world = World::new(options.mounts, options.who, options.cwd.as_bytes());
        let host = Host::new(options.output, options.errors, options.input);
        let shared = Shared::new(
            world,
            watch,
            host,
            options.network,
            (options.limits, options.depth),
            options.bytecode.as_ref(),
        );
        let config = Config {
            args: options.args,
            exec_args: options.exec_args,
            env: options.env,
            terminals: options.terminals,
            ids: options.ids,
        };
        let boot = context.with(|ctx| {
            let armed = shared.watch.brake.arm(&ctx);
            let boot = armed
                .and_then(|()| boot(&ctx, &shared, &hooks, &config))
                .catch(&ctx);
            boot.map_err(|error| Error(format!("the JavaScript engine cannot start: {error}")))
        });
        runtime.set_host_promise_rejection_tracker(shared.rejections.take());
        let vm = Self {
            boot: boot.as_ref().ok().cloned(),
            hooks,
            context,
            runtime,
            shared,
        };
        boot.map(|_| vm)
    }

    /// Runs a script, and then whatever it has begun, to the end.
    pub fn run(&mut self, entry: &Entry) -> Outcome {
        let (kind, text) = match entry {
            Entry::File(path) => ("file", path.as_str()),
            Entry::Code(text) => ("code", text.as_str()),
            Entry::Print(text) => ("print", text.as_str()),
            Entry::Input => ("input", ""),
        };
        let outcome = self.call("run", (kind, text));
        let _ = self.shared.host.borrow_mut().flush();
        outcome
    }

    /// Runs one input of an interactive session and what it has begun: its value is printed. False if the text is not complete yet.
    pub fn line(&mut self, text: &str) -> Result<bool, Outcome> {
        let complete = self.context.with(|ctx| {
            let complete = self.method(&ctx, "isComplete").and_then(|f| f.call((text,)));
            complete.unwrap_or(true)
        });
        if !complete {
            return Ok(false);
        }
        let outcome = self.call("line", (text,));
        let _ = self.shared.host.borrow_mut().flush();
        match (outcome, self.shared.watch.is_dead()) {
            (_, false) => Ok(true),
            (outcome, true) => Err(outcome),
        }
    }

    /// Begins to run a text, for a host with an event loop of its own: nothing is waited for. Answers the number by which
    /// [`turn`](Self::turn) tells what became of it. The time of the limits begins to run anew.
    ///
    /// # Errors
    /// How the engine ended, if it did.
    pub fn begin(&mut self, entry: &Entry) -> Result<u32, Outcome> {
        let (kind, text) = match entry {
            Entry::File(path) => ("file", path.as_str()),
            Entry::Code(text) | Entry::Print(text) => ("code", text.as_str()),
            Entry::Input => ("code", ""),
        };
        self.answer("begin", (kind, text))
    }

    /// Does what there is to be done now, of all that was begun.
    ///
    /// # Errors
    /// How the engine ended, if it did.
    pub fn turn(&mut self) -> Result<Turn, Outcome> {
        let told: Vec<String> = self.answer("turn", ())?;
        let mut told = told.into_iter();
        let wait = told
            .next()
            .and_then(|text| text.parse::<f64>().ok())
            .unwrap_or(-1.0);
        let told: Vec<String> = told.collect();
        let settled = told
            .chunks_exact(2)
            .filter_map(|pair| Some((pair[0].parse().ok()?, pair[1].clone())));
        Ok(Turn {
            wait: (wait >= 0.0).then(|| Duration::try_from_secs_f64(wait / 1000.0).unwrap_or(Duration::MAX)),
            settled: settled.collect(),
        })
    }

    fn answer<T: for<'js> rquickjs::FromJs<'js>>(
        &self,
        name: &str,
        args: impl for<'js> rquickjs::function::IntoArgs<'js>,
    ) -> Result<T, Outcome> {
        self.shared.watch.rewind();
        let answer = self.context.with(|ctx| {
            let answer = self.method(&ctx, name).and_then(|f| f.call(args)).catch(&ctx);
            answer.map_err(|error| error.to_string())
        });
        match (self.shared.watch.death(), answer) {
            (Some(Death::Exit(code)), _) => Err(Outcome::of_exit(code)),
            (Some(death), _) => Err(Outcome::Died(death)),
            (None, Ok(answer)) => Ok(answer),
            (None, Err(message)) => {
                let told = format!("{message}\n");
                let _ = self.shared.host.borrow_mut().print(2, told.as_bytes());
                Err(Outcome::Ended(1))
            }
        }
    }

    /// What could stand at the end of a text: where it begins, and the possibilities.
    pub fn complete(&mut self, text: &str) -> (usize, Vec<String>) {
        self.context.with(|ctx| {
            let found = self
                .method(&ctx, "complete")
                .and_then(|f| f.call::<_, Vec<String>>((text,)));
            let mut found = found.unwrap_or_default();
            if ctx.has_exception() {
                ctx.catch();
            }
            if found.is_empty() {
                return (text.len(), found);
            }
            let word = found.remove(0);
            (text.len().saturating_sub(word.len()), found)
        })
    }

    /// What is left of the fuel, if it is counted.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn fuel_left(&self) -> Option<u64> {
        self.shared.watch.fuel()
    }

    fn method<'js>(&self, ctx: &Ctx<'js>, name: &str) -> rquickjs::Result<Function<'js>> {
        let boot = self.boot.clone().ok_or(rquickjs::Error::Unknown)?;
        boot.restore(ctx)?.get(name)
    }

    /// Calls one of the functions that run something; it answers the exit code.
    fn call<'a>(&self, name: &str, args: impl for<'js> rquickjs::function::IntoArgs<'js> + 'a) -> Outcome {
        self.shared.watch.begin();
        let ended = self.context.with(|ctx| {
            let code = self
                .method(&ctx, name)
                .and_then(|f| f.call::<_, i32>(args))
                .catch(&ctx);
            code.map_err(|error| error.to_string())
        });
        match (self.shared.watch.death(), ended) {
            (Some(Death::Exit(code)), _) => Outcome::of_exit(code),
            (Some(death), _) => Outcome::Died(death),
            (None, Ok(code)) => Outcome::Ended(code),
            (None, Err(message)) => {
                let _ = self
                    .shared
                    .host
                    .borrow_mut()
                    .print(2, format!("{message}\n").as_bytes());
                Outcome::Ended(1)
            }
        }
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        #[cfg(not(target_family = "wasm"))]
        self.shared.databases.close();
        self.shared.watch.brake.disarm();
        self.boot.take();
        self.hooks.clear();
        self.runtime.set_host_promise_rejection_tracker(None);
    }
}

impl fmt::Debug for Vm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vm").finish_non_exhaustive()
    }
}

/// What the JavaScript side is told.
struct Config {
    args: Vec<String>,
    exec_args: Vec<String>,
    env: Vec<(String, String)>,
    terminals: [bool; 3],
    ids: (u32, u32),
}

/// Starts the JavaScript side: `js/internal/boot.js` is given the native functions, and answers what is called from here.
fn boot(
    ctx: &Ctx<'_>,
    shared: &Rc<Shared>,
    hooks: &Hooks,
    config: &Config,
) -> rquickjs::Result<Persistent<Object<'static>>> {
    let native = native::object(ctx, shared)?;
    native.set("names", builtins::names().collect::<Vec<_>>())?;
    native.set("args", config.args.clone())?;
    native.set("execArgs", config.exec_args.clone())?;
    native.set("terminals", config.terminals.to_vec())?;
    native.set("ids", vec![config.ids.0, config.ids.1])?;
    let env = Object::new(ctx.clone())?;
    for (key, value) in &config.env {
        env.set(key.as_str(), value.as_str())?;
    }
    native.set("env", env)?;
    let exports = Object::new(ctx.clone())?;
    let define = bytecode::builtin(&shared.compiler, ctx, "internal/boot")?;
    Function::from_value(define)?.call::<_, ()>((exports.clone(),))?;
    let boot: Object<'_> = exports.get::<_, Function<'_>>("boot")?.call((native,))?;
    hooks.set(ctx, &boot, &shared.compiler)?;
    let rejected = Persistent::save(ctx, boot.get::<_, Function<'_>>("rejected")?);
    shared
        .rejections
        .set(Some(Box::new(move |ctx, promise, reason, handled| {
            tell(&ctx, rejected.clone(), promise, reason, handled);
        })));
    Ok(Persistent::save(ctx, boot))
}

/// Tells JavaScript that a promise was rejected while nobody looked, or that somebody looks now.
fn tell<'js>(
    ctx: &Ctx<'js>,
    rejected: Persistent<Function<'static>>,
    promise: Value<'js>,
    reason: Value<'js>,
    handled: bool,
) {
    let told = rejected
        .restore(ctx)
        .and_then(|f| f.call::<_, ()>((promise, reason, handled)));
    if told.is_err() && ctx.has_exception() {
        ctx.catch();
    }
}
