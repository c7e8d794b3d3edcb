//! `ls`

use std::cmp::Reverse;
use std::ffi::OsString;

use tarbox_fs::{FilesystemInterface, Follow, blocking};
use tarbox_store::{Attr, DirEntry, FileKind, Ino};

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::parse::time;
use crate::platform;
use crate::print::{Align, Entry, Table, colour, columns, escape, mode_text};
use crate::walk::{Step, Walker, entries};
use crate::workspace::{Workspace, join};

/// List directories
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox ls -l /src                       with permissions, owner, size and time",
    "tarbox ls -la /.tarbox/snapshots        the past states, as directories",
    "tarbox --json ls /src | jq -r .path     for scripts: one object per line",
))]
pub(crate) struct Args {
    /// What to list
    #[arg(default_value = "/", value_name = "PATH")]
    paths: Vec<OsString>,
    /// Show permissions, owner, size and time
    #[arg(short)]
    long: bool,
    /// Show names that begin with a dot, too
    #[arg(short)]
    all: bool,
    /// List subdirectories, too
    #[arg(short = 'R')]
    recursive: bool,
    /// List directories themselves, not their contents
    #[arg(short)]
    directory: bool,
    /// Sort by time, newest first
    #[arg(short = 't', conflicts_with = "by_size")]
    by_time: bool,
    /// Sort by size, largest first
    #[arg(short = 'S')]
    by_size: bool,
    /// Reverse the order
    #[arg(short)]
    reverse: bool,
    /// One name per line, even on a terminal
    #[arg(short = '1')]
    one_per_line: bool,
    /// Show inode numbers
    #[arg(short)]
    inode: bool,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let mut first = true;
    let headed = args.paths.len() > 1 || args.recursive;
    w.each(&args.paths, |path| {
        // A link to a directory stands for it, unless the links themselves are looked at.
        let follow = if args.long || args.directory {
            Follow::No
        } else {
            Follow::Yes
        };
        let mut attr = w.attr(path, follow)?;
        if path.ends_with(b"/") && attr.is_symlink() {
            attr = w.attr(path, Follow::Yes)?;
        }
        if !attr.is_dir() || args.directory {
            let cookie = tarbox_store::Cookie(0);
            return print(
                args,
                w,
                b"",
                vec![DirEntry {
                    name: path.to_vec(),
                    cookie,
                    attr,
                }],
            );
        }
        if args.recursive {
            return recurse(args, w, path, attr);
        }
        if headed && !w.out.is_json() {
            let gap = if std::mem::take(&mut first) { "" } else { "\n" };
            w.out.line(format!("{gap}{}:", escape(path)))?;
        }
        list(args, w, path, attr.ino)
    })
}

fn recurse<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>, path: &[u8], attr: Attr) -> Result<()> {
    let mut first = true;
    let mut walker = Walker::new(w.fs, &w.who, path, attr).only(|entry| shown(args, &entry.name));
    while let Some(visit) = walker.next() {
        match visit {
            Ok(visit) if visit.step == Step::Enter => {
                let path = walker.path().to_vec();
                if !w.out.is_json() {
                    let gap = if std::mem::take(&mut first) { "" } else { "\n" };
                    w.out.line(format!("{gap}{}:", escape(&path)))?;
                }
                list(args, w, &path, visit.attr.ino).or_else(|f| w.report(f))?;
            }
            Ok(_) => {}
            Err(failure) => w.report(failure)?,
        }
    }
    Ok(())
}

fn list<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>, path: &[u8], dir: Ino) -> Result<()> {
    let mut found = entries(w.fs, &w.who, dir).map_err(|e| Failure::of(e, path))?;
    found.retain(|entry| shown(args, &entry.name));
    print(args, w, path, found)
}

fn shown(args: &Args, name: &[u8]) -> bool {
    args.all || !name.starts_with(b".")
}

