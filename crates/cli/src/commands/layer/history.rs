//! `layer list`, `layer current`, `layer tree`

use serde::Serialize;
use serde_json::json;
use tarbox_fs::blocking;
use tarbox_store::{LayerInfo, Store};

use super::label;
use crate::examples::examples;
use crate::failure::Result;
use crate::parse::time;
use crate::print::{Align, Printer, Table, colour, escape};

/// List all layers, oldest first
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("tarbox layer list", "tarbox --json layer list | jq -r .name"))]
pub(crate) struct List {}

/// Show which layer is current
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("tarbox layer current"))]
pub(crate) struct Current {}

/// Show the history as a tree, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("tarbox layer tree"))]
pub(crate) struct Tree {}

/// A layer as JSON.
#[derive(Serialize)]
pub(super) struct Shown<'a> {
    id: u64,
    name: Option<&'a str>,
    description: Option<&'a str>,
    /// When it was sealed; `null` while it is being written.
    sealed: Option<String>,
    tags: &'a [String],
    /// Whether it is in view.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<bool>,
}

impl<'a> Shown<'a> {
    pub(super) fn new(layer: &'a LayerInfo, current: Option<bool>) -> Self {
        Self {
            id: layer.id.0,
            name: layer.name.as_deref(),
            description: layer.description.as_deref(),
            sealed: layer.sealed.map(time::rfc3339),
            tags: &layer.tags,
            current,
        }
    }
}

pub(super) fn list<S: Store>(_args: &List, store: &S, out: &Printer) -> Result<()> {
    use Align::{Left, Right};
    let align = [Left, Right, Left, Left, Left, Left];
    let mut table = Table::with_head(out, &align, &["", "ID", "NAME", "SEALED", "TAGS", "DESCRIPTION"]);
    for layer in blocking(store.layers())? {
        if out.is_json() {
            out.record(&Shown::new(&layer, Some(layer.current)))?;
            continue;
        }
        let name = layer.name.as_deref().unwrap_or("head");
        let style = if layer.current {
            colour::GREEN
        } else {
            colour::PLAIN
        };
        table
            .cell(colour::GREEN, if layer.current { "*" } else { "" })
            .plain(&layer.id.to_string())
            .cell(style, &escape(name.as_bytes()))
            .cell(
                colour::DIM,
                &layer
                    .sealed
                    .map_or_else(|| "being written".to_owned(), time::seconds),
            )
            .cell(colour::YELLOW, &escape(layer.tags.join(", ").as_bytes()))
            .plain(&escape(
                layer.description.as_deref().unwrap_or_default().as_bytes(),
            ))
            .end_row();
    }
    if out.is_json() { Ok(()) } else { table.print() }
}

pub(super) fn current<S: Store>(_args: &Current, store: &S, out: &Printer) -> Result<()> {
    let position = blocking(store.position())?;
    let layers = blocking(store.layers())?;
    let layer = layers.iter().find(|layer| layer.id == position.current);
    let name = layer.and_then(|layer| layer.name.as_deref());
    let head = position.current == position.head;
    if out.is_json() {
        return out.document(&json!({
            "id": position.current.0,
            "name": name,
            "head": position.head.0,
            "writable": head,
        }));
    }
    match (name, head) {
        (_, true) => out.line(format!("head ({})", position.current)),
        (Some(name), _) => out.line(format!(
            "{} ({}), read-only",
            escape(name.as_bytes()),
            position.current
        )),
        (None, _) => out.line(format!("{}, read-only", position.current)),
    }
}

pub(super) fn tree<S: Store>(_args: &Tree, store: &S, out: &Printer) -> Result<()> {
    let layers = blocking(store.layers())?;
    if out.is_json() {
        return layers
            .iter()
            .rev()
            .try_for_each(|layer| out.record(&Shown::new(layer, Some(layer.current))));
    }
    for (i, layer) in layers.iter().rev().enumerate() {
        if i > 0 {
            out.line(out.paint(colour::DIM, "│"))?;
        }
        draw(layer, out)?;
    }
    Ok(())
}

fn draw(layer: &LayerInfo, out: &Printer) -> Result<()> {
    let (dot, name) = match layer.sealed {
        Some(_) => ("●", label(layer)),
        None => ("○", "head".to_owned()),
    };
    let style = if layer.current {
        colour::GREEN.bold()
    } else {
        colour::BOLD
    };
    let mut line = format!("{} {}", out.paint(style, dot), out.paint(style, name));
    line.push_str(&out.paint(colour::DIM, format!("  #{}", layer.id)));
    if let Some(sealed) = layer.sealed {
        line.push_str(&out.paint(colour::DIM, format!("  {}", time::short(sealed))));
    }
    for tag in &layer.tags {
        line.push_str(&out.paint(colour::YELLOW, format!("  [{}]", escape(tag.as_bytes()))));
    }
    if layer.current {
        line.push_str(&out.paint(colour::GREEN, "  <- current"));
    }
    out.line(line)?;
    match &layer.description {
        Some(text) => out.line(format!(
            "{} {}",
            out.paint(colour::DIM, "│"),
            escape(text.as_bytes())
        )),
        None => Ok(()),
    }
}
