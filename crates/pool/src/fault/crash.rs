//! What the disk holds after the power failed.

use std::collections::{BTreeMap, BTreeSet};

use super::device::{Device, InodeId};
use super::inode::{Change, Inode, Pending, put_sector};
use super::rng::Rng;
use crate::image::{Image, SECTOR};
use crate::name::ancestors;

/// What becomes of the changes that no sync covered. Synced ones always survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CrashPolicy {
    /// All are gone.
    DropUnsynced,
    /// All survive: the process died, not the machine.
    KeepUnsynced,
    /// The device wrote in order: everything up to a moment survives, over all files; the write at that
    /// moment is torn, each of its 512-byte sectors written or not.
    InOrder,
    /// The device wrote in any order: each sector and each length is as it was at a moment of its own, and
    /// each name too.
    Scattered,
    /// As `Scattered`; and sectors a file has grown by, but that were not written, hold garbage instead of
    /// zeros.
    Garbage,
    /// Each file meets a fate of its own: dropped, kept, in order with a torn write, or scattered.
    Mixed,
}

impl CrashPolicy {
    /// All of them, for tests that try each.
    pub const ALL: [Self; 6] = [
        Self::DropUnsynced,
        Self::KeepUnsynced,
        Self::InOrder,
        Self::Scattered,
        Self::Garbage,
        Self::Mixed,
    ];
}

/// The disk after the power failed now.
pub(super) fn survivors(device: &Device, seed: u64, policy: CrashPolicy) -> Device {
    let mut rng = Rng::new(seed);
    let cut = moment(device, &mut rng);
    let mut files = Vec::new();
    for (name, id) in names(device, policy, cut, &mut rng) {
        if let Some(inode) = device.inodes.get(&id) {
            files.push((name, contents(inode, policy, cut, &mut rng)));
        }
    }
    Device::new(rng.next(), files)
}

/// A moment among the unsynced changes, as the sequence number of the last one that counts.
fn moment(device: &Device, rng: &mut Rng) -> u64 {
    let contents = device
        .inodes
        .values()
        .flat_map(|inode| &inode.pending)
        .map(|pending| pending.sequence);
    let names = device.pending_names.iter().map(|pending| pending.sequence);
    let mut moments: Vec<u64> = contents.chain(names).collect();
    moments.sort_unstable();
    match rng.up_to(moments.len()) {
        0 => 0,
        n => moments[n - 1],
    }
}

fn names(device: &Device, policy: CrashPolicy, cut: u64, rng: &mut Rng) -> BTreeMap<String, InodeId> {
    let mut names = match policy {
        CrashPolicy::KeepUnsynced => return device.names.clone(),
        _ => device.durable_names.clone(),
    };
    let mut changes: BTreeMap<&str, Vec<(u64, Option<InodeId>)>> = BTreeMap::new();
    for pending in &device.pending_names {
        changes
            .entry(&pending.name)
            .or_default()
            .push((pending.sequence, pending.target));
    }
    for (name, changes) in changes {
        // Changes of one name happen in order, those of different names do not.
        let happened = match policy {
            CrashPolicy::DropUnsynced => 0,
            CrashPolicy::InOrder => changes
                .iter()
                .take_while(|(sequence, _)| *sequence <= cut)
                .count(),
            _ => rng.up_to(changes.len()),
        };
        match changes[..happened].last() {
            Some((_, Some(id))) => names.insert(name.to_owned(), *id),
            Some((_, None)) => names.remove(name),
            None => continue,
        };
    }
    without_impossible(names)
}

/// A file cannot be below another file: where a deletion was undone and a creation below it was not, the
/// latter is.
fn without_impossible(names: BTreeMap<String, InodeId>) -> BTreeMap<String, InodeId> {
    let possible = |name: &str| !ancestors(name).any(|ancestor| names.contains_key(ancestor));
    names
        .iter()
        .filter(|(name, _)| possible(name))
        .map(|(name, id)| (name.clone(), *id))
        .collect()
}

