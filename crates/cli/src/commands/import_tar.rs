//! `import-tar`

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufReader, Read, Stdin, stdin};

use tarbox_fs::{FilesystemExt, FilesystemInterface, blocking};

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::platform::bytes_of;
use crate::transfer::item::PIECE;
use crate::transfer::options::{Collision, OwnerChoice, Owners};
use crate::transfer::tar::{TarImporter, TarReader};
use crate::transfer::{Tally, WorkspaceWriter, pump};
use crate::workspace::Workspace;

/// Unpack a tar archive into the workspace
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox import-tar release.tar /src",
    "gzip -dc release.tar.gz | tarbox import-tar - /src",
    "Nothing outside PATH is touched: names with .. or through symbolic links are left out and reported.",
))]
pub(crate) struct Args {
    /// The archive, or - for standard input
    #[arg(value_name = "FILE")]
    file: OsString,
    /// Where to unpack it; created if it does not exist
    #[arg(default_value = "/", value_name = "PATH")]
    path: OsString,
    /// Overwrite existing files
    #[arg(short, long)]
    force: bool,
    /// Who owns what is unpacked: auto (as in the archive, if you act as root; else you), keep, caller, or UID:GID
    #[arg(long, value_name = "WHO", default_value = "auto", value_parser = Owners::parse)]
    owner: OwnerChoice,
    /// The same as --owner keep; names of owners in the archive are never looked at
    #[arg(long, conflicts_with = "owner")]
    numeric_owner: bool,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let name = bytes_of(&args.file);
    let input = Input::open(args)?;
    let target = w.path(&args.path)?;
    let root = blocking(w.fs.create_dir_all(&w.who, &target)).map_err(|e| Failure::of(e, &target))?;
    let collision = Collision::forced(args.force);
    let owners = args.owner.resolve(args.numeric_owner, w.who.uid());
    let writer = WorkspaceWriter::new(w.fs, &w.who, (root.ino, &target), collision, owners);
    let mut importer = TarImporter::new(w.fs, &w.who, (root.ino, &target), writer);
    let tally = Tally::new(w, "unpack", None);
    let input = BufReader::with_capacity(PIECE, input);
    let unpacked = pump(
        |emit| TarReader::new(input, &name).read(emit),
        |item| tally.count(item, |item| importer.write(item)),
    );
    importer.finish().or_else(|failure| tally.report(failure))?;
    unpacked?;
    tally.print("unpacked")
}

enum Input {
    File(File),
    Stdin(Stdin),
}

impl Input {
    fn open(args: &Args) -> Result<Self> {
        if args.file == "-" {
            return Ok(Self::Stdin(stdin()));
        }
        let file = File::open(&args.file).map_err(|e| Failure::host(&*bytes_of(&args.file), &e))?;
        Ok(Self::File(file))
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Stdin(stdin) => stdin.lock().read(buffer),
        }
    }
}
