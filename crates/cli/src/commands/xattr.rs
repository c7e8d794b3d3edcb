//! `xattr`

use std::ffi::OsString;

use serde::Serialize;
use tarbox_fs::{FilesystemInterface, Follow, blocking};
use tarbox_store::XattrMode;

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::platform;
use crate::print::{PathText, escape, hex};
use crate::source::Source;
use crate::workspace::Workspace;

/// Extended attributes: get, set, list, remove
#[derive(Debug, clap::Subcommand)]
#[command(defer = true)]
pub(crate) enum Command {
    Get(Get),
    Set(Set),
    List(List),
    Rm(Rm),
}

/// Print the value of an attribute
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("tarbox xattr get /notes.txt user.author"))]
pub(crate) struct Get {
    /// The file
    path: OsString,
    /// The attribute
    name: OsString,
    #[command(flatten)]
    link: Link,
}

/// Set an attribute, from the argument or from standard input
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox xattr set /notes.txt user.author ada",
    "tarbox xattr set /notes.txt user.thumbnail < small.png",
    "tarbox xattr set --create /notes.txt user.author ada     only if it does not exist",
))]
pub(crate) struct Set {
    /// The file
    path: OsString,
    /// The attribute: user.ANYTHING, or trusted.ANYTHING as root
    name: OsString,
    /// The value, exactly as given; with - or without it, standard input is read to its end
    #[arg(allow_hyphen_values = true)]
    value: Option<OsString>,
    /// Fail if it exists
    #[arg(long, conflicts_with = "replace")]
    create: bool,
    /// Fail if it does not exist
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    link: Link,
}

/// List the attributes of a file
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("tarbox xattr list /notes.txt", "tarbox xattr list -v /notes.txt"))]
pub(crate) struct List {
    /// The file
    path: OsString,
    /// Show values, too
    #[arg(short, long)]
    values: bool,
    #[command(flatten)]
    link: Link,
}

/// Remove an attribute
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("tarbox xattr rm /notes.txt user.author"))]
pub(crate) struct Rm {
    /// The file
    path: OsString,
    /// The attribute
    name: OsString,
    #[command(flatten)]
    link: Link,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Link {
    /// Use a symbolic link itself, not what it points to
    #[arg(short = 'H', long)]
    no_dereference: bool,
}

impl Link {
    fn follow(&self) -> Follow {
        if self.no_dereference {
            Follow::No
        } else {
            Follow::Yes
        }
    }
}

/// An attribute as JSON: its value as text where it is text, and always in hexadecimal.
#[derive(Serialize)]
struct Attribute<'a> {
    #[serde(flatten)]
    path: PathText<'a>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_hex: Option<String>,
}

impl<'a> Attribute<'a> {
    fn new(path: &'a [u8], name: &[u8], value: Option<&[u8]>) -> Self {
        Self {
            path: PathText::new(path),
            name: String::from_utf8_lossy(name).into_owned(),
            value: value.and_then(|v| std::str::from_utf8(v).ok()).map(str::to_owned),
            value_hex: value.map(hex),
        }
    }
}

pub(crate) fn run<F: FilesystemInterface>(command: &Command, w: &Workspace<'_, F>) -> Result<()> {
    match command {
        Command::Get(args) => get(args, w),
        Command::Set(args) => set(args, w),
        Command::List(args) => list(args, w),
        Command::Rm(args) => remove(args, w),
    }
}

fn get<F: FilesystemInterface>(args: &Get, w: &Workspace<'_, F>) -> Result<()> {
    let path = w.path(&args.path)?;
    let attr = w.attr(&path, args.link.follow())?;
    let name = platform::bytes_of(&args.name);
    let value = blocking(w.fs.getxattr(&w.who, attr.ino, &name)).map_err(|e| about(e, &path, &name))?;
    if w.out.is_json() {
        return w.out.document(&Attribute::new(&path, &name, Some(&value)));
    }
    w.out.raw(&value)?;
    if w.out.is_terminal() {
        w.out.line("")
    } else {
        Ok(())
    }
}

fn set<F: FilesystemInterface>(args: &Set, w: &Workspace<'_, F>) -> Result<()> {
    let path = w.path(&args.path)?;
    let attr = w.attr(&path, args.link.follow())?;
    let name = platform::bytes_of(&args.name);
    let value = Source::of(args.value.as_deref()).read(VALUE_MAX)?;
    let mode = match (args.create, args.replace) {
        (true, _) => XattrMode::Create,
        (_, true) => XattrMode::Replace,
        _ => XattrMode::Any,
    };
    blocking(w.fs.setxattr(&w.who, attr.ino, &name, Some(&value), mode)).map_err(|e| about(e, &path, &name))
}

fn list<F: FilesystemInterface>(args: &List, w: &Workspace<'_, F>) -> Result<()> {
    let path = w.path(&args.path)?;
    let attr = w.attr(&path, args.link.follow())?;
    for name in blocking(w.fs.listxattr(&w.who, attr.ino)).map_err(|e| Failure::of(e, &path))? {
        let value = match args.values {
            true => {
                Some(blocking(w.fs.getxattr(&w.who, attr.ino, &name)).map_err(|e| about(e, &path, &name))?)
            }
            false => None,
        };
        w.out
            .either(&Attribute::new(&path, &name, value.as_deref()), || match &value {
                Some(value) => format!("{} = {}", escape(&name), escape(value)),
                None => escape(&name).into_owned(),
            })?;
    }
    Ok(())
}

fn remove<F: FilesystemInterface>(args: &Rm, w: &Workspace<'_, F>) -> Result<()> {
    let path = w.path(&args.path)?;
    let attr = w.attr(&path, args.link.follow())?;
    let name = platform::bytes_of(&args.name);
    blocking(w.fs.setxattr(&w.who, attr.ino, &name, None, XattrMode::Any)).map_err(|e| about(e, &path, &name))
}

fn about(error: tarbox_store::Error, path: &[u8], name: &[u8]) -> Failure {
    Failure::of(error, [path, b" [", name, b"]"].concat())
}

/// One byte more than fits is enough to be told so.
const VALUE_MAX: u64 = (64 << 10) + 1;
