//! `export`

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tarbox_fs::{FilesystemInterface, Follow};
use tarbox_store::{Attr, ErrorKind};
use tarbox_tar::Collision;

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::platform::{self, bytes_of, os_string};
use crate::transfer::options::OwnerChoice;
use crate::transfer::{HostWriter, Tally, TreeWriter, WorkspaceReader, pump};
use crate::workspace::{Workspace, last_name, trim_slashes};

/// Copy a directory tree from the workspace to the host
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox export /src ./out                                copy the contents of /src to ./out",
    "tarbox export /.tarbox/snapshots/before/src ./before    as it was in the layer 'before'",
    "tarbox export --force /src ./out                        replace existing files, each once the new one is complete",
    "Nothing outside HOSTDIR is ever changed, whatever links are in the workspace or in HOSTDIR.",
))]
pub(crate) struct Args {
    /// The directory or file in the workspace
    #[arg(value_name = "PATH")]
    path: OsString,
    /// The directory on the host: it must be empty or not exist. For a file, - is standard output
    #[arg(value_name = "HOSTDIR")]
    host: OsString,
    /// Write into a directory that is not empty, and overwrite files
    #[arg(short, long)]
    force: bool,
    /// Who owns what is exported: auto (as in the workspace, if you are root; else you), keep, caller, or UID:GID
    #[arg(long, value_name = "WHO", default_value = "auto", value_parser = OwnerChoice::parse)]
    owner: OwnerChoice,
    /// The same as --owner keep
    #[arg(long, conflicts_with = "owner")]
    numeric_owner: bool,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let path = w.path(&args.path)?;
    let attr = w.attr(&path, Follow::Yes)?;
    if attr.is_dir() {
        tree(args, w, &path, &attr)
    } else if args.host == "-" {
        super::cat::print(w, &path, 0, u64::MAX)
    } else {
        single(args, w, &path, &attr)
    }
}

fn tree<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>, path: &[u8], attr: &Attr) -> Result<()> {
    let host = Path::new(&args.host);
    if args.host == "-" {
        let message = "is a directory; use 'tarbox export-tar' to write one to standard output";
        return Err(Failure::new(ErrorKind::IsDirectory, message).about(path));
    }
    let fail = |e: std::io::Error| Failure::host(&*bytes_of(&args.host), &e);
    std::fs::create_dir_all(host).map_err(fail)?;
    if !args.force && std::fs::read_dir(host).map_err(fail)?.next().is_some() {
        let message = "the directory is not empty; use --force to write into it and overwrite existing files";
        return Err(Failure::new(ErrorKind::NotEmpty, message).about(&*bytes_of(&args.host)));
    }
    let mut writer = writer(args, &bytes_of(&args.host), host)?;
    let tally = Tally::new(w, "export", None);
    let (fs, who) = (w.fs, &w.who);
    pump(
        |emit| WorkspaceReader::new(fs, who, path).read(attr, emit),
        |item| tally.count(item, |item| writer.write(item)),
    )?;
    tally.print("exported")
}

fn single<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>, path: &[u8], attr: &Attr) -> Result<()> {
    let name = last_name(path).to_vec();
    let mut place = PathBuf::from(&args.host);
    // Like cp: into a directory under its own name, else as the path that was given.
    if place.is_dir() {
        place.push(os_string(name.clone()));
    }
    // A device or a pipe would have to give way to a file of that name.
    if let Ok(there) = std::fs::symlink_metadata(&place)
        && !there.is_file()
        && !there.is_symlink()
    {
        let message = "not a regular file; export to '-' and redirect the output there";
        return Err(Failure::new(ErrorKind::Exists, message).about(&*bytes_of(place.as_os_str())));
    }
    let parent = platform::parent(&place);
    let Some(new_name) = place.file_name().map(|name| bytes_of(name).into_owned()) else {
        return Err(Failure::new(ErrorKind::Invalid, "not a file name").about(&*bytes_of(&args.host)));
    };
    let root = bytes_of(parent.as_os_str()).into_owned();
    let mut writer = writer(args, &root, parent)?;
    let tally = Tally::new(w, "export", Some(1));
    let (fs, who) = (w.fs, &w.who);
    let trimmed = trim_slashes(path);
    let dir = &trimmed[..trimmed.len() - name.len()];
    pump(
        |emit| {
            WorkspaceReader::new(fs, who, dir)
                .read_one(&name, attr, &mut |item| emit(item.renamed(&new_name)))
        },
        |item| tally.count(item, |item| writer.write(item)),
    )?;
    tally.print("exported")
}

/// Writes below a directory of this name.
fn writer(args: &Args, name: &[u8], path: &Path) -> Result<TreeWriter<HostWriter>> {
    platform::allow_many_open_files();
    let dir = platform::open_dir(path).map_err(|e| Failure::host(name, &e))?;
    let collision = Collision::forced(args.force);
    // Only the real root may give files away on the host, whoever one acts as in the workspace.
    let owners = args.owner.resolve(args.numeric_owner, platform::caller().uid);
    Ok(TreeWriter::new(HostWriter::new(name, dir, collision, owners)))
}
