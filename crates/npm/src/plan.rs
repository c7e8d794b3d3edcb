//! From a lock to what is to be done: which packages, where each lies, where its tarball comes from, which commands it has.
//!
//! Paths and names come from the lock, which may mean harm: what leads out of `node_modules` is refused here.

use std::collections::BTreeSet;

use serde_json::Value;
use tarbox_store::{Error, ErrorKind, Result};
use url::Url;

use crate::integrity::Integrity;
use crate::lock::{Entry, Lock};
use crate::{Options, REGISTRY};

const MODULES: &str = "node_modules";

/// A package to be put somewhere.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    /// The directory of its `node_modules`, below that of the lock; empty or with a slash at its end.
    pub(crate) project: String,
    /// Where it lies below there: `name`, or `other/node_modules/name`.
    pub(crate) path: String,
    pub(crate) what: What,
    pub(crate) optional: bool,
    /// Each command, and its file below the package.
    pub(crate) commands: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    /// A tarball from the network, which has this hash.
    Remote(Url, Integrity),
    /// A tarball in the workspace, at this path below the directory of the lock.
    Local(String, Option<Integrity>),
    /// A symbolic link that says this.
    Link(String),
}

impl Package {
    /// Its name, with its scope.
    pub(crate) fn name(&self) -> &str {
        last(&self.path).1
    }
}

/// What is to be done, and how many packages of the lock were left out.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) packages: Vec<Package>,
    pub(crate) left_out: Vec<(String, &'static str)>,
}

impl Plan {
    /// # Errors
    /// `Invalid` for paths, names and addresses that make no sense or mean harm, and for packages that cannot be checked.
    pub(crate) fn new(lock: &Lock, options: &Options) -> Result<Self> {
        let mut plan = Self::default();
        let mut skipped: BTreeSet<&str> = BTreeSet::new();
        let mut links: BTreeSet<&str> = BTreeSet::new();
        // A package comes behind the one that it is in.
        for (path, entry) in &lock.packages {
            let about = |error: Error| error.about(path);
            let Some((project, below)) = split(path).map_err(about)? else {
                continue;
            };
            if parents(path).any(|parent| links.contains(parent)) {
                return Err(about(invalid("it lies in a package that is a link")));
            }
            if parents(path).any(|parent| skipped.contains(parent)) {
                continue;
            }
            if let Some(reason) = left_out(entry, options).map_err(about)? {
                skipped.insert(path);
                plan.left_out.push((path.clone(), reason));
                continue;
            }
            if entry.in_bundle {
                continue;
            }
            if entry.link {
                links.insert(path);
            }
            let name = entry.name.as_deref().unwrap_or(last(below).1);
            // What a link leads to is described at its own path.
            let described = resolved(entry).filter(|_| entry.link);
            let described = described
                .and_then(|path| lock.packages.get(path))
                .unwrap_or(entry);
            plan.packages.push(Package {
                project: project.to_owned(),
                path: below.to_owned(),
                what: source(path, name, entry, options).map_err(about)?,
                optional: entry.optional,
                commands: commands(described, name),
            });
        }
        Ok(plan)
    }
}

fn invalid(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid).because(why)
}

/// Why a package is not installed, if it is not.
fn left_out(entry: &Entry, options: &Options) -> Result<Option<&'static str>> {
    let dev = options.omit_dev && entry.dev;
    let optional = options.omit_optional && entry.optional;
    let both = options.omit_dev && options.omit_optional && entry.dev_optional;
    Ok(if dev {
        Some("only development needs it")
    } else if optional || both {
        Some("it is optional")
    } else if entry.optional && entry.is_native() {
        Some("it is for one platform")
    } else if entry.refuses_linux() {
        return Err(Error::new(ErrorKind::Unsupported).because("it is for other platforms alone"));
    } else {
        None
    })
}

/// The directory of a `node_modules` and what is below it; nothing for a package that lies in the project itself.
fn split(path: &str) -> Result<Option<(&str, &str)>> {
    if path.is_empty() {
        return Ok(None);
    }
    let names: Vec<&str> = path.split('/').collect();
    let is_odd = |name: &&str| matches!(*name, "" | "." | "..") || name.contains(['\0', '\\']);
    if names.iter().any(is_odd) {
        return Err(invalid("not the path of a package"));
    }
    let Some(first) = names.iter().position(|name| *name == MODULES) else {
        return Ok(None);
    };
    let project: usize = names[..first].iter().map(|name| name.len() + 1).sum();
    let below = &path[project + MODULES.len()..];
    let below = below
        .strip_prefix('/')
        .ok_or_else(|| invalid("not the path of a package"))?;
    let (mut rest, mut whole) = (below, true);
    while whole {
        let (package, deeper) = match rest.split_once("/node_modules/") {
            Some((package, deeper)) => (package, Some(deeper)),
            None => (rest, None),
        };
        if !is_name(package) {
            return Err(invalid("not the path of a package"));
        }
        whole = deeper.is_some();
        rest = deeper.unwrap_or_default();
    }
    Ok(Some((&path[..project], below)))
}

