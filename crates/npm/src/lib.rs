//! What a `package-lock.json` names, in `node_modules` of a workspace: npm's `ci`, without npm.
//!
//! A lock of version 2 or 3 says for each package where it lies, where its tarball is, and the hash of that. Tarballs are fetched many
//! at once, or taken from a cache, where they lie by their hashes; each is checked, unpacked in memory, and written to a directory
//! beside `node_modules`, which takes its place when everything is in it. So whoever looks sees either what was there before or all that
//! the lock names, and what fails changes nothing.
//!
//! Nothing of a package runs: no scripts, no native code. A tarball that names something outside its package, or holds a link, is
//! refused. Which versions fit together is npm's work; it has been done when there is a lock.
#![forbid(unsafe_code)]

mod cache;
mod fetch;
mod install;
mod integrity;
mod lock;
mod plan;
mod tarball;
mod writer;

use std::path::PathBuf;

use serde::Serialize;

pub use install::install;

/// The registry that locks name where nobody has named another.
pub const REGISTRY: &str = "https://registry.npmjs.org/";

/// How to install.
#[derive(Debug, Clone)]
pub struct Options {
    /// The URL of the registry that packages of [`REGISTRY`] come from, with a slash at its end.
    pub registry: String,
    /// The directory of the host in which tarballs are kept by their hashes.
    pub cache: Option<PathBuf>,
    /// Use what is in the cache, and no network.
    pub offline: bool,
    /// Leave out what only development needs.
    pub omit_dev: bool,
    /// Leave out what packages can do without.
    pub omit_optional: bool,
    /// The most requests at once.
    pub parallel: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            registry: REGISTRY.to_owned(),
            cache: None,
            offline: false,
            omit_dev: false,
            omit_optional: false,
            parallel: 16,
        }
    }
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told<'a> {
    /// So many packages will be installed.
    Planned(u64),
    /// One is there, with so many bytes in its files.
    Installed(u64),
    /// An optional one is left out, for this reason.
    LeftOut(&'a str, &'a str),
}

/// What was installed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Installed {
    /// Packages.
    pub packages: u64,
    /// Files of packages.
    pub files: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Commands in `node_modules/.bin`.
    pub commands: u64,
    /// Packages that were fetched from the network.
    pub fetched: u64,
    /// Packages of the lock that were left out: for other platforms, optional, or for development.
    pub left_out: u64,
}
