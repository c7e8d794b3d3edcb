//! `package-lock.json`, versions 2 and 3, as far as installing asks for it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use tarbox_store::{Error, ErrorKind, Result};

/// The largest lock that is read, in bytes; a very large project has 10 MB.
pub(crate) const LOCK_MAX: usize = 256 << 20;

#[derive(Debug, Deserialize)]
pub(crate) struct Lock {
    #[serde(rename = "lockfileVersion")]
    version: u32,
    /// By the path of the package, below the directory of the lock; the project itself is at the empty one.
    #[serde(default)]
    pub(crate) packages: BTreeMap<String, Entry>,
}

/// What is said of one package.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Entry {
    pub(crate) name: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) resolved: Option<Value>,
    pub(crate) integrity: Option<String>,
    /// It is a symbolic link to `resolved`.
    pub(crate) link: bool,
    pub(crate) dev: bool,
    pub(crate) optional: bool,
    pub(crate) dev_optional: bool,
    /// It is in the tarball of the package that it is in.
    pub(crate) in_bundle: bool,
    os: Names,
    cpu: Names,
    libc: Names,
    bin: Bin,
    #[serde(flatten)]
    wants: Wants,
}

/// What a project wants, as `package.json` and the lock both say.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Wants {
    dependencies: BTreeMap<String, String>,
    dev_dependencies: BTreeMap<String, String>,
    optional_dependencies: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
enum Names {
    #[default]
    None,
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
enum Bin {
    #[default]
    None,
    /// The command is named as the package is.
    One(String),
    Many(BTreeMap<String, String>),
}

impl Lock {
    /// # Errors
    /// `Invalid` for what is no such lock, and for one that does not fit the project's `package.json`.
    pub(crate) fn parse(text: &[u8], project: &[u8]) -> Result<Self> {
        let invalid = |why: String| Error::new(ErrorKind::Invalid).because(why);
        let lock: Self = serde_json::from_slice(text)
            .map_err(|error| invalid(format!("not a package-lock.json: {error}")))?;
        if !matches!(lock.version, 2 | 3) {
            return Err(invalid(format!(
                "lockfileVersion {} cannot be installed; run `npm install --package-lock-only --lockfile-version 3`",
                lock.version
            )));
        }
        let wants: Wants =
            serde_json::from_slice(project).map_err(|error| invalid(format!("package.json: {error}")))?;
        let root = lock.packages.get("").map(|root| root.wants.normal());
        if let Some(name) = differs(&root.unwrap_or_default(), &wants.normal()) {
            return Err(invalid(format!(
                "package.json and the lock do not agree about {name}; run `npm install --package-lock-only`"
            )));
        }
        Ok(lock)
    }
}

impl Wants {
    /// What is optional and wanted otherwise, too, is optional: npm writes it so, and people do not.
    fn normal(&self) -> [BTreeMap<&str, &str>; 2] {
        fn all(map: &BTreeMap<String, String>) -> impl Iterator<Item = (&str, &str)> {
            map.iter().map(|(name, range)| (name.as_str(), range.as_str()))
        }
        [
            all(&self.dependencies)
                .chain(all(&self.optional_dependencies))
                .collect(),
            all(&self.dev_dependencies).collect(),
        ]
    }
}

/// The first name that two maps say different things of.
fn differs<'a>(
    ours: &[BTreeMap<&'a str, &'a str>; 2],
    theirs: &[BTreeMap<&'a str, &'a str>; 2],
) -> Option<&'a str> {
    ours.iter().zip(theirs).find_map(|(ours, theirs)| {
        let names = ours.keys().chain(theirs.keys());
        names.copied().find(|name| ours.get(name) != theirs.get(name))
    })
}

impl Entry {
    /// Whether it is made for a machine: it holds programs, which nothing here could run.
    pub(crate) fn is_native(&self) -> bool {
        [&self.os, &self.cpu, &self.libc]
            .iter()
            .any(|names| !matches!(names, Names::None))
    }

    /// Whether it says that it does not work on Linux, which scripts take this for.
    pub(crate) fn refuses_linux(&self) -> bool {
        let names: Vec<&str> = match &self.os {
            Names::None => return false,
            Names::One(name) => vec![name],
            Names::Many(names) => names.iter().map(String::as_str).collect(),
        };
        let mut wanted = names.iter().filter(|name| !name.starts_with('!')).peekable();
        names.contains(&"!linux")
            || wanted.peek().is_some() && !wanted.any(|name| *name == "linux" || *name == "any")
    }

    /// Commands, and the files that they are, as the package says; nothing about them has been checked.
    pub(crate) fn commands<'a>(&'a self, name: &'a str) -> Vec<(&'a str, &'a str)> {
        match &self.bin {
            Bin::None => Vec::new(),
            Bin::One(file) => vec![(name, file)],
            Bin::Many(map) => map
                .iter()
                .map(|(command, file)| (command.as_str(), file.as_str()))
                .collect(),
        }
    }
}
