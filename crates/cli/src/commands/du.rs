//! `du`

use std::collections::HashSet;
use std::ffi::OsString;

use serde::Serialize;
use tarbox_fs::{FilesystemInterface, Follow};
use tarbox_store::{Attr, Ino};

use crate::examples::examples;
use crate::failure::Result;
use crate::print::{Align, PathText, Size, Table, colour, escape, grouped};
use crate::walk::{Step, Walker};
use crate::workspace::Workspace;

/// Show how much space directories use
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox du -s /src /docs          one line for each",
    "tarbox du -d 1                   one level below the root",
    "tarbox du --apparent-size /vm    lengths, as if there were no holes",
))]
pub(crate) struct Args {
    /// Where to start
    #[arg(default_value = "/", value_name = "PATH")]
    paths: Vec<OsString>,
    /// Show only the total of each
    #[arg(short, long, conflicts_with_all = ["all", "depth"])]
    summarize: bool,
    /// Show files, too
    #[arg(short, long)]
    all: bool,
    /// Show no deeper than this; totals still count everything
    #[arg(short, long, value_name = "DEPTH")]
    depth: Option<usize>,
    /// Show lengths instead of the space used
    #[arg(long)]
    apparent_size: bool,
    /// Show exact numbers of bytes
    #[arg(short, long)]
    bytes: bool,
}

/// What is in a directory, itself included.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Sum {
    /// Bytes that are stored: 512-byte units, holes not counted, each file once.
    allocated: u64,
    /// Lengths.
    size: u64,
    files: u64,
    directories: u64,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    path: PathText<'a>,
    #[serde(flatten)]
    sum: Sum,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let mut seen = HashSet::new();
    let mut table = Table::new(w.out, &[Align::Right, Align::Left]);
    w.each(&args.paths, |path| {
        let attr = w.attr(path, Follow::No)?;
        let mut walker = Walker::new(w.fs, &w.who, path, attr);
        let mut sums: Vec<Sum> = Vec::new();
        while let Some(visit) = walker.next() {
            let visit = match visit {
                Ok(visit) => visit,
                Err(failure) => {
                    w.report(failure)?;
                    continue;
                }
            };
            let sum = match visit.step {
                Step::Enter => {
                    sums.push(Sum {
                        directories: 1,
                        ..Sum::default()
                    });
                    continue;
                }
                Step::Leave => sums.pop().unwrap_or_default(),
                Step::Leaf => of_file(&visit.attr, &mut seen),
            };
            if let Some(outer) = sums.last_mut() {
                outer.add(sum);
            }
            if args.shows(visit.step, visit.depth) {
                print(args, w, &mut table, walker.path(), sum)?;
            }
        }
        table.print()
    })
}

impl Args {
    fn shows(&self, step: Step, depth: usize) -> bool {
        let deepest = if self.summarize {
            0
        } else {
            self.depth.unwrap_or(usize::MAX)
        };
        depth == 0 || depth <= deepest && (self.all || step == Step::Leave)
    }
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.allocated = self.allocated.saturating_add(other.allocated);
        self.size = self.size.saturating_add(other.size);
        self.files += other.files;
        self.directories += other.directories;
    }
}

fn of_file(attr: &Attr, seen: &mut HashSet<Ino>) -> Sum {
    if attr.nlink > 1 && !seen.insert(attr.ino) {
        return Sum::default();
    }
    Sum {
        allocated: attr.blocks.saturating_mul(512),
        size: attr.size,
        files: 1,
        directories: 0,
    }
}

/// Rows that are made equally wide: a tree of millions is printed as it goes.
const ROWS: usize = 4096;

fn print<F>(args: &Args, w: &Workspace<'_, F>, table: &mut Table<'_>, path: &[u8], sum: Sum) -> Result<()> {
    if w.out.is_json() {
        return w.out.record(&Line {
            path: PathText::new(path),
            sum,
        });
    }
    let bytes = if args.apparent_size {
        sum.size
    } else {
        sum.allocated
    };
    let text = if args.bytes {
        grouped(bytes)
    } else {
        Size(bytes).to_string()
    };
    table.cell(colour::BOLD, &text).plain(&escape(path)).end_row();
    if table.len() >= ROWS {
        table.print()
    } else {
        Ok(())
    }
}
