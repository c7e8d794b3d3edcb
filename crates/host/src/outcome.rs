//! How runs are bounded, and how they end.

use std::fmt;

use tarbox_wasi::p1::Fault;
use wasmtime::{ResourceLimiter, Store, UpdateDeadline, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::deadline::Deadline;
use crate::error::one_line;
use crate::{Limit, Limits, RunError, Trap};

/// How many functions of a trap's backtrace are kept.
const FRAMES_MAX: usize = 32;

/// The program ended itself with this status: what the error of a call is then, in a store of the embedder's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit(
    /// 0 is success.
    pub i32,
);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit with status {}", self.0)
    }
}

impl std::error::Error for Exit {}

/// The program passed an address that is not its own.
#[derive(Debug)]
pub(crate) struct BadAddress {
    pub(crate) function: &'static str,
    pub(crate) fault: Fault,
}

impl fmt::Display for BadAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bad address in {}: {}", self.function, self.fault)
    }
}

impl std::error::Error for BadAddress {}

/// Ended without a limit to blame.
pub(crate) fn interrupted() -> wasmtime::Error {
    wasmtime::Error::msg("interrupted")
}

/// Puts the limits of a run on its store.
pub(crate) fn arm<T: 'static>(
    store: &mut Store<T>,
    limits: &Limits,
    deadline: Deadline,
    limiter: impl Fn(&mut T) -> &mut crate::limiter::Limiter + Send + Sync + 'static,
) -> wasmtime::Result<()> {
    store.limiter(move |state| limiter(state) as &mut dyn ResourceLimiter);
    if let Some(fuel) = limits.fuel {
        store.set_fuel(fuel)?;
    }
    if limits.timeout.is_some() {
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| match deadline.exceeded() {
            Some(limit) => Err(limit.into()),
            None => Ok(UpdateDeadline::Continue(1)),
        });
    }
    Ok(())
}

/// The exit status of a run, or why it has none.
pub(crate) fn of(
    program: &str,
    ended: wasmtime::Result<i32>,
    limits: &Limits,
    deadline: Deadline,
) -> Result<i32, RunError> {
    let error = match ended {
        Ok(status) => return Ok(status),
        Err(error) => error,
    };
    if let Some(Exit(status)) = error.downcast_ref() {
        return Ok(*status);
    }
    if let Some(I32Exit(status)) = error.downcast_ref() {
        return Ok(*status);
    }
    Err(match limit(&error, limits, deadline) {
        Some(limit) => RunError::Limit {
            program: program.to_owned(),
            limit,
        },
        None => RunError::Trap(trap(program, &error)),
    })
}

fn limit(error: &wasmtime::Error, limits: &Limits, deadline: Deadline) -> Option<Limit> {
    match error.downcast_ref() {
        Some(wasmtime::Trap::OutOfFuel) => limits.fuel.map(Limit::Fuel),
        Some(wasmtime::Trap::Interrupt) => deadline.limit(),
        _ => error.downcast_ref().copied(),
    }
}

fn trap(program: &str, error: &wasmtime::Error) -> Trap {
    let backtrace = error.downcast_ref::<WasmBacktrace>();
    let frames = backtrace.into_iter().flat_map(WasmBacktrace::frames);
    let names = frames.filter_map(|frame| frame.func_name());
    let reason = one_line(error.root_cause());
    Trap {
        program: program.to_owned(),
        reason: reason.strip_prefix("wasm trap: ").unwrap_or(&reason).to_owned(),
        frames: names.take(FRAMES_MAX).map(demangled).collect(),
    }
}

/// Without the hash that the compiler puts behind.
fn demangled(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}
