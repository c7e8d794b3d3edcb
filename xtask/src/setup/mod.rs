//! `cargo xtask setup`: everything a build, a test or the demo needs, installed once and then found.
//!
//! Each step first looks, and changes nothing when what it wants is there. Steps write to the system's
//! package database, to the active Rust toolchain and to the tool directory; never to the user's settings.

mod apt;
mod browsers;
mod cargo_deny;
mod cargo_programs;
mod llvm;
mod node;
pub(crate) mod npm;
mod posix_suites;
mod rust_components;
mod rust_targets;
mod std_source;
mod suites;
mod version;
mod wasi_sdk;

use std::time::Instant;

use anyhow::{Context, Result};

use crate::project::Project;

/// What a step found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Nothing had to be done.
    There,
    /// The machine has it now.
    Installed,
}

/// One thing the project needs.
struct Step {
    what: &'static str,
    ensure: fn(&Project, &Announce<'_>) -> Result<Outcome>,
}

/// In the order in which they need each other.
const STEPS: &[Step] = &[
    Step {
        what: "build tools (cc, make, git, strace, bsdtar)",
        ensure: apt::build_tools,
    },
    Step {
        what: "rustfmt and clippy",
        ensure: rust_components::ensure,
    },
    Step {
        what: "clang for WebAssembly",
        ensure: llvm::ensure,
    },
    Step {
        what: "the C library of WASI",
        ensure: wasi_sdk::ensure,
    },
    Step {
        what: "Rust for wasm32-wasip1, wasm32-wasip2 and wasm32-unknown-unknown",
        ensure: rust_targets::ensure,
    },
    Step {
        what: "Node.js 20 or newer",
        ensure: node::ensure,
    },
    Step {
        what: "CPython for WASI and wasm-opt",
        ensure: npm::ensure,
    },
    Step {
        what: "the npm packages that ours are built and tested with",
        ensure: npm::packages,
    },
    Step {
        what: "Chromium and Firefox",
        ensure: browsers::ensure,
    },
    Step {
        what: cargo_deny::WHAT,
        ensure: cargo_deny::ensure,
    },
    Step {
        what: "FUSE, and stressors of file systems",
        ensure: posix_suites::packages,
    },
    Step {
        what: "pjdfstest",
        ensure: posix_suites::pjdfstest,
    },
    Step {
        what: "fsx",
        ensure: posix_suites::fsx,
    },
];

/// Lets a step say that it is about to take its time.
struct Announce<'a> {
    project: &'a Project,
    what: &'a str,
}

impl Announce<'_> {
    fn installing(&self) {
        self.project.ui.installing(self.what);
    }
}

/// Brings this machine to what the other commands need. Repeating it is quick and changes nothing.
///
/// # Errors
/// The first step that fails, with the command and what to do about it.
pub(crate) fn run(project: &Project) -> Result<()> {
    project.ui.title("setup");
    std::fs::create_dir_all(project.tools.bin()).with_context(|| {
        format!(
            "cannot create {}; set TARBOX_TOOLS to a directory of yours",
            project.tools.dir.display()
        )
    })?;
    for step in STEPS {
        let start = Instant::now();
        let announce = Announce {
            project,
            what: step.what,
        };
        let outcome = (step.ensure)(project, &announce)
            .with_context(|| format!("setup could not provide {}", step.what))?;
        match outcome {
            Outcome::There => project.ui.there(step.what),
            Outcome::Installed => project.ui.installed(step.what, start.elapsed()),
        }
    }
    Ok(())
}

/// Prints the environment in which cargo finds what setup installed, for `eval` in a shell.
pub(crate) fn print_env(project: &Project) {
    for (key, value) in project.tools.env() {
        let value = value.to_string_lossy().replace('\'', r"'\''");
        println!("export {key}='{value}'");
    }
}
