//! `stat`

use std::ffi::OsString;

use tarbox_fs::{FilesystemInterface, Follow, blocking};
use tarbox_store::{Attr, FileKind, Timestamp};

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::parse::time;
use crate::platform;
use crate::print::{Entry, colour, escape, grouped, mode_text};
use crate::workspace::Workspace;

/// Show all attributes of files
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox stat /src/main.rs",
    "tarbox --json stat / | jq .mtime",
    "tarbox stat -L /link          the target of the link",
))]
pub(crate) struct Args {
    /// The files to show
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
    /// Follow a symbolic link
    #[arg(short = 'L')]
    follow: bool,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let follow = if args.follow { Follow::Yes } else { Follow::No };
    w.each(&args.paths, |path| {
        let attr = w.attr(path, follow)?;
        let target = super::ls::target(w, &attr);
        if w.out.is_json() {
            return w
                .out
                .record(&Entry::new(path, &attr).with_target(target.as_deref()));
        }
        print(w, path, &attr, target.as_deref())
    })
}

fn print<F: FilesystemInterface>(
    w: &Workspace<'_, F>,
    path: &[u8],
    attr: &Attr,
    target: Option<&[u8]>,
) -> Result<()> {
    let row = |label: &str, value: String| {
        w.out.line(format!(
            "{} {value}",
            w.out.paint(colour::DIM, format!("{label:>8}"))
        ))
    };
    let arrow = target.map(|t| format!(" -> {}", escape(t))).unwrap_or_default();
    row(
        "path",
        format!("{}{arrow}", w.out.name(colour::of_file(attr), path)),
    )?;
    row("kind", kind_text(attr.kind).to_owned())?;
    row(
        "size",
        format!(
            "{} bytes, {} stored",
            grouped(attr.size),
            grouped(attr.blocks.saturating_mul(512))
        ),
    )?;
    if matches!(attr.kind, FileKind::CharDevice | FileKind::BlockDevice) {
        row("device", super::ls::device(attr.rdev))?;
    }
    row("mode", format!("{:04o} {}", attr.mode, mode_text(attr)))?;
    row(
        "owner",
        format!(
            "{} : {}",
            owner(attr.uid, platform::user_name),
            owner(attr.gid, platform::group_name)
        ),
    )?;
    row("inode", format!("{}, {} links", attr.ino, attr.nlink))?;
    let moment = |label, moment: Timestamp| row(label, time::full(moment));
    moment("accessed", attr.atime)?;
    moment("modified", attr.mtime)?;
    moment("changed", attr.ctime)?;
    moment("created", attr.btime)?;
    let xattrs = blocking(w.fs.listxattr(&w.who, attr.ino)).map_err(|e| Failure::of(e, path))?;
    if !xattrs.is_empty() {
        let names: Vec<_> = xattrs.iter().map(|name| escape(name)).collect();
        row("xattrs", names.join(", "))?;
    }
    Ok(())
}

fn owner(id: u32, name: fn(u32) -> Option<String>) -> String {
    match name(id) {
        Some(name) => format!("{id} ({name})"),
        None => id.to_string(),
    }
}

fn kind_text(kind: FileKind) -> &'static str {
    match kind {
        FileKind::File => "file",
        FileKind::Directory => "directory",
        FileKind::Symlink => "symbolic link",
        FileKind::Fifo => "pipe",
        FileKind::Socket => "socket",
        FileKind::CharDevice => "character device",
        FileKind::BlockDevice => "block device",
    }
}
