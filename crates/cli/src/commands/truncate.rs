//! `truncate`

use std::ffi::OsString;

use tarbox_fs::{FilesystemExt, FilesystemInterface, OpenFlags, blocking};
use tarbox_store::ErrorKind;

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::parse::size;
use crate::workspace::Workspace;

/// Set the length of files: truncate them, or extend them with a hole
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox truncate -s 0 /log",
    "tarbox truncate -s 10G /sparse        takes no space",
    "tarbox truncate -s +1M /file          1 MiB longer; -s -1M: 1 MiB shorter",
))]
pub(crate) struct Args {
    /// The files to change; created if they do not exist
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
    /// The new length; with + or - in front, longer or shorter by this much
    #[arg(short, long, value_name = "SIZE", value_parser = NewSize::parse, allow_hyphen_values = true)]
    size: NewSize,
    /// Do not create files
    #[arg(short = 'c', long)]
    no_create: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NewSize {
    Exactly(u64),
    Longer(u64),
    Shorter(u64),
}

impl NewSize {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(match text.split_at_checked(1) {
            Some(("+", more)) => Self::Longer(size::parse(more)?),
            Some(("-", less)) => Self::Shorter(size::parse(less)?),
            _ => Self::Exactly(size::parse(text)?),
        })
    }

    fn from(self, size: u64) -> Option<u64> {
        match self {
            Self::Exactly(size) => Some(size),
            Self::Longer(more) => size.checked_add(more),
            Self::Shorter(less) => Some(size.saturating_sub(less)),
        }
    }
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    w.each(&args.paths, |path| {
        let create = (!args.no_create).then_some(0o666);
        let (attr, handle) = match blocking(w.fs.open_path(&w.who, path, OpenFlags::WRITE, create)) {
            Err(e) if args.no_create && e.kind() == ErrorKind::NotFound => return Ok(()),
            opened => opened?,
        };
        let size = args
            .size
            .from(attr.size)
            .ok_or_else(|| Failure::from(ErrorKind::FileTooLarge).about(path))?;
        let cut = blocking(w.fs.truncate(handle, size)).map(drop);
        cut.and(blocking(w.fs.release(handle)))
            .map_err(|e| Failure::of(e, path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_relative_to_what_is_there() {
        assert_eq!(NewSize::parse("1k").unwrap().from(5), Some(1024));
        assert_eq!(NewSize::parse("+1k").unwrap().from(5), Some(1029));
        assert_eq!(NewSize::parse("-10").unwrap().from(5), Some(0));
        assert_eq!(NewSize::parse("+1").unwrap().from(u64::MAX), None);
        assert!(NewSize::parse("").is_err());
    }
}
