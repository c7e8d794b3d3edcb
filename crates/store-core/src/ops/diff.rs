//! What differs between two layers, from the rows that began or ended in between.

use rustc_hash::FxHashMap;
use tarbox_store::{Change, ChangeKind, Error, ErrorKind, FileKind, Ino, LayerId, View};

use crate::op::{Op, checked};
use crate::rows::{CHUNK, Content, Inode, Name};
use crate::step::{Step, Stop, settled};
use crate::want::{CHUNKS, Versioned, Want};

/// The names an inode lost and gained.
#[derive(Default)]
struct Names {
    before: Vec<(Ino, Name)>,
    after: Vec<(Ino, Name)>,
}

impl<'a> Op<'a, '_> {
    /// The changes from one layer to another. Everything is committed.
    pub(crate) fn diff(&mut self, from: LayerId, to: LayerId) -> Step<Vec<Change>> {
        if from > to {
            let changes = self.diff(to, from)?;
            return Ok(sorted(changes.into_iter().map(reverse).collect()));
        }
        let head = self.row().head;
        for layer in [from, to] {
            let known = layer == head || self.ask(Want::Layer(layer))?.layer()?.is_some();
            if !known {
                return Err(Error::new(ErrorKind::NotFound)
                    .about(format!("layer {layer}"))
                    .into());
            }
        }
        let mut names: FxHashMap<Ino, Names> = FxHashMap::default();
        for e in self.ask(Want::TouchedEntries { from, to })?.touched()? {
            let valid = |layer: LayerId| e.entry.born <= layer && e.died.is_none_or(|died| died > layer);
            let of = names.entry(e.entry.ino).or_default();
            match (valid(from), valid(to)) {
                (true, false) => of.before.push((e.dir, e.entry.name.clone())),
                (false, true) => of.after.push((e.dir, e.entry.name.clone())),
                _ => {}
            }
        }
        let mut touched: Vec<Ino> = Vec::new();
        for rows in [Versioned::Inode, Versioned::Chunk, Versioned::Xattr] {
            touched.extend(self.ask(Want::Touched { rows, from, to })?.inodes()?);
        }
        touched.extend(names.keys());
        tarbox_store::sort_by_key(&mut touched, |ino| *ino);
        touched.dedup();
        let (mut changes, mut missing) = (Vec::new(), false);
        for ino in touched {
            let names = names.remove(&ino).unwrap_or_default();
            match self.changes_of(ino, names, from, to, &mut changes) {
                // All that are missing are loaded at once.
                Err(Stop::Missing) => missing = true,
                other => other?,
            }
        }
        match missing {
            true => Err(Stop::Missing),
            false => Ok(sorted(changes)),
        }
    }

    /// The changes of one inode: names that moved pair up, the rest came or went.
    fn changes_of(
        &mut self,
        ino: Ino,
        mut names: Names,
        from: LayerId,
        to: LayerId,
        changes: &mut Vec<Change>,
    ) -> Step<()> {
        let key = checked(ino)?;
        let (before, after) = (self.version(key, from), self.version(key, to));
        let (before, after) = (before?, after?);
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
            file: after.or(before).map_or(FileKind::File, |row| row.kind),
            size_before: before.filter(|_| kind != ChangeKind::Added).map(size),
            size_after: after.filter(|_| kind != ChangeKind::Deleted).map(size),
            content: !same_content || matches!(kind, ChangeKind::Added | ChangeKind::Deleted),
        };
        // Names that it kept, or that it gave up in between and has again.
        let kept = before
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
            && after.is_some_and(|row| row.nlink > 0)
            && let Ok(path) = settled(self.path_of(View::Layer(to), ino))?
            && !changes[first..]
                .iter()
                .any(|c| c.path == path && c.size_after.is_some())
        {
            changes.push(change(ChangeKind::Modified, path, None));
        }
        Ok(())
    }

    fn version(&mut self, ino: Ino, layer: LayerId) -> Step<Option<&'a Inode>> {
        Ok(self.ask(Want::InodeAt(ino, layer))?.inode()?.as_ref())
    }

    fn path_in(&mut self, layer: LayerId, (dir, name): &(Ino, Name)) -> Step<Vec<u8>> {
        let mut path = self.path_of(View::Layer(layer), *dir)?;
        if path.len() > 1 {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        Ok(path)
    }

    fn same_content(&mut self, key: Ino, a: &Inode, b: &Inode, from: LayerId, to: LayerId) -> Step<bool> {
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
            let mut page = |layer| self.chunks(key, Some(layer), index, last);
            let (old, new) = (page(from), page(to));
            let (old, new) = (old?, new?);
            let maps = |page: &[(u64, crate::rows::Map)]| {
                page.iter()
                    .map(|(at, map)| (*at, map.fragments.clone()))
                    .collect::<Vec<_>>()
            };
            if maps(old) != maps(new) {
                return Ok(false);
            }
            if old.len() < CHUNKS {
                return Ok(true);
            }
            index = old.last().map_or(last, |(at, _)| at + 1);
        }
        Ok(true)
    }

    /// Times do not count, except the modification time of a file: programs set it on purpose.
    fn same_attributes(&mut self, key: Ino, a: &Inode, b: &Inode, from: LayerId, to: LayerId) -> Step<bool> {
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
        let mut values = |layer| -> Step<Vec<(&[u8], &[u8])>> {
            let all = self.ask(Want::XattrsAt(key, layer))?.xattrs()?;
            Ok(all.iter().map(|(name, x)| (&name[..], &x.value[..])).collect())
        };
        let (old, new) = (values(from), values(to));
        Ok(old? == new?)
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
