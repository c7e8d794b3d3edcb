//! Calls of `wasi:filesystem` 0.2 and 0.3, on descriptors, streams and listings that live and die in any order.

use std::sync::Arc;

use tarbox_store::WriteAt;
use tarbox_wasi::p2::{Descriptor, Entries, FileInput, FileOutput, Open, Sync};
use tarbox_wasi::{Follow, NewTime, NewTimes, OpenHow, Timestamp};

use super::{CALLS_MAX, Choices, World};

/// What the program holds.
#[derive(Default)]
struct Held {
    descriptors: Vec<Descriptor>,
    inputs: Vec<FileInput>,
    outputs: Vec<FileOutput>,
    listings: Vec<Entries>,
}

/// Things of one kind at most.
const HELD_MAX: usize = 32;

/// Runs the calls that the bytes make.
pub(crate) fn run(bytes: &[u8]) {
    let world = World::new();
    let mut held = Held::default();
    held.descriptors.push(Descriptor::Dir(Arc::new(world.dir())));
    let mut choices = Choices::new(bytes);
    for _ in 0..CALLS_MAX {
        if choices.is_over() {
            break;
        }
        call(&mut held, &mut choices);
    }
    drop(held);
    world.check();
}

fn keep<T>(all: &mut Vec<T>, result: Result<T, impl Sized>) {
    if let Ok(value) = result
        && all.len() < HELD_MAX
    {
        all.push(value);
    }
}

fn one<'a, T>(all: &'a mut [T], choices: &mut Choices<'_>) -> Option<&'a mut T> {
    let index = choices.below(all.len());
    all.get_mut(index)
}

/// One call. What fails, fails with a code.
fn call(held: &mut Held, choices: &mut Choices<'_>) {
    let what = choices.byte() % 32;
    let Some(index) = held.descriptors.len().checked_sub(1) else {
        return;
    };
    // The directory it began with stays, and is taken often.
    let index = choices.below(2 * index + 2).min(2 * index + 1);
    let fd = held
        .descriptors
        .get(index)
        .unwrap_or(&held.descriptors[0])
        .clone();
    let other = one(&mut held.descriptors, choices)
        .cloned()
        .unwrap_or_else(|| fd.clone());
    let (path, other_path) = (choices.path(), choices.path());
    let follow = match choices.byte() % 2 {
        0 => Follow::No,
        _ => Follow::Yes,
    };
    match what {
        0..=5 => keep(&mut held.descriptors, fd.open_at(follow, path, how(choices))),
        6 => keep(&mut held.inputs, fd.read_via_stream(choices.number())),
        7 => keep(&mut held.outputs, fd.write_via_stream(at(choices))),
        8 => keep(&mut held.listings, fd.read_directory()),
        9 => drop(fd.set_size(choices.number())),
        10 => drop(fd.set_times(times(choices))),
        11 => {
            let len = choices.number();
            let read = fd.read(len, choices.number());
            assert!(read.map_or(0, |(bytes, _)| bytes.len() as u64) <= len.min(1 << 20));
        }
        12 => drop(fd.write(&vec![b'x'; choices.below(256) * 300], choices.number())),
        13 => drop(fd.create_directory_at(path)),
        14 => drop(fd.stat_at(follow, path)),
        15 => drop(fd.set_times_at(follow, path, times(choices))),
        16 => drop(fd.link_at(follow, path, &other, other_path)),
        17 => drop(fd.readlink_at(path)),
        18 => drop(fd.remove_directory_at(path)),
        19 => drop(fd.rename_at(path, &other, other_path)),
        20 => drop(fd.symlink_at(other_path, path)),
        21 => drop(fd.unlink_file_at(path)),
        22 => assert_eq!(fd.is_same_object(&other), other.is_same_object(&fd)),
        23 => drop((fd.metadata_hash(), fd.metadata_hash_at(follow, path))),
        24 => drop((fd.stat(), fd.sync(choices.byte().is_multiple_of(2)), fd.advise())),
        25..=27 => streams(held, choices),
        28 => {
            if let Some(listing) = one(&mut held.listings, choices) {
                drop(listing.next_entry());
            }
        }
        _ => release(held, choices),
    }
}

fn streams(held: &mut Held, choices: &mut Choices<'_>) {
    if let Some(input) = one(&mut held.inputs, choices) {
        let len = choices.number();
        match choices.byte() % 2 {
            0 => {
                let bytes = input.read(len).unwrap_or_default();
                assert!(bytes.len() as u64 <= len);
            }
            _ => assert!(input.skip(len).unwrap_or(0) <= len),
        }
    }
    if let Some(output) = one(&mut held.outputs, choices)
        && output.permit().is_ok()
    {
        // What fails, fails with a code.
        let _ = output.write(&vec![b'y'; choices.below(256) * 100]);
    }
}

/// Lets something go, whatever still hangs on it.
fn release(held: &mut Held, choices: &mut Choices<'_>) {
    let index = choices.below(HELD_MAX);
    match choices.byte() % 4 {
        0 if index > 0 && index < held.descriptors.len() => drop(held.descriptors.swap_remove(index)),
        1 if index < held.inputs.len() => drop(held.inputs.swap_remove(index)),
        2 if index < held.outputs.len() => drop(held.outputs.swap_remove(index)),
        3 if index < held.listings.len() => drop(held.listings.swap_remove(index)),
        _ => {}
    }
}

fn how(choices: &mut Choices<'_>) -> Open {
    let bits = choices.byte();
    let is = |bit: u8| bits & (1 << bit) != 0;
    Open {
        how: OpenHow {
            read: is(0),
            write: is(1),
            create: is(2),
            exclusive: is(3),
            truncate: is(4),
            directory: is(5),
        },
        sync: match bits >> 6 {
            0 | 1 => Sync::Nothing,
            2 => Sync::Data,
            _ => Sync::Everything,
        },
    }
}

fn at(choices: &mut Choices<'_>) -> WriteAt {
    match choices.byte() % 2 {
        0 => WriteAt::End,
        _ => WriteAt::Offset(choices.number()),
    }
}

fn times(choices: &mut Choices<'_>) -> NewTimes {
    let mut new = || match choices.byte() % 3 {
        0 => NewTime::Keep,
        1 => NewTime::Now,
        _ => NewTime::At(Timestamp(choices.number() as i64)),
    };
    NewTimes {
        access: new(),
        modification: new(),
    }
}
