//! Preview 1 in a store of whoever embeds Wasmtime.

use std::fmt;
use std::time::Instant;

use tarbox_wasi::p1::Context;
use wasmtime::Memory;

use crate::deadline::Deadline;
use crate::options::agent;
use crate::stdio::{HostInput, HostOutput};
use crate::system::Native;
use crate::{Preopen, RunError, RunOptions};

/// What one instance of a module has of preview 1: its directories and other descriptors, arguments and environment.
///
/// It is a part of the data of an embedder's own store; [`add_to_linker`](crate::add_to_linker) has an example.
pub struct Preview1 {
    pub(super) context: Context,
    /// The module's memory, once it is known: looking an export up by name costs more than many calls do.
    pub(super) memory: Option<Memory>,
    pub(super) deadline: Deadline,
}

impl Preview1 {
    /// What the program of this name is given. The audit calls it `run:` and the name.
    ///
    /// Of the limits, those on descriptors and on the time that a call may wait apply. Fuel, memory and the time that the program
    /// computes are for the embedder to limit in its store.
    ///
    /// # Errors
    /// [`RunError::Preopen`] if a directory is not there; [`RunError::Host`] if they are more than it may have descriptors.
    pub fn new(program: &str, options: RunOptions) -> Result<Self, RunError> {
        let deadline = Deadline::after(options.limits.timeout);
        Self::until(deadline, program, options)
    }

    pub(super) fn until(
        deadline: Deadline,
        program: &str,
        mut options: RunOptions,
    ) -> Result<Self, RunError> {
        options.who.actor.agent = agent(program);
        let native = Native {
            start: Instant::now(),
            deadline,
        };
        let mut builder = Context::builder(Box::new(native))
            .stdin(HostInput::new(options.stdin, deadline))
            .stdout(HostOutput::stdout(options.stdout))
            .stderr(HostOutput::stderr(options.stderr))
            .arg(program);
        if let Some(limit) = options.limits.descriptors {
            builder = builder.max_descriptors(limit);
        }
        for arg in &options.args {
            builder = builder.arg(arg);
        }
        for (name, value) in &options.env {
            builder = builder.env(name, value);
        }
        for (guest, dir) in Preopen::open_all(&options.preopens, &options.who)? {
            builder = builder.preopen(guest, dir);
        }
        let context = builder.build().map_err(|_| RunError::Host {
            doing: "give the program its directories",
            reason: "there are more of them than it can have descriptors".into(),
        })?;
        Ok(Self {
            context,
            memory: None,
            deadline,
        })
    }
}

impl fmt::Debug for Preview1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Preview1")
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}
