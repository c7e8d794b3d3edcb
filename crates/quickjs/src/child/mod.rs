//! Another engine, for `child_process`: a script has no other programs. It sees the same file systems, its output is kept until it has
//! ended, and who has begun it waits. So what it may use is what is left of the other's limits.

#[cfg(not(target_family = "wasm"))]
mod thread;
#[cfg(not(target_family = "wasm"))]
pub(crate) use thread::run;

#[cfg(target_family = "wasm")]
mod none;
#[cfg(target_family = "wasm")]
pub(crate) use none::run;

use std::sync::Arc;
use std::time::Duration;

use tarbox_fs::Credentials;

use crate::bytecode::Bytecode;
use crate::limits::Limits;
use crate::network::Network;
use crate::vm::{Entry, Outcome};
use crate::world::Mount;

/// How many may be one in another.
pub(crate) const DEPTH_MAX: u32 = 5;

/// What is to be run, and what it may use.
#[cfg_attr(target_family = "wasm", allow(dead_code))] // nothing runs it there
pub(crate) struct Child {
    pub(crate) entry: Entry,
    pub(crate) args: Vec<String>,
    pub(crate) exec_args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) cwd: String,
    pub(crate) input: Vec<u8>,
    pub(crate) mounts: Vec<Mount>,
    pub(crate) who: Credentials,
    pub(crate) limits: Limits,
    pub(crate) network: Option<Arc<dyn Network>>,
    pub(crate) depth: u32,
    /// Its number, and that of who has begun it.
    pub(crate) ids: (u32, u32),
    pub(crate) bytecode: Option<Bytecode>,
}

/// What became of it.
pub(crate) struct Ran {
    pub(crate) outcome: Outcome,
    pub(crate) output: Vec<u8>,
    pub(crate) errors: Vec<u8>,
    /// What is left of its fuel.
    pub(crate) fuel: Option<u64>,
}

/// The shorter of two times, of which each may be endless.
pub(crate) fn shorter(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
