//! Changes, as the file systems report them.

use std::rc::Rc;

use rquickjs::{Array, Ctx, IntoJs, Object, Result};
use tarbox_fs::EventKind;
use tarbox_store::Seq;

use super::{Data, Shared, functions};

/// The most records that are looked at in one call.
const LIMIT: usize = 1000;

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>, shared: &Rc<Shared>) -> Result<()> {
    let (position, changes) = (shared.clone(), shared.clone());
    functions!(ctx, native, {
        // The position of the last change of the file system that a path is in; or a negative errno.
        "lastChange" => move |ctx: Ctx<'js>, path: Data<'js>| {
            position.alive(&ctx)?;
            let world = position.world.borrow();
            let last = path.with(|path| world.spot(path).and_then(|spot| spot.files.last_change()));
            Ok::<_, rquickjs::Error>(last.map_or_else(|error| -f64::from(error.kind().errno()), |seq| seq.0 as f64))
        },
        // The position up to which changes were looked at; then kind, path and old path of each change below `path`. A negative errno
        // where that fails.
        "changes" => move |ctx: Ctx<'js>, path: Data<'js>, after: f64| {
            changes.alive(&ctx)?;
            let world = changes.world.borrow();
            let found = path.with(|path| {
                let spot = world.spot(path)?;
                spot.files.changes(spot.path().path, Seq(after as u64), LIMIT)
            });
            let found = match found {
                Ok(found) => found,
                Err(error) => return (-error.kind().errno()).into_js(&ctx),
            };
            let all = Array::new(ctx.clone())?;
            all.set(0, found.last.0 as f64)?;
            let mut at = 1;
            for event in found.events {
                let kind = match event.kind {
                    EventKind::Create => "create",
                    EventKind::Modify => "modify",
                    EventKind::Rename => "rename",
                    EventKind::Delete => "delete",
                    EventKind::Rescan => "rescan",
                };
                all.set(at, kind)?;
                all.set(at + 1, text(&event.path))?;
                all.set(at + 2, text(event.from.as_deref().unwrap_or_default()))?;
                at += 3;
            }
            all.into_js(&ctx)
        },
    });
    Ok(())
}

fn text(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}
