//! From names to inodes.

use tarbox_store::{Attr, ErrorKind, Ino, Result, Store, View};

use super::{Fs, Hooks, Place};
use crate::hooks::{self, Node};
use crate::interface::{AccessMask, Credentials};
use crate::permission;

impl<S: Store> Fs<S> {
    pub(super) async fn walk_names(
        &self,
        who: &Credentials,
        start: Ino,
        names: &[&[u8]],
    ) -> Result<Vec<Attr>> {
        match self.place(start)? {
            Place::Real(dir) if names.first().is_some_and(|name| self.is_hook_root(dir, name)) => {
                self.require_search(who, Place::Real(dir)).await?;
                let root = self.hook_attr(Node::ROOT).await?;
                self.walk_hooks(who, Node::ROOT, vec![root], names).await
            }
            Place::Real(dir) => self.walk_store(who, View::Current, dir, names).await,
            Place::Snapshot(layer, dir) => self.walk_store(who, View::Layer(layer), dir, names).await,
            Place::Hook(node) => self.walk_hooks(who, node, Vec::new(), names).await,
        }
    }

    /// Whether this entry is the door to the hooks.
    pub(super) fn is_hook_root(&self, dir: Ino, name: &[u8]) -> bool {
        dir == Ino::ROOT && name == hooks::CONTROL && self.options.hooks != Hooks::Off
    }

    async fn walk_store(
        &self,
        who: &Credentials,
        view: View,
        start: Ino,
        names: &[&[u8]],
    ) -> Result<Vec<Attr>> {
        if !who.is_exempt() {
            permission::require(who, &self.store.attr(view, start).await?, AccessMask::EXECUTE)?;
        }
        let mut found = self.store.walk(view, start, names).await?;
        if !who.is_exempt() {
            // Every directory in which a further name was looked up has to be searchable.
            for dir in found
                .iter()
                .take(names.len().saturating_sub(1))
                .filter(|attr| attr.is_dir())
            {
                permission::require(who, dir, AccessMask::EXECUTE)?;
            }
        }
        if let View::Layer(_) = view {
            for attr in &mut found {
                self.slots.renumber(view, attr)?;
            }
        }
        Ok(found)
    }

    /// Goes on from the hook directory at which `found` ends, and from there into a snapshot.
    async fn walk_hooks(
        &self,
        who: &Credentials,
        start: Node,
        mut found: Vec<Attr>,
        names: &[&[u8]],
    ) -> Result<Vec<Attr>> {
        let mut place = Place::Hook(start);
        while found.len() < names.len() {
            let node = match place {
                Place::Snapshot(layer, root) => {
                    let rest = self
                        .walk_store(who, View::Layer(layer), root, &names[found.len()..])
                        .await?;
                    found.extend(rest);
                    break;
                }
                Place::Hook(node) if node.is_dir() => node,
                _ if found.is_empty() => return Err(ErrorKind::NotDirectory.into()),
                _ => break,
            };
            self.require_search(who, place).await?;
            match self.hook_lookup(node, names[found.len()]).await {
                Ok(next) => {
                    found.push(self.attr_at(next).await?);
                    place = next;
                }
                Err(e) if e.kind() == ErrorKind::NotFound => break,
                Err(e) => return Err(e),
            }
        }
        Ok(found)
    }

    /// `Access` unless the directory may be searched.
    pub(super) async fn require_search(&self, who: &Credentials, dir: Place) -> Result<()> {
        match who.is_exempt() {
            true => Ok(()),
            false => permission::require(who, &self.attr_at(dir).await?, AccessMask::EXECUTE),
        }
    }

    pub(super) async fn parent_of(&self, who: &Credentials, dir: Ino) -> Result<Attr> {
        let place = self.place(dir)?;
        self.require_search(who, place).await?;
        let parent = match place {
            Place::Real(dir) => Place::Real(self.store.parent(View::Current, dir).await?),
            Place::Snapshot(_, Ino::ROOT) => Place::Hook(Node::SNAPSHOTS),
            Place::Snapshot(layer, dir) => {
                Place::Snapshot(layer, self.store.parent(View::Layer(layer), dir).await?)
            }
            Place::Hook(node) => node.parent().map_or(Place::Real(Ino::ROOT), Place::Hook),
        };
        self.attr_at(parent).await
    }
}
