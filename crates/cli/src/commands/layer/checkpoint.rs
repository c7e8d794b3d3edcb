//! `layer checkpoint`

use serde_json::json;
use tarbox_fs::blocking;
use tarbox_store::{Actor, LaterLayers, LayerInfo, Store};

use super::{about, label};
use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::print::Printer;

/// Take a checkpoint: seal the current state as a layer
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox layer checkpoint before -m 'before the migration'",
    "tarbox layer checkpoint '' --discard-later      continue from the current past layer, without a new name",
    "While a past layer is current, this fails and lists the later layers that would be removed, unless --discard-later is given.",
))]
pub(crate) struct Args {
    /// The name: 1 to 255 bytes, without slashes, not only digits, not head
    name: String,
    /// A description
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// On a past layer: permanently remove the later layers, and continue from this one
    #[arg(long)]
    discard_later: bool,
}

pub(super) fn run<S: Store>(args: &Args, store: &S, by: &Actor, out: &Printer) -> Result<()> {
    let later = if args.discard_later {
        LaterLayers::Discard
    } else {
        LaterLayers::Keep
    };
    let position = blocking(store.position())?;
    if position.current != position.head && later == LaterLayers::Keep {
        return Err(unconfirmed(store, out)?);
    }
    let sealed = blocking(store.checkpoint(by, &args.name, args.message.as_deref(), later))
        .map_err(|e| about(e, &args.name))?;
    if out.is_json() {
        return out.document(&super::history::Shown::new(&sealed, None));
    }
    out.line(format!("sealed layer {} ({})", sealed.id, label(&sealed)))
}

/// Says which layers would go, without doing anything.
fn unconfirmed<S: Store>(store: &S, out: &Printer) -> Result<Failure> {
    let layers = blocking(store.layers())?;
    let later: Vec<&LayerInfo> = layers.iter().skip_while(|layer| !layer.current).skip(1).collect();
    for layer in &later {
        if !out.is_json() {
            let state = if layer.sealed.is_some() {
                ""
            } else {
                " (being written)"
            };
            out.line(format!(
                "would be removed: {:>4}  {}{state}",
                layer.id.0,
                label(layer)
            ))?;
        }
    }
    let message = format!(
        "a past layer is current; {} later {} would be permanently removed; use --discard-later to confirm",
        later.len(),
        if later.len() == 1 { "layer" } else { "layers" },
    );
    let list: Vec<_> = later
        .iter()
        .map(|layer| json!({ "id": layer.id.0, "name": layer.name }))
        .collect();
    Ok(Failure::unconfirmed(message).with_member("later_layers", json!(list)))
}
