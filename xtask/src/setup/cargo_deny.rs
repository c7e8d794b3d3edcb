//! cargo-deny, which checks the licences and sources of every dependency.

use anyhow::Result;

use super::cargo_programs::{self, Program};
use super::step::{Announce, Outcome};
use crate::project::Project;

pub(super) const WHAT: &str = "cargo-deny 0.20.2";

pub(super) fn ensure(project: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    let deny = Program {
        name: "cargo-deny",
        // The one whose configuration `deny.toml` is written for.
        version: "0.20.2",
        options: &["--no-default-features"],
    };
    cargo_programs::ensure(project, announce, &deny)
}
