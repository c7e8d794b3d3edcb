//! `import-tar`

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Stdin, stdin};
use std::sync::atomic::{AtomicBool, Ordering};

use tarbox_fs::{Credentials, FilesystemExt, FilesystemInterface, blocking};
use tarbox_store::{Error, ErrorKind};
use tarbox_tar::{Collision, Problem, Severity, Told, Unpacker};

use crate::examples::examples;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::platform::bytes_of;
use crate::transfer::item::PIECE;
use crate::transfer::options::OwnerChoice;
use crate::transfer::{Tally, Weigh, pump};
use crate::workspace::Workspace;

/// Unpack a tar archive into the workspace
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox import-tar release.tar /src",
    "gzip -dc release.tar.gz | tarbox import-tar - /src",
    "Nothing outside PATH is changed: names with .. or through symbolic links are skipped and reported.",
))]
pub(crate) struct Args {
    /// The archive, or - for standard input
    #[arg(value_name = "FILE")]
    file: OsString,
    /// Where to unpack it; created if it does not exist
    #[arg(default_value = "/", value_name = "PATH")]
    path: OsString,
    /// Overwrite existing files
    #[arg(short, long)]
    force: bool,
    /// Who owns what is unpacked: auto (as in the archive, if you act as root; else you), keep, caller, or UID:GID
    #[arg(long, value_name = "WHO", default_value = "auto", value_parser = OwnerChoice::parse)]
    owner: OwnerChoice,
    /// The same as --owner keep; owner names in the archive are always ignored
    #[arg(long, conflicts_with = "owner")]
    numeric_owner: bool,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let name = bytes_of(&args.file);
    let input = Input::open(args)?;
    let target = w.path(&args.path)?;
    let root = blocking(w.fs.create_dir_all(&w.who, &target)).map_err(|e| Failure::of(e, &target))?;
    let collision = Collision::forced(args.force);
    let owners = args.owner.resolve(args.numeric_owner, w.who.uid());
    let tally = Tally::new(w, "unpack", None);
    let mut import = Import {
        unpacker: Unpacker::new((root.ino, &target), collision, owners),
        w,
        name: &name,
        tally: &tally,
    };
    // Of what comes behind the end of an archive nothing is read.
    let over = AtomicBool::new(false);
    let wanted = || !over.load(Ordering::Relaxed);
    let read = pump(
        |emit| read(input, &mut |piece| wanted() && emit(piece)),
        |piece| {
            import.take(piece)?;
            over.store(import.unpacker.is_over(), Ordering::Relaxed);
            Ok(())
        },
    );
    // What was in the archive up to where it broke off is there with all its attributes.
    let finished = import.finish();
    read?;
    finished?;
    tally.print("unpacked")
}

/// A piece of an archive, or why there is no further one.
struct Piece(std::io::Result<Vec<u8>>);

impl Weigh for Piece {
    fn weight(&self) -> usize {
        self.0.as_ref().map_or(0, Vec::len)
    }
}

/// Reads all that there is.
fn read(mut input: impl Read, emit: &mut dyn FnMut(Piece) -> bool) {
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        match (&mut input).take(PIECE as u64).read_to_end(&mut piece) {
            Ok(0) => return,
            Ok(_) if emit(Piece(Ok(piece))) => {}
            Ok(_) => return,
            Err(error) => {
                emit(Piece(Err(error)));
                return;
            }
        }
    }
}

/// One import, and its account.
struct Import<'a, 'w, F> {
    unpacker: Unpacker,
    w: &'a Workspace<'w, F>,
    name: &'a [u8],
    tally: &'a Tally<'a, 'w, F>,
}

impl<F: FilesystemInterface> Import<'_, '_, F> {
    fn take(&mut self, piece: Piece) -> Result<()> {
        let bytes = piece.0.map_err(|e| Failure::host(self.name, &e))?;
        self.counted(|unpacker, fs, tell| unpacker.feed(fs, &bytes, tell))
    }

    fn finish(&mut self) -> Result<()> {
        self.counted(|unpacker, fs, tell| unpacker.finish(fs, tell))
    }

    /// Lets the unpacker do something, counts what came of it, and reports what there is to say.
    fn counted(
        &mut self,
        act: impl FnOnce(&mut Unpacker, (&F, &Credentials), &mut dyn FnMut(Told)) -> Result<(), Error>,
    ) -> Result<()> {
        let before = self.unpacker.counts();
        let mut reported = Ok(());
        let (fs, name, tally) = ((self.w.fs, &self.w.who), self.name, self.tally);
        let done = act(&mut self.unpacker, fs, &mut |told| {
            let result = report(tally, name, told);
            reported = std::mem::replace(&mut reported, Ok(())).and(result);
        });
        let after = self.unpacker.counts();
        tally.add(
            after.entries().saturating_sub(before.entries()),
            after.bytes.saturating_sub(before.bytes),
        );
        if let Err(error) = done {
            // The reason matters more than that something cannot be removed, too.
            let _ = self.unpacker.abandon(fs);
            return Err(error.into());
        }
        reported
    }
}

fn report<F: FilesystemInterface>(tally: &Tally<'_, '_, F>, name: &[u8], told: Told) -> Result<()> {
    let Problem { severity, path, what } = match told {
        Told::Failed { path, error } => return tally.report(Failure::of(error, path)),
        Told::Problem(problem) => problem,
    };
    let about = path.as_deref().unwrap_or(name);
    match severity {
        Severity::Note => {
            tally.warn(about, &what);
            Ok(())
        }
        Severity::Fault => tally.report(Failure::new(ErrorKind::Invalid, what).about(about)),
        Severity::Fatal => {
            let message = format!("not a valid tar archive: {what}");
            let failure = Failure::new(ErrorKind::Invalid, message).about(name);
            tally.report(failure.ending(Exit::FAILED))
        }
    }
}

enum Input {
    File(File),
    Stdin(Stdin),
}

impl Input {
    fn open(args: &Args) -> Result<Self> {
        if args.file == "-" {
            return Ok(Self::Stdin(stdin()));
        }
        let file = File::open(&args.file).map_err(|e| Failure::host(&*bytes_of(&args.file), &e))?;
        Ok(Self::File(file))
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Stdin(stdin) => stdin.lock().read(buffer),
        }
    }
}
