//! The comparison of everything.

use std::collections::{BTreeMap, HashMap};

use tarbox_fs::{FilesystemExt, FilesystemInterface, blocking};
use tarbox_store::{Attr, Ino};

use crate::reference::{Body, Id, ROOT, State};
use crate::world::{Outcome, World, who};

impl World {
    /// Every layer and the head say what the reference says, and the store is sound.
    pub(crate) fn check_everything(&mut self) -> Outcome {
        self.close_handles()?;
        let current = self.view();
        self.check_tree("", current)
            .map_err(|e| format!("in view: {e}"))?;
        for sealed in &self.sealed {
            for name in [sealed.name.clone(), sealed.id.to_string()] {
                let top = format!("/.tarbox/snapshots/{name}");
                self.check_tree(&top, &sealed.state)
                    .map_err(|e| format!("{top}: {e}"))?;
            }
        }
        self.check_tree("/.tarbox/snapshots/head", &self.head)
            .map_err(|e| format!("head: {e}"))?;
        self.check_store()
    }

    fn check_tree(&self, top: &str, state: &State) -> Outcome {
        let mut numbers: HashMap<Id, Ino> = HashMap::new();
        let mut ids: HashMap<Ino, Id> = HashMap::new();
        let mut open = vec![(
            if top.is_empty() {
                "/".to_owned()
            } else {
                top.to_owned()
            },
            ROOT,
        )];
        while let Some((path, id)) = open.pop() {
            let attr = blocking(self.fs().lstat(&who(0), path.as_str())).map_err(|e| format!("{e:?}"))?;
            if *numbers.entry(id).or_insert(attr.ino) != attr.ino || *ids.entry(attr.ino).or_insert(id) != id
            {
                return Err(format!("{path}: names of one inode, or of two, were confused"));
            }
            self.check_node(&path, &attr, state, id)?;
            if let Body::Dir(entries) = &state.node(id).body {
                let listed =
                    blocking(self.fs().read_dir(&who(0), path.as_str())).map_err(|e| e.to_string())?;
                let names: BTreeMap<Vec<u8>, Ino> =
                    listed.into_iter().map(|e| (e.name, e.attr.ino)).collect();
                if !names
                    .keys()
                    .map(Vec::as_slice)
                    .eq(entries.keys().map(|n| n.as_bytes()))
                {
                    return Err(format!(
                        "{path}: has {:?}, expected {:?}",
                        names.keys(),
                        entries.keys()
                    ));
                }
                let below = |name: &str| format!("{}/{name}", path.trim_end_matches('/'));
                open.extend(entries.iter().map(|(name, id)| (below(name), *id)));
            }
        }
        Ok(())
    }

    fn check_node(&self, path: &str, attr: &Attr, state: &State, id: Id) -> Outcome {
        let node = state.node(id);
        let real = (
            attr.is_dir(),
            attr.is_symlink(),
            attr.mode,
            attr.uid,
            attr.gid,
            attr.nlink,
        );
        let is_link = matches!(node.body, Body::Link(_));
        let expected = (
            node.is_dir(),
            is_link,
            node.mode,
            node.uid,
            node.gid,
            state.nlink(id),
        );
        if real != expected {
            return Err(format!(
                "{path}: is {real:?}, expected {expected:?} (dir, link, mode, uid, gid, nlink)"
            ));
        }
        let fs = self.fs();
        let root = who(0);
        match &node.body {
            Body::File(content) => {
                let real = blocking(fs.read_file(&root, path)).map_err(|e| e.to_string())?;
                if real != **content || attr.size != content.len() as u64 {
                    let at = real.iter().zip(content.iter()).position(|(a, b)| a != b);
                    let sizes = (real.len(), attr.size, content.len());
                    return Err(format!(
                        "{path}: differs at {at:?} (read, size, expected: {sizes:?})"
                    ));
                }
            }
            Body::Link(target) => {
                let real = blocking(fs.readlink(attr.ino)).map_err(|e| e.to_string())?;
                if real != target.as_bytes() {
                    return Err(format!("{path}: says {real:?}, expected {target}"));
                }
            }
            Body::Dir(_) => {}
        }
        let names = blocking(fs.listxattr(&root, attr.ino)).map_err(|e| e.to_string())?;
        if !names
            .iter()
            .map(Vec::as_slice)
            .eq(node.xattrs.keys().map(|n| n.as_bytes()))
        {
            return Err(format!(
                "{path}: has attributes {names:?}, expected {:?}",
                node.xattrs
            ));
        }
        for (name, value) in &node.xattrs {
            let real = blocking(fs.getxattr(&root, attr.ino, name.as_bytes())).map_err(|e| e.to_string())?;
            if real != [*value] {
                return Err(format!("{path}: {name} is {real:?}, expected {value}"));
            }
        }
        Ok(())
    }
}
