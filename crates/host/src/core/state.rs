//! What a running module has on the host's side.

use tarbox_wasi::p1::Context;
use wasmtime::Memory;

use crate::deadline::Deadline;
use crate::limiter::Limiter;

pub(super) struct State {
    pub(super) context: Context,
    /// The module's memory, once it is known: looking an export up by name costs more than many calls do.
    pub(super) memory: Option<Memory>,
    pub(super) deadline: Deadline,
    pub(super) limiter: Limiter,
}

impl State {
    pub(super) fn new(context: Context, deadline: Deadline, memory: Option<u64>) -> Self {
        Self {
            context,
            memory: None,
            deadline,
            limiter: Limiter::new(memory),
        }
    }
}
