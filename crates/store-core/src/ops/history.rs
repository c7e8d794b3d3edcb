//! Layers: sealing, switching, forgetting. Each is one small transaction on its own.

use tarbox_store::{Actor, Error, ErrorKind, LaterLayers, LayerId, LayerInfo, Operation, Position, Result};

use crate::batch::HistoryOp;
use crate::delta::Rewrite;
use crate::op::Op;
use crate::rows::{Block, Layer};
use crate::step::{Step, Stop};
use crate::want::{Losses, Want};

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

impl<'a> Op<'a, '_> {
    pub(crate) fn position(&self) -> Position {
        let t = self.row();
        Position {
            current: t.current,
            head: t.head,
        }
    }

    pub(crate) fn all_layers(&mut self) -> Step<Vec<LayerInfo>> {
        let (layers, tags) = (self.ask(Want::Layers), self.ask(Want::Tags));
        let (layers, tags) = (layers?.layers()?, tags?.tags()?);
        let mut all: Vec<LayerInfo> = layers.iter().map(|layer| self.info(layer)).collect();
        for (tag, layer) in tags {
            if let Ok(at) = all.binary_search_by_key(layer, |info| info.id) {
                all[at].tags.push(tag.clone());
            }
        }
        all.push(self.head_info());
        Ok(all)
    }

    fn info(&self, layer: &Layer) -> LayerInfo {
        LayerInfo {
            id: layer.id,
            name: Some(layer.name.clone()),
            description: layer.description.clone(),
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
    pub(crate) fn find_layer(&mut self, name: &str) -> Step<LayerInfo> {
        let head = self.row().head;
        let is_number = name.bytes().all(|b| b.is_ascii_digit());
        let by_number = name.parse().ok().filter(|_| is_number).map(LayerId);
        if name == HEAD || by_number == Some(head) {
            return Ok(self.head_info());
        }
        let want = match by_number {
            Some(id) => Want::Layer(id),
            None => Want::LayerNamed(name.to_owned()),
        };
        let (layer, tags) = (self.ask(want), self.ask(Want::Tags));
        let layer = layer?.layer()?.as_ref().ok_or_else(|| no_layer(name))?;
        let mut info = self.info(layer);
        let tags = tags?.tags()?.iter().filter(|(_, layer)| *layer == info.id);
        info.tags = tags.map(|(tag, _)| tag.clone()).collect();
        Ok(info)
    }

    pub(crate) fn checkpoint(
        &mut self,
        by: &Actor,
        name: &str,
        description: Option<&str>,
        later: LaterLayers,
    ) -> Step<LayerInfo> {
        let Position { current, head } = self.position();
        if current != head {
            return self.branch(by, name, later);
        }
        check_layer_name(name)?;
        if description.is_some_and(|d| d.len() > 4096) {
            return Err(Error::new(ErrorKind::TooBig)
                .because("a layer's description can have at most 4096 bytes")
                .into());
        }
        self.refuse_taken(name)?;
        self.admit_layer()?;
        let layer = Layer {
            id: head,
            name: name.into(),
            description: description.map(Into::into),
            sealed: self.now(),
        };
        self.log_history(by, Operation::Checkpoint, name);
        let tenant = self.row_mut();
        tenant.head = LayerId(head.0 + 1);
        tenant.current = tenant.head;
        tenant.layers += 1;
        let info = self.info(&layer);
        self.rewrite().history.push(HistoryOp::Seal(layer));
        Ok(info)
    }

    /// Begins a new layer behind a past one: what came later goes.
    fn branch(&mut self, by: &Actor, name: &str, later: LaterLayers) -> Step<LayerInfo> {
        let Position { current, head } = self.position();
        let layers = self.ask(Want::Layers)?.layers()?;
        let past = layers
            .iter()
            .find(|l| l.id == current)
            .ok_or_else(|| no_layer(&current.to_string()))?;
        let gone: Vec<&Layer> = layers.iter().filter(|l| l.id > current).collect();
        if later == LaterLayers::Keep {
            let mut names: Vec<&str> = gone.iter().map(|l| l.name.as_str()).collect();
            names.push("and what was written since");
            return Err(Error::new(ErrorKind::Busy).about(&past.name).because(format!(
                "a new layer here would remove the later ones: {}; confirm with --discard-later, or switch to 'head'",
                names.join(", ")
            )).into());
        }
        if !name.is_empty() && name != past.name {
            check_layer_name(name)?;
            self.refuse_taken(name)?;
            self.rewrite()
                .history
                .push(HistoryOp::Tag(name.into(), Some(current)));
        }
        let losses = self.ask(Want::LossesOfRewind(current))?.losses()?;
        self.rewrite().history.push(HistoryOp::Rewind(current));
        self.rewrite()
            .history
            .extend(gone.iter().map(|l| HistoryOp::Forget(l.id)));
        self.lose(losses)?;
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

    fn refuse_taken(&mut self, name: &str) -> Step<()> {
        match self.ask(Want::LayerNamed(name.to_owned()))?.layer()? {
            Some(_) => Err(Error::new(ErrorKind::Exists)
                .about(name)
                .because("a layer or tag of this name already exists")
                .into()),
            None => Ok(()),
        }
    }

    pub(crate) fn switch(&mut self, by: &Actor, layer: LayerId) -> Step<()> {
        let head = self.row().head;
        let name = match layer == head {
            true => HEAD.to_owned(),
            false => self.sealed(layer)?.name.clone(),
        };
        self.log_history(by, Operation::Switch, &name);
        self.row_mut().current = layer;
        Ok(())
    }

    fn sealed(&mut self, layer: LayerId) -> Step<&'a Layer> {
        let found = self.ask(Want::Layer(layer))?.layer()?.as_ref();
        found.ok_or_else(|| no_layer(&layer.to_string()).into())
    }

    pub(crate) fn drop_layer(&mut self, by: &Actor, layer: LayerId) -> Step<()> {
        let Position { current, head } = self.position();
        if layer == head {
            return Err(Error::new(ErrorKind::Busy)
                .about("head")
                .because(
                    "the layer being written cannot be dropped: seal it first, or switch back and discard it",
                )
                .into());
        }
        let dropped = self.sealed(layer)?;
        if layer == current {
            return Err(Error::new(ErrorKind::Busy)
                .about(&dropped.name)
                .because("this layer is current: switch to another first")
                .into());
        }
        self.log_history(by, Operation::DropLayer, &dropped.name);
        self.forget(layer, layer)
    }

    pub(crate) fn squash(&mut self, by: &Actor, first: LayerId, last: LayerId) -> Step<()> {
        let (from, to) = (self.sealed(first)?, self.sealed(last)?);
        if first >= last {
            return Err(Error::new(ErrorKind::Invalid)
                .about(&from.name)
                .because(format!("it does not come before '{}'", to.name))
                .into());
        }
        let current = self.row().current;
        if (first..last).contains(&current) {
            return Err(Error::new(ErrorKind::Busy)
                .because("one of these layers is current: switch to another first")
                .into());
        }
        self.log_history(by, Operation::Squash, &format!("{}..{}", from.name, to.name));
        self.forget(first, LayerId(last.0 - 1))
    }

    /// Forgets the sealed layers `first..=last`, and every version that only they could see.
    fn forget(&mut self, first: LayerId, last: LayerId) -> Step<()> {
        let layers = self.ask(Want::Layers)?.layers()?;
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
        let losses = self.ask(Want::LossesOfPrune { kept, next })?.losses()?;
        let gone: Vec<_> = layers.iter().filter(|l| (first..=last).contains(&l.id)).collect();
        let history = &mut self.rewrite().history;
        history.extend(gone.iter().map(|l| HistoryOp::Forget(l.id)));
        history.push(HistoryOp::Prune { kept, next });
        self.lose(losses)?;
        let row = self.row_mut();
        row.layers = row.layers.saturating_sub(gone.len() as u64);
        Ok(())
    }

    fn rewrite(&mut self) -> &mut Rewrite {
        &mut self.state.delta.rewrite
    }

    /// Takes what history lost off the counters and the blocks.
    pub(crate) fn lose(&mut self, losses: &Losses) -> Step<()> {
        let (mut bytes, mut missing) = (losses.bytes, false);
        for (hash, count) in &losses.blocks {
            let block = match self.ask(Want::Block(*hash)) {
                Ok(found) => *found.block()?,
                // All that are missing are loaded at once.
                Err(Stop::Missing) => {
                    missing = true;
                    continue;
                }
                Err(e) => return Err(e),
            };
            let Some(block) = block else { continue };
            let refs = block.refs.saturating_sub(*count);
            if refs == 0 {
                bytes += i64::from(block.len);
                self.rewrite().live.push((block.segment, -i64::from(block.len)));
            }
            let named = (refs > 0).then_some(Block { refs, ..block });
            self.rewrite().blocks.push((*hash, named));
        }
        if missing {
            return Err(Stop::Missing);
        }
        let row = self.row_mut();
        row.bytes = row.bytes.saturating_add_signed(-bytes);
        row.inodes = row.inodes.saturating_add_signed(-losses.inodes);
        Ok(())
    }

    /// Forgets the versions between two kept layers that neither shows.
    pub(crate) fn prune(&mut self) -> Step<()> {
        // Layers may have come and gone since somebody looked.
        for &(kept, next) in self.ask(Want::Hidden)?.gaps()? {
            let losses = self.ask(Want::LossesOfPrune { kept, next })?.losses()?;
            self.rewrite().history.push(HistoryOp::Prune { kept, next });
            self.lose(losses)?;
        }
        Ok(())
    }

    pub(crate) fn tag(&mut self, by: &Actor, tag: &str, layer: Option<LayerId>) -> Step<()> {
        check_layer_name(tag)?;
        let layers = self.ask(Want::Layers)?.layers()?;
        if layers.iter().any(|l| l.name == tag) {
            return Err(Error::new(ErrorKind::Exists)
                .about(tag)
                .because("a layer of this name already exists")
                .into());
        }
        match layer {
            Some(layer) if layer == self.row().head => {
                return Err(Error::new(ErrorKind::Invalid)
                    .because("the layer being written cannot be tagged: seal it first")
                    .into());
            }
            Some(layer) => {
                self.sealed(layer)?;
            }
            None => {
                let tags = self.ask(Want::Tags)?.tags()?;
                if !tags.iter().any(|(name, _)| name == tag) {
                    return Err(Error::new(ErrorKind::NotFound)
                        .about(tag)
                        .because("there is no such tag")
                        .into());
                }
            }
        }
        self.log_history(by, Operation::Tag, tag);
        self.rewrite().history.push(HistoryOp::Tag(tag.into(), layer));
        Ok(())
    }
}

fn no_layer(name: &str) -> Error {
    Error::new(ErrorKind::NotFound)
        .about(name)
        .because("there is no such layer")
}
