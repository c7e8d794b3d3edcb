//! `stat`: the attributes as arguments of a function that makes an object of them.

use std::rc::Rc;

use rquickjs::function::Args;
use rquickjs::{BigInt, Ctx, Function, IntoJs, Object, Result, Value};
use tarbox_fs::{AccessMask, Follow, StatFs};
use tarbox_store::{Attr, ErrorKind};

use super::{Data, Shared, functions};
use crate::world::no_file_system;

/// What `st_blksize` says, as Linux's file systems do.
const BLOCK_SIZE: u32 = 4096;

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>, shared: &Rc<Shared>) -> Result<()> {
    let (by_path, by_number, access, space) =
        (shared.clone(), shared.clone(), shared.clone(), shared.clone());
    functions!(ctx, native, {
        "stat" => move |ctx: Ctx<'js>, path: Data<'js>, follow: bool, big: bool, make: Function<'js>| {
            by_path.alive(&ctx)?;
            let found = path.with(|path| look(&by_path, path, follow));
            made(&ctx, found, big, &make)
        },
        "fstat" => move |ctx: Ctx<'js>, fd: i32, big: bool, make: Function<'js>| {
            by_number.alive(&ctx)?;
            let mut world = by_number.world.borrow_mut();
            let found = world.descriptor(fd).and_then(|open| Ok((open.device, open.files.getattr(open.ino)?)));
            drop(world);
            made(&ctx, found, big, &make)
        },
        "access" => move |ctx: Ctx<'js>, path: Data<'js>, mode: u32| {
            access.alive(&ctx)?;
            let world = access.world.borrow();
            let allowed = path.with(|path| {
                let spot = world.spot(path)?;
                let attr = spot.files.resolve(&world.who, spot.path(), Follow::Yes)?;
                let mask = AccessMask::from_bits(mode);
                if mask.contains(AccessMask::WRITE) {
                    spot.writable()?;
                }
                spot.files.access(&world.who, attr.ino, mask)
            });
            Ok::<_, rquickjs::Error>(super::answer(allowed, |()| 0))
        },
        "statfs" => move |ctx: Ctx<'js>, path: Data<'js>, make: Function<'js>| {
            space.alive(&ctx)?;
            let world = space.world.borrow();
            let found = path.with(|path| {
                let spot = world.spot(path)?;
                spot.files.resolve(&world.who, spot.path(), Follow::Yes)?;
                spot.files.statfs()
            });
            drop(world);
            match found {
                Ok(StatFs { block_size, blocks, blocks_free, files, files_free, .. }) => {
                    make.call((block_size, blocks as f64, blocks_free as f64, files as f64, files_free as f64))
                }
                Err(error) => (-error.kind().errno()).into_js(&ctx),
            }
        },
    });
    Ok(())
}

/// The attributes of what is at a path, and the number of its device.
fn look(shared: &Shared, path: &[u8], follow: bool) -> tarbox_store::Result<(u64, Attr)> {
    let world = shared.world.borrow();
    let follow = if follow { Follow::Yes } else { Follow::No };
    let found = world.spot(path).and_then(|spot| {
        let attr = spot.files.resolve(&world.who, spot.path(), follow)?;
        Ok((spot.device, attr))
    });
    match found {
        Err(error)
            if error.kind() == ErrorKind::NotFound
                && world.above_mounts(path).is_some()
                && !path.is_empty() =>
        {
            Ok((0, no_file_system()))
        }
        found => found,
    }
}

fn made<'js>(
    ctx: &Ctx<'js>,
    found: tarbox_store::Result<(u64, Attr)>,
    big: bool,
    make: &Function<'js>,
) -> Result<Value<'js>> {
    let (device, attr) = match found {
        Ok(found) => found,
        Err(error) => return (-error.kind().errno()).into_js(ctx),
    };
    let mode = attr.kind.mode_bits() | attr.mode;
    let mut args = Args::new(ctx.clone(), 14);
    let whole = [
        device,
        u64::from(mode),
        u64::from(attr.nlink),
        u64::from(attr.uid),
        u64::from(attr.gid),
        attr.rdev,
        u64::from(BLOCK_SIZE),
        attr.ino.0,
        attr.size,
        attr.blocks,
    ];
    let times = [attr.atime, attr.mtime, attr.ctime, attr.btime];
    if big {
        for number in whole {
            args.push_arg(BigInt::from_u64(ctx.clone(), number)?)?;
        }
        for time in times {
            args.push_arg(BigInt::from_i64(ctx.clone(), time.0)?)?;
        }
    } else {
        for number in whole {
            args.push_arg(number as f64)?;
        }
        for time in times {
            args.push_arg(time.seconds() as f64 * 1000.0 + f64::from(time.nanos()) / 1e6)?;
        }
    }
    args.apply(make)
}
