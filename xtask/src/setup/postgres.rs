//! PostgreSQL, whose servers tests start by themselves.

use std::fs;

use anyhow::Result;

use super::apt;
use super::step::{Announce, Outcome};
use crate::project::Project;

/// The server's programs. Debian keeps them off `PATH`, in a directory for each version.
pub(super) fn ensure(_: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    if versions
        .into_iter()
        .any(|version| version.path().join("bin/initdb").is_file())
    {
        return Ok(Outcome::There);
    }
    announce.begin()?;
    apt::install(&["postgresql"])?;
    Ok(Outcome::Installed)
}
