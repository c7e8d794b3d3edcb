//! Core modules: preview 1.

mod link;
mod preview1;
mod state;

use wasmtime::{ExternType, InstancePre, Linker, Module, Store};

use crate::deadline::{Alarm, Deadline};
use crate::error::{one_line, with_causes};
use crate::limiter::Limiter;
use crate::{RunError, RunOptions, outcome};
pub use link::add_to_linker;
pub use preview1::Preview1;
use state::State;

/// What a program exports to be run.
const START: &str = "_start";

/// Runs a module on this thread, and answers its exit status.
pub(crate) fn run(program: &str, module: &Module, options: RunOptions) -> Result<i32, RunError> {
    let engine = module.engine();
    let linker = link::linker(engine).map_err(|e| host("set up preview 1", &e))?;
    let ready = check(program, module, &linker)?;
    let limits = options.limits;
    let deadline = Deadline::after(limits.timeout);
    let _alarm = Alarm::set(engine, deadline).map_err(|e| RunError::Host {
        doing: "watch the time limit",
        reason: e.to_string(),
    })?;
    let state = State {
        preview1: Preview1::until(deadline, program, options)?,
        limiter: Limiter::new(limits.memory),
    };
    let mut store = Store::new(engine, state);
    outcome::arm(&mut store, &limits, deadline, |state| &mut state.limiter)
        .map_err(|e| host("set the limits of the program", &e))?;
    let ended = ready.instantiate(&mut store).and_then(|instance| {
        store.data_mut().preview1.memory = None;
        let memory = instance.get_memory(&mut store, "memory");
        store.data_mut().preview1.memory = memory;
        let start = instance.get_typed_func::<(), ()>(&mut store, START)?;
        start.call(&mut store, ())
    });
    outcome::of(program, ended.map(|()| 0), &limits, deadline)
}

/// Looks for everything that can be wrong with a module before it is given anything, and answers it ready to start.
fn check(program: &str, module: &Module, linker: &Linker<State>) -> Result<InstancePre<State>, RunError> {
    for import in module.imports() {
        if !link::provides(import.module(), import.name()) {
            let kind = kind(&import.ty());
            return Err(RunError::MissingImport {
                program: program.to_owned(),
                import: format!("{kind} `{}.{}`", import.module(), import.name()),
            });
        }
    }
    let ready = linker
        .instantiate_pre(module)
        .map_err(|error| RunError::WrongImport {
            program: program.to_owned(),
            reason: with_causes(&error),
        })?;
    match module.get_export(START) {
        Some(ExternType::Func(start)) if start.params().len() == 0 && start.results().len() == 0 => Ok(ready),
        _ => Err(RunError::NotAProgram {
            program: program.to_owned(),
            expected: "the function `_start` without arguments and results",
        }),
    }
}

fn kind(ty: &ExternType) -> &'static str {
    match ty {
        ExternType::Func(_) => "the function",
        ExternType::Global(_) => "the global",
        ExternType::Table(_) => "the table",
        ExternType::Memory(_) => "the memory",
        ExternType::Tag(_) => "the tag",
    }
}

fn host(doing: &'static str, error: &wasmtime::Error) -> RunError {
    RunError::Host {
        doing,
        reason: one_line(error.root_cause()),
    }
}
