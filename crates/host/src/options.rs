//! What a run is given.

use std::net::SocketAddr;
use std::sync::Arc;

use tarbox_fs::Credentials;
use tarbox_wasi::{Files, temporary};

use crate::{HttpAccess, Limits, Preopen, Sink, Source};

/// What one run of a program is given. The default is nothing: no arguments, environment, directories, input or
/// network; output goes to this process's.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Arguments behind the program's name, which the host puts first.
    pub args: Vec<String>,
    /// Variables of the environment. Nothing of this process's own is added.
    pub env: Vec<(String, String)>,
    /// Directories lent to the program.
    pub preopens: Vec<Preopen>,
    /// Who the program is for the file system. The agent in the audit becomes `run:` and the program's name.
    pub who: Credentials,
    /// Standard input.
    pub stdin: Source,
    /// Standard output.
    pub stdout: Sink,
    /// Standard error.
    pub stderr: Sink,
    /// What it may use.
    pub limits: Limits,
    /// Addresses that a component may connect to. Core modules have no sockets.
    pub endpoints: Vec<SocketAddr>,
    /// Whom a component may ask by `wasi:http`: nobody unless named.
    pub http: HttpAccess,
}

impl RunOptions {
    /// A run on behalf of `who`.
    pub fn new(who: Credentials) -> Self {
        Self {
            args: Vec::new(),
            env: Vec::new(),
            preopens: Vec::new(),
            who,
            stdin: Source::Empty,
            stdout: Sink::Inherit,
            stderr: Sink::Inherit,
            limits: Limits::default(),
            endpoints: Vec::new(),
            http: HttpAccess::default(),
        }
    }

    /// A run on behalf of `who` that finds the root of `files` as `/`, and an empty file system as `/tmp` that is gone
    /// when the options are.
    pub fn on(files: Arc<dyn Files>, who: Credentials) -> Self {
        Self {
            preopens: vec![
                Preopen::new(files, "/"),
                Preopen::new(temporary(), "/").at("/tmp"),
            ],
            ..Self::new(who)
        }
    }
}

/// What the audit calls a program.
pub(crate) fn agent(program: &str) -> Arc<str> {
    Arc::from(format!("run:{program}"))
}
