//! The command line: options that every command takes, and the commands.

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand};

#[cfg(feature = "compose")]
use crate::commands::compose;
#[cfg(feature = "dev")]
use crate::commands::dev;
#[cfg(feature = "graph")]
use crate::commands::graph;
#[cfg(feature = "js")]
use crate::commands::js;
#[cfg(feature = "run")]
use crate::commands::run;
#[cfg(feature = "http")]
use crate::commands::sync;
use crate::commands::{
    append, audit, cat, chmod, chown, completions, cp, du, export, export_tar, find, fsck, gc, import,
    import_tar, init, layer, ln, ls, mkdir, mv, rm, stat, stats, tenant, touch, tree, truncate, watch, write,
    xattr,
};
#[cfg(feature = "serve")]
use crate::commands::{key, mcp, serve};
#[cfg(all(feature = "mount", target_os = "linux"))]
use crate::commands::{mount, umount};
use crate::parse::owner::{User, parse_user};
use crate::print::ColourChoice;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Yellow.on_default().bold())
    .usage(AnsiColor::Yellow.on_default().bold())
    .literal(AnsiColor::Green.on_default())
    .placeholder(AnsiColor::Cyan.on_default())
    .error(AnsiColor::Red.on_default().bold())
    .valid(AnsiColor::Green.on_default())
    .invalid(AnsiColor::Red.on_default());

/// A layered, multi-tenant file system stored in a SQLite database.
#[derive(Debug, Parser)]
#[command(name = "tarbox", version, styles = STYLES, max_term_width = 110)]
#[command(
    disable_help_subcommand = true,
    arg_required_else_help = true,
    propagate_version = false
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes, before or behind its name.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The database: sqlite:PATH, just PATH, sqlite:PATH?sync=https://HOST/?tenant=NAME, postgres://USER@HOST/NAME, or https://HOST/?tenant=NAME
    #[arg(
        long,
        global = true,
        env = "TARBOX_DB",
        default_value = crate::open::DEFAULT_DB,
        value_name = "URL"
    )]
    #[arg(hide_env_values = true)]
    pub(crate) db: std::ffi::OsString,

    /// The tenant
    #[arg(
        long,
        global = true,
        env = "TARBOX_TENANT",
        default_value = "default",
        value_name = "NAME"
    )]
    #[arg(hide_env_values = true)]
    pub(crate) tenant: String,

    /// Act as this user, by name (with their groups on this machine) or number [default: the caller]
    #[arg(long, global = true, value_name = "USER[:GROUP,...]", value_parser = parse_user)]
    pub(crate) user: Option<User>,

    /// Print JSON: one object, or one object per line for lists; errors, too
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// When to use colour
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    #[arg(alias = "colour", help = "When to use colour: auto, always or never")]
    pub(crate) color: ColourChoice,

    /// Return before the changes are on the device; a crash of the machine may undo them
    #[arg(long, global = true)]
    pub(crate) no_sync: bool,
}

/// What to do. Each command's arguments are described where the command is.
///
/// They are described to the parser only when they are used: to describe all of them takes longer than most commands do.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Command {
    Init(init::Args),
    #[command(subcommand)]
    Tenant(tenant::Command),
    #[cfg(feature = "serve")]
    #[command(subcommand)]
    Key(key::Command),
    Stats(stats::Args),
    Fsck(fsck::Args),
    Gc(gc::Args),

    Ls(ls::Args),
    Tree(tree::Args),
    Stat(stat::Args),
    Cat(cat::Args),
    Find(find::Args),
    Du(du::Args),

    Write(write::Args),
    Append(append::Args),
    Mkdir(mkdir::Args),
    Rm(rm::Args),
    Mv(mv::Args),
    Cp(cp::Args),
    Ln(ln::Args),
    Chmod(chmod::Args),
    Chown(chown::Args),
    Touch(touch::Args),
    Truncate(truncate::Args),
    #[command(subcommand)]
    Xattr(xattr::Command),

    Import(import::Args),
    Export(export::Args),
    ImportTar(import_tar::Args),
    ExportTar(export_tar::Args),

    #[cfg(feature = "graph")]
    #[command(subcommand)]
    Graph(graph::Command),

    #[command(subcommand)]
    Layer(layer::Command),
    Audit(audit::Args),
    Watch(watch::Args),

    #[cfg(all(feature = "mount", target_os = "linux"))]
    Mount(mount::Args),
    #[cfg(all(feature = "mount", target_os = "linux"))]
    Umount(umount::Args),
    #[cfg(feature = "run")]
    Run(run::Args),
    #[cfg(feature = "js")]
    Js(js::Args),
    #[cfg(feature = "compose")]
    Compose(compose::Args),
    #[cfg(feature = "serve")]
    Serve(serve::Args),
    #[cfg(feature = "serve")]
    Mcp(mcp::Args),
    #[cfg(feature = "http")]
    Sync(sync::Args),
    #[cfg(feature = "dev")]
    Dev(dev::Args),
    Completions(completions::Args),
}
