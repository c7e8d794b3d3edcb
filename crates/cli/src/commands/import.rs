//! `import`

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use tarbox_fs::{FilesystemExt, FilesystemInterface, Follow, OpenFlags, PATH_MAX, blocking};
use tarbox_store::{ErrorKind, Ino};
use tarbox_tar::Collision;

use super::write::replace;
use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::platform::{self, bytes_of};
use crate::source::Source;
use crate::transfer::options::OwnerChoice;
use crate::transfer::{HostReader, Skip, Tally, TreeWriter, WorkspaceWriter, pump, survey};
use crate::workspace::{Workspace, join, last_name, trim_slashes};

/// Copy a directory tree from the host into the workspace
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox import ~/project /src              copy the contents of ~/project to /src",
    "tarbox import . --exclude .git --exclude target",
    "tarbox import --force ~/project /src      overwrite existing files",
    "tarbox import notes.txt /docs             import a single file",
))]
pub(crate) struct Args {
    /// The directory or file on the host, or - for standard input
    #[arg(value_name = "HOSTDIR")]
    host: OsString,
    /// Where to put it; created if it does not exist
    #[arg(default_value = "/", value_name = "PATH")]
    path: OsString,
    /// Overwrite existing files
    #[arg(short, long)]
    force: bool,
    /// Skip names that match, or with a slash, paths below HOSTDIR that match
    #[arg(short = 'x', long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Who owns what is imported: auto (as on the host, if you act as root; else you), keep, caller, or UID:GID
    #[arg(long, value_name = "WHO", default_value = "auto", value_parser = OwnerChoice::parse)]
    owner: OwnerChoice,
    /// The same as --owner keep
    #[arg(long, conflicts_with = "owner")]
    numeric_owner: bool,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let skip = Skip::new(&args.exclude)
        .map_err(Failure::usage)?
        .with_database(w.database);
    let target = w.path(&args.path)?;
    let host = bytes_of(&args.host);
    if &*host == b"-" {
        return standard_input(args, w, &target);
    }
    match platform::open_dir(Path::new(&args.host)) {
        Ok(dir) => tree(args, w, &skip, dir, &target),
        Err(e) if e.kind() == io::ErrorKind::NotADirectory => single(args, w, &skip, &target),
        Err(e) => Err(Failure::host(&*host, &e)),
    }
}

fn tree<F: FilesystemInterface>(
    args: &Args,
    w: &Workspace<'_, F>,
    skip: &Skip,
    dir: OwnedFd,
    target: &[u8],
) -> Result<()> {
    let host = &*bytes_of(&args.host);
    let again = platform::open_dir(Path::new(&args.host)).map_err(|e| Failure::host(host, &e))?;
    let room = PATH_MAX.saturating_sub(trim_slashes(target).len() + 1);
    let total = survey(host, again, skip, room)?;
    let root = blocking(w.fs.create_dir_all(&w.who, target)).map_err(|e| Failure::of(e, target))?;
    let mut writer = writer(args, w, (root.ino, target));
    let tally = Tally::new(w, "import", Some(total));
    pump(
        |emit| HostReader::new(host, skip).read(dir, emit),
        |item| tally.count(item, |item| writer.write(item)),
    )?;
    tally.print("imported")
}

fn single<F: FilesystemInterface>(
    args: &Args,
    w: &Workspace<'_, F>,
    skip: &Skip,
    target: &[u8],
) -> Result<()> {
    let path = Path::new(&args.host);
    let parent = platform::parent(path);
    let dir = platform::open_dir(parent).map_err(|e| Failure::host(&*bytes_of(&args.host), &e))?;
    let name = path
        .file_name()
        .map(|name| bytes_of(name).into_owned())
        .unwrap_or_default();
    // Like cp: into a directory under its own name, else as the path that was given.
    let into = w
        .attr_if_any(target, Follow::Yes)?
        .is_some_and(|attr| attr.is_dir());
    let place = if into {
        join(target, &name)
    } else {
        trim_slashes(target).to_vec()
    };
    let new_name = last_name(&place).to_vec();
    let parent_path = &place[..place.len() - new_name.len()];
    let root = blocking(w.fs.resolve(&w.who, parent_path, Follow::Yes))?;
    let mut writer = writer(args, w, (root.ino, parent_path));
    let tally = Tally::new(w, "import", Some(1));
    let host_parent = bytes_of(parent.as_os_str());
    pump(
        |emit| {
            HostReader::new(&host_parent, skip)
                .read_one(&dir, &name, &mut |item| emit(item.renamed(&new_name)));
        },
        |item| tally.count(item, |item| writer.write(item)),
    )?;
    tally.print("imported")
}

/// Writes standard input to a file. It has no name of its own, nor an owner or times.
fn standard_input<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>, target: &[u8]) -> Result<()> {
    if w.attr_if_any(target, Follow::Yes)?
        .is_some_and(|attr| attr.is_dir())
    {
        let message = "is a directory, and standard input has no name; give the path of a file";
        return Err(Failure::new(ErrorKind::IsDirectory, message).about(target));
    }
    let flags = if args.force {
        OpenFlags::WRITE
    } else {
        OpenFlags::WRITE.exclusively()
    };
    replace(w, target, flags, Source::Stdin)
}

fn writer<'a, F: FilesystemInterface>(
    args: &Args,
    w: &Workspace<'a, F>,
    root: (Ino, &[u8]),
) -> TreeWriter<WorkspaceWriter<'a, F>> {
    let collision = Collision::forced(args.force);
    let owners = args.owner.resolve(args.numeric_owner, w.who.uid());
    TreeWriter::new(WorkspaceWriter::new(w.fs, &w.who, root, collision, owners))
}
