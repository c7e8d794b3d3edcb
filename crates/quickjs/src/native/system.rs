//! Clocks, randomness, the current directory, the end.

use std::rc::Rc;
use std::time::Duration;

use rquickjs::{BigInt, Ctx, Exception, Object, Result};
use tarbox_store::ErrorKind;

use super::{Data, Shared, answer, functions};
use crate::bytes::Bytes;
use crate::death::uncatchable;
use crate::limits::Death;
use crate::surroundings::{Instant, fill_random};
use crate::world::normalize;

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>, shared: &Rc<Shared>) -> Result<()> {
    let start = Instant::now();
    let s = || Rc::clone(shared);
    let (ends, waits, looks, places, moves, masks, user, syncs) = (s(), s(), s(), s(), s(), s(), s(), s());
    functions!(ctx, native, {
        // Milliseconds since the engine was made.
        "now" => move || start.elapsed().as_secs_f64() * 1000.0,
        "nanoseconds" => move |ctx: Ctx<'js>| BigInt::from_u64(ctx, start.elapsed().as_nanos() as u64),
        "random" => |ctx: Ctx<'js>, to: Bytes<'js>, offset: f64, length: f64| {
            to.part_mut(offset, length, fill_random)
                .map_err(|error| Exception::throw_internal(&ctx, &error))
        },
        "exit" => move |ctx: Ctx<'js>, code: i32| {
            ends.watch.die(Death::Exit(code));
            Err::<(), _>(uncatchable(&ctx, "exit"))
        },
        // Sleeps so many milliseconds, or until something has come that was waited for: input, or answers to requests.
        "wait" => move |ctx: Ctx<'js>, milliseconds: f64, input: bool, requests: bool| {
            waits.alive(&ctx)?;
            let mut patience = Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or(Duration::from_secs(3600));
            if let Some(remaining) = waits.watch.remaining() {
                patience = patience.min(remaining);
            }
            match requests && !input {
                true => {
                    let _ = waits.host.borrow_mut().flush();
                    waits.bell.wait(patience);
                }
                false => waits.host.borrow_mut().wait(patience, input),
            }
            waits.watch.look();
            waits.alive(&ctx)
        },
        // Whether it is time to end, where no loop of the script asks.
        "look" => move |ctx: Ctx<'js>| {
            looks.watch.look();
            looks.alive(&ctx)
        },
        "cwd" => move || String::from_utf8_lossy(&places.world.borrow().cwd).into_owned(),
        "chdir" => move |ctx: Ctx<'js>, path: Data<'js>| {
            moves.alive(&ctx)?;
            let mut world = moves.world.borrow_mut();
            let path = path.to_vec();
            let found = world.spot(&path).and_then(|spot| {
                let attr = spot.files.resolve(&world.who, spot.path(), tarbox_fs::Follow::Yes)?;
                match attr.is_dir() {
                    true => Ok(()),
                    false => Err(ErrorKind::NotDirectory.into()),
                }
            });
            if found.is_ok() {
                world.cwd = normalize(b"/", &world.absolute(&path));
            }
            Ok::<_, rquickjs::Error>(answer(found, |()| 0))
        },
        // The mask before; a negative one sets none.
        "umask" => move |mask: i32| {
            let mut world = masks.world.borrow_mut();
            let before = world.who.umask;
            if let Ok(mask) = u32::try_from(mask) {
                world.who = world.who.clone().with_umask(mask);
            }
            before
        },
        "user" => move || {
            let world = user.world.borrow();
            vec![world.who.uid(), world.who.gid()]
        },
        "sync" => move |ctx: Ctx<'js>| {
            syncs.alive(&ctx)?;
            let all = syncs.world.borrow().file_systems();
            let synced = all.iter().try_for_each(|files| files.syncfs());
            Ok::<_, rquickjs::Error>(answer(synced, |()| 0))
        },
    });
    Ok(())
}
