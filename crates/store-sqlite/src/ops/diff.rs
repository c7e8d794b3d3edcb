//! What differs between two layers, from the rows that began or ended in between.

use std::collections::{BTreeMap, BTreeSet};

use tarbox_store::{Change, ChangeKind, Error, ErrorKind, FileKind, Ino, LayerId, Result, View};

use crate::rows::{CHUNK, Content, Inode, Key, Name};
use crate::shared::Op;
use crate::sql;

/// The names an inode lost and gained.
#[derive(Default)]
struct Names {
    before: Vec<(Key, Name)>,
    after: Vec<(Key, Name)>,
}

impl Op<'_> {
    /// The changes from one layer to another. Everything is committed.
    pub(crate) fn diff(&mut self, from: LayerId, to: LayerId) -> Result<Vec<Change>> {
        if from > to {
            let changes = self.diff(to, from)?;
            return Ok(sorted(changes.into_iter().map(reverse).collect()));
        }
        let head = self.row().head;
        for layer in [from, to] {
            let known = layer == head
                || self
                    .shared
                    .engine
                    .read(|c| sql::tenant::layer(c, self.tenant, layer))?
                    .is_some();
            if !known {
                return Err(Error::new(ErrorKind::NotFound).about(format!("layer {layer}")));
            }
        }
        let mut names: BTreeMap<Ino, Names> = BTreeMap::new();
        let entries = self
            .shared
            .engine
            .read(|c| sql::layers::touched_entries(c, self.tenant, from, to))?;
        for e in entries {
            let valid = |layer: LayerId| e.entry.born <= layer && e.died.is_none_or(|died| died > layer);
            let of = names.entry(e.entry.ino).or_default();
            match (valid(from), valid(to)) {
                (true, false) => of.before.push((e.dir, e.entry.name)),
                (false, true) => of.after.push((e.dir, e.entry.name)),
                _ => {}
            }
        }
        let mut touched: BTreeSet<Ino> = BTreeSet::new();
        for table in ["inode", "chunk", "xattr"] {
            let keys = self
                .shared
                .engine
                .read(|c| sql::layers::touched(c, table, self.tenant, from, to))?;
            touched.extend(keys.into_iter().map(Key::ino));
        }
        touched.extend(names.keys());
        let mut changes = Vec::new();
        for ino in touched {
            self.changes_of(
                ino,
                names.remove(&ino).unwrap_or_default(),
                from,
                to,
                &mut changes,
            )?;
        }
        Ok(sorted(changes))
    }

    /// The changes of one inode: names that moved pair up, the rest came or went.
    fn changes_of(
        &mut self,
        ino: Ino,
        mut names: Names,
        from: LayerId,
        to: LayerId,
        changes: &mut Vec<Change>,
    ) -> Result<()> {
        let key = self.key(ino)?;
        let before = self.version(key, from)?;
        let after = self.version(key, to)?;
        // A name that was taken away and given back is no change.
        let both: Vec<_> = names
            .before
            .iter()
            .filter(|n| names.after.contains(n))
            .cloned()
            .collect();
        names.before.retain(|n| !both.contains(n));
        names.after.retain(|n| !both.contains(n));
        let same_content = match (&before, &after) {
            (Some(a), Some(b)) => self.same_content(key, a, b, from, to)?,
            _ => false,
        };
        let same = same_content
            && match (&before, &after) {
                (Some(a), Some(b)) => self.same_attributes(key, a, b, from, to)?,
                _ => false,
            };
        let change = |kind, path, moved_from| Change {
            kind,
            path,
            from: moved_from,
            file: after
                .as_ref()
                .or(before.as_ref())
                .map_or(FileKind::File, |row| row.kind),
            size_before: before.as_ref().filter(|_| kind != ChangeKind::Added).map(size),
            size_after: after.as_ref().filter(|_| kind != ChangeKind::Deleted).map(size),
            content: !same_content || matches!(kind, ChangeKind::Added | ChangeKind::Deleted),
        };
        // Names that it kept, or that it gave up in between and has again.
        let kept = before
            .as_ref()
            .map_or(0, |row| if row.is_dir() { 1 } else { row.nlink as usize })
            .saturating_sub(names.before.len());
        let first = changes.len();
        let moved = names.before.len().min(names.after.len());
        for (old, new) in names.before.drain(..moved).zip(names.after.drain(..moved)) {
            let (old, new) = (self.path_in(from, &old)?, self.path_in(to, &new)?);
            changes.push(change(ChangeKind::Renamed, new, Some(old)));
        }
        for name in &names.before {
            changes.push(change(ChangeKind::Deleted, self.path_in(from, name)?, None));
        }
        for name in &names.after {
            changes.push(change(ChangeKind::Added, self.path_in(to, name)?, None));
        }
        if kept > 0
            && !same
            && after.as_ref().is_some_and(|row| row.nlink > 0)
            && let Ok(path) = self.path_of(self.view(to), ino)
            && !changes[first..]
                .iter()
                .any(|c| c.path == path && c.size_after.is_some())
        {
            changes.push(change(ChangeKind::Modified, path, None));
        }
        Ok(())
    }

    fn view(&self, layer: LayerId) -> View {
        View::Layer(layer)
    }

    fn version(&self, key: Key, layer: LayerId) -> Result<Option<Inode>> {
        self.shared.engine.read(|c| sql::inode::get_at(c, key, layer))
    }

    fn path_in(&mut self, layer: LayerId, (dir, name): &(Key, Name)) -> Result<Vec<u8>> {
        let mut path = self.path_of(self.view(layer), dir.ino())?;
        if path.len() > 1 {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        Ok(path)
    }

    fn same_content(&self, key: Key, a: &Inode, b: &Inode, from: LayerId, to: LayerId) -> Result<bool> {
        if a.is_dir() || b.is_dir() {
            return Ok(a.is_dir() && b.is_dir());
        }
        if a.size != b.size || a.rdev != b.rdev || a.content != b.content {
            return Ok(false);
        }
        if a.content != Content::Chunked {
            return Ok(true);
        }
        let (mut index, last) = (0, a.size.div_ceil(CHUNK));
        while index < last {
            let page = |layer| {
                self.shared
                    .engine
                    .read(|c| sql::chunk::range_at(c, key, index, last, layer))
            };
            let (old, new) = (page(from)?, page(to)?);
            let maps = |page: &[(u64, crate::rows::Map)]| {
                page.iter()
                    .map(|(at, map)| (*at, map.fragments.clone()))
                    .collect::<Vec<_>>()
            };
            if maps(&old) != maps(&new) {
                return Ok(false);
            }
            if old.len() < sql::chunk::PAGE {
                return Ok(true);
            }
            index = old.last().map_or(last, |(at, _)| at + 1);
        }
        Ok(true)
    }

    /// Times do not count, except the modification time of a file: programs set it on purpose.
    fn same_attributes(&self, key: Key, a: &Inode, b: &Inode, from: LayerId, to: LayerId) -> Result<bool> {
        let basic = |row: &Inode| {
            (
                row.mode,
                row.uid,
                row.gid,
                row.xattrs,
                (!row.is_dir()).then_some(row.mtime),
            )
        };
        if basic(a) != basic(b) {
            return Ok(false);
        }
        if a.xattrs == 0 {
            return Ok(true);
        }
        let values = |layer| -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
            let all = self.shared.engine.read(|c| sql::xattr::all_at(c, key, layer))?;
            Ok(all.into_iter().map(|(name, x)| (name, x.value)).collect())
        };
        Ok(values(from)? == values(to)?)
    }
}

