//! The WebAssembly modules that the project ships.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::command::Cmd;
use crate::project::Project;
use crate::setup::{self, Part};

/// A module, how to build it, and how large it may be.
#[derive(Debug)]
pub(crate) struct Artifact {
    /// The file's name.
    pub(crate) name: &'static str,
    /// What cargo is asked for.
    build: &'static [&'static str],
    /// The file that cargo makes, below the target directory.
    output: &'static str,
    /// What wasm-opt is to optimise for, in its words.
    optimise: &'static str,
    /// What its SQLite leaves out.
    sqlite_flags: &'static str,
    /// What is made of the module.
    shape: Shape,
    /// The largest it may be, in bytes before compression.
    pub(crate) limit: u64,
    /// The largest it may be with brotli.
    pub(crate) brotli_limit: Option<u64>,
    /// Who needs it, and how they hear where it is.
    pub(crate) used_by: UsedBy,
}

/// What is made of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// It is shipped as it is.
    Module,
    /// A component, to be composed by `tarbox compose`.
    Part,
    /// A component with nothing put into it, which runs by itself or is composed by other tools.
    Whole,
}

/// Who needs a module.
#[derive(Debug, Clone, Copy)]
pub(crate) enum UsedBy {
    /// Tests, which find it by this environment variable.
    Tests(&'static str),
    /// The browser package of this name, which ships it.
    Package(&'static str),
    /// The package `nervusdb`, which is built by itself.
    Graph,
    /// The same, in browsers alone; it is not made once more as JavaScript.
    GraphInBrowsers,
}

/// Everything that is shipped as WebAssembly.
pub(crate) const ARTIFACTS: &[Artifact] = &[
    Artifact {
        name: "tarbox.wasm",
        build: &[
            "--profile=wasm",
            "--no-default-features",
            "--package=tarbox-cli",
            "--bin=tarbox",
            "--target=wasm32-wasip1",
        ],
        output: "wasm32-wasip1/wasm/tarbox.wasm",
        optimise: "-Oz",
        sqlite_flags: STORE_ONLY,
        shape: Shape::Module,
        limit: 5_000_000,
        brotli_limit: None,
        used_by: UsedBy::Tests("TARBOX_WASM"),
    },
    Artifact {
        name: "tarbox-js.wasm",
        build: &[
            "--profile=wasm",
            "--package=tarbox-js",
            "--bin=tarbox-js",
            "--target=wasm32-wasip1",
        ],
        output: "wasm32-wasip1/wasm/tarbox-js.wasm",
        optimise: "-Oz --converge",
        sqlite_flags: STORE_ONLY,
        shape: Shape::Module,
        limit: 2_720_000,
        brotli_limit: Some(1_150_000),
        used_by: UsedBy::Tests("TARBOX_JS_WASM"),
    },
    COMPONENT,
    Artifact {
        name: "tarbox-fs.component.wasm",
        shape: Shape::Whole,
        used_by: UsedBy::Tests("TARBOX_FS_COMPONENT"),
        ..COMPONENT
    },
    Artifact {
        name: "tarbox-http.component.wasm",
        build: &[
            "--profile=web",
            "--package=tarbox-http-component",
            "--lib",
            "--target=wasm32-unknown-unknown",
        ],
        output: "wasm32-unknown-unknown/web/tarbox_http_component.wasm",
        shape: Shape::Whole,
        used_by: UsedBy::Tests("TARBOX_HTTP_COMPONENT"),
        ..COMPONENT
    },
    Artifact {
        name: "tarbox-web.wasm",
        build: &[
            "--profile=web",
            "--package=tarbox-web",
            "--lib",
            "--target=wasm32-unknown-unknown",
        ],
        output: "wasm32-unknown-unknown/web/tarbox_web.wasm",
        // Until nothing gets smaller any more.
        optimise: "-Oz --converge",
        sqlite_flags: STORE_ONLY,
        shape: Shape::Module,
        limit: 1_700_000,
        brotli_limit: Some(600_000),
        used_by: UsedBy::Package("tarbox"),
    },
    // The same with rounds of a replica and a client of its server: for those alone who open a workspace so.
    Artifact {
        name: "tarbox-sync.wasm",
        build: &[
            "--profile=web",
            "--package=tarbox-web",
            "--features=tarbox-web/sync",
            "--lib",
            "--target=wasm32-unknown-unknown",
        ],
        output: "wasm32-unknown-unknown/web/tarbox_web.wasm",
        // Until nothing gets smaller any more.
        optimise: "-Oz --converge",
        sqlite_flags: STORE_ONLY,
        shape: Shape::Module,
        limit: 2_600_000,
        brotli_limit: Some(850_000),
        used_by: UsedBy::Package("tarbox"),
    },
    Artifact {
        name: "tarbox-quickjs-web.wasm",
        build: &[
            "--profile=web",
            "--package=tarbox-quickjs-web",
            "--lib",
            "--target=wasm32-unknown-unknown",
        ],
        output: "wasm32-unknown-unknown/web/tarbox_quickjs_web.wasm",
        optimise: "-Oz --converge",
        sqlite_flags: STORE_ONLY,
        shape: Shape::Module,
        limit: 3_500_000,
        brotli_limit: Some(1_500_000),
        used_by: UsedBy::Package("quickjs"),
    },
    Artifact {
        name: "sqlite-opfs.wasm",
        build: &[
            "--profile=wasm",
            "--package=tarbox-sqlite-opfs",
            "--lib",
            "--target=wasm32-unknown-unknown",
        ],
        output: "wasm32-unknown-unknown/wasm/tarbox_sqlite_opfs.wasm",
        optimise: "-O3",
        sqlite_flags: "",
        shape: Shape::Module,
        limit: 1_600_000,
        brotli_limit: Some(600_000),
        used_by: UsedBy::Package("sqlite-opfs"),
    },
    Artifact {
        name: "nervusdb.wasm",
        build: &[
            "--profile=wasm-fast",
            "--package=nervusdb-wasm",
            "--lib",
            "--target=wasm32-unknown-unknown",
        ],
        optimise: "-O3",
        limit: 200_000,
        brotli_limit: Some(80_000),
        ..GRAPH
    },
    Artifact {
        name: "nervusdb-tools.wasm",
        build: &[
            "--profile=wasm",
            "--package=nervusdb-wasm",
            "--features=tools",
            "--lib",
            "--target=wasm32-unknown-unknown",
        ],
        output: "wasm32-unknown-unknown/wasm/nervusdb_wasm.wasm",
        limit: 250_000,
        ..GRAPH
    },
    Artifact {
        name: "nervusdb-pool.wasm",
        build: &[
            "--profile=web",
            "--package=tarbox-opfs-pool",
            "--lib",
            "--target=wasm32-unknown-unknown",
        ],
        output: "wasm32-unknown-unknown/web/tarbox_opfs_pool.wasm",
        optimise: "-Oz --converge",
        limit: 100_000,
        brotli_limit: Some(40_000),
        used_by: UsedBy::GraphInBrowsers,
        ..GRAPH
    },
];

/// The conformance suites, which the tests in browsers run; built as the module of the package `tarbox` is.
pub(crate) const CONFORMANCE: Artifact = Artifact {
    name: "conformance.wasm",
    build: &[
        "--profile=web",
        "--package=tarbox-conformance",
        "--target=wasm32-unknown-unknown",
    ],
    output: "wasm32-unknown-unknown/web/tarbox_conformance.wasm",
    optimise: "-O1",
    sqlite_flags: STORE_ONLY,
    shape: Shape::Module,
    limit: u64::MAX,
    brotli_limit: None,
    used_by: UsedBy::Tests("TARBOX_CONFORMANCE_WASM"),
};

/// A workspace as a component.
pub(crate) const COMPONENT: Artifact = Artifact {
    name: "tarbox-workspace.component.wasm",
    build: &[
        "--profile=web",
        "--package=tarbox-component",
        "--lib",
        "--target=wasm32-unknown-unknown",
    ],
    output: "wasm32-unknown-unknown/web/tarbox_component.wasm",
    optimise: "-Oz --converge",
    sqlite_flags: STORE_ONLY,
    shape: Shape::Part,
    limit: 1_500_000,
    brotli_limit: Some(550_000),
    used_by: UsedBy::Tests("TARBOX_PROVIDER"),
};

const GRAPH: Artifact = Artifact {
    name: "",
    build: &[],
    output: "wasm32-unknown-unknown/wasm-fast/nervusdb_wasm.wasm",
    optimise: "-Oz",
    sqlite_flags: "",
    shape: Shape::Module,
    limit: 0,
    brotli_limit: None,
    used_by: UsedBy::Graph,
};

/// What the store does not use of SQLite. Its grammar is made already, so what that refers to has to stay.
const STORE_ONLY: &str = "-USQLITE_ENABLE_FTS5 -USQLITE_ENABLE_RTREE -USQLITE_ENABLE_SESSION -USQLITE_ENABLE_PREUPDATE_HOOK \
    -USQLITE_ENABLE_MATH_FUNCTIONS -USQLITE_ENABLE_BYTECODE_VTAB -USQLITE_ENABLE_DBPAGE_VTAB -USQLITE_ENABLE_STMTVTAB \
    -USQLITE_ENABLE_OFFSET_SQL_FUNC -USQLITE_ENABLE_UNKNOWN_SQL_FUNCTION -USQLITE_ENABLE_COLUMN_METADATA \
    -USQLITE_ENABLE_DBSTAT_VTAB -DSQLITE_OMIT_JSON -DSQLITE_OMIT_UTF16 -DSQLITE_OMIT_DESERIALIZE -DSQLITE_OMIT_AUTHORIZATION \
    -DSQLITE_OMIT_TRACE -DSQLITE_OMIT_GET_TABLE -DSQLITE_OMIT_TCL_VARIABLE -DSQLITE_OMIT_COMPLETE -DSQLITE_OMIT_FOREIGN_KEY \
    -DSQLITE_OMIT_INTROSPECTION_PRAGMAS -DSQLITE_OMIT_AUTOVACUUM -DSQLITE_OMIT_INCRBLOB -DSQLITE_OMIT_PROGRESS_CALLBACK \
    -DSQLITE_OMIT_COMPILEOPTION_DIAGS -DSQLITE_OMIT_LIKE_OPTIMIZATION -DSQLITE_UNTESTABLE \
    -DSQLITE_OMIT_XFER_OPT -DSQLITE_OMIT_DATETIME_FUNCS -DSQLITE_OMIT_AUTOMATIC_INDEX -DSQLITE_OMIT_VIRTUALTABLE -DSQLITE_OMIT_ANALYZE";

/// The flags of every browser's SQLite; `.cargo/config.toml` has the same for plain cargo.
const BROWSER_SQLITE: &str =
    "-DSQLITE_DEFAULT_MEMSTATUS=0 -USQLITE_ENABLE_API_ARMOR -USQLITE_ENABLE_UNLOCK_NOTIFY";

/// The same for SQLite in a runtime of WASI.
const WASI_SQLITE: &str = "-DSQLITE_DEFAULT_MEMSTATUS=0 -USQLITE_ENABLE_API_ARMOR -USQLITE_ENABLE_STAT4 -DHAVE_FDATASYNC=1 \
    -DSQLITE_OMIT_SHARED_CACHE -USQLITE_ENABLE_FTS3 -USQLITE_ENABLE_FTS3_PARENTHESIS -USQLITE_SOUNDEX";

/// What every runtime we name supports; with `-all`, wasm-opt emits what some of them reject.
const FEATURES: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-multivalue",
    "--enable-simd",
];

/// Builds an artifact and returns the module's path.
///
/// # Errors
/// When it does not compile or wasm-opt refuses it.
pub(crate) fn build(project: &Project, artifact: &Artifact) -> Result<PathBuf> {
    let flags = format!("{BROWSER_SQLITE} {}", artifact.sqlite_flags);
    project
        .cargo()
        .env("SQLITE_WASM_RS_FLAGS", flags.trim())
        .env("CARGO_ENCODED_RUSTFLAGS", short_paths())
        .env(
            "LIBSQLITE3_FLAGS",
            format!("{WASI_SQLITE} {}", artifact.sqlite_flags).trim(),
        )
        .arg("build")
        .args(artifact.build)
        .run()?;
    let built = project.target.join(artifact.output);
    let directory = project.target.join("wasm-artifacts");
    let out = directory.join(artifact.name);
    std::fs::create_dir_all(&directory)?;
    if is_newer(&out, &built) {
        return Ok(out);
    }
    if artifact.shape == Shape::Module {
        optimise(project, artifact, &built, &out)?;
        return Ok(out);
    }
    let core = directory.join(built.file_name().unwrap_or_default());
    if !is_newer(&core, &built) {
        optimise(project, artifact, &built, &core)?;
    }
    let shape = match artifact.shape {
        Shape::Part => "part",
        Shape::Module | Shape::Whole => "whole",
    };
    project
        .cargo()
        .args([
            "run",
            "--quiet",
            "--package=tarbox-compose",
            "--example=component",
            "--",
            shape,
        ])
        .args([&core, &out])
        .run()?;
    Ok(out)
}

/// The paths of dependencies in messages of panics: without those of the machine, which are of no use elsewhere and take room.
fn short_paths() -> String {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let registries = home.and_then(|home| std::fs::read_dir(home.join("registry/src")).ok());
    let flags = registries.into_iter().flatten().flatten().map(|registry| {
        let path = registry.path();
        format!("--remap-path-prefix={}/=", path.display())
    });
    // As cargo wants several of them.
    flags.collect::<Vec<_>>().join("\u{1f}")
}

fn optimise(project: &Project, artifact: &Artifact, built: &Path, out: &Path) -> Result<()> {
    Cmd::new(project.tools.npm("binaryen/bin/wasm-opt"))
        .args(artifact.optimise.split(' '))
        .args(["--strip-debug", "--strip-producers"])
        .args(FEATURES)
        .arg(built)
        .arg("-o")
        .arg(out)
        .envs(project.tools.env())
        .run_silent()
}

/// Build what WebAssembly runtimes run: the command, and the components that provide files
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these, by the beginnings of their names
    names: Vec<String>,
}

