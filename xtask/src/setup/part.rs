//! Who needs what of the machine.

/// Something to be made ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// `cargo xtask demo`
    Demo,
    /// `cargo xtask web`
    Web,
    /// `cargo xtask sizes`
    Sizes,
    /// `cargo xtask posix`
    Posix,
    /// `cargo xtask nodetests`
    Nodetests,
    /// `cargo xtask bench`, except `browser`
    Bench,
    /// `cargo xtask bench browser`
    BenchBrowser,
    /// `cargo xtask test format`, and so on
    Format,
    /// Its licences
    Licences,
    /// Its lints
    Lint,
    /// Its tests of crates
    Tests,
    /// The same with `--long`
    LongTests,
    /// Its tests of npm packages
    Packages,
    /// Its judgement of the server's API
    Api,
    /// Its documentation
    Docs,
    /// Its judgement of a mount
    PosixQuick,
    /// Its tests in browsers
    Browsers,
    /// Its tests of the playground
    Playground,
    /// Everything
    All,
}

/// What steps provide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// A C compiler, and what else builds and tests call.
    Compiler,
    /// What a minimal Rust toolchain lacks.
    Lints,
    /// Compiling Rust and C to WebAssembly.
    Wasm,
    /// Node.js, and the tools that npm packages bring.
    Node,
    /// What our npm packages are built with.
    Packages,
    Browsers,
    Licences,
    /// A server that tests start.
    Postgres,
    /// One of the newest version.
    NewestPostgres,
    /// Programs that judge the server's API.
    Judges,
    /// Programs that are compared with ours.
    Rivals,
    Fuse,
    /// A runtime that runs examples.
    WasmEdge,
    Stressors,
    /// Suites that cargo installs.
    Suites,
}

impl Part {
    pub(super) fn needs(self, need: Need) -> bool {
        use Need::{
            Browsers, Compiler, Fuse, Judges, Licences, Lints, NewestPostgres, Node, Packages, Postgres,
            Rivals, Stressors, Suites, Wasm, WasmEdge,
        };
        let needs: &[Need] = match self {
            Self::Demo => &[Compiler, Node],
            Self::Nodetests => &[Compiler, Node, Packages],
            Self::Web | Self::Sizes | Self::Packages => &[Compiler, Wasm, Node, Packages],
            Self::Posix => &[Compiler, Node, Fuse, Postgres, Stressors, Suites],
            Self::Bench => &[Compiler, Wasm, Node, Packages, Fuse, Postgres, Rivals, Stressors],
            Self::Format => &[Compiler, Lints, Node, Packages],
            Self::Licences => &[Compiler, Licences],
            Self::Lint => &[Compiler, Lints],
            Self::Tests => &[Compiler, Wasm, Node, Packages, Fuse, Postgres, WasmEdge],
            Self::LongTests => &[
                Compiler,
                Wasm,
                Node,
                Packages,
                Fuse,
                Postgres,
                NewestPostgres,
                WasmEdge,
            ],
            Self::Api => &[Compiler, Node, Judges],
            Self::Docs => &[Compiler],
            Self::PosixQuick => &[Compiler, Fuse, Postgres, Suites],
            Self::BenchBrowser | Self::Browsers | Self::Playground => {
                &[Compiler, Wasm, Node, Packages, Browsers]
            }
            Self::All => return true,
        };
        needs.contains(&need)
    }
}
