//! Components: WASI 0.2 with our own `wasi:filesystem`.

mod bindings;
mod descriptor;
mod filesystem;
mod link;
mod network;
mod state;
mod streams;

use wasmtime::Store;
use wasmtime::component::Component;
use wasmtime_wasi::p2::bindings::CommandPre;

use crate::deadline::{Alarm, Deadline};
use crate::error::{one_line, with_causes};
use crate::{RunError, RunOptions, outcome};
use state::State;

/// Runs a component on this thread, and answers its exit status.
pub(crate) fn run(program: &str, component: &Component, options: RunOptions) -> Result<i32, RunError> {
    let engine = component.engine();
    let command = check(program, component)?;
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
        let command = command.instantiate_async(&mut store).await?;
        command.wasi_cli_run().call_run(&mut store).await
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

/// Everything that can be wrong with a component before it is given anything.
fn check(program: &str, component: &Component) -> Result<CommandPre<State>, RunError> {
    let engine = component.engine();
    let linker = link::linker(engine).map_err(|e| host("set up WASI", &e))?;
    let pre = linker
        .instantiate_pre(component)
        .map_err(|error| unlinkable(program, component, &error))?;
    CommandPre::new(pre).map_err(|_| RunError::NotAProgram {
        program: program.to_owned(),
        expected: "the interface `wasi:cli/run@0.2`",
    })
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
