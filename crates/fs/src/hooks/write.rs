//! Writing: each write is one command, done before it returns.

use std::sync::Arc;

use serde::Serialize;
use tarbox_store::{Error, ErrorKind, LayerInfo, LogQuery, Result, Store};

use super::command::{self, NewLayer, Query};
use super::node::{Fixed, Node};
use super::render;
use super::session::Memory;
use crate::fs::Fs;
use crate::interface::Credentials;

/// What `control/last-error` says.
#[derive(Serialize)]
struct LastError {
    error: &'static str,
    message: String,
    file: String,
    /// What was written, as far as it is short.
    written: String,
    /// The layers that making a layer in the past would remove.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    later_layers: Vec<String>,
}

const ECHOED_MAX: usize = 256;

impl<S: Store> Fs<S> {
    /// Does what a write asks for, and answers what the handle then reads. What goes wrong can also be read in
    /// `control/last-error`, by the same user.
    pub(crate) async fn hook_write(&self, who: &Credentials, node: Node, data: &[u8]) -> Result<Vec<u8>> {
        let done = self.hook_command(who, node, data).await;
        match done {
            Ok(answer) => Ok(answer),
            Err(e) => {
                let e = as_write_error(e);
                self.remember_error(who, node, data, &e).await;
                Err(e)
            }
        }
    }

    async fn hook_command(&self, who: &Credentials, node: Node, data: &[u8]) -> Result<Vec<u8>> {
        let text = command::text(data)?;
        let by = &who.actor;
        let fixed = match node {
            Node::Fixed(fixed) => fixed,
            Node::Tag(number) => {
                let tag = self.session().tag_name(number)?;
                let layer = self.find(text).await?;
                self.store().tag(by, &tag, Some(layer.id)).await?;
                return self.hook_content(who, node).await;
            }
        };
        match fixed {
            Fixed::New => {
                let new = NewLayer::parse(text)?;
                let description = new.description.as_deref();
                render::json(
                    &self
                        .store()
                        .checkpoint(by, &new.name, description, new.later())
                        .await?,
                )
            }
            Fixed::Switch | Fixed::Current => {
                let layer = self.find(text).await?;
                self.store().switch(by, layer.id).await?;
                self.hook_content(who, Node::Fixed(Fixed::Current)).await
            }
            Fixed::Drop => {
                let layer = self.find(text).await?;
                self.store().drop_layer(by, layer.id).await?;
                render::json_lines(&self.store().layers().await?)
            }
            Fixed::Squash => {
                let (first, last) = self.find_two(text).await?;
                self.store().squash(by, first.id, last.id).await?;
                render::json_lines(&self.store().layers().await?)
            }
            Fixed::Diff => {
                let (from, to) = self.find_two(text).await?;
                self.remember_answer(who, node, Memory::Diff(from.id, to.id))
                    .await
            }
            Fixed::Query => {
                let query = self.log_query(&Query::parse(text)?).await?;
                self.remember_answer(who, node, Memory::Query(query)).await
            }
            Fixed::Flush => {
                self.store().sync().await?;
                Ok(b"flushed\n".to_vec())
            }
            Fixed::Gc => {
                let report = render::json(&self.store().gc().await?)?;
                self.remember_answer(who, node, Memory::Answer(report.into()))
                    .await
            }
            _ => Err(Error::new(ErrorKind::BadHandle).because("this file is read-only")),
        }
    }

    async fn remember_answer(&self, who: &Credentials, node: Node, memory: Memory) -> Result<Vec<u8>> {
        self.session().remember(who.uid(), node, memory);
        self.hook_content(who, node).await
    }

    async fn find(&self, layer: &str) -> Result<LayerInfo> {
        let name = command::layer(layer)?;
        self.store().find_layer(name).await.map_err(|e| match e.kind() {
            ErrorKind::NotFound => Error::new(ErrorKind::NotFound)
                .about(name)
                .because("no such layer, tag or number; see layers/list"),
            _ => e,
        })
    }

    async fn find_two(&self, text: &str) -> Result<(LayerInfo, LayerInfo)> {
        let (first, second) = command::two_layers(text)?;
        Ok((self.find(&first).await?, self.find(&second).await?))
    }

    async fn log_query(&self, query: &Query) -> Result<LogQuery> {
        let layer = match &query.layer {
            Some(layer) => Some(self.find(&layer.text()).await?.id),
            None => None,
        };
        Ok(LogQuery {
            after: query.after(),
            before: query.before(),
            since: query.since()?,
            until: query.until()?,
            operation: query.operation()?,
            path: query.path.clone().map(String::into_bytes),
            uid: query.uid,
            agent: query.agent.clone(),
            layer,
            refused: query.refused,
            limit: query.limit()?,
            newest_first: query.newest_first,
        })
    }

    /// `rm` in `layers/tags` takes a tag away; nothing else can be removed.
    pub(crate) async fn hook_remove(&self, who: &Credentials, dir: Node, name: &[u8]) -> Result<()> {
        match (self.hook_lookup(dir, name).await?, dir, std::str::from_utf8(name)) {
            (_, Node::TAGS, Ok(tag)) => self.store().tag(&who.actor, tag, None).await,
            _ => Err(crate::fs::fixed_hooks()),
        }
    }

    async fn remember_error(&self, who: &Credentials, node: Node, data: &[u8], error: &Error) {
        let written = String::from_utf8_lossy(&data[..data.len().min(ECHOED_MAX)]).into_owned();
        let asks_to_discard = node == Node::Fixed(Fixed::New) && error.kind() == ErrorKind::Busy;
        let last = LastError {
            error: error.kind().code(),
            message: error.to_string(),
            file: String::from_utf8_lossy(&self.hook_path(node).unwrap_or_default()).into_owned(),
            written,
            later_layers: if asks_to_discard {
                self.later_layers().await
            } else {
                Vec::new()
            },
        };
        let text: Arc<[u8]> = render::json(&last)
            .unwrap_or_else(|_| error.to_string().into_bytes())
            .into();
        self.session()
            .remember(who.uid(), Node::Fixed(Fixed::LastError), Memory::Answer(text));
    }

    /// The layers behind the one in view; an error here must not hide the one that is being told.
    async fn later_layers(&self) -> Vec<String> {
        let (Ok(position), Ok(layers)) = (self.store().position().await, self.store().layers().await) else {
            return Vec::new();
        };
        let later = layers.into_iter().filter(|layer| layer.id > position.current);
        later
            .map(|layer| layer.name.unwrap_or_else(|| layer.id.to_string()))
            .collect()
    }
}

/// A write that names what is not there is a bad write: programs know no `ENOENT` from `write(2)`.
fn as_write_error(error: Error) -> Error {
    if error.kind() != ErrorKind::NotFound {
        return error;
    }
    let mut bad = Error::new(ErrorKind::Invalid);
    if let Some(subject) = error.subject() {
        bad = bad.about(subject);
    }
    bad.because(error.detail().unwrap_or("no such layer"))
}
