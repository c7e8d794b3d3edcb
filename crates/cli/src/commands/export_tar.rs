//! `export-tar`

use std::ffi::{OsStr, OsString};
use std::fs::{Metadata, OpenOptions};
use std::io::{BufWriter, IsTerminal, Write, stdout};
use std::os::fd::AsFd;
use std::path::Path;

use tarbox_fs::{FilesystemInterface, Follow};
use tarbox_store::ErrorKind;
use tarbox_tar::OwnerNames;

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::platform::{self, bytes_of};
use crate::transfer::item::PIECE;
use crate::transfer::{HostNewFile, Tally, TarWriter, WorkspaceReader, pump};
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
    if file == "-" {
        // Standard output is the archive: what there is to say would be in it.
        return pack(standard_output()?);
    }
    let fail = |e: std::io::Error| fail(file, &e);
    match std::fs::symlink_metadata(file) {
        Ok(_) if !args.force => return Err(fail(std::io::ErrorKind::AlreadyExists.into())),
        _ => {}
    }
    match std::fs::metadata(file) {
        // A device or a pipe takes it as it comes.
        Ok(there) if !there.is_file() => {
            let output = OpenOptions::new().write(true).open(file).map_err(fail)?;
            pack(Box::new(output))?;
        }
        there => new_file(Path::new(file), there.ok(), pack)?,
    }
    tally.print("packed")
}

/// Lets a file be written that takes the place of what is `there` once it is whole.
fn new_file(
    path: &Path,
    there: Option<Metadata>,
    write: impl FnOnce(Box<dyn Write + '_>) -> Result<()>,
) -> Result<()> {
    let fail = |e: std::io::Error| fail(path.as_os_str(), &e);
    // What a link leads to is replaced, and not the link.
    let path = match there {
        Some(_) if path.is_symlink() => path.canonicalize().map_err(fail)?,
        _ => path.to_owned(),
    };
    let Some(name) = path.file_name() else {
        return Err(fail(std::io::ErrorKind::IsADirectory.into()));
    };
    let dir = platform::open_dir(platform::parent(&path)).map_err(fail)?;
    let new = HostNewFile::create(dir.as_fd(), 0o666).map_err(fail)?;
    if let Some(there) = &there {
        // A host without permissions has none to keep.
        let _ = new.file().set_permissions(there.permissions());
    }
    match write(Box::new(new.file())) {
        Ok(()) => new
            .put(dir.as_fd(), &bytes_of(name), there.is_some())
            .map_err(fail),
        Err(failure) => {
            // Why it could not be written matters more.
            let _ = new.discard(dir.as_fd());
            Err(failure)
        }
    }
}

fn standard_output() -> Result<Box<dyn Write>> {
    if stdout().is_terminal() {
        let message = "not writing an archive to a terminal; name a file, or use a pipe";
        return Err(Failure::new(ErrorKind::Invalid, message).about("standard output"));
    }
    Ok(Box::new(stdout()))
}

fn fail(file: &OsStr, error: &std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::AlreadyExists {
        let message = "file exists (on the host); use --force to replace it";
        return Failure::new(ErrorKind::Exists, message).about(&*bytes_of(file));
    }
    Failure::host(&*bytes_of(file), error)
}
