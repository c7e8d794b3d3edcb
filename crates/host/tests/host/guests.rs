//! The guest programs, compiled once for each test run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tarbox_host::Program;

/// What a guest is compiled to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// A core module.
    P1,
    /// A component of WASI 0.2.
    P2,
    /// A component of WASI 0.3.
    P3,
}

impl Target {
    pub(crate) const BOTH: [Self; 2] = [Self::P1, Self::P2];

    fn triple(self) -> &'static str {
        match self {
            Self::P1 => "wasm32-wasip1",
            Self::P2 | Self::P3 => "wasm32-wasip2",
        }
    }
}

/// The file of a guest.
pub(crate) fn path(name: &str, target: Target) -> PathBuf {
    let dir = build(target).join(target.triple()).join("release");
    let path = dir.join(format!("{name}.wasm"));
    assert!(path.exists(), "there is no guest program `{name}`");
    path
}

pub(crate) fn program(name: &str, target: Target) -> Program {
    Program::from_file(path(name, target)).unwrap()
}

/// Compiles all of its kind; the directory they are in.
fn build(target: Target) -> &'static Path {
    static BUILT: [OnceLock<PathBuf>; 2] = [OnceLock::new(), OnceLock::new()];
    let kind = usize::from(target == Target::P3);
    BUILT[kind].get_or_init(|| {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guests");
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/Cargo.toml");
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--release", "--locked", "--quiet"]);
        cargo.arg("--manifest-path").arg(manifest);
        cargo.arg("--target-dir").arg(&dir);
        match target {
            Target::P3 => cargo.args(["--package=guest-p3*", "--target", target.triple()]),
            _ => cargo.arg("--package=guests").args(
                Target::BOTH
                    .iter()
                    .flat_map(|target| ["--target", target.triple()]),
            ),
        };
        let built = cargo.status().expect("cargo can be started");
        assert!(
            built.success(),
            "the guest programs do not compile; if a target is missing, run `cargo xtask setup`"
        );
        dir
    })
}
