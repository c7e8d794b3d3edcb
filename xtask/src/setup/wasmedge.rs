//! WasmEdge, in two versions, from Debian's newer suites. Their libraries are newer than the machine's, too, so each version is
//! unpacked with all that it needs, and started by its own loader.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Result, bail};

use super::step::{Announce, Outcome};
use super::suites::NewerSuites;
use crate::command::Cmd;
use crate::project::Project;

/// A version, the suite that has it, and what it needs there besides [`COMMON`].
const VERSIONS: &[(&str, &str, &[&str])] = &[
    (
        "0.14",
        "trixie",
        &["libfmt10", "liblzma5", "libxml2", "libllvm19"],
    ),
    ("0.17", "sid", &["libfmt11", "libxml2-16", "libllvm21"]),
];

const COMMON: &[&str] = &[
    "wasmedge",
    "libwasmedge0",
    "libspdlog1.15",
    "libc6",
    "libgcc-s1",
    "libstdc++6",
    "libtinfo6",
    "libedit2",
    "libbsd0",
    "libmd0",
    "libffi8",
    "libz3-4",
    "libzstd1",
    "zlib1g",
];

const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

pub(super) fn ensure(project: &Project, announce: &Announce<'_>) -> Result<Outcome> {
    let program = |version: &str| project.tools.bin().join(format!("wasmedge-{version}"));
    if VERSIONS.iter().all(|(version, ..)| works(&program(version))) {
        return Ok(Outcome::There);
    }
    announce.begin()?;
    for (version, suite, libraries) in VERSIONS {
        if works(&program(version)) {
            continue;
        }
        let root = project.tools.wasmedge(version);
        if root.exists() {
            fs::remove_dir_all(&root)?;
        }
        fs::create_dir_all(&root)?;
        let suites = NewerSuites::open(&project.tools.work().join(suite), &[suite])?;
        let packages: Vec<&str> = COMMON.iter().chain(*libraries).copied().collect();
        suites.unpack_into(&packages, &root)?;
        fs::remove_dir_all(project.tools.work().join(suite))?;
        let libraries = root.join(LIBRARIES);
        let script = format!(
            "#!/bin/sh\nexec '{0}/ld-linux-x86-64.so.2' --library-path '{0}' '{1}/usr/bin/wasmedge' \"$@\"\n",
            libraries.display(),
            root.display()
        );
        fs::write(program(version), script)?;
        fs::set_permissions(program(version), fs::Permissions::from_mode(0o755))?;
        if !works(&program(version)) {
            bail!("the WasmEdge that {suite} has does not start; its libraries may have other names now");
        }
    }
    Ok(Outcome::Installed)
}

fn works(program: &Path) -> bool {
    Cmd::new(program).arg("--version").succeeds()
}
