//! Requests, for `js/internal/fetch.js`.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rquickjs::prelude::MutFn;
use rquickjs::{Array, Ctx, Function, IntoJs, Object, Result, TypedArray, Value};

use super::{Shared, functions};
use crate::bytes::Bytes;
use crate::network::{Event, Request};

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>, shared: &Rc<Shared>) -> Result<()> {
    let sends = Rc::clone(shared);
    functions!(ctx, native, {
        // Begins a request with these headers, names and values in turn. Answers a function that tells what has come: undefined if
        // nothing has; a status with names and values; bytes; null at the end; a code and a sentence, or an empty code where the host
        // is not allowed. Called with true it gives the request up. Null where there is no network.
        "send" => move |ctx: Ctx<'js>, method: String, url: String, headers: Vec<String>, body: Bytes<'js>| {
            sends.alive(&ctx)?;
            let Some(network) = &sends.network else {
                return Ok(Value::new_null(ctx));
            };
            let request = Request {
                method,
                url,
                headers: headers.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect(),
                body: body.with(<[u8]>::to_vec),
            };
            let exchange = RefCell::new(Some(network.send(request, Arc::clone(&sends.bell))));
            let next = move |ctx: Ctx<'js>, gives_up: bool| {
                if gives_up {
                    exchange.borrow_mut().take();
                }
                let event = exchange.borrow_mut().as_mut().and_then(|exchange| exchange.next());
                event.map_or_else(|| Ok(Value::new_undefined(ctx.clone())), |event| told(&ctx, event))
            };
            Function::new(ctx.clone(), MutFn::new(next))?.into_js(&ctx)
        },
    });
    Ok(())
}

fn told<'js>(ctx: &Ctx<'js>, event: Event) -> Result<Value<'js>> {
    let list = Array::new(ctx.clone())?;
    match event {
        Event::Head(status, headers) => {
            list.set(0, status)?;
            for (index, (name, value)) in headers.into_iter().enumerate() {
                list.set(2 * index + 1, name)?;
                // Bytes that are not ASCII are Latin-1 there.
                let text: String = value.into_iter().map(char::from).collect();
                list.set(2 * index + 2, text)?;
            }
        }
        Event::Data(bytes) => return TypedArray::new_copy(ctx.clone(), bytes)?.into_js(ctx),
        Event::End => return Ok(Value::new_null(ctx.clone())),
        Event::Denied => list.set(0, "")?,
        Event::Failed(code, why) => {
            list.set(0, code)?;
            list.set(1, why)?;
        }
    }
    list.into_js(ctx)
}
