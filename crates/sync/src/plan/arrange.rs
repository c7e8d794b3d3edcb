//! An order of steps that makes one tree of another, in which each step can be made when its turn comes.

use std::collections::{BTreeMap, BTreeSet};

use tarbox_store::FileKind;

use super::identify::Known;
use super::{Id, Place, Side, Step, Target, is_parked, parking};

enum Item {
    Make(Id, Place),
    Link(Id, Place),
    Move(Id, Place, Place),
    Remove(Id, Place),
}

impl Item {
    /// The name that goes.
    fn from(&self) -> Option<&Place> {
        match self {
            Self::Move(_, from, _) | Self::Remove(_, from) => Some(from),
            Self::Make(..) | Self::Link(..) => None,
        }
    }

    /// The name that comes.
    fn to(&self) -> Option<&Place> {
        match self {
            Self::Make(_, to) | Self::Link(_, to) | Self::Move(_, _, to) => Some(to),
            Self::Remove(..) => None,
        }
    }
}

/// One side while its steps are made.
struct Scene {
    taken: BTreeMap<Place, Id>,
    /// Where each directory is.
    above: BTreeMap<Id, Place>,
    /// How many names are in it.
    filled: BTreeMap<Id, usize>,
    there: BTreeSet<Id>,
    dirs: BTreeSet<Id>,
}

impl Scene {
    fn put(&mut self, id: Id, at: &Place) {
        self.taken.insert(at.clone(), id);
        *self.filled.entry(at.dir).or_default() += 1;
        self.there.insert(id);
        if self.dirs.contains(&id) {
            self.above.insert(id, at.clone());
        }
    }

    fn take(&mut self, at: &Place) {
        if self.taken.remove(at).is_some()
            && let Some(filled) = self.filled.get_mut(&at.dir)
        {
            *filled -= 1;
        }
    }

    fn is_below(&self, mut dir: Id, above: Id) -> bool {
        loop {
            if dir == above {
                return true;
            }
            match self.above.get(&dir) {
                Some(place) => dir = place.dir,
                None => return false,
            }
        }
    }

    fn can_take(&self, id: Id, at: &Place) -> bool {
        self.there.contains(&at.dir)
            && !self.taken.contains_key(at)
            && !(self.dirs.contains(&id) && self.is_below(at.dir, id))
    }

    /// Whether it was the turn of this step.
    fn make(&mut self, item: &Item) -> bool {
        match item {
            Item::Make(id, at) => {
                let can = self.can_take(*id, at);
                if can {
                    self.put(*id, at);
                }
                can
            }
            Item::Link(id, at) => {
                let can = self.there.contains(id) && self.can_take(*id, at);
                if can {
                    self.put(*id, at);
                }
                can
            }
            Item::Move(id, from, to) => {
                let can = self.can_take(*id, to);
                if can {
                    self.take(from);
                    self.put(*id, to);
                }
                can
            }
            Item::Remove(id, at) => {
                let is_full = self.filled.get(id).is_some_and(|filled| *filled > 0);
                let can = !(self.dirs.contains(id) && is_full);
                if can {
                    self.take(at);
                    if self.dirs.contains(id) {
                        self.there.remove(id);
                    }
                }
                can
            }
        }
    }
}

/// Appends the steps of one side.
pub(super) fn arrange(
    known: &Known<'_>,
    targets: &BTreeMap<Id, Target>,
    side: Side,
    steps: &mut Vec<(Side, Step)>,
) {
    let mut scene = Scene {
        taken: BTreeMap::new(),
        above: BTreeMap::new(),
        filled: BTreeMap::new(),
        there: BTreeSet::from([Id::ROOT]),
        dirs: BTreeSet::new(),
    };
    let dirs = targets
        .iter()
        .filter(|(_, target)| target.kind == FileKind::Directory);
    scene.dirs.extend(dirs.map(|(id, _)| *id));
    let mut before: BTreeMap<Id, BTreeSet<Place>> = BTreeMap::new();
    for (id, node) in known.all(side) {
        if node.is_dir() {
            scene.dirs.insert(id);
        }
        before.insert(id, known.places(id, side));
    }
    for (id, places) in &before {
        for place in places {
            scene.put(*id, place);
        }
    }
    for (id, target) in targets {
        let is_other = target.from == Some(side.other());
        if is_other && before.contains_key(id) {
            let (id, names) = (*id, before[id].clone());
            steps.push((side, Step::Replace { id, names }));
        }
    }
    run(&mut scene, items(&before, targets), side, steps);
    for (id, target) in targets {
        let is_made = !before.contains_key(id) || target.from == Some(side.other());
        let is_right = known.node(*id, side).is_some_and(|node| node.meta == target.meta);
        if !is_made && !is_right {
            steps.push((side, Step::SetMeta { id: *id }));
        }
    }
}

