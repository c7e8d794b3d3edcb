//! What an engine is made with.

use std::fmt;
use std::io::{self, IsTerminal};
use std::sync::Arc;

use tarbox_fs::Credentials;

use crate::bytecode::Bytecode;
use crate::limits::Limits;
use crate::network::Network;
use crate::world::Mount;

/// What an engine is made with.
pub struct Options {
    /// What scripts see of file systems.
    pub mounts: Vec<Mount>,
    /// On whose behalf they work there.
    pub who: Credentials,
    /// The directory that relative paths begin in, absolute.
    pub cwd: String,
    /// What a script may use.
    pub limits: Limits,
    /// Where `fetch` sends requests; without it a script has no network.
    pub network: Option<Arc<dyn Network>>,
    /// `process.argv`, from the third element on.
    pub args: Vec<String>,
    /// `process.env`. Nothing else of the host's environment can be seen.
    pub env: Vec<(String, String)>,
    /// `process.execArgv`.
    pub exec_args: Vec<String>,
    /// Standard output.
    pub output: Box<dyn io::Write>,
    /// Standard error.
    pub errors: Box<dyn io::Write>,
    /// Standard input.
    pub input: Box<dyn io::Read + Send>,
    /// Which of the three standard streams, by number, are terminals.
    pub terminals: [bool; 3],
    /// What was compiled before, if anything is to be kept.
    pub bytecode: Option<Bytecode>,
    /// In how many other engines it is.
    pub(crate) depth: u32,
    /// `process.pid` and `process.ppid`.
    pub(crate) ids: (u32, u32),
}

impl Options {
    /// Gives scripts the standard streams of this process.
    pub fn use_standard_streams(&mut self) {
        self.output = Box::new(io::stdout());
        self.errors = Box::new(io::stderr());
        self.input = Box::new(io::stdin());
        self.terminals = [
            io::stdin().is_terminal(),
            io::stdout().is_terminal(),
            io::stderr().is_terminal(),
        ];
    }

    /// These file systems, the root as the current directory, no arguments, nothing to read, and output that nobody sees.
    pub fn new(mounts: Vec<Mount>, who: Credentials) -> Self {
        Self {
            mounts,
            who,
            cwd: "/".into(),
            limits: Limits::default(),
            network: None,
            args: Vec::new(),
            env: Vec::new(),
            exec_args: Vec::new(),
            output: Box::new(io::sink()),
            errors: Box::new(io::sink()),
            input: Box::new(io::empty()),
            terminals: [false; 3],
            bytecode: None,
            depth: 0,
            ids: (1, 0),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("cwd", &self.cwd)
            .field("limits", &self.limits)
            .field("args", &self.args)
            .finish_non_exhaustive()
    }
}
