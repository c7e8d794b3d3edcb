//! `find`

use std::ffi::{OsStr, OsString};

use tarbox_fs::{FilesystemInterface, Follow};
use tarbox_store::{Attr, FileKind, Timestamp};

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::parse::glob::{Case, Glob};
use crate::parse::{size, time};
use crate::platform::bytes_of;
use crate::print::{Entry, colour};
use crate::walk::{Step, WalkEntry, Walker};
use crate::workspace::Workspace;

/// Find files by name, type, size and time
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox find /src --name '*.rs'",
    "tarbox find --type f --size +1M --newer 3d      large files written in the last three days",
    "tarbox find / --newer /stamp                    written after the file /stamp was",
    "tarbox find /src --name '*.o' --print0 | xargs -0 tarbox rm",
))]
pub(crate) struct Args {
    /// Where to start
    #[arg(default_value = "/", value_name = "PATH")]
    paths: Vec<OsString>,
    /// Name matches this pattern: * ? [a-z] [!a-z]
    #[arg(long, value_name = "GLOB")]
    name: Option<OsString>,
    /// The same, ignoring case
    #[arg(long, value_name = "GLOB", conflicts_with = "name")]
    iname: Option<OsString>,
    /// Whole path matches; * also matches /
    #[arg(long, value_name = "GLOB")]
    path: Option<OsString>,
    /// Type: f file, d directory, l link, p pipe, s socket, c and b devices; several may be combined
    #[arg(long = "type", short = 't', value_name = "KINDS", value_parser = Kinds::parse)]
    kinds: Option<Kinds>,
    /// Size: exactly this, with + more, with - less
    #[arg(long, short, value_name = "[+-]SIZE", value_parser = Length::parse, allow_hyphen_values = true)]
    size: Option<Length>,
    /// Modified after this time, or after this file
    #[arg(long, value_name = "TIME|PATH")]
    newer: Option<OsString>,
    /// Modified before this time, or before this file
    #[arg(long, value_name = "TIME|PATH")]
    older: Option<OsString>,
    /// Belongs to this user
    #[arg(long)]
    uid: Option<u32>,
    /// Empty files and directories
    #[arg(long)]
    empty: bool,
    /// Descend no deeper than this
    #[arg(long, value_name = "DEPTH")]
    max_depth: Option<usize>,
    /// Skip everything above this depth
    #[arg(long, value_name = "DEPTH", default_value_t = 0, hide_default_value = true)]
    min_depth: usize,
    /// End each path with a NUL and print its bytes as they are, for xargs -0
    #[arg(short = '0', long)]
    print0: bool,
}

#[derive(Debug, Clone)]
struct Kinds(Vec<FileKind>);

impl Kinds {
    fn parse(text: &str) -> Result<Self, String> {
        let kinds = text.chars().filter(|c| *c != ',').map(|letter| {
            Ok(match letter {
                'f' => FileKind::File,
                'd' => FileKind::Directory,
                'l' => FileKind::Symlink,
                'p' => FileKind::Fifo,
                's' => FileKind::Socket,
                'c' => FileKind::CharDevice,
                'b' => FileKind::BlockDevice,
                _ => return Err(format!("'{letter}' is not a type; use f d l p s c b")),
            })
        });
        kinds.collect::<Result<_, _>>().map(Self)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Exactly(u64),
    More(u64),
    Less(u64),
}

impl Length {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(match text.split_at_checked(1) {
            Some(("+", more)) => Self::More(size::parse(more)?),
            Some(("-", less)) => Self::Less(size::parse(less)?),
            _ => Self::Exactly(size::parse(text)?),
        })
    }

    fn fits(self, size: u64) -> bool {
        match self {
            Self::Exactly(exactly) => size == exactly,
            Self::More(more) => size > more,
            Self::Less(less) => size < less,
        }
    }
}

