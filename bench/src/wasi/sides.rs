//! The two hosts, and the guest that both run.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tarbox_bench_work::{Result, Sample};
use tempfile::TempDir;

use crate::{Bench, build, programs};

/// Who runs a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    /// `tarbox run` on a workspace.
    Tarbox,
    /// Wasmtime, by a program that carries its workspace, which is in a directory.
    Composed,
    /// Wasmtime on a directory; each file operation goes to a blocking thread, which is its library's default.
    Wasmtime,
    /// The same with file operations on the calling thread, as its command line has it.
    WasmtimeCli,
}

/// Both hosts, ready: a workspace and a directory, and compiled modules for each.
pub(crate) struct Sides {
    dir: TempDir,
    tarbox: PathBuf,
    wasmtime: PathBuf,
}

impl Sides {
    /// Builds what is missing and makes both empty.
    pub(crate) fn new(bench: &Bench) -> Result<Self> {
        let sides = Self {
            tarbox: programs::tarbox()?,
            wasmtime: build::program("tarbox-bench-wasmtime")?,
            dir: bench.place.group("wasi")?,
        };
        programs::time(&sides.tarbox, [sides.db().as_str(), "init"])?;
        for host in [Host::Composed, Host::Wasmtime, Host::WasmtimeCli] {
            std::fs::create_dir(sides.root(host))?;
        }
        Ok(sides)
    }

    /// Compiles a module for whoever runs it; `tarbox run` keeps what it compiled by itself.
    pub(crate) fn compile(&self, host: Host, module: &Path) -> Result<()> {
        let composed = self.composed();
        let source = match host {
            Host::Tarbox => return Ok(()),
            Host::Composed => {
                let args = [Path::new("compose"), module, Path::new("-o"), &composed];
                programs::time(&self.tarbox, args)?;
                &composed
            }
            Host::Wasmtime | Host::WasmtimeCli => module,
        };
        let args = [Path::new("compile"), source, &self.compiled(host, module)];
        programs::time(&self.wasmtime, args).map(drop)
    }

    /// Puts a file of the host into the root of every side.
    pub(crate) fn put(&self, file: &Path, name: &str) -> Result<()> {
        for host in [Host::Wasmtime, Host::WasmtimeCli] {
            std::fs::copy(file, self.root(host).join(name))?;
        }
        let to = format!("/{name}");
        let args = [self.db(), "import".into(), file.display().to_string(), to];
        programs::time(&self.tarbox, args).map(drop)
    }

    /// Runs a module from the start of the host's process to its end.
    pub(crate) fn time(&self, host: Host, module: &Path, args: &[&str]) -> Result<Duration> {
        let (program, all) = self.command(host, module, args);
        programs::time(program, all)
    }

    /// Runs a module that tells by itself how long it took.
    pub(crate) fn sample(&self, host: Host, module: &Path, args: &[&str]) -> Result<Sample> {
        let (program, all) = self.command(host, module, args);
        let said = programs::output(program, all)?;
        let (nanos, operations) = said
            .trim()
            .split_once(' ')
            .ok_or_else(|| format!("the guest said `{said}`"))?;
        Ok(Sample {
            elapsed: Duration::from_nanos(nanos.parse()?),
            operations: operations.parse()?,
        })
    }

    /// Runs what was composed from the start of the host's process to its end, with the compilation.
    pub(crate) fn time_compiling(&self, args: &[&str]) -> Result<Duration> {
        let (root, composed) = (self.root(Host::Composed), self.composed());
        let mut all = vec![
            "component".to_owned(),
            root.display().to_string(),
            composed.display().to_string(),
        ];
        all.extend(args.iter().map(|arg| (*arg).to_owned()));
        programs::time(&self.wasmtime, all)
    }

    /// Where a native program may make a database.
    pub(crate) fn native(&self) -> PathBuf {
        self.dir.path().join("native.db")
    }

    /// What was composed last.
    fn composed(&self) -> PathBuf {
        self.dir.path().join("composed.wasm")
    }

    /// The program and arguments that run a module.
    pub(crate) fn command(&self, host: Host, module: &Path, args: &[&str]) -> (&Path, Vec<String>) {
        let text = |path: &Path| path.display().to_string();
        let wasmtime = |how: &str| {
            vec![
                how.to_owned(),
                text(&self.root(host)),
                text(&self.compiled(host, module)),
            ]
        };
        let (program, mut all) = match host {
            Host::Tarbox => (&self.tarbox, vec![self.db(), "run".to_owned(), text(module)]),
            Host::Composed => (&self.wasmtime, wasmtime("component")),
            Host::Wasmtime => (&self.wasmtime, wasmtime("hop")),
            Host::WasmtimeCli => (&self.wasmtime, wasmtime("stay")),
        };
        all.extend(args.iter().map(|arg| (*arg).to_owned()));
        (program, all)
    }

    fn db(&self) -> String {
        format!("--db=sqlite:{}", self.dir.path().join("tarbox.db").display())
    }

    fn root(&self, host: Host) -> PathBuf {
        self.dir.path().join(format!("{host:?}"))
    }

    fn compiled(&self, host: Host, module: &Path) -> PathBuf {
        let name = module.file_stem().unwrap_or_default();
        let extension = match host {
            Host::Composed => "composed.cwasm",
            _ => "cwasm",
        };
        self.dir.path().join(name).with_extension(extension)
    }
}
