//! How programs are compiled.

use std::sync::OnceLock;

use wasmtime::{Config, Engine, OptLevel, WasmBacktraceDetails};

use crate::Limits;

/// What is compiled into a program so that limits can be kept. Each check costs time, so there is one engine for each
/// combination, made when first needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Checks {
    /// Every function and loop looks at a clock's epoch.
    pub(crate) epoch: bool,
    /// Every instruction counts.
    pub(crate) fuel: bool,
}

impl Checks {
    /// How many combinations there are.
    pub(crate) const COUNT: usize = 4;

    pub(crate) fn of(limits: &Limits) -> Self {
        Self {
            epoch: limits.timeout.is_some(),
            fuel: limits.fuel.is_some(),
        }
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self.epoch) + 2 * usize::from(self.fuel)
    }
}

/// One engine for each combination of checks.
#[derive(Default)]
pub(crate) struct Engines([OnceLock<Engine>; Checks::COUNT]);

impl Engines {
    pub(crate) fn get(&self, checks: Checks) -> wasmtime::Result<&Engine> {
        let slot = &self.0[checks.index()];
        if let Some(engine) = slot.get() {
            return Ok(engine);
        }
        let engine = Engine::new(&config(checks))?;
        Ok(slot.get_or_init(|| engine))
    }
}

fn config(checks: Checks) -> Config {
    let mut config = Config::new();
    config
        .cranelift_opt_level(OptLevel::Speed)
        .parallel_compilation(true)
        // A page of initial memory is copied when it is first written, not before the program starts.
        .memory_init_cow(true)
        .epoch_interruption(checks.epoch)
        .consume_fuel(checks.fuel)
        // What only debuggers read makes compiled modules larger to map.
        .native_unwind_info(false)
        .generate_address_map(false)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(WASM_STACK + HOST_STACK);
    config
}

/// Stack a program may use. Threads have 2 MiB or more.
const WASM_STACK: usize = 1 << 20;
/// Stack that calls from a component into the host may use beyond that.
const HOST_STACK: usize = 1 << 20;
