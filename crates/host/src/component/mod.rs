//! Components: WASI 0.2 and 0.3 with our own `wasi:filesystem`.

mod bindings;
mod descriptor;
mod failure;
mod filesystem;
mod http;
mod link;
mod network;
mod p3;
mod state;
mod streams;

use wasmtime::Store;
use wasmtime::component::{Component, InstancePre};
use wasmtime_wasi::p2::bindings::Command;

use crate::deadline::{Alarm, Deadline};
use crate::error::{one_line, with_causes};
use crate::{RunError, RunOptions, outcome};
use state::State;

/// Runs a component on this thread, and answers its exit status.
pub(crate) fn run(program: &str, component: &Component, options: RunOptions) -> Result<i32, RunError> {
    let engine = component.engine();
    let (world, pre) = check(program, component)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| RunError::Host {
            doing: "set up waiting",
            reason: e.to_string(),
        })?;
    let limits = options.limits;
    let deadline = Deadline::after(limits.timeout);
    let _alarm = Alarm::set(engine, deadline).map_err(|e| RunError::Host {
        doing: "watch the time limit",
        reason: e.to_string(),
    })?;
    let mut store = Store::new(engine, State::new(program, options)?);
    outcome::arm(&mut store, &limits, deadline, State::limiter).map_err(|e| host("set the limits", &e))?;
    let running = async {
        let instance = pre.instantiate_async(&mut store).await?;
        match world {
            World::P2 => {
                let command = Command::new(&mut store, &instance)?;
                command.wasi_cli_run().call_run(&mut store).await
            }
            World::P3 => p3::run(&mut store, &instance).await,
        }
    };
    let ended = runtime.block_on(async {
        match deadline.left() {
            None => running.await,
            // The epoch ends a program that computes; this ends one that waits.
            Some(left) => match tokio::time::timeout(left, running).await {
                Ok(ended) => ended,
                Err(_) => Err(deadline.limit().map_or_else(outcome::interrupted, Into::into)),
            },
        }
    });
    let status = ended.map(|result| i32::from(result.is_err()));
    let outcome = outcome::of(program, status, &limits, deadline);
    drop(store);
    // A thread that waits for this process's standard input cannot be stopped; it is left behind.
    runtime.shutdown_background();
    outcome
}

/// By which interface a program is run. What it imports may be of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum World {
    P2,
    P3,
}

impl World {
    fn of(component: &Component) -> Option<Self> {
        let ty = component.component_type();
        let mut exports = ty.exports(component.engine());
        exports.find_map(|(name, _)| match name.split_once('@')? {
            ("wasi:cli/run", version) if version.starts_with("0.2.") => Some(Self::P2),
            ("wasi:cli/run", version) if version.starts_with("0.3.") => Some(Self::P3),
            _ => None,
        })
    }
}

/// Everything that can be wrong with a component before it is given anything.
fn check(program: &str, component: &Component) -> Result<(World, InstancePre<State>), RunError> {
    let linker = link::linker(component).map_err(|e| host("set up WASI", &e))?;
    let pre = linker
        .instantiate_pre(component)
        .map_err(|error| unlinkable(program, component, &error))?;
    match World::of(component) {
        Some(world) => Ok((world, pre)),
        None => Err(RunError::NotAProgram {
            program: program.to_owned(),
            expected: "the interface `wasi:cli/run@0.2` or `@0.3`",
        }),
    }
}

/// What is missing, by name if it is of an interface that is not there at all.
fn unlinkable(program: &str, component: &Component, error: &wasmtime::Error) -> RunError {
    let program = program.to_owned();
    let ty = component.component_type();
    let mut imports = ty.imports(component.engine()).map(|(name, _)| name);
    match imports.find(|name| !link::provides(name)) {
        Some(name) => RunError::MissingImport {
            program,
            import: format!("the interface `{name}`"),
        },
        None => RunError::WrongImport {
            program,
            reason: with_causes(error),
        },
    }
}

fn host(doing: &'static str, error: &wasmtime::Error) -> RunError {
    RunError::Host {
        doing,
        reason: one_line(error.root_cause()),
    }
}
