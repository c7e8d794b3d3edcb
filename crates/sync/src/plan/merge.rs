//! What both sides are to have, inode by inode: attributes field by field, names as a set.

use std::collections::{BTreeMap, BTreeSet};

use super::identify::Known;
use super::{ConflictKind, Id, Place, Side, Target, is_parked};
use crate::{Meta, Node, Pair};

/// Merges everything that is not [dead](Known::dead).
pub(super) fn merge(known: &mut Known<'_>) -> BTreeMap<Id, Target> {
    let ids: BTreeSet<Id> = [Side::Local, Side::Remote]
        .into_iter()
        .flat_map(|side| known.all(side).map(|(id, _)| id).collect::<Vec<_>>())
        .filter(|id| !known.dead.contains(id))
        .collect();
    ids.into_iter()
        .filter_map(|id| Some((id, target(known, id)?)))
        .collect()
}

/// What both sides are to have of one inode; `None` where neither has it.
pub(super) fn target(known: &mut Known<'_>, id: Id) -> Option<Target> {
    match (known.node(id, Side::Local), known.node(id, Side::Remote)) {
        (Some(l), Some(r)) => Some(of_both(known, id, l, r)),
        (Some(l), None) => Some(of_one(known, id, Side::Local, l)),
        (None, Some(r)) => Some(of_one(known, id, Side::Remote, r)),
        (None, None) => None,
    }
}

fn of_one(known: &Known<'_>, id: Id, side: Side, node: &Node) -> Target {
    let mut names = standing(known.places(id, side));
    if names.is_empty() {
        // Only parked: it stays findable.
        names.extend(known.places(id, side).into_iter().map(|mut place| {
            place.name.splice(..1, *b"recovered-");
            place
        }));
    }
    Target {
        kind: node.kind,
        meta: node.meta.clone(),
        content: node.content,
        from: Some(side),
        names,
    }
}

fn of_both(known: &mut Known<'_>, id: Id, l: &Node, r: &Node) -> Target {
    let pair = known.base.get(&id).copied();
    let (lc, rc) = (
        known.content(l, Side::Local, pair),
        known.content(r, Side::Remote, pair),
    );
    // Contents that have to be read first are the needs of the comparison before.
    let is_same = lc.same(rc).unwrap_or(false);
    let is_ours = pair.is_some_and(|pair| rc.same(pair.content) == Some(true));
    let from = match (is_same, is_ours) {
        (true, _) => None,
        (false, true) => Some(Side::Local),
        (false, false) => Some(Side::Remote),
    };
    let mut meta = merge_meta(pair.map(|pair| &pair.meta), &l.meta, &r.meta);
    match from {
        Some(Side::Local) => meta.mtime = l.meta.mtime,
        Some(Side::Remote) => meta.mtime = r.meta.mtime,
        None => {}
    }
    Target {
        kind: r.kind,
        meta,
        content: if from == Some(Side::Local) { lc } else { rc },
        from,
        names: merge_names(known, id, pair),
    }
}

/// Each field as the side has it that changed it; as the server has it, if both did.
fn merge_meta(base: Option<&Meta>, l: &Meta, r: &Meta) -> Meta {
    let Some(base) = base else {
        let mut meta = r.clone();
        for (name, value) in &l.xattrs {
            meta.xattrs.entry(name.clone()).or_insert(*value);
        }
        return meta;
    };
    let names: BTreeSet<&Vec<u8>> = l.xattrs.keys().chain(r.xattrs.keys()).collect();
    let merged = |name: &Vec<u8>| {
        let (b, l, r) = (base.xattrs.get(name), l.xattrs.get(name), r.xattrs.get(name));
        Some((name.clone(), (*pick(&b, &l, &r)).copied()?))
    };
    Meta {
        mode: *pick(&base.mode, &l.mode, &r.mode),
        uid: *pick(&base.uid, &l.uid, &r.uid),
        gid: *pick(&base.gid, &l.gid, &r.gid),
        mtime: *pick(&base.mtime, &l.mtime, &r.mtime),
        xattrs: names.into_iter().filter_map(merged).collect(),
    }
}

fn pick<'v, T: PartialEq>(base: &T, l: &'v T, r: &'v T) -> &'v T {
    if r == base { l } else { r }
}

/// The names: what either side added, without what either removed. A file with one name, and each directory, is in one place: the
/// server's, if both moved it.
fn merge_names(known: &mut Known<'_>, id: Id, pair: Option<&Pair>) -> BTreeSet<Place> {
    let (all_l, all_r) = (known.places(id, Side::Local), known.places(id, Side::Remote));
    let (l, r) = (standing(all_l), standing(all_r));
    if l.is_empty() || r.is_empty() {
        return if r.is_empty() { l } else { r };
    }
    let before = pair.map(|pair| known.places_before(pair)).unwrap_or_default();
    if l == r {
        return r;
    }
    let is_dir = known.node(id, Side::Remote).is_some_and(Node::is_dir);
    if is_dir || (l.len() == 1 && r.len() == 1 && before.len() == 1) {
        if r == before {
            return l;
        }
        if l != before && !before.is_empty() {
            known.told.push((ConflictKind::Moved, id));
        }
        return r;
    }
    let is_kept = |place: &&Place| match (l.contains(place), r.contains(place)) {
        (true, true) => true,
        _ => !before.contains(place),
    };
    let names: BTreeSet<Place> = l.union(&r).filter(is_kept).cloned().collect();
    match names.is_empty() {
        // Each removed what the other kept.
        true => l.union(&r).cloned().collect(),
        false => names,
    }
}

/// Without places where something was only put for a moment.
fn standing(places: BTreeSet<Place>) -> BTreeSet<Place> {
    places.into_iter().filter(|place| !is_parked(place)).collect()
}
