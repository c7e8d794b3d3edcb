//! `tenant copy`, `dump`, `restore` and `verify`

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, stdin};

use serde::Serialize;
use tarbox_store::{Error, ErrorKind};
use tarbox_transfer::frame::Kind;
use tarbox_transfer::{Progress as Step, Report};

use super::about;
use crate::examples::examples;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::open::{self, AnyDatabase, Location, Missing};
use crate::platform::bytes_of;
use crate::print::{Printer, Size, grouped};
use crate::progress::Progress;
use crate::transfer::{Lasting, Output, write_whole};

/// Bytes read or written at once.
const PIECE: usize = 1 << 20;

/// Copy a tenant to another database, with all its layers, tags, quotas and the audit log
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox tenant copy ada --to postgres://me@db.example/files",
    "tarbox --db postgres://me@db.example/files tenant copy ada --to sqlite:ada.db",
    "tarbox tenant copy ada --to sqlite:tarbox.db --as ada-2            in the same database, under another name",
    "The copy is of one moment; others go on writing meanwhile. Nobody can open it before it is complete and checked.",
    "An interrupted copy goes on where it was when the command is run again. The database is made if there is none.",
))]
pub(crate) struct Copy {
    /// The tenant
    name: String,
    /// Where to: sqlite:PATH or postgres://USER@HOST/NAME
    #[arg(long, value_name = "URL")]
    to: OsString,
    /// What the copy is called [default: as the tenant]
    #[arg(long = "as", value_name = "NAME")]
    new_name: Option<String>,
}

/// Write a tenant to a file: a backup of all its layers, tags, quotas and the audit log
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox tenant dump ada ada.dump",
    "tarbox tenant dump ada - | ssh backup 'cat > ada.dump'",
    "tarbox tenant restore ada.dump --as ada-2          read it back",
    "The dump is of one moment; others go on writing meanwhile. A file has its name only once it is complete.",
))]
pub(crate) struct Dump {
    /// The tenant
    name: String,
    /// The file, or - for standard output
    file: OsString,
    /// Overwrite the file if it exists
    #[arg(short, long)]
    force: bool,
}

/// Restore a tenant from a dump
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox tenant restore ada.dump",
    "tarbox tenant restore ada.dump --as ada-2          under another name",
    "tarbox --db new.db tenant restore - < ada.dump     from standard input, into a new database",
    "Nobody can open the tenant before all of it has arrived and was checked; a damaged dump leaves nothing behind.",
    "An interrupted restore goes on where it was when the command is run again. The database is made if there is none.",
))]
pub(crate) struct Restore {
    /// The file, or - for standard input
    file: OsString,
    /// What the tenant is called [default: as it was]
    #[arg(long = "as", value_name = "NAME")]
    new_name: Option<String>,
}

/// Check that a dump is complete and undamaged, without restoring it
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox tenant verify ada.dump",
    "tarbox tenant dump ada - | tee ada.dump | tarbox tenant verify -          while it is written",
))]
pub(crate) struct Verify {
    /// The file, or - for standard input
    file: OsString,
}

/// A transfer as JSON.
#[derive(Serialize)]
struct Moved<'a> {
    tenant: &'a str,
    layers: u64,
    tags: u64,
    inodes: u64,
    entries: u64,
    xattrs: u64,
    chunks: u64,
    blocks: u64,
    log_records: u64,
    bytes: u64,
    seconds: f64,
    /// Whether an interrupted attempt was gone on with.
    resumed: bool,
}

/// What is going on, for whoever watches.
struct Watch<'a> {
    out: &'a Printer,
    progress: Progress,
    bytes: Cell<u64>,
}

impl<'a> Watch<'a> {
    fn new(verb: &'static str, out: &'a Printer) -> Self {
        Self {
            out,
            progress: Progress::new(verb, out.audience()),
            bytes: Cell::new(0),
        }
    }

    fn step(&self, step: Step) {
        // How many rows there are is an estimate.
        self.progress.set(step.rows, step.expected.max(step.rows));
        self.progress
            .add_bytes(step.bytes.saturating_sub(self.bytes.replace(step.bytes)));
    }

    fn print(&self, verb: &str, report: &Report) -> Result<()> {
        self.progress.finish();
        let of = |kind| report.counts.of(kind);
        let seconds = self.progress.seconds();
        if self.out.is_json() {
            return self.out.document(&Moved {
                tenant: &report.tenant,
                layers: of(Kind::Layer),
                tags: of(Kind::Tag),
                inodes: of(Kind::Inode),
                entries: of(Kind::Dentry),
                xattrs: of(Kind::Xattr),
                chunks: of(Kind::Chunk),
                blocks: of(Kind::Block),
                log_records: of(Kind::Log),
                bytes: report.bytes,
                seconds,
                resumed: report.resumed > 0,
            });
        }
        let resumed = match report.resumed {
            0 => "",
            _ => " (an interrupted attempt was continued)",
        };
        self.out.line(format!(
            "{verb} tenant {}: {} inodes, {} layers, {} log records, {} blocks of {} in {seconds:.1} s{resumed}",
            report.tenant,
            grouped(of(Kind::Inode)),
            grouped(of(Kind::Layer) + 1),
            grouped(of(Kind::Log)),
            grouped(of(Kind::Block)),
            Size(report.bytes),
        ))
    }
}

