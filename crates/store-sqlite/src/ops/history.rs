//! Layers: sealing, switching, forgetting. Each is one small transaction on its own.

use tarbox_store::{Actor, Error, ErrorKind, LaterLayers, LayerId, LayerInfo, Operation, Position, Result};

use crate::rows::{Block, Layer, TenantId};
use crate::shared::Op;
use crate::sql::{self, Batch, layers::HistoryOp, layers::Losses};

/// The name that always means the layer being written.
const HEAD: &str = "head";

/// Refuses what could be taken for a number, a path or a line of output.
fn check_layer_name(name: &str) -> Result<()> {
    let wrong = if name.is_empty() || name.len() > 255 {
        "a layer's name must have 1 to 255 bytes"
    } else if name.contains('/') || name.chars().any(char::is_control) || name.trim() != name {
        "a layer's name cannot contain '/' or control characters, or begin or end with a space"
    } else if name.bytes().all(|b| b.is_ascii_digit()) {
        "a layer's name cannot be a number, since numbers identify layers, too"
    } else if name == HEAD || name == "." || name == ".." {
        "this name is taken: 'head' is the layer being written"
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorKind::Invalid).about(name).because(wrong))
}

impl Op<'_> {
    pub(crate) fn position(&self) -> Position {
        let t = self.row();
        Position {
            current: t.current,
            head: t.head,
        }
    }

    pub(crate) fn all_layers(&self) -> Result<Vec<LayerInfo>> {
        let (layers, tags) = self.shared.engine.snapshot(|c| {
            Ok((
                sql::tenant::layers(c, self.tenant)?,
                sql::tenant::tags(c, self.tenant)?,
            ))
        })?;
        let mut all: Vec<LayerInfo> = layers.into_iter().map(|layer| self.info(layer)).collect();
        for (tag, layer) in tags {
            if let Ok(at) = all.binary_search_by_key(&layer, |info| info.id) {
                all[at].tags.push(tag);
            }
        }
        all.push(self.head_info());
        Ok(all)
    }

    fn info(&self, layer: Layer) -> LayerInfo {
        LayerInfo {
            id: layer.id,
            name: Some(layer.name),
            description: layer.description,
            sealed: Some(layer.sealed),
            tags: Vec::new(),
            current: layer.id == self.row().current,
        }
    }

    fn head_info(&self) -> LayerInfo {
        let t = self.row();
        LayerInfo {
            id: t.head,
            name: None,
            description: None,
            sealed: None,
            tags: Vec::new(),
            current: t.current == t.head,
        }
    }

    /// The layer that goes by this name, tag or number.
    pub(crate) fn find_layer(&self, name: &str) -> Result<LayerInfo> {
        let head = self.row().head;
        let is_number = name.bytes().all(|b| b.is_ascii_digit());
        let by_number = name.parse().ok().filter(|_| is_number).map(LayerId);
        if name == HEAD || by_number == Some(head) {
            return Ok(self.head_info());
        }
        let layer = self.shared.engine.snapshot(|c| match by_number {
            Some(id) => sql::tenant::layer(c, self.tenant, id),
            None => sql::tenant::layer_named(c, self.tenant, name),
        })?;
        let mut info = layer
            .map(|layer| self.info(layer))
            .ok_or_else(|| no_layer(name))?;
        let tags = self.shared.engine.read(|c| sql::tenant::tags(c, self.tenant))?;
        info.tags = tags
            .into_iter()
            .filter(|(_, layer)| *layer == info.id)
            .map(|(tag, _)| tag)
            .collect();
        Ok(info)
    }

    pub(crate) fn checkpoint(
        &mut self,
        batch: &mut Batch,
        by: &Actor,
        name: &str,
        description: Option<&str>,
        later: LaterLayers,
    ) -> Result<LayerInfo> {
        let Position { current, head } = self.position();
        if current != head {
            return self.branch(batch, by, name, later);
        }
        check_layer_name(name)?;
        if description.is_some_and(|d| d.len() > 4096) {
            return Err(
                Error::new(ErrorKind::TooBig).because("a layer's description can have at most 4096 bytes")
            );
        }
        self.refuse_taken(name)?;
        self.admit_layer()?;
        let layer = Layer {
            id: head,
            name: name.into(),
            description: description.map(Into::into),
            sealed: self.shared.now(),
        };
        self.log_history(by, Operation::Checkpoint, name);
        let tenant = self.row_mut();
        tenant.head = LayerId(head.0 + 1);
        tenant.current = tenant.head;
        tenant.layers += 1;
        batch.history.push(HistoryOp::Seal(self.tenant, layer.clone()));
        Ok(self.info(layer))
    }

    /// Begins a new layer behind a past one: what came later goes.
    fn branch(&mut self, batch: &mut Batch, by: &Actor, name: &str, later: LaterLayers) -> Result<LayerInfo> {
        let Position { current, head } = self.position();
        let layers = self.shared.engine.read(|c| sql::tenant::layers(c, self.tenant))?;
        let past = layers
            .iter()
            .find(|l| l.id == current)
            .cloned()
            .ok_or_else(|| no_layer(&current.to_string()))?;
        let gone: Vec<&Layer> = layers.iter().filter(|l| l.id > current).collect();
        if later == LaterLayers::Keep {
            let mut names: Vec<&str> = gone.iter().map(|l| l.name.as_str()).collect();
            names.push("and what was written since");
            return Err(Error::new(ErrorKind::Busy).about(&past.name).because(format!(
                "a new layer here would remove the later ones: {}; confirm with --discard-later, or switch to 'head'",
                names.join(", ")
            )));
        }
        if !name.is_empty() && name != past.name {
            check_layer_name(name)?;
            self.refuse_taken(name)?;
            batch
                .history
                .push(HistoryOp::Tag(self.tenant, name.into(), Some(current)));
        }
        let losses = self
            .shared
            .engine
            .read(|c| sql::layers::losses_of_rewind(c, self.tenant, current))?;
        batch.history.push(HistoryOp::Rewind(self.tenant, current));
        batch
            .history
            .extend(gone.iter().map(|l| HistoryOp::Forget(self.tenant, l.id)));
        self.lose(batch, losses)?;
        self.log_history(
            by,
            Operation::Checkpoint,
            if name.is_empty() { &past.name } else { name },
        );
        let removed = gone.len() as u64;
        let tenant = self.row_mut();
        // Numbers are never used twice, so nothing that remembers a removed layer can meet another one.
        tenant.head = LayerId(head.0 + 1);
        tenant.current = tenant.head;
        tenant.layers = tenant.layers.saturating_sub(removed);
        Ok(self.info(past))
    }

    fn refuse_taken(&self, name: &str) -> Result<()> {
        let taken = self
            .shared
            .engine
            .read(|c| sql::tenant::layer_named(c, self.tenant, name))?;
        match taken {
            Some(_) => Err(Error::new(ErrorKind::Exists)
                .about(name)
                .because("a layer or tag of this name already exists")),
            None => Ok(()),
        }
    }

    pub(crate) fn switch(&mut self, by: &Actor, layer: LayerId) -> Result<()> {
        let head = self.row().head;
        let name = match layer == head {
            true => HEAD.to_owned(),
            false => self.sealed(layer)?.name,
        };
        self.log_history(by, Operation::Switch, &name);
        self.row_mut().current = layer;
        Ok(())
    }

    fn sealed(&self, layer: LayerId) -> Result<Layer> {
        let found = self
            .shared
            .engine
            .read(|c| sql::tenant::layer(c, self.tenant, layer))?;
        found.ok_or_else(|| no_layer(&layer.to_string()))
    }

    pub(crate) fn drop_layer(&mut self, batch: &mut Batch, by: &Actor, layer: LayerId) -> Result<()> {
        let Position { current, head } = self.position();
        if layer == head {
            return Err(Error::new(ErrorKind::Busy).about("head").because(
                "the layer being written cannot be dropped: seal it first, or switch back and discard it",
            ));
        }
        let dropped = self.sealed(layer)?;
        if layer == current {
            return Err(Error::new(ErrorKind::Busy)
                .about(&dropped.name)
                .because("this layer is current: switch to another first"));
        }
        self.log_history(by, Operation::DropLayer, &dropped.name);
        self.forget(batch, layer, layer)
    }

    pub(crate) fn squash(
        &mut self,
        batch: &mut Batch,
        by: &Actor,
        first: LayerId,
        last: LayerId,
    ) -> Result<()> {
        let (from, to) = (self.sealed(first)?, self.sealed(last)?);
        if first >= last {
            return Err(Error::new(ErrorKind::Invalid)
                .about(&from.name)
                .because(format!("it does not come before '{}'", to.name)));
        }
        let current = self.row().current;
        if (first..last).contains(&current) {
            return Err(Error::new(ErrorKind::Busy)
                .because("one of these layers is current: switch to another first"));
        }
        self.log_history(by, Operation::Squash, &format!("{}..{}", from.name, to.name));
        self.forget(batch, first, LayerId(last.0 - 1))
    }

    /// Forgets the sealed layers `first..=last`, and every version that only they could see.
    fn forget(&mut self, batch: &mut Batch, first: LayerId, last: LayerId) -> Result<()> {
        let layers = self.shared.engine.read(|c| sql::tenant::layers(c, self.tenant))?;
        let kept = layers
            .iter()
            .filter(|l| l.id < first)
            .map(|l| l.id)
            .max()
            .unwrap_or(LayerId(0));
        let next = layers
            .iter()
            .filter(|l| l.id > last)
            .map(|l| l.id)
            .min()
            .unwrap_or(self.row().head);
        let losses = self
            .shared
            .engine
            .read(|c| sql::layers::losses_of_prune(c, self.tenant, kept, next))?;
        let tenant = self.tenant;
        let gone: Vec<_> = layers.iter().filter(|l| (first..=last).contains(&l.id)).collect();
        batch
            .history
            .extend(gone.iter().map(|l| HistoryOp::Forget(tenant, l.id)));
        batch.history.push(HistoryOp::Prune { tenant, kept, next });
        self.lose(batch, losses)?;
        let row = self.row_mut();
        row.layers = row.layers.saturating_sub(gone.len() as u64);
        Ok(())
    }

    /// Takes what history lost off the counters and the blocks.
    pub(crate) fn lose(&mut self, batch: &mut Batch, losses: Losses) -> Result<()> {
        let tenant: TenantId = self.tenant;
        let mut bytes = losses.bytes;
        for (hash, count) in losses.blocks {
            let Some(block) = self.shared.engine.read(|c| sql::chunk::block(c, tenant, &hash))? else {
                continue;
            };
            let refs = block.refs.saturating_sub(count);
            if refs == 0 {
                bytes += i64::from(block.len);
                batch.live.push((tenant, block.segment, -i64::from(block.len)));
            }
            batch
                .blocks
                .push((tenant, hash, (refs > 0).then_some(Block { refs, ..block })));
        }
        let row = self.row_mut();
        row.bytes = row.bytes.saturating_add_signed(-bytes);
        row.inodes = row.inodes.saturating_add_signed(-losses.inodes);
        Ok(())
    }

    pub(crate) fn tag(
        &mut self,
        batch: &mut Batch,
        by: &Actor,
        tag: &str,
        layer: Option<LayerId>,
    ) -> Result<()> {
        check_layer_name(tag)?;
        let layers = self.shared.engine.read(|c| sql::tenant::layers(c, self.tenant))?;
        if layers.iter().any(|l| l.name == tag) {
            return Err(Error::new(ErrorKind::Exists)
                .about(tag)
                .because("a layer of this name already exists"));
        }
        match layer {
            Some(layer) if layer == self.row().head => {
                return Err(Error::new(ErrorKind::Invalid)
                    .because("the layer being written cannot be tagged: seal it first"));
            }
            Some(layer) => drop(self.sealed(layer)?),
            None => {
                let tags = self.shared.engine.read(|c| sql::tenant::tags(c, self.tenant))?;
                if !tags.iter().any(|(name, _)| name == tag) {
                    return Err(Error::new(ErrorKind::NotFound)
                        .about(tag)
                        .because("there is no such tag"));
                }
            }
        }
        self.log_history(by, Operation::Tag, tag);
        batch.history.push(HistoryOp::Tag(self.tenant, tag.into(), layer));
        Ok(())
    }
}

fn no_layer(name: &str) -> Error {
    Error::new(ErrorKind::NotFound)
        .about(name)
        .because("there is no such layer")
}
