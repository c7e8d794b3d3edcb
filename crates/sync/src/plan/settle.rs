//! Makes one tree of what was merged: every directory is there that something is in, none is below itself, and a name leads to one
//! inode.

use std::collections::{BTreeMap, BTreeSet};

use super::identify::Known;
use super::merge::target;
use super::{Conflict, ConflictKind, Id, Need, Place, Side, Target};
use crate::{Content, Digest, name};

/// The targets, mended.
pub(super) fn settle(known: &mut Known<'_>, targets: &mut BTreeMap<Id, Target>) {
    loop {
        resurrect(known, targets);
        if break_cycle(known, targets) {
            continue;
        }
        if !untangle(known, targets) {
            break;
        }
    }
    targets.retain(|id, target| *id == Id::ROOT || !target.names.is_empty());
}

/// A directory that was removed stays, with its parents, if anything is in it.
fn resurrect(known: &mut Known<'_>, targets: &mut BTreeMap<Id, Target>) {
    loop {
        let missing: BTreeSet<Id> = targets
            .values()
            .flat_map(|target| &target.names)
            .map(|place| place.dir)
            .filter(|dir| !targets.contains_key(dir))
            .collect();
        if missing.is_empty() {
            return;
        }
        for id in missing {
            known.dead.remove(&id);
            match target(known, id) {
                Some(found) => {
                    known.told.push((ConflictKind::Deleted, id));
                    targets.insert(id, found);
                }
                // Neither side has it: what was there goes to the root.
                None => move_out(targets, id, Id::ROOT),
            }
        }
    }
}

/// Everything in one directory, in another.
fn move_out(targets: &mut BTreeMap<Id, Target>, from: Id, to: Id) {
    for target in targets.values_mut() {
        if target.names.iter().any(|place| place.dir == from) {
            let names = std::mem::take(&mut target.names).into_iter();
            target.names = names
                .map(|place| match place.dir == from {
                    true => Place { dir: to, ..place },
                    false => place,
                })
                .collect();
        }
    }
}

fn parent(targets: &BTreeMap<Id, Target>, dir: Id) -> Option<Id> {
    targets.get(&dir)?.names.first().map(|place| place.dir)
}

/// Finds a directory below itself, and puts one of those in the circle where the server has it.
fn break_cycle(known: &mut Known<'_>, targets: &mut BTreeMap<Id, Target>) -> bool {
    let mut good = BTreeSet::from([Id::ROOT]);
    let dirs: Vec<Id> = targets
        .iter()
        .filter(|(_, target)| target.kind == tarbox_store::FileKind::Directory)
        .map(|(id, _)| *id)
        .collect();
    for dir in dirs {
        let (mut way, mut at) = (Vec::new(), dir);
        while !good.contains(&at) && !way.contains(&at) {
            way.push(at);
            match parent(targets, at) {
                Some(next) => at = next,
                None => break,
            }
        }
        let Some(start) = way.iter().position(|id| *id == at && !good.contains(id)) else {
            good.extend(way);
            continue;
        };
        if parent(targets, at).is_none() {
            good.extend(way);
            continue;
        }
        let circle = &way[start..];
        let moved = circle.iter().find_map(|id| {
            let there = known.places(*id, Side::Remote);
            (!there.is_empty() && targets[id].names != there).then_some((*id, there))
        });
        let (id, names) = moved.unwrap_or_else(|| {
            let mut names = targets[&circle[0]].names.clone();
            let name = names.pop_first().map(|place| place.name).unwrap_or_default();
            let dir = Id::ROOT;
            (circle[0], BTreeSet::from([Place { dir, name }]))
        });
        known.told.push((ConflictKind::Cycle, id));
        targets.entry(id).and_modify(|target| target.names = names);
        return true;
    }
    false
}