/// Prints entries of the directory `path`; with an empty path their names are paths.
fn print<F: FilesystemInterface>(
    args: &Args,
    w: &Workspace<'_, F>,
    path: &[u8],
    mut entries: Vec<DirEntry>,
) -> Result<()> {
    if args.by_time {
        entries.sort_by_key(|entry| Reverse(entry.attr.mtime));
    } else if args.by_size {
        entries.sort_by_key(|entry| Reverse(entry.attr.size));
    }
    if args.reverse {
        entries.reverse();
    }
    match (w.out.is_json(), args.long) {
        (true, _) => entries.iter().try_for_each(|entry| {
            let full = if path.is_empty() {
                entry.name.clone()
            } else {
                join(path, &entry.name)
            };
            w.out
                .record(&Entry::new(&full, &entry.attr).with_target(target(w, &entry.attr).as_deref()))
        }),
        (false, true) => print_long(args, w, &entries),
        (false, false) => print_short(args, w, &entries),
    }
}

fn print_short<F>(args: &Args, w: &Workspace<'_, F>, entries: &[DirEntry]) -> Result<()> {
    let names = entries.iter().map(|entry| {
        let number = if args.inode {
            format!("{} ", entry.attr.ino)
        } else {
            String::new()
        };
        let plain = format!("{number}{}", escape(&entry.name));
        let painted = format!(
            "{number}{}",
            w.out.name(colour::of_file(&entry.attr), &entry.name)
        );
        (plain, painted)
    });
    if !w.out.is_terminal() || args.one_per_line {
        return names
            .map(|(_, painted)| painted)
            .try_for_each(|line| w.out.line(line));
    }
    let names: Vec<_> = names.collect();
    let width = platform::terminal_width().unwrap_or(80);
    columns(&names, width)
        .into_iter()
        .try_for_each(|line| w.out.line(line))
}

/// Rows that are made equally wide: a directory of millions is printed as it goes.
const ROWS: usize = 4096;

fn print_long<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>, entries: &[DirEntry]) -> Result<()> {
    use Align::{Left, Right};
    let align = [Right, Left, Right, Left, Left, Right, Left, Left];
    for rows in entries.chunks(ROWS) {
        let mut table = Table::new(w.out, if args.inode { &align } else { &align[1..] });
        for entry in rows {
            if args.inode {
                table.cell(colour::DIM, &entry.attr.ino.to_string());
            }
            long_row(&mut table, w, entry);
        }
        table.print()?;
    }
    Ok(())
}

fn long_row<F: FilesystemInterface>(table: &mut Table<'_>, w: &Workspace<'_, F>, entry: &DirEntry) {
    let attr = &entry.attr;
    let user = platform::user_name(attr.uid).unwrap_or_else(|| attr.uid.to_string());
    let group = platform::group_name(attr.gid).unwrap_or_else(|| attr.gid.to_string());
    let size = match attr.kind {
        FileKind::CharDevice | FileKind::BlockDevice => device(attr.rdev),
        _ => attr.size.to_string(),
    };
    let mut name = w.out.name(colour::of_file(attr), &entry.name);
    if let Some(target) = target(w, attr) {
        name.push_str(" -> ");
        name.push_str(&escape(&target));
    }
    table
        .plain(&mode_text(attr))
        .plain(&attr.nlink.to_string())
        .plain(&user)
        .plain(&group)
        .plain(&size)
        .cell(colour::DIM, &time::short(attr.mtime))
        .plain(&name);
    table.end_row();
}

/// Major and minor number.
pub(super) fn device(rdev: u64) -> String {
    let (major, minor) = tarbox_fs::major_minor(rdev);
    format!("{major}, {minor}")
}

/// Where a symbolic link leads; `None` for anything else, and where it cannot be read.
pub(super) fn target<F: FilesystemInterface>(w: &Workspace<'_, F>, attr: &Attr) -> Option<Vec<u8>> {
    attr.is_symlink()
        .then(|| blocking(w.fs.readlink(attr.ino)).ok())
        .flatten()
}