/// `name` or `@scope/name`.
fn is_name(text: &str) -> bool {
    let plain =
        |name: &str| !name.is_empty() && !name.starts_with('.') && !name.contains('/') && name != MODULES;
    match text.strip_prefix('@') {
        Some(scoped) => scoped
            .split_once('/')
            .is_some_and(|(scope, name)| plain(scope) && plain(name)),
        None => plain(text),
    }
}

/// The paths of the packages that a package is in.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices("/node_modules/").map(|(at, _)| &path[..at])
}

/// What is before the last name of a path below `node_modules`, and that name.
pub(crate) fn last(below: &str) -> (&str, &str) {
    match below.rfind("node_modules/") {
        Some(at) => below.split_at(at + "node_modules/".len()),
        None => ("", below),
    }
}

fn resolved(entry: &Entry) -> Option<&str> {
    match &entry.resolved {
        Some(Value::String(resolved)) => Some(resolved),
        _ => None,
    }
}

fn source(path: &str, name: &str, entry: &Entry, options: &Options) -> Result<What> {
    let resolved = resolved(entry);
    if entry.link {
        let target = resolved.ok_or_else(|| invalid("a link to nothing"))?;
        if target.is_empty() || target.contains('\0') || target.starts_with('/') {
            return Err(invalid("a link out of the project"));
        }
        // From the directory that the link is in, up to that of the lock.
        let up = "../".repeat(path.matches('/').count());
        return Ok(What::Link(format!("{up}{target}")));
    }
    let integrity = entry.integrity.as_deref().map(Integrity::parse).transpose()?;
    if let Some(file) = resolved.and_then(|resolved| resolved.strip_prefix("file:")) {
        return Ok(What::Local(file.to_owned(), integrity));
    }
    let integrity = integrity.ok_or_else(|| {
        invalid("the lock has no integrity for it, so it cannot be checked; remove it from the lock and run `npm install`")
    })?;
    let url = match (resolved, &entry.version) {
        (Some(url), _) => match url.strip_prefix(REGISTRY) {
            Some(rest) => format!("{}{rest}", options.registry),
            None => url.to_owned(),
        },
        (None, Some(version)) => {
            let bare = name.rsplit('/').next().unwrap_or(name);
            format!("{}{name}/-/{bare}-{version}.tgz", options.registry)
        }
        (None, None) => return Err(invalid("the lock does not say where it comes from")),
    };
    let url = Url::parse(&url).map_err(|error| invalid(format!("{url}: {error}")))?;
    match url.scheme() {
        "https" | "http" => Ok(What::Remote(url, integrity)),
        scheme => {
            Err(Error::new(ErrorKind::Unsupported).because(format!("packages do not come by {scheme}: here")))
        }
    }
}

/// Commands with a name of their own and a file within the package. What else a package says is passed over, as npm does.
fn commands(entry: &Entry, name: &str) -> Vec<(String, String)> {
    let bare = name.rsplit('/').next().unwrap_or(name);
    let mut commands = Vec::new();
    for (command, file) in entry.commands(bare) {
        let command = command.rsplit('/').next().unwrap_or(command);
        let names: Vec<&str> = file
            .split('/')
            .filter(|name| !matches!(*name, "" | "."))
            .collect();
        let odd = |text: &str| text.contains(['\0', '\\']);
        let bad = matches!(command, "" | "." | "..") || odd(command) || odd(file);
        if !bad && !names.is_empty() && !names.contains(&"..") {
            commands.push((command.to_owned(), names.join("/")));
        }
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_packages() {
        for (path, parts) in [
            ("node_modules/a", Some(("", "a"))),
            (
                "node_modules/@s/a/node_modules/b",
                Some(("", "@s/a/node_modules/b")),
            ),
            ("packages/x/node_modules/a", Some(("packages/x/", "a"))),
            ("packages/x", None),
        ] {
            assert_eq!(split(path).unwrap(), parts, "{path}");
        }
        for path in [
            "node_modules",
            "node_modules/",
            "node_modules/..",
            "node_modules/.bin",
            "node_modules/../../etc",
            "node_modules/a/b",
            "node_modules/@s",
            "node_modules/a/node_modules",
            "node_modules/a\\b",
            "/node_modules/a",
            "../node_modules/a",
            "node_modules/a//node_modules/b",
            "node_modules/node_modules/a",
        ] {
            assert!(split(path).is_err(), "{path}");
        }
        assert_eq!(last("a/node_modules/@s/b"), ("a/node_modules/", "@s/b"));
        assert_eq!(last("a"), ("", "a"));
    }
}
