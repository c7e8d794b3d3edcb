//! FUSE, and the test suites that judge a mounted workspace.

use anyhow::Result;

use super::cargo_programs::{self, Program};
use super::{Announce, Outcome, apt};
use crate::project::Project;

pub(super) const WHAT: &str = "FUSE, pjdfstest and fsx";

const PACKAGES: &[(&str, &str)] = &[
    ("fusermount3", "fuse3"),
    ("flock", "util-linux"),
    ("python3", "python3"),
    ("stress-ng", "stress-ng"),
    ("fio", "fio"),
    ("dbench", "dbench"),
    ("fs_mark", "fsmark"),
];

const SUITES: &[Program] = &[
    Program {
        name: "pjdfstest",
        version: "0.2.2",
        options: &[],
    },
    Program {
        name: "fsx",
        version: "0.3.2",
        options: &[],
    },
];

pub(super) fn ensure(project: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    let mut outcome = apt::programs(PACKAGES, announce)?;
    for suite in SUITES {
        if cargo_programs::ensure(project, announce, suite)? == Outcome::Installed {
            outcome = Outcome::Installed;
        }
    }
    Ok(outcome)
}
