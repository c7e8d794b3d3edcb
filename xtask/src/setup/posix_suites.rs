//! FUSE, and the test suites that judge a mounted workspace.

use anyhow::Result;

use super::cargo_programs::{self, Program};
use super::{Announce, Outcome, apt};
use crate::project::Project;

const PACKAGES: &[(&str, &str)] = &[
    ("fusermount3", "fuse3"),
    ("flock", "util-linux"),
    ("python3", "python3"),
    ("stress-ng", "stress-ng"),
    ("fio", "fio"),
    ("dbench", "dbench"),
    ("fs_mark", "fsmark"),
    ("postmark", "postmark"),
    ("rsync", "rsync"),
    ("bindfs", "bindfs"),
];

const PJDFSTEST: Program = Program {
    name: "pjdfstest",
    version: "0.2.2",
    options: &[],
};

const FSX: Program = Program {
    name: "fsx",
    version: "0.3.2",
    options: &[],
};

pub(super) fn packages(_: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    apt::programs(PACKAGES, announce)
}

pub(super) fn pjdfstest(project: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    cargo_programs::ensure(project, announce, &PJDFSTEST)
}

pub(super) fn fsx(project: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    cargo_programs::ensure(project, announce, &FSX)
}
