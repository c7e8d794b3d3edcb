//! One command from its arguments to its exit code.

use std::ffi::OsString;
use std::sync::Arc;

use clap::{CommandFactory, FromArgMatches};
use tarbox_fs::{Credentials, Fs, blocking};
use tarbox_store::{Database, ErrorKind, Keys, Store};

use crate::cli::{Cli, Command, Global};
use crate::commands::*;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::open::{self, AnyDatabase, Location, Missing};
use crate::platform;
use crate::print::{Form, Printer};
use crate::workspace::{Workspace, credentials};

/// Runs the command line and says what the process is to end with. Everything there is to say was said.
pub(crate) fn run(arguments: impl Iterator<Item = OsString>) -> Exit {
    #[cfg(all(feature = "mount", target_os = "linux"))]
    let arguments = match crate::mount_helper::translate(arguments.collect()) {
        crate::mount_helper::Called::Plainly(arguments) => arguments.into_iter(),
        crate::mount_helper::Called::ByMount(exit) => return exit,
    };
    let mut cli = match parse(arguments) {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    let form = if cli.global.json { Form::Json } else { Form::Text };
    let out = Printer::new(form, cli.global.color);
    match dispatch(&mut cli, &out).and_then(|exit| out.flush().map(|()| exit)) {
        Ok(exit) => exit,
        Err(failure) => {
            if failure.exit() != Exit::CLOSED_PIPE {
                out.complain(&failure);
            }
            failure.exit()
        }
    }
}

fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Cli, Exit> {
    let arguments: Vec<OsString> = arguments.collect();
    let parse = |command: clap::Command| {
        let matches = command.try_get_matches_from(&arguments)?;
        Cli::from_arg_matches(&matches)
    };
    // Help and errors need the whole command line put together, which is a third of what a short command takes.
    let parsed = parse(Cli::command()).or_else(|_| parse(crate::help::command()));
    parsed.map_err(|error| {
        // Help that was asked for comes this way too. Where nobody reads it, there is nobody to tell.
        let _ = error.print();
        if error.use_stderr() {
            Exit::USAGE
        } else {
            Exit::DONE
        }
    })
}

fn dispatch(cli: &mut Cli, out: &Printer) -> Result<Exit> {
    if let Command::Completions(args) = &cli.command {
        completions::run(args, out)?;
        return Ok(Exit::DONE);
    }
    #[cfg(feature = "dev")]
    if let Command::Dev(args) = &cli.command {
        dev::run(args, out)?;
        return Ok(Exit::DONE);
    }
    #[cfg(feature = "compose")]
    if let Command::Compose(args) = &cli.command
        && args.is_alone()
    {
        compose::run_alone(args, out)?;
        return Ok(Exit::DONE);
    }
    #[cfg(all(feature = "mount", target_os = "linux"))]
    if let Command::Umount(args) = &cli.command {
        umount::run(args)?;
        return Ok(Exit::DONE);
    }
    #[cfg(feature = "run")]
    if let Command::Run(args) = &cli.command {
        args.begin();
    }
    if let Command::Tenant(command) = &cli.command
        && command.run_alone(out)?
    {
        return Ok(Exit::DONE);
    }
    platform::allow_many_open_files();
    let location = Location::choose(&cli.global.db)?;
    #[cfg(feature = "http")]
    if let Some(named) = location.tenant(&cli.global.tenant)? {
        cli.global.tenant = named;
    }
    let cli = &*cli;
    let missing = match &cli.command {
        Command::Init(_) => Missing::Make,
        #[cfg(feature = "serve")]
        Command::Serve(_) => Missing::Make,
        Command::Tenant(command) => command.missing(),
        #[cfg(feature = "http")]
        Command::Sync(args) => args.missing(),
        _ => Missing::Refuse,
    };
    match &location {
        Location::Sqlite(path) => with_database(cli, &open::sqlite(path, missing)?, &location, out),
        #[cfg(feature = "postgres")]
        Location::Postgres(url) => with_database(cli, &open::postgres(url, missing)?, &location, out),
        #[cfg(feature = "http")]
        Location::Replica(path, server) => {
            if let Command::Layer(command) = &cli.command {
                command.check_replica(server)?;
            }
            let db = open::sqlite(path, missing)?;
            match &cli.command {
                Command::Sync(args) => sync::run(args, &db, path, server, &cli.global, out),
                _ => with_database(cli, &db, &location, out),
            }
        }
        #[cfg(feature = "http")]
        Location::Http(address) => with_server(cli, &open::http(address)?, &location, out),
    }
}

/// Runs a command on a database of any kind.
fn with_database<D>(cli: &Cli, db: &D, location: &Location, out: &Printer) -> Result<Exit>
where
    D: AnyDatabase + Keys + Clone + 'static,
    D::Store: 'static,
{
    let global = &cli.global;
    let who = credentials(global.user.as_ref());
    let caller = (who.uid(), who.gid());
    match &cli.command {
        Command::Init(_) => {
            init::run(db, out, &location.shown(), &global.tenant, caller)?;
        }
        Command::Tenant(command) => tenant::run(command, db, out, caller)?,
        #[cfg(feature = "serve")]
        Command::Key(command) => key::run(command, db, global, out, caller)?,
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(args, db, global, out, caller)?,
        #[cfg(feature = "http")]
        Command::Sync(_) => return Err(sync::no_server()),
        Command::Fsck(args) => return fsck::run(args, db, out),
        Command::Gc(args) => gc::run(args, db, &global.tenant, out)?,
        _ => return with_tenant(cli, db, location, who, out),
    }
    Ok(Exit::DONE)
}

/// Runs a command on the workspaces of a server.
#[cfg(feature = "http")]
fn with_server<D>(cli: &Cli, db: &D, location: &Location, out: &Printer) -> Result<Exit>
where
    D: Database,
    D::Store: 'static,
{
    let who = credentials(cli.global.user.as_ref());
    let refused = match &cli.command {
        Command::Init(_) | Command::Tenant(_) | Command::Fsck(_) => true,
        #[cfg(feature = "serve")]
        Command::Key(_) | Command::Serve(_) => true,
        Command::Sync(_) => return Err(sync::no_server()),
        Command::Gc(args) => {
            gc::run(args, db, &cli.global.tenant, out)?;
            return Ok(Exit::DONE);
        }
        _ => false,
    };
    match refused {
        true => Err(Failure::new(
            ErrorKind::Unsupported,
            "a server's database is administered where it is: run this command there, with the database's path or URL",
        )),
        false => with_tenant(cli, db, location, who, out),
    }
}

/// Runs a command on the files of one tenant.
fn with_tenant<D>(cli: &Cli, db: &D, location: &Location, who: Credentials, out: &Printer) -> Result<Exit>
where
    D: Database,
    D::Store: 'static,
{
    let global = &cli.global;
    let store = blocking(db.open_tenant(&global.tenant)).map_err(|e| no_tenant(e, global))?;
    let fs = Arc::new(Fs::new(store));
    let w = Workspace::new(&*fs, who, out, location.path());
    let result = with_files(cli, &w, &fs);
    // What was done is made to last also where the command failed half-way.
    let lasting = match location.is_remote() && only_looks(&cli.command) {
        // Each question is a request, and the server itself sees to the times of reads.
        true => Ok(()),
        false => last(fs.store(), global),
    };
    let exit = result?;
    lasting?;
    Ok(exit.unwrap_or(w.exit()))
}

/// Answers the code of a program that ran; other commands have the one that comes of their operands.
fn with_files<S: Store + 'static>(
    cli: &Cli,
    w: &Workspace<'_, Fs<S>>,
    fs: &Arc<Fs<S>>,
) -> Result<Option<Exit>> {
    let store = fs.store();
    match &cli.command {
        #[cfg(feature = "run")]
        Command::Run(args) => return run::run(args, fs, w).map(Some),
        #[cfg(feature = "js")]
        Command::Js(args) => return js::run(args, fs, w).map(Some),
        #[cfg(all(feature = "mount", target_os = "linux"))]
        Command::Mount(args) => return mount::run(args, &cli.global, fs, w).map(Some),
        #[cfg(all(feature = "mount", target_os = "linux"))]
        Command::Umount(_) => Ok(()),
        #[cfg(feature = "graph")]
        Command::Graph(command) => return graph::run(command, fs, w),
        #[cfg(feature = "serve")]
        Command::Mcp(args) => mcp::run(args, fs, w),
        #[cfg(feature = "compose")]
        Command::Compose(args) => compose::run(args, w),
        Command::Ls(args) => ls::run(args, w),
        Command::Tree(args) => tree::run(args, w),
        Command::Stat(args) => stat::run(args, w),
        Command::Cat(args) => cat::run(args, w),
        Command::Find(args) => find::run(args, w),
        Command::Du(args) => du::run(args, w),
        Command::Write(args) => write::run(args, w),
        Command::Append(args) => append::run(args, w),
        Command::Mkdir(args) => mkdir::run(args, w),
        Command::Rm(args) => rm::run(args, w),
        Command::Mv(args) => mv::run(args, w),
        Command::Cp(args) => cp::run(args, w),
        Command::Ln(args) => ln::run(args, w),
        Command::Chmod(args) => chmod::run(args, w),
        Command::Chown(args) => chown::run(args, w),
        Command::Touch(args) => touch::run(args, w),
        Command::Truncate(args) => truncate::run(args, w),
        Command::Xattr(command) => xattr::run(command, w),
        Command::Import(args) => import::run(args, w),
        Command::Export(args) => export::run(args, w),
        Command::ImportTar(args) => import_tar::run(args, w),
        Command::ExportTar(args) => export_tar::run(args, w),
        Command::Watch(args) => watch::run(args, w),
        Command::Layer(command) => layer::run(command, store, &w.who.actor, w.out),
        Command::Audit(args) => audit::run(args, store, w.out),
        Command::Stats(_) => stats::run(store, w.out),
        // These were carried out before there was a tenant.
        Command::Init(_)
        | Command::Tenant(_)
        | Command::Fsck(_)
        | Command::Gc(_)
        | Command::Completions(_) => Ok(()),
        #[cfg(feature = "http")]
        Command::Sync(_) => Ok(()),
        #[cfg(feature = "serve")]
        Command::Key(_) | Command::Serve(_) => Ok(()),
        #[cfg(feature = "dev")]
        Command::Dev(_) => Ok(()),
    }
    .map(|()| None)
}

