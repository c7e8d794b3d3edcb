//! `cargo xtask sizes`: how large each WebAssembly module is, raw and as it travels.

mod table;

use anyhow::Result;

use crate::project::Project;
use crate::setup::{self, Part};
use crate::{packages, wasm};
use table::Size;

/// The same engine as JavaScript, which is loaded only where there is no WebAssembly, compressed.
const SCRIPT_BROTLI_LIMIT: u64 = 400_000;
const SCRIPT_LIMIT: u64 = 600_000;

/// Build every WebAssembly module for size; fails when one is over its limit
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print one JSON array instead of a table
    #[arg(long)]
    json: bool,
}

/// Returns whether every module is within its limit.
///
/// # Errors
/// When a module cannot be built.
pub(crate) fn run(project: &Project, args: &Args) -> Result<bool> {
    setup::run(project, Part::Sizes)?;
    project.ui.title("sizes");
    let mut sizes = Vec::new();
    for artifact in wasm::ARTIFACTS {
        let path = wasm::build(project, artifact)?;
        sizes.push(Size::of(
            artifact.name,
            &path,
            artifact.limit,
            artifact.brotli_limit,
        )?);
        if artifact.name == "nervusdb.wasm" {
            let script = packages::javascript(project, artifact, &path)?;
            sizes.push(Size::of(
                "nervusdb-js.js",
                &script,
                SCRIPT_LIMIT,
                Some(SCRIPT_BROTLI_LIMIT),
            )?);
        }
    }
    if args.json {
        println!("{}", table::json(&sizes));
    } else {
        print!("{}", table::text(&sizes));
    }
    Ok(sizes.iter().all(Size::fits))
}
