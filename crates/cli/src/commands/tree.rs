//! `tree`

use std::ffi::OsString;

use tarbox_fs::{FilesystemInterface, Follow};
use tarbox_store::DirEntry;

use crate::examples::examples;
use crate::failure::Result;
use crate::print::{Entry, colour, escape, grouped};
use crate::walk::{Step, WalkEntry, Walker};
use crate::workspace::Workspace;

/// Show a directory tree
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox tree /src              everything below /src",
    "tarbox tree -L 2              two levels from the root",
    "tarbox tree -d /src           directories only",
))]
pub(crate) struct Args {
    /// Where to start
    #[arg(default_value = "/", value_name = "PATH")]
    path: OsString,
    /// Show names that begin with a dot, too
    #[arg(short)]
    all: bool,
    /// Directories only
    #[arg(short)]
    directories: bool,
    /// Descend no deeper than this
    #[arg(short = 'L', value_name = "DEPTH")]
    level: Option<usize>,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let path = w.path(&args.path)?;
    let attr = w.attr(&path, Follow::Yes)?;
    let wanted = |entry: &DirEntry| {
        (args.all || !entry.name.starts_with(b".")) && (!args.directories || entry.attr.is_dir())
    };
    let mut walker = Walker::new(w.fs, &w.who, &path, attr).only(wanted);
    let mut drawing = Drawing::default();
    while let Some(visit) = walker.next() {
        let visit = match visit {
            Ok(visit) => visit,
            Err(failure) => {
                w.report(failure)?;
                continue;
            }
        };
        if visit.step == Step::Leave {
            drawing.bars.pop();
            continue;
        }
        drawing.draw(w, walker.path(), &visit)?;
        match visit.step {
            Step::Enter if args.level.is_some_and(|level| visit.depth >= level) => walker.skip(),
            Step::Enter => drawing.bars.push(visit.last),
            _ => {}
        }
    }
    drawing.sum_up(w)
}

/// Drawn so far.
#[derive(Default)]
struct Drawing {
    /// Of each directory on the way, whether it is the last of its own.
    bars: Vec<bool>,
    directories: u64,
    others: u64,
}

impl Drawing {
    fn draw<F: FilesystemInterface>(
        &mut self,
        w: &Workspace<'_, F>,
        path: &[u8],
        visit: &WalkEntry,
    ) -> Result<()> {
        match visit.step {
            Step::Enter if visit.depth > 0 => self.directories += 1,
            Step::Enter => {}
            _ => self.others += 1,
        }
        let target = super::ls::target(w, &visit.attr);
        if w.out.is_json() {
            return w
                .out
                .record(&Entry::new(path, &visit.attr).with_target(target.as_deref()));
        }
        let style = colour::of_file(&visit.attr);
        if visit.depth == 0 {
            return w.out.line(w.out.name(style, path));
        }
        let stem: String = self.bars[1..]
            .iter()
            .map(|last| if *last { "    " } else { "│   " })
            .collect();
        let branch = if visit.last { "└── " } else { "├── " };
        let mut line = w.out.paint(colour::DIM, format!("{stem}{branch}"));
        line.push_str(&w.out.name(style, &visit.name));
        if let Some(target) = target {
            line.push_str(&format!(" -> {}", escape(&target)));
        }
        w.out.line(line)
    }

    fn sum_up<F>(&self, w: &Workspace<'_, F>) -> Result<()> {
        if w.out.is_json() {
            return Ok(());
        }
        w.out.line(format!(
            "\n{} directories, {} files",
            grouped(self.directories),
            grouped(self.others)
        ))
    }
}
