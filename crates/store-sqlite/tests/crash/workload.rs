//! Random workloads: what is done, by names.

use tarbox_pool::fault::Rng;
use tarbox_store::conformance::bytes;
use tarbox_store::*;
use tarbox_store_sqlite::SqliteStore;

use crate::common::new;
use crate::state::Open;

pub(crate) const TENANTS: [&str; 2] = ["a", "b"];
const NAMES: [&[u8]; 5] = [b"one", b"two", b"three", b"four", b"five"];
const DIRS: [&[u8]; 3] = [b"", b"dir", b"other"];

/// A name in one of a few directories.
pub(crate) type Place = (&'static [u8], &'static [u8]);

#[derive(Debug, Clone)]
pub(crate) enum What {
    Mkdir(&'static [u8]),
    Create(Place),
    /// At an offset, or at the end.
    Write(Place, Option<u64>, usize, u64),
    Truncate(Place, u64),
    Punch(Place, u64, u64),
    Copy(Place, Place),
    Rename(Place, Place, RenameMode),
    Link(Place, Place),
    Unlink(Place),
    /// Opens it before, so that it lives on without a name.
    UnlinkOpen(Place),
    Xattr(Place, usize),
    Touch(Place),
    Sync,
    Flush,
    Gc,
    Checkpoint,
    SwitchToFirst,
    SwitchToHead,
    /// From the past that is in view, without what came later.
    GoOn,
    DropFirst,
    SquashAll,
    Tag,
}

/// One action on one tenant.
#[derive(Debug, Clone)]
pub(crate) struct Action {
    pub(crate) tenant: usize,
    pub(crate) what: What,
    /// Unlike every other action's.
    pub(crate) number: usize,
}

/// What an action that succeeded promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It happened.
    Done,
    /// It, and everything before, is on the disk.
    Durable,
}

/// With `redo` there is a sync after most of them: what it takes decides what goes to the log.
pub(crate) fn actions(rng: &mut Rng, redo: bool) -> Vec<Action> {
    let count = 50 + rng.below(30) as usize;
    let first = [
        What::Mkdir(b"dir"),
        What::Create((b"", b"one")),
        What::Mkdir(b"other"),
    ];
    let mut actions: Vec<What> = first.to_vec();
    for _ in 3..count {
        actions.push(what(rng));
        if redo && rng.below(3) > 0 {
            actions.push(What::Sync);
        }
    }
    let number = |(number, what)| Action {
        tenant: usize::from(number > 2 && rng.below(6) == 0),
        what,
        number,
    };
    actions.into_iter().enumerate().map(number).collect()
}

fn what(rng: &mut Rng) -> What {
    let place = |rng: &mut Rng| (rng.one(&DIRS), rng.one(&NAMES));
    match rng.below(44) {
        0 => What::Mkdir(rng.one(&DIRS[1..])),
        1..=7 => What::Create(place(rng)),
        8..=14 => {
            let offset = rng.one(&[None, None, Some(0), Some(1_000), Some(130_000)]);
            let len = rng.one(&[1, 20, 700, 1_950, 5_000, 70_000, 140_000]);
            What::Write(place(rng), offset, len, rng.below(4))
        }
        15 => What::Truncate(place(rng), rng.one(&[0, 10, 1_000, 100_000])),
        16 => What::Punch(place(rng), rng.below(2_000), 1 + rng.below(150_000)),
        17..=18 => What::Copy(place(rng), place(rng)),
        19..=22 => {
            let mode = rng.one(&[RenameMode::Replace, RenameMode::Replace, RenameMode::Exchange]);
            What::Rename(place(rng), place(rng), mode)
        }
        23 => What::Link(place(rng), place(rng)),
        24..=26 => What::Unlink(place(rng)),
        27 => What::UnlinkOpen(place(rng)),
        28 => What::Xattr(place(rng), rng.one(&[0, 30, 5_000])),
        29 => What::Touch(place(rng)),
        30..=32 => What::Sync,
        33..=35 => What::Flush,
        36 => What::Gc,
        37..=38 => What::Checkpoint,
        39 => What::SwitchToFirst,
        40 => What::SwitchToHead,
        41 => rng.one(&[What::GoOn, What::SwitchToHead].each_ref()).clone(),
        42 => rng.one(&[What::DropFirst, What::SquashAll].each_ref()).clone(),
        _ => What::Tag,
    }
}

