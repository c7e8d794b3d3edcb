//! The steps of setup, in the order in which they need each other.

use std::fmt;
use std::time::Duration;

use anyhow::Result;

use super::part::Need;
use super::{
    apt, browsers, cargo_deny, judges, llvm, node, npm, posix_suites, postgres, rivals, rust_components,
    rust_targets, wasi_sdk, wasmedge,
};
use crate::project::Project;

/// What a step found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing had to be done.
    There,
    /// The machine has it now.
    Installed,
}

/// One thing that something needs.
pub(super) struct Step {
    pub(super) what: &'static str,
    pub(super) need: Need,
    /// How long it takes on two cores, about.
    pub(super) typical: Duration,
    pub(super) ensure: fn(&Project, &Announce<'_>) -> Result<Outcome>,
}

impl Step {
    /// Whether nothing has to be done.
    pub(super) fn is_there(&self, project: &Project) -> bool {
        let only_look = Announce {
            project,
            what: self.what,
            look: Look::Only,
        };
        matches!((self.ensure)(project, &only_look), Ok(Outcome::There))
    }
}

const fn step(
    what: &'static str,
    need: Need,
    seconds: u64,
    ensure: fn(&Project, &Announce<'_>) -> Result<Outcome>,
) -> Step {
    Step {
        what,
        need,
        typical: Duration::from_secs(seconds),
        ensure,
    }
}

pub(super) const STEPS: &[Step] = &[
    step(
        "build tools (cc, make, git, curl, strace, bsdtar, litmus)",
        Need::Compiler,
        15,
        apt::build_tools,
    ),
    step("rustfmt and clippy", Need::Lints, 10, rust_components::ensure),
    step("clang for WebAssembly", Need::Wasm, 15, llvm::ensure),
    step("the C library of WASI", Need::Wasm, 2, wasi_sdk::ensure),
    step(
        "Rust for wasm32-wasip1, wasm32-wasip2 and wasm32-unknown-unknown",
        Need::Wasm,
        15,
        rust_targets::ensure,
    ),
    step("Node.js 20 or newer", Need::Node, 15, node::ensure),
    step("CPython for WASI and wasm-opt", Need::Node, 3, npm::ensure),
    step(
        "the npm packages that ours are built and tested with",
        Need::Packages,
        10,
        npm::packages,
    ),
    step("Chromium and Firefox", Need::Browsers, 40, browsers::ensure),
    step(cargo_deny::WHAT, Need::Licences, 90, cargo_deny::ensure),
    step("PostgreSQL", Need::Postgres, 20, postgres::ensure),
    step("PostgreSQL 18", Need::NewestPostgres, 15, postgres::newest),
    step("schemathesis", Need::Judges, 40, judges::schemathesis),
    step("spectral", Need::Judges, 15, judges::spectral),
    step("JuiceFS", Need::Rivals, 15, rivals::ensure),
    step("nginx and what loads it", Need::Rivals, 15, rivals::servers),
    step("rsync, rclone and unison", Need::Rivals, 15, rivals::sync),
    step("FUSE", Need::Fuse, 5, posix_suites::fuse),
    step("WasmEdge 0.14 and 0.17", Need::WasmEdge, 20, wasmedge::ensure),
    step(
        "stressors of file systems",
        Need::Stressors,
        10,
        posix_suites::stressors,
    ),
    step("pjdfstest", Need::Suites, 30, posix_suites::pjdfstest),
    step("fsx", Need::Suites, 30, posix_suites::fsx),
];

/// Whether a step may do more than look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Only,
    AndInstall,
}

/// Lets a step say that it is about to install, which it may not always do.
pub(super) struct Announce<'a> {
    project: &'a Project,
    what: &'a str,
    look: Look,
}

/// It is not there, and nobody has asked to change that.
#[derive(Debug)]
struct Missing;

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is not installed")
    }
}

impl std::error::Error for Missing {}

impl<'a> Announce<'a> {
    /// For a step that may install.
    pub(super) fn installing(project: &'a Project, what: &'a str) -> Self {
        Self {
            project,
            what,
            look: Look::AndInstall,
        }
    }

    /// Says that the step begins to install.
    ///
    /// # Errors
    /// When it is to look only: it goes no further.
    pub(super) fn begin(&self) -> Result<()> {
        match self.look {
            Look::Only => Err(Missing.into()),
            Look::AndInstall => {
                self.project.ui.installing(self.what);
                Ok(())
            }
        }
    }
}