fn contents(inode: &Inode, policy: CrashPolicy, cut: u64, rng: &mut Rng) -> Image {
    match policy {
        CrashPolicy::DropUnsynced => inode.durable.clone(),
        CrashPolicy::KeepUnsynced => kept(inode),
        CrashPolicy::InOrder => in_order(inode, cut, rng),
        CrashPolicy::Scattered => scattered(inode, Unwritten::Zeros, rng),
        CrashPolicy::Garbage => scattered(inode, Unwritten::Garbage, rng),
        CrashPolicy::Mixed => match rng.up_to(3) {
            0 => inode.durable.clone(),
            1 => kept(inode),
            2 => {
                let sequences: Vec<u64> = inode.pending.iter().map(|pending| pending.sequence).collect();
                let own_cut = rng
                    .up_to(sequences.len())
                    .checked_sub(1)
                    .map_or(0, |last| sequences[last]);
                in_order(inode, own_cut, rng)
            }
            _ => scattered(inode, Unwritten::Zeros, rng),
        },
    }
}

fn kept(inode: &Inode) -> Image {
    let mut image = inode.durable.clone();
    inode
        .pending
        .iter()
        .for_each(|pending| pending.change.apply(&mut image));
    image
}

fn in_order(inode: &Inode, cut: u64, rng: &mut Rng) -> Image {
    let mut image = inode.durable.clone();
    for Pending { sequence, change } in &inode.pending {
        match change {
            _ if *sequence < cut => change.apply(&mut image),
            Change::Write { offset, data } if *sequence == cut => tear(&mut image, *offset, data, rng),
            Change::SetLen(_) if *sequence == cut => change.apply(&mut image),
            _ => break,
        }
    }
    image
}

/// Writes some sectors of a write and not others.
fn tear(image: &mut Image, offset: u64, data: &[u8], rng: &mut Rng) {
    let mut done = 0;
    while done < data.len() {
        let position = offset + done as u64;
        let to_boundary = SECTOR - (position % SECTOR as u64) as usize;
        let end = data.len().min(done + to_boundary);
        if rng.chance(50) {
            image.write(&data[done..end], position);
        }
        done = end;
    }
}

/// What a sector holds that belongs to the file but was never written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unwritten {
    Zeros,
    Garbage,
}

/// Each written sector as it was after a number of changes of its own, and the length after another.
fn scattered(inode: &Inode, unwritten: Unwritten, rng: &mut Rng) -> Image {
    let all = inode.pending.len();
    if all == 0 {
        return inode.durable.clone();
    }
    // Devices that lose nearly nothing find other mistakes than those that lose nearly everything.
    let newest_percent = [10, 50, 90][rng.up_to(2)];
    let choose = |rng: &mut Rng| {
        if rng.chance(newest_percent) {
            all
        } else {
            rng.up_to(all)
        }
    };
    let length_moment = choose(rng);
    let mut moments: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    let written: BTreeSet<u64> = inode
        .pending
        .iter()
        .flat_map(|pending| pending.change.sectors())
        .collect();
    for sector in written {
        moments.entry(choose(rng)).or_default().push(sector);
    }

    let mut at_moment = inode.durable.clone();
    let mut result = Image::default();
    let mut sectors = Vec::new();
    for moment in 0..=all {
        if moment > 0 {
            inode.pending[moment - 1].change.apply(&mut at_moment);
        }
        if moment == length_moment {
            result = at_moment.clone();
        }
        for &sector in moments.get(&moment).into_iter().flatten() {
            let exists = sector * (SECTOR as u64) < at_moment.len();
            sectors.push((sector, exists.then(|| at_moment.sector(sector))));
        }
    }
    for (sector, bytes) in sectors {
        // What did not exist at its moment has been given room on the disk, but was never written there.
        let bytes = bytes.unwrap_or_else(|| match unwritten {
            Unwritten::Zeros => [0; SECTOR],
            Unwritten::Garbage => garbage(rng),
        });
        put_sector(&mut result, sector, &bytes);
    }
    result
}

fn garbage(rng: &mut Rng) -> [u8; SECTOR] {
    let mut bytes = [0; SECTOR];
    for chunk in bytes.chunks_mut(8) {
        chunk.copy_from_slice(&rng.next().to_le_bytes());
    }
    bytes
}