pub(super) fn copy<D: AnyDatabase>(args: &Copy, db: &D, out: &Printer) -> Result<()> {
    match Location::parse(&args.to)? {
        Location::Sqlite(path) => copy_to(args, db, &open::sqlite(&path, Missing::Make)?, out),
        #[cfg(feature = "postgres")]
        Location::Postgres(url) => copy_to(args, db, &open::postgres(&url, Missing::Make)?, out),
        #[cfg(feature = "http")]
        Location::Http(_) => Err(Failure::new(
            ErrorKind::Unsupported,
            "tenants are copied to databases, and not to servers: give the path or URL of the server's database",
        )),
        #[cfg(feature = "http")]
        Location::Replica(..) => Err(Failure::new(
            ErrorKind::Unsupported,
            "a replica has the one tenant that it keeps in step with its server: give the path of a database alone",
        )),
    }
}

fn copy_to<S: AnyDatabase, T: AnyDatabase>(args: &Copy, from: &S, to: &T, out: &Printer) -> Result<()> {
    let watch = Watch::new("copy", out);
    let copied = tarbox_transfer::copy(from, &args.name, to, args.new_name.as_deref(), &mut |step| {
        watch.step(step)
    });
    let report = copied.map_err(|e| failed(e, args.new_name.as_ref().unwrap_or(&args.name)))?;
    watch.print("copied", &report)
}

pub(super) fn dump<D: AnyDatabase>(args: &Dump, db: &D, out: &Printer) -> Result<()> {
    let watch = Watch::new("dump", out);
    let mut report = Report::default();
    let written = write_whole(&args.file, args.force, Lasting::Yes, |output| {
        let output = BufWriter::with_capacity(PIECE, output);
        report = tarbox_transfer::dump(db, &args.name, output, &mut |step| watch.step(step))
            .map_err(|e| failed(e, &args.name))?;
        Ok(())
    })?;
    match written {
        // Standard output is the dump: what there is to say would be in it.
        Output::Standard => Ok(()),
        Output::File => watch.print("dumped", &report),
    }
}

pub(super) fn restore<D: AnyDatabase>(args: &Restore, db: &D, out: &Printer) -> Result<()> {
    let watch = Watch::new("restore", out);
    let input = open_input(&args.file)?;
    let restored =
        tarbox_transfer::restore(db, input, args.new_name.as_deref(), &mut |step| watch.step(step));
    let report = restored.map_err(|e| of_dump(e, &args.file))?;
    watch.print("restored", &report)
}

pub(super) fn verify(args: &Verify, out: &Printer) -> Result<()> {
    let watch = Watch::new("verify", out);
    let verified = tarbox_transfer::verify(open_input(&args.file)?, &mut |step| watch.step(step));
    let report = verified.map_err(|e| of_dump(e, &args.file))?;
    watch.print("complete and undamaged:", &report)
}

fn open_input(file: &OsStr) -> Result<Box<dyn Read>> {
    if file == "-" {
        return Ok(Box::new(BufReader::with_capacity(PIECE, stdin())));
    }
    let opened = File::open(file).map_err(|e| Failure::host(&*bytes_of(file), &e))?;
    Ok(Box::new(BufReader::with_capacity(PIECE, opened)))
}

/// A reader that left ends the command as it ends others.
fn failed(error: Error, name: &str) -> Failure {
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        if let Some(host) = cause.downcast_ref::<std::io::Error>()
            && host.kind() == std::io::ErrorKind::BrokenPipe
        {
            return Failure::closed_pipe();
        }
        source = cause.source();
    }
    about(error, name).about(format!("tenant {name}"))
}

/// An error about a dump, or about the tenant that is to be restored.
fn of_dump(error: Error, file: &OsStr) -> Failure {
    use tarbox_store::ErrorKind::{Corrupt, Unsupported};
    match (error.kind(), error.subject()) {
        (Corrupt | Unsupported, None) => {
            let detail = error.detail().unwrap_or_default();
            let detail = crate::print::escape(detail.as_bytes()).into_owned();
            Failure::new(error.kind(), detail)
                .about(&*bytes_of(file))
                .ending(Exit::CORRUPT)
        }
        (_, Some(tenant)) => {
            let tenant = tenant.to_owned();
            about(error, &tenant)
        }
        (_, None) => Failure::of(error, &*bytes_of(file)),
    }
}