/// Builds them and says where they are.
///
/// # Errors
/// When one does not compile.
pub(crate) fn run(project: &Project, args: &Args) -> Result<()> {
    setup::run(project, Part::Sizes)?;
    project.ui.title("wasm");
    for artifact in ARTIFACTS {
        let is_wanted = args.names.is_empty()
            || args
                .names
                .iter()
                .any(|name| artifact.name.starts_with(name.as_str()));
        if is_wanted && let UsedBy::Tests(variable) = artifact.used_by {
            println!("export {variable}='{}'", build(project, artifact)?.display());
        }
    }
    Ok(())
}

/// Looks through the code that is there for WebAssembly alone.
///
/// # Errors
/// When something is found.
pub(crate) fn lint(project: &Project) -> Result<()> {
    let mut browsers = vec!["--target=wasm32-unknown-unknown"];
    let mut wasi = Vec::new();
    for artifact in ARTIFACTS.iter().chain([&CONFORMANCE]) {
        let target = match artifact.build.contains(&"--target=wasm32-wasip1") {
            true => &mut wasi,
            false => &mut browsers,
        };
        let named = artifact.build.iter().filter(|arg| !arg.starts_with("--profile="));
        for arg in named {
            if !target.contains(arg) {
                target.push(arg);
            }
        }
    }
    for args in [browsers, wasi] {
        // There is one thread. Elsewhere what is shared is shared by several.
        let allowed = ["-A", "clippy::arc_with_non_send_sync"];
        project
            .cargo()
            .arg("clippy")
            .args(args)
            .args(["--", "-D", "warnings"])
            .args(allowed)
            .run()?;
    }
    Ok(())
}

/// Whether `made` was made from `source` as it is now.
fn is_newer(made: &Path, source: &Path) -> bool {
    let time = |path: &Path| std::fs::metadata(path).and_then(|meta| meta.modified());
    matches!((time(made), time(source)), (Ok(made), Ok(source)) if made > source)
}

/// Builds the npm packages that ship a module, with the modules in them.
///
/// # Errors
/// When a module or a package does not compile.
pub(crate) fn packages(project: &Project) -> Result<()> {
    let mut node = project.node().arg("packages/build/build.mjs");
    for artifact in ARTIFACTS {
        if let UsedBy::Package(package) = artifact.used_by {
            node = node.arg(format!("{package}={}", build(project, artifact)?.display()));
        }
    }
    node.run()
}