fn size(row: &Inode) -> u64 {
    row.size
}

fn reverse(change: Change) -> Change {
    let kind = match change.kind {
        ChangeKind::Added => ChangeKind::Deleted,
        ChangeKind::Deleted => ChangeKind::Added,
        other => other,
    };
    let (path, from) = match change.from {
        Some(from) => (from, Some(change.path)),
        None => (change.path, None),
    };
    Change {
        kind,
        path,
        from,
        size_before: change.size_after,
        size_after: change.size_before,
        ..change
    }
}

/// In path order. One thing that went and another of its kind that came under the same path are one that was modified.
fn sorted(mut changes: Vec<Change>) -> Vec<Change> {
    let rank = |c: &Change| (c.kind == ChangeKind::Added, c.from.clone());
    tarbox_store::sort_by(&mut changes, |a, b| {
        a.path.cmp(&b.path).then_with(|| rank(a).cmp(&rank(b)))
    });
    let mut merged: Vec<Change> = Vec::with_capacity(changes.len());
    for change in changes {
        match merged.last_mut() {
            Some(last)
                if change.kind == ChangeKind::Added
                    && last.kind == ChangeKind::Deleted
                    && (&last.path, last.file) == (&change.path, change.file) =>
            {
                last.kind = ChangeKind::Modified;
                last.size_after = change.size_after;
            }
            _ => merged.push(change),
        }
    }
    merged
}
