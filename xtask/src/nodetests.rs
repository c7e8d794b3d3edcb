//! `cargo xtask nodetests`: Node's own tests, on the engine of `tarbox js`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::command::Cmd;
use crate::project::Project;
use crate::setup::{self, Part};

/// Run Node's own tests on the JavaScript engine, and tell each family's share
///
/// They come from Debian's source package `nodejs`. Random calls of `fs` are compared with the installed Node.js, too, and so is what real
/// packages print.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these families (beginnings of names, such as `fs` or `stream`), or these tests; `packages` are the real packages
    #[arg(value_name = "FAMILY")]
    families: Vec<String>,
    /// Write what became of each test to this file
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
}

/// Node's release, as Debian has it.
const VERSION: &str = "20.19.2";

/// Those that say something about what there is.
const FAMILIES: &[&str] = &[
    "assert",
    "buffer",
    "console",
    "event",
    "events",
    "fs",
    "global",
    "module",
    "path",
    "process",
    "querystring",
    "require",
    "stream",
    "string-decoder",
    "timers",
    "url",
    "util",
    "whatwg-url",
    "zlib",
];

/// Where Debian's sources are. The machine's own lists are left alone.
const SOURCES: &str = "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main\n";

pub(crate) fn run(project: &Project, args: &Args) -> Result<()> {
    setup::run(project, Part::Nodetests)?;
    if args.families.is_empty() || args.families == ["packages"] {
        packages(project)?;
    }
    if args.families == ["packages"] {
        return Ok(());
    }
    let tests = tests(project)?;
    let compared = [
        "test",
        "--quiet",
        "--package=tarbox-quickjs",
        "--test=js",
        "differential",
    ];
    project.cargo().args(compared).env("TARBOX_ROUNDS", "200").run()?;
    let list = args
        .list
        .iter()
        .flat_map(|file| ["--list".into(), file.as_os_str().to_owned()]);
    let families: Vec<String> = match args.families.as_slice() {
        [] => FAMILIES.iter().map(|family| (*family).to_owned()).collect(),
        some => some.to_vec(),
    };
    let runner = [
        "run",
        "--quiet",
        "--release",
        "--package=tarbox-quickjs",
        "--example=nodetests",
        "--",
    ];
    project
        .cargo()
        .args(runner)
        .arg(&tests)
        .args(list)
        .args(families)
        .run()
}

/// Installs real packages into a workspace, and compares what they print with what they print in Node.js.
fn packages(project: &Project) -> Result<()> {
    let compared = [
        "test",
        "--quiet",
        "--package=tarbox-cli",
        "--test=packages",
        "--",
        "--ignored",
        "--nocapture",
    ];
    project.cargo().args(compared).run()
}

/// The directory `test` of Node's source, fetched once.
fn tests(project: &Project) -> Result<PathBuf> {
    let dir = project.tools.node_tests(VERSION);
    let tests = dir.join(format!("node-v{VERSION}/test"));
    if tests.join("parallel").is_dir() {
        return Ok(tests);
    }
    let lists = dir.join("apt/lists");
    fs::create_dir_all(lists.join("partial"))?;
    fs::write(dir.join("apt/sources.list"), SOURCES)?;
    let apt = |what: &[&str]| apt_get(&dir, &lists).args(what);
    apt(&["update"]).run()?;
    // Only the original archive is wanted. Debian's own additions to it may have a newer version than the list names.
    apt(&["source", "--download-only", "nodejs"]).succeeds();
    let archive = dir.join(format!("nodejs_{VERSION}+dfsg.orig.tar.xz"));
    ensure!(
        archive.is_file(),
        "Debian has no source of Node.js {VERSION} any more"
    );
    let parts = ["*/test/common", "*/test/fixtures", "*/test/parallel"];
    Cmd::new("tar")
        .arg("-xJf")
        .arg(&archive)
        .arg("-C")
        .arg(&dir)
        .arg("--wildcards")
        .args(parts)
        .run()?;
    fs::remove_file(archive)?;
    Ok(tests)
}

fn apt_get(dir: &Path, lists: &Path) -> Cmd {
    let option = |key: &str, path: &Path| format!("{key}={}", path.display());
    Cmd::new("apt-get")
        .dir(dir)
        .args(["-qq", "-o", "Dir::Etc::sourceparts=/dev/null", "-o"])
        .arg(option("Dir::Etc::sourcelist", &dir.join("apt/sources.list")))
        .arg("-o")
        .arg(option("Dir::State::lists", lists))
}
