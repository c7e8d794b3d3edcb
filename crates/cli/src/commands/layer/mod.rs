//! `layer`

mod checkpoint;
mod diff;
mod history;

use tarbox_fs::blocking;
use tarbox_store::{Actor, Error, ErrorKind, LayerInfo, Store};

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::print::Printer;

/// Layers: take checkpoints, compare them, switch between them
#[derive(Debug, clap::Subcommand)]
#[command(defer = true)]
pub(crate) enum Command {
    Checkpoint(checkpoint::Args),
    List(history::List),
    Current(history::Current),
    Switch(Switch),
    Diff(diff::Args),
    Drop(Drop),
    Squash(Squash),
    Tag(Tag),
    Tree(history::Tree),
}

/// Switch to a layer: a past one, read-only, or head to return to the present
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox layer switch before      show that state, read-only",
    "tarbox layer switch head        return to the present",
))]
pub(crate) struct Switch {
    /// A layer's name, tag or number, or head
    layer: String,
}

/// Remove the state at the end of a layer; its changes become part of the next one
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("tarbox layer drop experiment"))]
pub(crate) struct Drop {
    /// A layer's name, tag or number
    layer: String,
}

/// Merge several consecutive layers into one
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("tarbox layer squash monday friday      the result is called friday"))]
pub(crate) struct Squash {
    /// The first: a name, tag or number
    first: String,
    /// The last
    last: String,
}

/// Point a tag at a layer, or remove a tag
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox layer tag stable before       a tag can be moved",
    "tarbox layer tag stable              the layer sealed last",
    "tarbox layer tag -d stable",
))]
pub(crate) struct Tag {
    /// The tag
    tag: String,
    /// A layer's name, tag or number [default: the last one sealed]
    #[arg(conflicts_with = "delete")]
    layer: Option<String>,
    /// Remove the tag
    #[arg(short, long)]
    delete: bool,
}

impl Command {
    /// Refuses what changes the layers of a replica: the server has them.
    ///
    /// # Errors
    /// What to do instead.
    #[cfg(feature = "http")]
    pub(crate) fn check_replica(&self, server: &impl std::fmt::Display) -> Result<()> {
        match self {
            Self::List(_) | Self::Current(_) | Self::Tree(_) | Self::Diff(_) => Ok(()),
            _ => Err(Failure::new(
                ErrorKind::Unsupported,
                format!("layers are made at the server, for everybody: use --db '{server}'"),
            )),
        }
    }
}

pub(crate) fn run<S: Store>(command: &Command, store: &S, by: &Actor, out: &Printer) -> Result<()> {
    match command {
        Command::Checkpoint(args) => checkpoint::run(args, store, by, out),
        Command::List(args) => history::list(args, store, out),
        Command::Current(args) => history::current(args, store, out),
        Command::Tree(args) => history::tree(args, store, out),
        Command::Diff(args) => diff::run(args, store, out),
        Command::Switch(args) => {
            let layer = find(store, &args.layer)?;
            blocking(store.switch(by, layer.id)).map_err(|e| about(e, &args.layer))
        }
        Command::Drop(args) => {
            let layer = find(store, &args.layer)?;
            blocking(store.drop_layer(by, layer.id)).map_err(|e| about(e, &args.layer))
        }
        Command::Squash(args) => {
            let (first, last) = (find(store, &args.first)?, find(store, &args.last)?);
            blocking(store.squash(by, first.id, last.id)).map_err(|e| about(e, &args.last))
        }
        Command::Tag(args) => tag(args, store, by),
    }
}

fn tag<S: Store>(args: &Tag, store: &S, by: &Actor) -> Result<()> {
    let layer = match (&args.layer, args.delete) {
        (_, true) => None,
        (Some(layer), _) => Some(find(store, layer)?.id),
        (None, _) => Some(last_sealed(store)?.id),
    };
    blocking(store.tag(by, &args.tag, layer)).map_err(|e| match e.kind() {
        ErrorKind::NotFound => Failure::new(ErrorKind::NotFound, "no such tag").about(&args.tag),
        _ => about(e, &args.tag),
    })
}

/// The layer that goes by this name, tag or number.
fn find<S: Store>(store: &S, name: &str) -> Result<LayerInfo> {
    blocking(store.find_layer(name)).map_err(|e| about(e, name))
}

/// The layer sealed last.
fn last_sealed<S: Store>(store: &S) -> Result<LayerInfo> {
    let sealed = blocking(store.layers())?
        .into_iter()
        .rfind(|layer| layer.sealed.is_some());
    sealed.ok_or_else(|| {
        let message = "there is no checkpoint yet; use 'tarbox layer checkpoint NAME' to take one";
        Failure::new(ErrorKind::NotFound, message)
    })
}

/// An error about a layer, in words that do not speak of files.
fn about(error: Error, name: &str) -> Failure {
    match error.kind() {
        ErrorKind::NotFound => Failure::new(
            ErrorKind::NotFound,
            "no such layer; 'tarbox layer list' shows all",
        ),
        ErrorKind::Exists => Failure::new(ErrorKind::Exists, "a layer or tag of this name already exists"),
        _ => return Failure::from(error.about(format!("layer {name}"))),
    }
    .about(format!("layer {name}"))
}

/// How a layer is called: its name, or its number while it has none.
fn label(layer: &LayerInfo) -> String {
    match &layer.name {
        Some(name) => crate::print::escape(name.as_bytes()).into_owned(),
        None => format!("#{}", layer.id),
    }
}
