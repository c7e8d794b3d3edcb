//! `mount`

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tarbox_fs::{Credentials, FilesystemExt, FilesystemInterface, Follow, Fs, blocking};
use tarbox_fuse::{MountOptions, Unmounter, point};
use tarbox_store::{Ino, Store};

use crate::cli::Global;
use crate::examples::examples;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::print::escape;
use crate::workspace::{AGENT, Workspace};

/// What the process that serves says when the mount can be used.
const READY: &str = "ready";

/// Mount the workspace as an ordinary directory
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox mount ~/w && cd ~/w && git clone ~/project     unmount with 'tarbox umount ~/w'",
    "tarbox mount --layer before ~/then                    a past state, read-only",
    "echo before > ~/w/.tarbox/layers/switch               control layers by writing to files",
    "sudo tarbox mount --allow-other /srv/w                for all users, with their own permissions",
))]
pub(crate) struct Args {
    /// Refuse all changes
    #[arg(long, visible_alias = "ro")]
    read_only: bool,
    /// Give other users access; unless you are root, /etc/fuse.conf must contain 'user_allow_other'
    #[arg(long)]
    allow_other: bool,
    /// Refuse to run programs in it
    #[arg(long)]
    noexec: bool,
    /// The source shown in the mount table [default: tarbox:TENANT]
    #[arg(long, value_name = "TEXT")]
    source: Option<String>,
    /// Mount this layer, given by name, tag or number, read-only
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    /// Stay in the foreground until interrupted or unmounted
    #[arg(long, short)]
    foreground: bool,
    /// Serve for a command that waits to hear that all is ready
    #[arg(long, hide = true)]
    serve: bool,
    /// An empty directory
    dir: PathBuf,
}

pub(crate) fn run<S: Store + 'static>(
    args: &Args,
    global: &Global,
    fs: &Arc<Fs<S>>,
    w: &Workspace<'_, Fs<S>>,
) -> Result<Exit> {
    let options = MountOptions {
        name: match &args.source {
            Some(source) => source.clone(),
            None => format!("tarbox:{}", global.tenant),
        },
        read_only: args.read_only || args.layer.is_some(),
        no_exec: args.noexec,
        allow_other: args.allow_other,
        root: root(args, &**fs)?,
        ..MountOptions::default()
    };
    if args.foreground || args.serve {
        serve(args, fs, &options)?;
        return Ok(Exit::DONE);
    }
    point::require_free(&args.dir)?;
    w.out.flush()?;
    start()
}

/// The directory that the mount shows.
fn root<F: FilesystemInterface>(args: &Args, fs: &F) -> Result<Ino> {
    let Some(layer) = &args.layer else {
        return Ok(Ino::ROOT);
    };
    let shown = || escape(layer.as_bytes()).into_owned();
    if layer.contains('/') || matches!(layer.as_str(), "" | "." | "..") {
        return Err(Failure::usage(format!("'{}' is not a valid layer", shown())));
    }
    let path = format!("/.tarbox/snapshots/{layer}");
    let attr = blocking(fs.resolve(&Credentials::root(AGENT), &path, Follow::No))
        .map_err(|e| Failure::from(e).about(layer.as_bytes()))?;
    Ok(attr.ino)
}

/// Mounts, and serves until the mount is taken away or this process is told to end.
fn serve<S: Store + 'static>(args: &Args, fs: &Arc<Fs<S>>, options: &MountOptions) -> Result<()> {
    // Caught before there is anything to take away, so that no moment is left in which a signal leaves a dead mount.
    let signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(|e| Failure::host("signals", &e))?;
    let mount = tarbox_fuse::mount(fs.clone(), &args.dir, options)?;
    if args.serve {
        report_ready()?;
    }
    let unmounter = mount.unmounter();
    let handle = signals.handle();
    let watcher = std::thread::spawn(move || end_on(signals, &unmounter));
    // Whoever takes the mount away finds the database closed here, too. It is when this process ends.
    std::mem::forget(mount.unfinished());
    let served = mount.wait();
    handle.close();
    // A watcher that panicked has said so itself.
    drop(watcher.join());
    Ok(served?)
}

/// Takes the mount away at the first signal; whoever still uses it may finish, unless there is a second.
fn end_on(mut signals: Signals, unmounter: &Unmounter) {
    for (count, _signal) in signals.forever().enumerate() {
        if count > 0 || unmounter.unmount().is_err() {
            std::process::exit(i32::from(Exit::FAILED.0));
        }
    }
}

/// Starts a process of its own that serves, and returns when the mount can be used or could not be made.
fn start() -> Result<Exit> {
    let failed = |e: std::io::Error| Failure::host("tarbox", &e);
    let mut server = Command::new(std::env::current_exe().map_err(failed)?)
        .args(server_arguments())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let mut said = String::new();
    if let Some(output) = server.stdout.take() {
        BufReader::new(output).read_line(&mut said).map_err(failed)?;
    }
    if said.trim_end() == READY {
        return Ok(Exit::DONE);
    }
    // It has said why.
    let code = server.wait().map_err(failed)?.code();
    Ok(code
        .and_then(|code| u8::try_from(code).ok())
        .map_or(Exit::FAILED, Exit))
}

/// This command line, with one option more.
fn server_arguments() -> Vec<std::ffi::OsString> {
    let mut arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let options_end = arguments.iter().position(|argument| argument == "--");
    arguments.insert(options_end.unwrap_or(arguments.len()), "--serve".into());
    arguments
}

/// Tells the command that started this process, and leaves its terminal.
fn report_ready() -> Result<()> {
    let failed = |e: std::io::Error| Failure::host("tarbox", &e);
    let mut output = std::io::stdout();
    writeln!(output, "{READY}")
        .and_then(|()| output.flush())
        .map_err(failed)?;
    let null = std::fs::File::options()
        .read(true)
        .write(true)
        .open("/dev/null")
        .map_err(failed)?;
    // A process that leads a group already stays in its session, which is as well.
    let _ = rustix::process::setsid();
    rustix::stdio::dup2_stdin(&null)
        .and_then(|()| rustix::stdio::dup2_stdout(&null))
        .and_then(|()| rustix::stdio::dup2_stderr(&null))
        .map_err(|e| failed(e.into()))
}
