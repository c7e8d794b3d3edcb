//! `compose`

mod pack;
mod provider;

use std::ffi::OsString;

use serde_json::json;
use tarbox_compose::{Compose, Composition, Error};
use tarbox_fs::FilesystemInterface;
use tarbox_store::ErrorKind;

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::platform::bytes_of;
use crate::print::{Printer, escape};
use crate::transfer::{Lasting, write_whole};
use crate::workspace::Workspace;

/// Make one component of a WebAssembly program and a workspace
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "tarbox compose [OPTIONS] <APP.wasm> --output <OUT.wasm>",
    after_help = examples!(
    "tarbox compose app.wasm -o out.wasm                   then: wasmtime run --dir data out.wasm",
    "tarbox compose app.wasm -o out.wasm --store memory --with assets",
    "tarbox compose app.wasm -o out.wasm --snapshot before carries the files of a layer of the workspace",
    "The program sees the workspace as /, and nothing of the host's files. It runs on any runtime of WASI 0.2.",
))]
pub(crate) struct Args {
    /// The program: a module of WASI preview 1, or a component of 0.2
    #[arg(value_name = "APP.wasm")]
    application: OsString,
    /// Where to put the component, or - for standard output
    #[arg(long, short, value_name = "OUT.wasm")]
    output: OsString,
    /// Overwrite the output if it exists
    #[arg(short, long)]
    force: bool,
    /// Where it will keep its files: in a database in a directory that the runtime lends, or in memory
    #[arg(long, default_value = "file")]
    store: Store,
    /// That directory, by the name that the runtime gives it [default: the first that is lent]
    #[arg(long, value_name = "DIR")]
    dir: Option<String>,
    /// Pack this directory of the host into it
    #[arg(long, value_name = "HOSTDIR", conflicts_with = "snapshot")]
    with: Option<OsString>,
    /// Pack the files of a layer of the workspace into it
    #[arg(long, value_name = "LAYER")]
    snapshot: Option<String>,
    /// The component that provides files [default: tarbox-workspace.component.wasm, beside the command]
    #[arg(long, value_name = "FILE", env = "TARBOX_PROVIDER", hide_env_values = true)]
    provider: Option<OsString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Store {
    File,
    Memory,
}

impl Args {
    /// Whether it takes nothing from a workspace.
    pub(crate) fn is_alone(&self) -> bool {
        self.snapshot.is_none()
    }
}

/// Composes without a database.
pub(crate) fn run_alone(args: &Args, out: &Printer) -> Result<()> {
    let image = args.with.as_ref().map(|dir| pack::host(dir, out)).transpose()?;
    compose(args, image.as_deref(), out)
}

/// Composes with the files of a layer.
pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let layer = args.snapshot.as_deref().unwrap_or_default();
    compose(args, Some(&pack::layer(layer, w)?), w.out)
}

fn compose(args: &Args, image: Option<&[u8]>, out: &Printer) -> Result<()> {
    let provider = provider::read(args.provider.as_deref())?;
    let application =
        std::fs::read(&args.application).map_err(|e| Failure::host(&*bytes_of(&args.application), &e))?;
    let store = match args.store {
        Store::File => "file",
        Store::Memory => "memory",
    };
    let mut settings = vec![("TARBOX_STORE".to_owned(), store.to_owned())];
    settings.extend(args.dir.iter().map(|dir| ("TARBOX_DIR".to_owned(), dir.clone())));
    let made = Compose {
        application: &application,
        provider: &provider,
        settings,
        image,
    }
    .compose()
    .map_err(|error| failure(&error, &args.application))?;
    write_whole(&args.output, args.force, Lasting::No, |mut output| {
        let written = output.write_all(&made.component);
        written.map_err(|e| Failure::host(&*bytes_of(&args.output), &e))
    })?;
    told(args, &made, out)
}

fn told(args: &Args, made: &Composition, out: &Printer) -> Result<()> {
    if args.output == "-" {
        return Ok(());
    }
    let record = json!({
        "output": String::from_utf8_lossy(&bytes_of(&args.output)),
        "bytes": made.component.len(),
        "imports": made.imports,
        "shared": made.shared,
    });
    out.either(&record, || {
        let shared = match made.shared.is_empty() {
            true => "nothing".to_owned(),
            false => made.shared.join(", "),
        };
        format!(
            "composed {} ({} bytes); of the host, the program itself reaches {shared}",
            escape(&bytes_of(&args.output)),
            made.component.len(),
        )
    })
}

fn failure(error: &Error, application: &OsString) -> Failure {
    let kind = match error {
        Error::NotWasm(_) | Error::NotAdaptable(_) | Error::NothingToRun | Error::Provider(_) => {
            ErrorKind::Invalid
        }
        Error::TooLarge(_) => ErrorKind::FileTooLarge,
        Error::Leaks(_) | Error::Mismatch { .. } => ErrorKind::Unsupported,
        _ => ErrorKind::Io,
    };
    Failure::new(kind, error.to_string()).about(&*bytes_of(application))
}
