//! Reading.

use serde::Serialize;
use tarbox_store::{ErrorKind, LayerInfo, LogQuery, Position, Result, Store};

use super::node::{Fixed, Node};
use super::render;
use super::session::Memory;
use crate::fs::Fs;
use crate::interface::Credentials;

/// Records in `audit/recent`.
const RECENT: usize = 100;

/// What `layers/current` says.
#[derive(Serialize)]
struct Current {
    current: LayerInfo,
    position: Position,
    /// Whether files can be changed: not while the workspace shows a past layer.
    writable: bool,
}

impl<S: Store> Fs<S> {
    /// What a file says right now.
    pub(crate) async fn hook_content(&self, who: &Credentials, node: Node) -> Result<Vec<u8>> {
        let fixed = match node {
            Node::Fixed(fixed) => fixed,
            Node::Tag(number) => return self.tag_content(number).await,
        };
        match fixed {
            Fixed::Readme => Ok(include_bytes!("readme.txt").to_vec()),
            Fixed::Current => self.current_content().await,
            Fixed::List => render::json_lines(&self.store().layers().await?),
            Fixed::Tree => Ok(render::tree(
                &self.store().layers().await?,
                self.store().position().await?,
            )),
            Fixed::Recent => {
                let recent = LogQuery {
                    limit: RECENT,
                    newest_first: true,
                    ..LogQuery::default()
                };
                render::json_lines(&self.store().log(&recent).await?)
            }
            Fixed::Usage => render::json(&self.store().tenant().await?),
            Fixed::Performance => render::json(&self.store().performance().await?),
            Fixed::Cache => render::json(&render::CacheStats::of(&self.store().performance().await?)),
            Fixed::LastError | Fixed::Query | Fixed::Diff | Fixed::Gc => {
                self.remembered_content(who, fixed).await
            }
            Fixed::New => Ok(usage(
                "NAME, or NAME --discard-later, or {\"name\": …, \"description\": …, \"discard_later\": …}",
            )),
            Fixed::Switch => Ok(usage("the name, tag or number of a layer, or head")),
            Fixed::Drop => Ok(usage("the name, tag or number of a layer")),
            Fixed::Squash => Ok(usage("FIRST LAST, two layers")),
            Fixed::Flush => Ok(usage("anything: returns when all changes are on the device")),
            Fixed::Root
            | Fixed::Layers
            | Fixed::Tags
            | Fixed::Snapshots
            | Fixed::Audit
            | Fixed::Stats
            | Fixed::Control => Err(ErrorKind::IsDirectory.into()),
        }
    }

    async fn current_content(&self) -> Result<Vec<u8>> {
        let position = self.store().position().await?;
        let current = self.store().find_layer(&position.current.to_string()).await?;
        let writable = position.current == position.head;
        render::json(&Current {
            current,
            position,
            writable,
        })
    }

    /// The name of the layer that a tag points at; nothing while a tag is being made.
    async fn tag_content(&self, number: u32) -> Result<Vec<u8>> {
        let tag = self.session().tag_name(number)?;
        match self.store().find_layer(&tag).await {
            Ok(layer) => {
                let name = layer.name.unwrap_or_else(|| layer.id.to_string());
                Ok(format!("{name}\n").into_bytes())
            }
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(e) => Err(e),
        }
    }

    /// What depends on what the same user wrote before.
    async fn remembered_content(&self, who: &Credentials, fixed: Fixed) -> Result<Vec<u8>> {
        match self.session().recall(who.uid(), Node::Fixed(fixed)) {
            Some(Memory::Answer(answer)) => Ok(answer.to_vec()),
            Some(Memory::Query(query)) => render::json_lines(&self.store().log(&query).await?),
            Some(Memory::Diff(from, to)) => render::json_lines(&self.store().diff(from, to).await?),
            None => Ok(match fixed {
                Fixed::Query => usage("KEY=VALUE …, or JSON; then read the records here"),
                Fixed::Diff => usage("FROM TO, two layers; then read the differences here"),
                Fixed::Gc => usage("anything; then read the result here"),
                _ => Vec::new(),
            }),
        }
    }
}

fn usage(what: &str) -> Vec<u8> {
    format!("write: {what}\n").into_bytes()
}
