//! SQLite in modules of WebAssembly is built for the store alone: `js/sqlite.js` finds nothing to open databases with.

use std::rc::Rc;

use rquickjs::{Ctx, Object, Result};

use super::Shared;

pub(super) fn install<'js>(_ctx: &Ctx<'js>, _native: &Object<'js>, _shared: &Rc<Shared>) -> Result<()> {
    Ok(())
}