impl Open {
    /// Does it, and says how it went.
    pub(crate) fn run(&mut self, action: &Action) -> std::result::Result<Effect, ErrorKind> {
        pollster::block_on(self.act(action)).map_err(|e| e.kind())
    }

    async fn act(&mut self, action: &Action) -> Result<Effect> {
        let s = &self.stores[action.tenant];
        let by = &self.by;
        match &action.what {
            What::Mkdir(name) => drop(s.create(by, Ino::ROOT, name, &new(FileKind::Directory)).await?),
            What::Create((d, name)) => {
                let dir = dir(s, d).await?;
                s.create(by, dir, name, &new(FileKind::File)).await?;
            }
            What::Write(place, offset, len, seed) => {
                let at = offset.map_or(WriteAt::End, WriteAt::Offset);
                let (ino, data) = (find(s, place).await?, bytes(*seed, *len));
                s.write(by, ino, at, &data, false).await?;
            }
            What::Truncate(place, size) => {
                let set = SetAttr {
                    size: Some(*size),
                    ..SetAttr::default()
                };
                s.set_attr(by, find(s, place).await?, &set).await?;
            }
            What::Punch(place, offset, len) => {
                let ino = find(s, place).await?;
                s.allocate(by, ino, Allocate::PunchHole, *offset, *len, false)
                    .await?;
            }
            What::Copy(from, to) => {
                let (from, to) = (find(s, from).await?, find(s, to).await?);
                s.copy_range(by, View::Current, from, 0, to, 100, 1 << 20).await?;
            }
            What::Rename(from, to, mode) => {
                let (d, e) = (dir(s, from.0).await?, dir(s, to.0).await?);
                s.rename(by, (d, from.1), (e, to.1), *mode).await?;
            }
            What::Link(from, to) => {
                let (ino, dir) = (find(s, from).await?, dir(s, to.0).await?);
                s.link(by, ino, dir, to.1).await?;
            }
            What::Unlink((d, name)) => {
                let dir = dir(s, d).await?;
                s.unlink(by, dir, name, Unlink::File).await?;
            }
            What::UnlinkOpen((d, name)) => {
                let (dir, ino) = (dir(s, d).await?, find(s, &(d, name)).await?);
                s.hold(ino).await?;
                s.unlink(by, dir, name, Unlink::File).await?;
            }
            What::Xattr(place, len) => {
                let (ino, value) = (find(s, place).await?, bytes(action.number as u64, *len));
                s.set_xattr(by, ino, b"user.x", &value, XattrMode::Any).await?;
            }
            What::Touch(place) => {
                let ino = find(s, place).await?;
                s.read(View::Current, ino, 0, &mut [0; 10], Access::Touch).await?;
            }
            What::Sync => {
                s.sync().await?;
                return Ok(Effect::Durable);
            }
            What::Flush => s.flush().await?,
            What::Gc => drop(s.gc().await?),
            _ => {
                history(s, by, action).await?;
                return Ok(Effect::Durable);
            }
        }
        Ok(Effect::Done)
    }
}

async fn history(s: &SqliteStore, by: &Actor, action: &Action) -> Result<()> {
    let layers = s.layers().await?;
    let head = s.position().await?.head;
    let first = layers[0].id;
    match action.what {
        What::Checkpoint => {
            let name = format!("layer{}", action.number);
            s.checkpoint(by, &name, None, LaterLayers::Keep).await?;
        }
        What::SwitchToFirst => s.switch(by, first).await?,
        What::SwitchToHead => s.switch(by, head).await?,
        // Where the head is in view, this one is refused.
        What::GoOn => drop(s.checkpoint(by, "", None, LaterLayers::Discard).await?),
        What::DropFirst => s.drop_layer(by, first).await?,
        What::SquashAll => {
            let last = layers[layers.len().saturating_sub(2)].id;
            s.squash(by, first, last).await?;
        }
        _ => {
            s.tag(by, &format!("tag{}", action.number % 3), Some(first))
                .await?
        }
    }
    Ok(())
}

async fn dir(s: &SqliteStore, name: &[u8]) -> Result<Ino> {
    match name {
        b"" => Ok(Ino::ROOT),
        name => Ok(s.lookup(View::Current, Ino::ROOT, name).await?.ino),
    }
}

async fn find(s: &SqliteStore, (d, name): &Place) -> Result<Ino> {
    let dir = dir(s, d).await?;
    Ok(s.lookup(View::Current, dir, name).await?.ino)
}
