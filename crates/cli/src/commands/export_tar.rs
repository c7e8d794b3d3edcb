//! `export-tar`

use std::ffi::{OsStr, OsString};
use std::io::{BufWriter, Write};

use tarbox_fs::{FilesystemInterface, Follow};
use tarbox_tar::OwnerNames;

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::platform::{self, bytes_of};
use crate::transfer::item::PIECE;
use crate::transfer::{Lasting, Output, Tally, TarWriter, WorkspaceReader, pump, write_whole};
use crate::workspace::{Workspace, last_name, trim_slashes};

/// Pack a directory of the workspace into a tar archive
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox export-tar /src src.tar",
    "tarbox export-tar - | zstd > all.tar.zst                         everything, to standard output",
    "tarbox export-tar /.tarbox/snapshots/before before.tar           as it was in the layer 'before'",
    "An archive has its name, and with --force the place of another, only once it is whole.",
))]
pub(crate) struct Args {
    /// What to pack [default: /], and the archive, or - for standard output
    #[arg(required = true, num_args = 1..=2, value_names = ["PATH", "FILE"])]
    operands: Vec<OsString>,
    /// Overwrite the archive if it exists
    #[arg(short, long)]
    force: bool,
    /// Store owners as numbers only, without their names on this host
    #[arg(long)]
    numeric_owner: bool,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let (path, file) = match &args.operands[..] {
        [path, file] => (path.as_os_str(), file.as_os_str()),
        [file] => (OsStr::new("/"), file.as_os_str()),
        _ => return Err(Failure::usage("a path and an archive are needed")),
    };
    let path = w.path(path)?;
    let attr = w.attr(&path, Follow::Yes)?;
    let names = OwnerNames {
        user: platform::user_name,
        group: platform::group_name,
    };
    let names = (!args.numeric_owner).then_some(names);
    let tally = Tally::new(w, "pack", None);
    let (fs, who) = (w.fs, &w.who);
    let pack = |output: Box<dyn Write + '_>| {
        let output = BufWriter::with_capacity(PIECE, output);
        let mut writer = TarWriter::new(output, &bytes_of(file), names);
        pump(
            |emit| {
                if attr.is_dir() {
                    WorkspaceReader::new(fs, who, &path).read(&attr, emit);
                } else {
                    let name = last_name(&path);
                    let dir = &trim_slashes(&path)[..trim_slashes(&path).len() - name.len()];
                    WorkspaceReader::new(fs, who, dir).read_one(name, &attr, emit);
                }
            },
            |item| tally.count(item, |item| writer.write(item)),
        )?;
        writer.finish().map(drop)
    };
    match write_whole(file, args.force, Lasting::No, pack)? {
        // Standard output is the archive: what there is to say would be in it.
        Output::Standard => Ok(()),
        Output::File => tally.print("packed"),
    }
}