/// Whether a command changes nothing but, perhaps, times of reads.
fn only_looks(command: &Command) -> bool {
    use Command::*;
    matches!(
        command,
        Ls(_)
            | Tree(_)
            | Stat(_)
            | Cat(_)
            | Find(_)
            | Du(_)
            | Export(_)
            | ExportTar(_)
            | Watch(_)
            | Audit(_)
            | Stats(_)
    )
}

/// Brings what was done to the device, or at least to where other processes see it, and to every mount.
fn last<S: Store>(store: &S, global: &Global) -> Result<()> {
    let so_far = blocking(store.performance())?;
    if so_far.commits == 0 && so_far.pending == 0 {
        // Who only looked does not make the device wait for what others did.
        return Ok(());
    }
    if !global.no_sync {
        blocking(store.sync())?;
    }
    Ok(blocking(store.settle(None))?)
}

fn no_tenant(error: tarbox_store::Error, global: &Global) -> Failure {
    match error.kind() {
        ErrorKind::NotFound => {
            let name = crate::print::escape(global.tenant.as_bytes()).into_owned();
            let message =
                format!("there is no tenant '{name}'; create it with 'tarbox --tenant {name} init'");
            Failure::new(ErrorKind::NotFound, message)
        }
        _ => tenant::about(error, &global.tenant),
    }
}
