//! Paths in the reference: one component after the other.

use std::collections::VecDeque;

use tarbox_store::ErrorKind;

use crate::operation::User;
use crate::reference::{Answer, Body, Id, ROOT, State};

/// Where a path ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    pub(crate) dir: Id,
    /// Empty if the path ends in `..` or at the root.
    pub(crate) name: &'static str,
    pub(crate) node: Option<Id>,
}

impl State {
    /// The last place of a path; what is missing there is `None`.
    pub(crate) fn end(&self, user: User, path: &'static str, follow: bool) -> Answer<End> {
        let mut dir = ROOT;
        let mut rest: VecDeque<&'static str> = path.split('/').filter(|name| !name.is_empty()).collect();
        let mut end = End {
            dir: ROOT,
            name: "",
            node: Some(ROOT),
        };
        let mut links = 0;
        while let Some(name) = rest.pop_front() {
            let entries = self.entries(dir)?;
            self.node(dir).require(user, 1)?;
            if name == ".." {
                dir = self.parent_of(dir);
                end = End {
                    dir,
                    name: "",
                    node: Some(dir),
                };
                continue;
            }
            let node = entries.get(name).copied();
            end = End { dir, name, node };
            match node.map(|id| (&self.node(id).body, id)) {
                Some((Body::Link(target), _)) if follow || !rest.is_empty() => {
                    links += 1;
                    if links > 40 {
                        return Err(ErrorKind::Loop);
                    }
                    if target.starts_with('/') {
                        dir = ROOT;
                        end = End {
                            dir: ROOT,
                            name: "",
                            node: Some(ROOT),
                        };
                    }
                    for name in target.rsplit('/').filter(|name| !name.is_empty()) {
                        rest.push_front(name);
                    }
                }
                Some((_, id)) => {
                    if !rest.is_empty() {
                        self.entries(id)?;
                        dir = id;
                    }
                }
                None if rest.is_empty() => return Ok(end),
                None => return Err(ErrorKind::NotFound),
            }
        }
        Ok(end)
    }

    /// What is there.
    pub(crate) fn find(&self, user: User, path: &'static str, follow: bool) -> Answer<Id> {
        self.end(user, path, follow)?.node.ok_or(ErrorKind::NotFound)
    }
}
