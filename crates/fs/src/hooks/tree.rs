//! The tree: attributes, names and lists.

use tarbox_store::{
    Attr, Cookie, DirEntry, Error, ErrorKind, FileKind, Ino, LayerId, LayerInfo, Result, Store, View,
};

use super::node::{Fixed, Node};
use super::{CONTROL, ROOT_COOKIE};
use crate::fs::{Fs, Place};
use crate::interface::{AccessMask, Credentials};
use crate::path::NAME_MAX;
use crate::permission;

impl<S: Store> Fs<S> {
    /// Owner, group and times are those of the root directory, unless another owner was chosen. Files have no length
    /// before they are read.
    pub(crate) async fn hook_attr(&self, node: Node) -> Result<Attr> {
        let root = self.store().attr(View::Current, Ino::ROOT).await?;
        if let Node::Tag(number) = node {
            self.session().tag_name(number)?;
        }
        let dirs = node.children().filter(|child| child.is_dir()).count() as u32;
        Ok(Attr {
            ino: self.number(Place::Hook(node))?,
            kind: if node.is_dir() {
                FileKind::Directory
            } else {
                FileKind::File
            },
            mode: node.mode(),
            uid: self.options().control_uid.unwrap_or(root.uid),
            nlink: if node.is_dir() { 2 + dirs } else { 1 },
            size: 0,
            blocks: 0,
            rdev: 0,
            xattrs: 0,
            ..root
        })
    }

    pub(crate) async fn hook_root_entry(&self) -> Result<DirEntry> {
        Ok(DirEntry {
            name: CONTROL.to_vec(),
            cookie: ROOT_COOKIE,
            attr: self.hook_attr(Node::ROOT).await?,
        })
    }

    pub(crate) fn hook_path(&self, node: Node) -> Result<Vec<u8>> {
        let mut names = Vec::new();
        let mut next = Some(node);
        while let Some(node) = next {
            names.push(match node {
                Node::Tag(number) => self.session().tag_name(number)?.as_ref().to_owned(),
                Node::Fixed(_) => node.fixed_name().unwrap_or_default().to_owned(),
            });
            next = node.parent();
        }
        let mut path = String::new();
        for name in names.iter().rev() {
            path.push('/');
            path.push_str(name);
        }
        Ok(path.into_bytes())
    }

    /// The path of a snapshot, by the layer's number: that always leads there.
    pub(crate) async fn snapshot_path(&self, layer: LayerId) -> Result<Vec<u8>> {
        let mut path = self.hook_path(Node::SNAPSHOTS)?;
        path.extend_from_slice(format!("/{layer}").as_bytes());
        Ok(path)
    }

    pub(crate) async fn hook_lookup(&self, dir: Node, name: &[u8]) -> Result<Place> {
        let missing = || Error::new(ErrorKind::NotFound).about(name);
        if name.len() > NAME_MAX {
            return Err(ErrorKind::NameTooLong.into());
        }
        match dir {
            Node::Fixed(Fixed::Snapshots) => {
                let text = std::str::from_utf8(name).map_err(|_| missing())?;
                let layer = self.store().find_layer(text).await?;
                Ok(Place::Snapshot(layer.id, Ino::ROOT))
            }
            Node::Fixed(Fixed::Tags) => {
                let text = std::str::from_utf8(name).map_err(|_| missing())?;
                let layer = self.store().find_layer(text).await?;
                match layer.tags.iter().any(|tag| tag == text) {
                    true => self.session().tag_node(text).map(Place::Hook),
                    false => Err(missing()),
                }
            }
            _ if !dir.is_dir() => Err(ErrorKind::NotDirectory.into()),
            _ => {
                let mut children = dir.children();
                let child = children.find(|child| child.fixed_name().map(str::as_bytes) == Some(name));
                child.map(Place::Hook).ok_or_else(missing)
            }
        }
    }

    pub(crate) async fn hook_list(&self, dir: Node, after: Cookie, limit: usize) -> Result<Vec<DirEntry>> {
        let entries: Vec<(Cookie, String, Place)> = match dir {
            Node::Fixed(Fixed::Snapshots) => self.list_snapshots().await?,
            Node::Fixed(Fixed::Tags) => self.list_tags().await?,
            _ => {
                let child = |node: Node| {
                    let name = node.fixed_name().unwrap_or_default().to_owned();
                    (Cookie(node.number()), name, Place::Hook(node))
                };
                dir.children().map(child).collect()
            }
        };
        let mut page = Vec::new();
        for (cookie, name, place) in entries.into_iter().filter(|e| e.0 > after).take(limit) {
            match self.attr_at(place).await {
                Ok(attr) => page.push(DirEntry {
                    name: name.into_bytes(),
                    cookie,
                    attr,
                }),
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
        }
        Ok(page)
    }

    /// Every sealed layer by its name, in the order of history.
    async fn list_snapshots(&self) -> Result<Vec<(Cookie, String, Place)>> {
        let layers = self.store().layers().await?;
        let entry = |layer: LayerInfo| {
            let name = layer
                .name
                .filter(|name| !matches!(name.as_str(), "" | "." | ".."));
            let name = name.unwrap_or_else(|| layer.id.to_string());
            (Cookie(layer.id.0), name, Place::Snapshot(layer.id, Ino::ROOT))
        };
        Ok(layers
            .into_iter()
            .filter(|layer| layer.sealed.is_some())
            .map(entry)
            .collect())
    }

    async fn list_tags(&self) -> Result<Vec<(Cookie, String, Place)>> {
        let mut entries = Vec::new();
        for tag in self
            .store()
            .layers()
            .await?
            .into_iter()
            .flat_map(|layer| layer.tags)
        {
            let node = self.session().tag_node(&tag)?;
            entries.push((Cookie(node.number() + 1), tag, Place::Hook(node)));
        }
        tarbox_store::sort_by_key(&mut entries, |entry| entry.0);
        Ok(entries)
    }

    /// A file for a tag that need not exist yet: writing a layer into it makes the tag.
    pub(crate) async fn new_tag_node(&self, who: &Credentials, name: &[u8]) -> Result<Node> {
        let dir = self.hook_attr(Node::TAGS).await?;
        permission::require(who, &dir, AccessMask::WRITE | AccessMask::EXECUTE)?;
        if self.hook_lookup(Node::TAGS, name).await.is_ok() {
            return Err(ErrorKind::Exists.into());
        }
        let text = std::str::from_utf8(name)
            .map_err(|_| Error::new(ErrorKind::Invalid).because("the name of a tag must be UTF-8 text"))?;
        self.session().tag_node(text)
    }
}
