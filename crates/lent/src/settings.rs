//! What the workspace is told: by whoever made the composition, and by the environment.

use std::collections::HashMap;

use crate::bindings::tarbox::workspace::baked;
use crate::bindings::wasi::cli::environment::get_environment;

/// The name of the database in its directory.
const DATABASE: &str = "tarbox.db";
/// Bytes of rows and blocks in memory.
const CACHE: u64 = 8 * 1024 * 1024;

/// Where files are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In memory: they are gone with the program.
    Memory,
    /// In a database in a directory.
    File {
        /// The lent one of this name, or one below it; without a name the first that was lent.
        dir: Option<String>,
    },
}

/// All settings, each of them valid.
#[derive(Debug)]
pub struct Settings {
    /// `TARBOX_STORE`: `file` or `memory`, and `TARBOX_DIR`.
    pub place: Place,
    /// `TARBOX_DB`: the name of the database in the directory.
    pub database: String,
    /// `TARBOX_TENANT`.
    pub tenant: String,
    /// `TARBOX_CACHE_MB`, in bytes.
    pub cache: u64,
    /// `TARBOX_PREOPENS`: a directory of the workspace for each name a program finds, `NAME` or `NAME=DIR`, separated by `:`.
    pub preopens: Vec<(String, String)>,
}

/// What is set, by the names of variables.
fn all() -> HashMap<String, String> {
    let mut all: HashMap<String, String> = baked::settings().into_iter().collect();
    let set = get_environment()
        .into_iter()
        .filter(|(name, value)| name.starts_with("TARBOX_") && !value.is_empty());
    all.extend(set);
    all
}

/// One more setting, by the name of its variable.
pub fn variable(name: &str) -> Option<String> {
    all().remove(name)
}

impl Settings {
    /// Those of the environment, and of the composition where it says nothing.
    ///
    /// # Errors
    /// What is wrong with one of them, in a sentence.
    pub fn read() -> Result<Self, String> {
        let all = all();
        let get = |name: &str| all.get(name).map(String::as_str);
        let place = match get("TARBOX_STORE") {
            None | Some("file") => Place::File {
                dir: get("TARBOX_DIR").map(str::to_owned),
            },
            Some("memory") => Place::Memory,
            Some(other) => return Err(format!("TARBOX_STORE is '{other}'; it can be file or memory")),
        };
        let database = get("TARBOX_DB").unwrap_or(DATABASE);
        if database.contains('/') || tarbox_pool::check_name(tarbox_pool::Operation::Open, database).is_err()
        {
            return Err(format!(
                "TARBOX_DB is '{database}'; it must be the name of a file, without a directory"
            ));
        }
        let cache = match get("TARBOX_CACHE_MB") {
            None => CACHE,
            Some(text) => match text.parse::<u64>() {
                Ok(mb @ 1..=1024) => mb << 20,
                _ => {
                    return Err(format!(
                        "TARBOX_CACHE_MB is '{text}'; it must be a number from 1 to 1024"
                    ));
                }
            },
        };
        Ok(Self {
            place,
            database: database.to_owned(),
            tenant: get("TARBOX_TENANT").unwrap_or("default").to_owned(),
            cache,
            preopens: preopens(get("TARBOX_PREOPENS").unwrap_or("/"))?,
        })
    }
}

fn preopens(text: &str) -> Result<Vec<(String, String)>, String> {
    text.split(':')
        .map(|one| {
            let (name, dir) = one.split_once('=').unwrap_or((one, one));
            match !name.is_empty() && dir.starts_with('/') {
                true => Ok((name.to_owned(), dir.to_owned())),
                false => Err(format!("TARBOX_PREOPENS has '{one}'; it must be NAME=/DIRECTORY")),
            }
        })
        .collect()
}