/// The conditions, ready to be asked.
struct Filter<'a> {
    args: &'a Args,
    name: Option<(Glob, Case)>,
    path: Option<Glob>,
    newer: Option<Timestamp>,
    older: Option<Timestamp>,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let filter = Filter::new(args, w)?;
    w.each(&args.paths, |path| {
        let attr = w.attr(path, Follow::No)?;
        let mut walker = Walker::new(w.fs, &w.who, path, attr);
        while let Some(visit) = walker.next() {
            let visit = match visit {
                Ok(visit) => visit,
                Err(failure) => {
                    w.report(failure)?;
                    continue;
                }
            };
            if visit.step == Step::Enter && args.max_depth.is_some_and(|depth| visit.depth >= depth) {
                walker.skip();
            }
            if visit.step != Step::Leave && filter.accepts(walker.path(), &visit) {
                print(args, w, walker.path(), &visit.attr)?;
            }
        }
        Ok(())
    })
}

impl<'a> Filter<'a> {
    fn new<F: FilesystemInterface>(args: &'a Args, w: &Workspace<'_, F>) -> Result<Self> {
        let name = match (&args.name, &args.iname) {
            (Some(name), _) => Some((glob(name, Case::Exact)?, Case::Exact)),
            (_, Some(name)) => Some((glob(name, Case::Ignored)?, Case::Ignored)),
            _ => None,
        };
        let path = args
            .path
            .as_deref()
            .map(|path| glob(path, Case::Exact))
            .transpose()?;
        let newer = args.newer.as_deref().map(|text| moment(w, text)).transpose()?;
        let older = args.older.as_deref().map(|text| moment(w, text)).transpose()?;
        Ok(Self {
            args,
            name,
            path,
            newer,
            older,
        })
    }

    fn accepts(&self, path: &[u8], visit: &WalkEntry) -> bool {
        let (args, attr) = (self.args, &visit.attr);
        let name = if visit.depth == 0 {
            crate::workspace::last_name(path)
        } else {
            &visit.name
        };
        visit.depth >= args.min_depth
            && args
                .kinds
                .as_ref()
                .is_none_or(|kinds| kinds.0.contains(&attr.kind))
            && self
                .name
                .as_ref()
                .is_none_or(|(glob, case)| glob.matches(name, *case))
            && self
                .path
                .as_ref()
                .is_none_or(|glob| glob.matches(path, Case::Exact))
            && args
                .size
                .is_none_or(|size| attr.is_file() && size.fits(attr.size))
            && self.newer.is_none_or(|time| attr.mtime > time)
            && self.older.is_none_or(|time| attr.mtime < time)
            && args.uid.is_none_or(|uid| attr.uid == uid)
            && (!args.empty || is_empty(attr))
    }
}

fn is_empty(attr: &Attr) -> bool {
    matches!(attr.kind, FileKind::File | FileKind::Directory) && attr.size == 0
}

fn glob(pattern: &OsStr, case: Case) -> Result<Glob> {
    Glob::parse(&bytes_of(pattern), case).map_err(Failure::usage)
}

/// A time; what begins with a slash is a file whose time is meant.
fn moment<F: FilesystemInterface>(w: &Workspace<'_, F>, text: &OsStr) -> Result<Timestamp> {
    match text.to_str() {
        Some(text) if !text.starts_with('/') => time::parse(text).map_err(Failure::usage),
        _ => Ok(w.attr(&w.path(text)?, Follow::Yes)?.mtime),
    }
}

fn print<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>, path: &[u8], attr: &Attr) -> Result<()> {
    if args.print0 {
        w.out.raw(path)?;
        return w.out.raw(b"\0");
    }
    if w.out.is_json() {
        return w
            .out
            .record(&Entry::new(path, attr).with_target(super::ls::target(w, attr).as_deref()));
    }
    w.out.line(w.out.name(colour::of_file(attr), path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_compare() {
        assert!(Length::parse("+1k").unwrap().fits(1025));
        assert!(!Length::parse("+1k").unwrap().fits(1024));
        assert!(Length::parse("-1k").unwrap().fits(0));
        assert!(Length::parse("1k").unwrap().fits(1024));
        assert!(Length::parse("+").is_err());
    }

    #[test]
    fn kinds_are_letters() {
        assert_eq!(
            Kinds::parse("f,l").unwrap().0,
            [FileKind::File, FileKind::Symlink]
        );
        assert!(Kinds::parse("q").is_err());
    }
}
