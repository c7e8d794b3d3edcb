//! FUSE, and the test suites that judge a mounted workspace.

use anyhow::Result;

use super::apt;
use super::cargo_programs::{self, Program};
use super::step::{Announce, Outcome};
use crate::project::Project;

/// What mounts are made and tested with.
const FUSE: &[(&str, &str)] = &[
    ("fusermount3", "fuse3"),
    ("flock", "util-linux"),
    ("python3", "python3"),
];

const STRESSORS: &[(&str, &str)] = &[
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

pub(super) fn fuse(_: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    apt::programs(FUSE, announce)
}

pub(super) fn stressors(_: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    apt::programs(STRESSORS, announce)
}

pub(super) fn pjdfstest(project: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    cargo_programs::ensure(project, announce, &PJDFSTEST)
}

pub(super) fn fsx(project: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    cargo_programs::ensure(project, announce, &FSX)
}
