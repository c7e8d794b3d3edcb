//! Standard output and error, and standard input.

use std::rc::Rc;

use rquickjs::{Ctx, IntoJs, Object, Result, TypedArray, Value};

use super::{Data, Shared, functions};
use crate::host::Read;

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>, shared: &Rc<Shared>) -> Result<()> {
    let (prints, flushes, reads) = (shared.clone(), shared.clone(), shared.clone());
    functions!(ctx, native, {
        // 0, or a negative errno if the reader has gone.
        "print" => move |ctx: Ctx<'js>, fd: i32, data: Data<'js>| {
            prints.alive(&ctx)?;
            let printed = data.with(|bytes| prints.host.borrow_mut().print(fd, bytes));
            Ok::<_, rquickjs::Error>(printed.map_or_else(|error| -crate::host::errno(&error), |()| 0))
        },
        "flush" => move || {
            let _ = flushes.host.borrow_mut().flush();
        },
        // What there is to be read: bytes; null at the end; undefined if nothing has come yet, unless it is to be waited for.
        "stdin" => move |ctx: Ctx<'js>, wait: bool| {
            reads.alive(&ctx)?;
            let patience = wait.then(|| reads.watch.remaining());
            let read = reads.host.borrow_mut().read(patience);
            match read {
                Read::Bytes(bytes) => TypedArray::new_copy(ctx.clone(), bytes)?.into_js(&ctx),
                Read::End => Ok(Value::new_null(ctx)),
                Read::Nothing => Ok(Value::new_undefined(ctx)),
            }
        },
    });
    Ok(())
}