/// Resolves the names that lead to several inodes, and answers whether there were any.
fn untangle(known: &mut Known<'_>, targets: &mut BTreeMap<Id, Target>) -> bool {
    let mut taken: BTreeMap<Place, Vec<Id>> = BTreeMap::new();
    for (id, target) in targets.iter() {
        for place in &target.names {
            taken.entry(place.clone()).or_default().push(*id);
        }
    }
    let tangled: Vec<(Place, Vec<Id>)> = taken
        .iter()
        .filter(|(_, ids)| ids.len() > 1)
        .map(|(place, ids)| (place.clone(), ids.clone()))
        .collect();
    for (place, mut ids) in tangled.iter().cloned() {
        // A directory keeps its name before a file, what the server has there before what it has elsewhere or not at all.
        ids.sort_by_key(|id| {
            let is_dir = targets[id].kind == tarbox_store::FileKind::Directory;
            let is_there = known.places(*id, Side::Remote).contains(&place);
            (!is_dir, !is_there, id.remote.is_none(), *id)
        });
        let winner = ids[0];
        for loser in &ids[1..] {
            give_way(known, targets, &mut taken, &place, winner, *loser);
        }
    }
    !tangled.is_empty()
}

/// Takes a name from one that has to let another have it.
fn give_way(
    known: &mut Known<'_>,
    targets: &mut BTreeMap<Id, Target>,
    taken: &mut BTreeMap<Place, Vec<Id>>,
    place: &Place,
    winner: Id,
    loser: Id,
) {
    let dir = tarbox_store::FileKind::Directory;
    // It may have given way already, as part of another one.
    let (Some(won), Some(lost)) = (targets.get(&winner), targets.get(&loser)) else {
        return;
    };
    if won.kind == dir && lost.kind == dir {
        targets.remove(&loser);
        move_out(targets, loser, winner);
        return;
    }
    let is_same = won.kind == lost.kind && lost.kind != dir;
    let is_same = is_same && won.content.same(lost.content) == Some(true);
    let digest = match (lost.content, is_same) {
        (_, true) => None,
        (Content::Known(digest, _), false) => Some(digest),
        (Content::Nothing(device), false) => Some(Digest::of(&device.to_le_bytes())),
        (Content::Unread(_), false) => {
            let side = match lost.from {
                Some(Side::Local) => Side::Local,
                Some(Side::Remote) | None => Side::Remote,
            };
            let ino = loser.on(side).expect("an id has a number on one of the sides");
            known.needs.insert(Need { side, ino });
            // What is made of this is not looked at.
            Some(Digest([0; 32]))
        }
    };
    let Some(lost) = targets.get_mut(&loser) else {
        return;
    };
    lost.names.remove(place);
    let Some(digest) = digest else { return };
    for attempt in 1.. {
        let dir = place.dir;
        let name = name::conflict(&place.name, digest, attempt);
        let free = Place { dir, name };
        let ids = taken.entry(free.clone()).or_default();
        if ids.is_empty() {
            ids.push(loser);
            lost.names.insert(free);
            break;
        }
    }
}

/// What has to be told, with the paths that there will be.
pub(super) fn conflicts(known: &Known<'_>, targets: &BTreeMap<Id, Target>) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    for (kind, id) in &known.told {
        let place = targets.get(id).and_then(|target| target.names.first());
        // A copy has been told of when it was made.
        let is_copy = |place: &&Place| name::original(&place.name).is_some();
        if let Some(place) = place.filter(|place| !is_copy(place)) {
            conflicts.push(Conflict {
                kind: *kind,
                path: path(targets, place),
                copy: None,
            });
        }
    }
    for (id, target) in targets {
        let before = [Side::Local, Side::Remote].map(|side| known.places(*id, side));
        for place in &target.names {
            let is_new = before.iter().all(|places| !places.contains(place));
            let Some(original) = name::original(&place.name).filter(|_| is_new) else {
                continue;
            };
            let kept = Place {
                dir: place.dir,
                name: original,
            };
            conflicts.push(Conflict {
                kind: ConflictKind::Content,
                path: path(targets, &kept),
                copy: Some(path(targets, place)),
            });
        }
    }
    conflicts
}

/// The path of a place in what will be.
pub(super) fn path(targets: &BTreeMap<Id, Target>, place: &Place) -> Vec<u8> {
    let mut names = vec![&place.name[..]];
    let mut dir = place.dir;
    while dir != Id::ROOT
        && names.len() < 4096
        && let Some(above) = targets.get(&dir).and_then(|target| target.names.first())
    {
        names.push(&above.name);
        dir = above.dir;
    }
    names
        .iter()
        .rev()
        .flat_map(|name| [b"/", *name].concat())
        .collect()
}
