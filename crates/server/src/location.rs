//! Where a path of a request leads: from the root, or from the directory that a key is confined to.

use tarbox_fs::{At, FilesystemExt, Follow, Realm};
pub(crate) use tarbox_rest::location::Location;
use tarbox_rest::location::{absolute, layer_root};
use tarbox_store::{Attr, ErrorKind, Ino, Scope, Store};

use crate::auth::Caller;
use crate::problem::{Answer, Problem};

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
            Some(layer) => layer_root(&self.files.fs, &self.who, layer).await?,
        };
        if !self.is_confined() {
            return Ok(Location::in_root(start, path));
        }
        Ok(Location::beneath(self.directory_in(start).await?, path))
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
