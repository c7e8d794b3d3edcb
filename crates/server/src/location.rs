//! Where a path of a request leads: from the root, from the directory that a key is confined to, or into a layer.

use tarbox_fs::{At, FilesystemExt, Follow, PathAt, Realm};
use tarbox_store::{Attr, ErrorKind, Ino, Scope, Store};

use crate::auth::Caller;
use crate::problem::{Answer, Problem};

/// A path, and what it begins at and must not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    at: At,
    path: Vec<u8>,
}

impl Location {
    /// The path, for operations of the file system.
    pub fn path(&self) -> PathAt<'_> {
        self.at.path(&self.path)
    }
}

impl<S: Store> Caller<S> {
    /// Where a path of the workspace leads.
    ///
    /// # Errors
    /// `NotFound` if the directory that the key is confined to is not there.
    pub async fn locate(&self, path: &[u8]) -> Answer<Location> {
        self.locate_in(None, path).await
    }

    /// The same in a sealed layer, by its name, tag or number.
    ///
    /// # Errors
    /// Those of [`locate`](Self::locate); `NotFound` for a layer that is not there or not sealed.
    pub async fn locate_in(&self, layer: Option<&str>, path: &[u8]) -> Answer<Location> {
        let start = match layer {
            None => Ino::ROOT,
            Some(layer) => self.layer_root(layer).await?,
        };
        if !self.is_confined() {
            return Ok(Location {
                at: At::in_root(start),
                path: absolute(path),
            });
        }
        let dir = self.directory_in(start).await?;
        // From there on no path leads out, whoever moves directories meanwhile.
        let relative = path
            .iter()
            .position(|b| *b != b'/')
            .map_or(&b"."[..], |at| &path[at..]);
        Ok(Location {
            at: At::beneath(dir),
            path: if path.is_empty() {
                Vec::new()
            } else {
                relative.to_vec()
            },
        })
    }

    /// The directory that the key is confined to, or the root.
    ///
    /// # Errors
    /// `NotFound` if it is not there.
    pub(crate) async fn directory(&self) -> Answer<Ino> {
        self.directory_in(Ino::ROOT).await
    }

    async fn directory_in(&self, root: Ino) -> Answer<Ino> {
        let prefix = At::in_root(root).path(&self.key.path);
        let exempt = self.who.clone().already_checked();
        let dir = self.files.fs.resolve(&exempt, prefix, Follow::Yes).await;
        let dir = dir.ok().filter(Attr::is_dir).ok_or_else(|| {
            Problem::from(ErrorKind::NotFound)
                .because("the directory that the key is confined to is not there")
        })?;
        Ok(dir.ino)
    }

    /// Refuses to put or take away anything in the control directory: a key for that does so by its files.
    ///
    /// # Errors
    /// `FORBIDDEN` for a key without the scope `layers`.
    pub(crate) async fn refuse_control(&self, location: &Location) -> Answer<()> {
        if self.key.scope >= Scope::Layers {
            return Ok(());
        }
        let parent = self.files.fs.resolve_parent(&self.who, location.path()).await;
        match parent {
            Ok(parent) if Realm::of(parent.dir) == Realm::Hook => Err(Problem::forbidden(
                "control files need a key with the scope 'layers'",
            )),
            // What is wrong with the path is said by the change itself.
            _ => Ok(()),
        }
    }

    async fn layer_root(&self, layer: &str) -> Answer<Ino> {
        let fs = &self.files.fs;
        let found = fs.store().find_layer(layer).await.map_err(Problem::from)?;
        let id = found.id.to_string();
        let snapshots: [&[u8]; 3] = [b".tarbox", b"snapshots", id.as_bytes()];
        let exempt = self.who.clone().already_checked();
        let steps = tarbox_fs::FilesystemInterface::walk(fs, &exempt, Ino::ROOT, &snapshots).await;
        match steps.map_err(Problem::from)?.get(2) {
            Some(root) => Ok(root.ino),
            None => Err(Problem::from(ErrorKind::NotFound).because("there is no such layer")),
        }
    }

    /// Whether the key is confined to a part of the workspace.
    pub fn is_confined(&self) -> bool {
        self.key.path.iter().any(|b| *b != b'/')
    }

    /// What an absolute path of the workspace is called by whoever has this key; `None` for what lies outside.
    pub(crate) fn shown(&self, path: &[u8]) -> Option<Vec<u8>> {
        let end = self
            .key
            .path
            .iter()
            .rposition(|b| *b != b'/')
            .map_or(0, |i| i + 1);
        match path.strip_prefix(&self.key.path[..end])? {
            b"" => Some(b"/".to_vec()),
            rest => rest.starts_with(b"/").then(|| rest.to_vec()),
        }
    }

    /// The absolute path in the workspace of what is called so by whoever has this key. It is compared as text.
    pub(crate) fn whole(&self, path: &[u8]) -> Vec<u8> {
        let end = self
            .key
            .path
            .iter()
            .rposition(|b| *b != b'/')
            .map_or(0, |i| i + 1);
        [&self.key.path[..end], &absolute(path)].concat()
    }
}

/// The path from the root. An empty one stays so: it leads nowhere.
fn absolute(path: &[u8]) -> Vec<u8> {
    match path.first() {
        None | Some(b'/') => path.to_vec(),
        _ => [b"/", path].concat(),
    }
}
