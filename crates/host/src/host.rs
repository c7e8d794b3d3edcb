//! The host itself.

use crate::engine::{Checks, Engines};
use crate::program::Compiled;
use crate::{Cache, Program, RunError, RunOptions, component, core};

/// Runs programs. Cheap to make; keeping one saves making its engines again. May be used from many threads.
pub struct Host {
    engines: Engines,
    cache: Cache,
}

impl Host {
    /// A host that keeps compiled modules in `cache`.
    pub fn new(cache: Cache) -> Self {
        Self {
            engines: Engines::default(),
            cache,
        }
    }

    /// Runs a program to its end, on this thread, and answers its exit status.
    ///
    /// Whatever ends it, its descriptors are closed when this returns and its files are as its last call left them.
    /// From asynchronous code call it on a thread that may block.
    ///
    /// # Errors
    /// See [`RunError`]. All but a limit and a trap happen before the program's first instruction.
    pub fn run(&self, program: &Program, options: RunOptions) -> Result<i32, RunError> {
        let checks = Checks::of(&options.limits);
        let engine = self.engines.get(checks).map_err(|e| RunError::Host {
            doing: "set up the engine",
            reason: e.to_string(),
        })?;
        match program.compiled(engine, checks, &self.cache)? {
            Compiled::Module(module) => core::run(program.name(), module, options),
            Compiled::Component(component) => component::run(program.name(), component, options),
        }
    }

    /// Compiles a program for runs with these limits, so that the first of them need not.
    ///
    /// # Errors
    /// [`RunError::NotWasm`].
    pub fn prepare(&self, program: &Program, limits: &crate::Limits) -> Result<(), RunError> {
        let checks = Checks::of(limits);
        let engine = self.engines.get(checks).map_err(|e| RunError::Host {
            doing: "set up the engine",
            reason: e.to_string(),
        })?;
        program.compiled(engine, checks, &self.cache).map(drop)
    }
}

impl Default for Host {
    /// A host with the user's own cache.
    fn default() -> Self {
        Self::new(Cache::of_user())
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host")
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}
