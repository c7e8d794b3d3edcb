//! Why tests fail.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::Path;

use crate::Failed;

/// Why a test fails.
#[derive(Debug)]
pub(crate) enum Reason {
    /// It needs what is not here and is not meant to be.
    Needs(String),
    /// What is here does something else.
    Differs(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Needs(what) => write!(f, "needs {what}"),
            Self::Differs(why) => f.write_str(why),
        }
    }
}

/// The reasons by the names of tests.
pub(crate) struct Reasons(HashMap<String, Reason>);

impl Reasons {
    /// Reads lines such as `test-fs-watch.js needs WHAT`, or `differs: WHY` behind the name. Others begin with `#`, or are empty.
    pub(crate) fn read(file: &Path) -> Result<Self, Failed> {
        let mut reasons = HashMap::new();
        for line in fs::read_to_string(file)?.lines() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = || format!("{}: {line}", file.display());
            let (name, why) = line.split_once(' ').ok_or_else(wrong)?;
            let reason = match (why.strip_prefix("needs "), why.strip_prefix("differs: ")) {
                (Some(what), _) => Reason::Needs(what.to_owned()),
                (_, Some(why)) => Reason::Differs(why.to_owned()),
                _ => return Err(wrong().into()),
            };
            if reasons.insert(name.to_owned(), reason).is_some() {
                return Err(wrong().into());
            }
        }
        Ok(Self(reasons))
    }

    pub(crate) fn of(&self, name: &str) -> Option<&Reason> {
        self.0.get(name)
    }
}