/// What differs: names that came, went, or were moved.
fn items(before: &BTreeMap<Id, BTreeSet<Place>>, targets: &BTreeMap<Id, Target>) -> Vec<Item> {
    let (mut moves, mut makes, mut links, mut removes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let nothing = BTreeSet::new();
    let ids: BTreeSet<Id> = before.keys().chain(targets.keys()).copied().collect();
    for id in ids {
        let now = before.get(&id).unwrap_or(&nothing);
        let then = targets.get(&id).map_or(&nothing, |target| &target.names);
        let mut gone = now.difference(then).cloned();
        let mut is_there = before.contains_key(&id);
        for place in then.difference(now).cloned() {
            match gone.next() {
                Some(from) => moves.push(Item::Move(id, from, place)),
                None if is_there => links.push(Item::Link(id, place)),
                None => {
                    makes.push(Item::Make(id, place));
                    is_there = true;
                }
            }
        }
        removes.extend(gone.map(|place| Item::Remove(id, place)));
    }
    moves
        .into_iter()
        .chain(makes)
        .chain(links)
        .chain(removes)
        .collect()
}

/// Makes what can be made until all is; where everything waits for something else, something is moved out of the way.
fn run(scene: &mut Scene, mut items: Vec<Item>, side: Side, steps: &mut Vec<(Side, Step)>) {
    let mut parked = BTreeSet::new();
    while !items.is_empty() {
        let all = items.len();
        items.retain(|item| {
            let is_made = scene.make(item);
            if is_made {
                let is_dir = matches!(item, Item::Remove(id, _) if scene.dirs.contains(id));
                steps.push((side, step(item, is_dir)));
            }
            !is_made
        });
        if items.len() < all {
            continue;
        }
        let wanted: BTreeSet<Place> = items.iter().filter_map(|item| item.to().cloned()).collect();
        // What is in the way of something else, or else whatever waits for a directory.
        let in_the_way = |item: &Item| item.from().is_some_and(|from| wanted.contains(from));
        let can_park = |item: &Item| item.from().is_some_and(|from| !is_parked(from));
        let at = items.iter().position(|item| in_the_way(item) && can_park(item));
        let Some(at) = at.or_else(|| items.iter().position(can_park)) else {
            return;
        };
        let (Item::Move(id, from, _) | Item::Remove(id, from)) = &mut items[at] else {
            return;
        };
        // It has a number on this side: it is moved, not made.
        let Some(ino) = id.on(side) else { return };
        let number = (1..).find(|number| parked.insert((ino, *number))).unwrap_or(0);
        let to = parking(ino, number);
        scene.take(from);
        scene.put(*id, &to);
        let id = *id;
        let from = std::mem::replace(from, to.clone());
        steps.push((side, Step::Park { id, from, to }));
    }
}

fn step(item: &Item, is_dir: bool) -> Step {
    match item {
        Item::Make(id, at) => Step::Make {
            id: *id,
            at: at.clone(),
        },
        Item::Link(id, at) => Step::Link {
            id: *id,
            at: at.clone(),
        },
        Item::Move(id, from, to) => Step::Move {
            id: *id,
            from: from.clone(),
            to: to.clone(),
        },
        Item::Remove(id, at) => Step::Remove {
            id: *id,
            at: at.clone(),
            is_dir,
        },
    }
}
