//! `js ci`

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tarbox_fs::FilesystemInterface;
use tarbox_npm::{Installed, Options, REGISTRY, Told, install};
use tarbox_user_cache::Directory;

use crate::examples::examples;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::print::{Size, grouped};
use crate::workspace::Workspace;

/// Put what a package-lock.json names into node_modules of the workspace
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox import ~/app /app && tarbox js ci /app",
    "tarbox js ci --omit dev --omit optional /app",
    "tarbox js ci --offline /app                        only what was fetched before",
    "Each tarball is checked against the hash in the lock. Nothing of a package runs. Should anything fail, node_modules is as it was.",
))]
pub(super) struct Args {
    /// The directory with package.json and package-lock.json
    #[arg(value_name = "DIR", default_value = "/")]
    dir: OsString,
    /// Leave out what only development needs (dev), or what packages can do without (optional)
    #[arg(long, value_name = "KIND")]
    omit: Vec<Omit>,
    /// The registry that packages of registry.npmjs.org come from
    #[arg(long, value_name = "URL", env = "npm_config_registry", hide_env_values = true, default_value = REGISTRY)]
    registry: String,
    /// The directory of this machine to keep tarballs in [default: tarbox/npm in the user's cache directory]
    #[arg(long, value_name = "HOSTDIR")]
    cache: Option<PathBuf>,
    /// Use no network
    #[arg(long)]
    offline: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Omit {
    Dev,
    Optional,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    installed: Installed,
    seconds: f64,
}

pub(super) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<Exit> {
    let dir = w.path(&args.dir)?;
    let dir = String::from_utf8(dir).map_err(|_| Failure::usage("the directory of a project is UTF-8"))?;
    let mut registry = args.registry.clone();
    if !registry.ends_with('/') {
        registry.push('/');
    }
    let options = Options {
        registry,
        cache: args.cache.clone().or_else(cache),
        offline: args.offline,
        omit_dev: args.omit.contains(&Omit::Dev),
        omit_optional: args.omit.contains(&Omit::Optional),
        ..Options::default()
    };
    let mut who = w.who.clone();
    who.actor.agent = "js:ci".into();
    let progress = w.progress("install");
    let installed = install((w.fs, &who), &dir, &options, &mut |told| match told {
        Told::Planned(packages) => progress.expect(packages),
        Told::Installed(bytes) => {
            progress.add_bytes(bytes);
            progress.add(1);
        }
        Told::LeftOut(..) => {}
    });
    progress.finish();
    let report = Report {
        installed: installed?,
        seconds: progress.seconds(),
    };
    if w.out.is_json() {
        w.out.document(&report)?;
    } else {
        w.out.line(text(&report))?;
    }
    Ok(w.exit())
}

fn text(report: &Report) -> String {
    let Installed {
        packages,
        bytes,
        fetched,
        left_out,
        ..
    } = report.installed;
    let mut text = format!(
        "installed {} packages ({}) in {:.1} s, {} of them fetched",
        grouped(packages),
        Size(bytes),
        report.seconds,
        grouped(fetched)
    );
    if left_out > 0 {
        text.push_str(&format!("; {} left out", grouped(left_out)));
    }
    text
}

/// Where tarballs are kept, unless somebody says where. They are checked against the lock, so anybody may have written them.
fn cache() -> Option<PathBuf> {
    Directory::of_user("npm").path().map(Path::to_owned)
}
