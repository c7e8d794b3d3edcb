//! One file of the host, or standard output: archives, and dumps of tenants.

use std::ffi::OsStr;
use std::fs::{Metadata, OpenOptions};
use std::io::{IsTerminal, Write, stdout};
use std::os::fd::AsFd;
use std::path::Path;

use tarbox_store::ErrorKind;

use super::HostNewFile;
use crate::failure::{Failure, Result};
use crate::platform::{self, bytes_of};

/// Where something was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    Standard,
    File,
}

/// Whether a file is on the device before it has its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lasting {
    Yes,
    No,
}

/// Lets a file be written that has its name, or with `force` the place of another, only once it is whole; or standard output,
/// for `-`. A device or a pipe takes it as it comes.
///
/// # Errors
/// Those of writing, and of the host. No part of a file is left then.
pub(crate) fn write_whole(
    file: &OsStr,
    force: bool,
    lasting: Lasting,
    write: impl FnOnce(Box<dyn Write + '_>) -> Result<()>,
) -> Result<Output> {
    if file == "-" {
        write(standard_output()?)?;
        return Ok(Output::Standard);
    }
    let fail = |e: std::io::Error| fail(file, &e);
    match std::fs::symlink_metadata(file) {
        Ok(_) if !force => return Err(fail(std::io::ErrorKind::AlreadyExists.into())),
        _ => {}
    }
    match std::fs::metadata(file) {
        Ok(there) if !there.is_file() => {
            let output = OpenOptions::new().write(true).open(file).map_err(fail)?;
            write(Box::new(output))?;
        }
        there => new_file(Path::new(file), there.ok(), lasting, write)?,
    }
    Ok(Output::File)
}

/// Lets a file be written that takes the place of what is `there` once it is whole.
fn new_file(
    path: &Path,
    there: Option<Metadata>,
    lasting: Lasting,
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
    let written = write(Box::new(new.file())).and_then(|()| match lasting {
        Lasting::Yes => new.file().sync_all().map_err(fail),
        Lasting::No => Ok(()),
    });
    match written {
        Ok(()) => {
            new.put(dir.as_fd(), &bytes_of(name), there.is_some())
                .map_err(fail)?;
            if lasting == Lasting::Yes {
                // Not every file system has names that can be synced.
                let _ = rustix::fs::fsync(dir.as_fd());
            }
            Ok(())
        }
        Err(failure) => {
            // Why it could not be written matters more.
            let _ = new.discard(dir.as_fd());
            Err(failure)
        }
    }
}

fn standard_output() -> Result<Box<dyn Write>> {
    if stdout().is_terminal() {
        let message = "not writing to a terminal; name a file, or use a pipe";
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
