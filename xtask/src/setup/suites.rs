//! Packages that are only unpacked, never installed: from the machine's own suite, or from newer suites of
//! Debian whose lists are kept apart from the system's.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::command::Cmd;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Suites that are newer than the machine's, oldest first.
pub(super) const NEWER: &[&str] = &["trixie-backports", "forky", "sid"];

/// Downloads `package` as the machine's own suite has it and unpacks it; returns the directory.
///
/// # Errors
/// When the suite lacks the package or the download fails.
pub(super) fn unpack_from_own_suite(package: &str, work: &Path) -> Result<PathBuf> {
    let downloads = work.join("deb");
    fs::create_dir_all(&downloads)?;
    Cmd::new("apt-get")
        .args(["-o", "APT::Sandbox::User=root", "download", "-qq", package])
        .dir(&downloads)
        .advice("on Ubuntu this package is in `universe`: enable it and try again")
        .run_silent()?;
    unpack(&downloads, package, work)
}

/// Package lists of Debian's newer suites, beside the system's own.
#[derive(Debug)]
pub(super) struct NewerSuites {
    work: PathBuf,
}

impl NewerSuites {
    /// Fetches the lists of these suites, from the mirror that this machine already uses.
    ///
    /// # Errors
    /// When this machine is not Debian or its mirror does not answer.
    pub(super) fn open(work: &Path, names: &[&str]) -> Result<Self> {
        if !Path::new(KEYRING).is_file() {
            bail!("only Debian's packages have it, and this is not Debian");
        }
        let apt = work.join("apt");
        for dir in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(apt.join(dir))?;
        }
        let mirror = own_mirror()?;
        let mut sources = String::new();
        for suite in names {
            sources.push_str(&format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n"));
        }
        fs::write(apt.join("sources.list"), sources)?;
        let suites = Self {
            work: work.to_owned(),
        };
        suites.apt("apt-get").args(["update", "-qq"]).run_silent()?;
        Ok(suites)
    }

    /// The newest version of `package` that starts with `prefix`.
    ///
    /// # Errors
    /// When no suite has one.
    pub(super) fn version(&self, package: &str, prefix: &str) -> Result<String> {
        let table = self.apt("apt-cache").args(["madison", package]).output()?;
        newest_version(&table, prefix)
            .with_context(|| format!("no suite of Debian has {package} {prefix}…; it has:\n{table}"))
    }

    /// Downloads and unpacks `package` (`name=version` picks a version); returns the directory.
    ///
    /// # Errors
    /// When there is no such package or the download fails.
    pub(super) fn unpack(&self, package: &str) -> Result<PathBuf> {
        let downloads = self.work.join("deb");
        fs::create_dir_all(&downloads)?;
        self.apt("apt-get")
            .args(["download", "-qq", package])
            .dir(&downloads)
            .run_silent()?;
        let name = package.split(['=', '/']).next().unwrap_or(package);
        unpack(&downloads, name, &self.work)
    }

    /// Downloads packages and unpacks them into one directory, over each other.
    ///
    /// # Errors
    /// As [`unpack`](Self::unpack).
    pub(super) fn unpack_into(&self, packages: &[&str], into: &Path) -> Result<()> {
        let downloads = self.work.join("deb");
        fs::create_dir_all(&downloads)?;
        self.apt("apt-get")
            .args(["download", "-qq"])
            .args(packages)
            .dir(&downloads)
            .run_silent()?;
        for entry in fs::read_dir(&downloads)? {
            let file = entry?.path();
            extract(&file, into)?;
            fs::remove_file(file)?;
        }
        Ok(())
    }

    /// An apt program that sees only these suites.
    fn apt(&self, program: &str) -> Cmd {
        let apt = self.work.join("apt");
        let set = |key: &str, path: &str| format!("{key}={}", apt.join(path).display());
        let options = [
            set("Dir::Etc::sourcelist", "sources.list"),
            set("Dir::State::lists", "lists"),
            set("Dir::Cache", "cache"),
            "Dir::Etc::sourceparts=-".into(),
            "APT::Sandbox::User=root".into(),
            "Acquire::Languages=none".into(),
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false".into(),
            "Acquire::Check-Valid-Until=false".into(),
        ];
        Cmd::new(program).args(options.into_iter().flat_map(|option| ["-o".to_owned(), option]))
    }
}

/// Where the machine gets its own main suite from.
fn own_mirror() -> Result<String> {
    let release = fs::read_to_string("/etc/os-release").context("no /etc/os-release")?;
    let codename = release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .context("/etc/os-release names no suite")?;
    let targets = Cmd::new("apt-get")
        .args([
            "indextargets",
            "--format",
            "$(CODENAME) $(REPO_URI)",
            "Created-By: Packages",
        ])
        .output()?;
    mirror_of(&targets, codename).with_context(|| format!("no package source of {codename} is configured"))
}

/// The address beside `codename` in lines of `CODENAME ADDRESS`.
fn mirror_of(targets: &str, codename: &str) -> Option<String> {
    targets.lines().find_map(|line| {
        let (name, address) = line.split_once(' ')?;
        (name == codename).then(|| address.to_owned())
    })
}

/// The last of apt-cache's `name | version | source` lines whose version starts with `prefix`.
fn newest_version(table: &str, prefix: &str) -> Option<String> {
    table
        .lines()
        .filter_map(|line| line.split('|').nth(1).map(str::trim))
        .rfind(|version| version.starts_with(prefix))
        .map(str::to_owned)
}

fn unpack(downloads: &Path, name: &str, work: &Path) -> Result<PathBuf> {
    let start = format!("{name}_");
    let file = fs::read_dir(downloads)?
        .filter_map(Result::ok)
        .find(|entry| entry.file_name().to_string_lossy().starts_with(&start))
        .with_context(|| format!("apt-get downloaded no {name}"))?
        .path();
    let into = work.join(name);
    if into.exists() {
        fs::remove_dir_all(&into)?;
    }
    fs::create_dir_all(&into)?;
    extract(&file, &into)?;
    fs::remove_file(file)?;
    Ok(into)
}

fn extract(file: &Path, into: &Path) -> Result<()> {
    Cmd::new("dpkg-deb")
        .arg("--extract")
        .arg(file)
        .arg(into)
        .run_silent()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_picked_by_its_start() {
        let table =
            " rust-src | 1.96.0+dfsg1-1 | here sid/main\n rust-src | 1.95.0+dfsg1-2~bpo13+1 | here b/main\n";
        assert_eq!(
            newest_version(table, "1.95.0+").as_deref(),
            Some("1.95.0+dfsg1-2~bpo13+1")
        );
        assert_eq!(newest_version(table, "1.94.0+"), None);
        assert_eq!(newest_version("", "1"), None);
    }

    #[test]
    fn the_main_suite_is_told_from_its_updates() {
        let targets =
            "bookworm-updates http://u/debian/\nbookworm http://m/debian/\nbookworm-security http://s/\n";
        assert_eq!(
            mirror_of(targets, "bookworm").as_deref(),
            Some("http://m/debian/")
        );
        assert_eq!(mirror_of(targets, "trixie"), None);
    }
}
