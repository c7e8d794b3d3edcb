//! Running another script, and waiting for it.

use std::rc::Rc;
use std::time::Duration;

use rquickjs::{Array, Ctx, IntoJs, Object, Result, TypedArray, Value};

use super::{Shared, functions};
use crate::bytes::Bytes;
use crate::child::{Child, DEPTH_MAX, run, shorter};
use crate::limits::Death;
use crate::vm::{Entry, Outcome};

/// `EAGAIN`: there can be no other engine now.
const NO_MORE: i32 = -11;
/// The signals that a process ends with that had too little time, and too little memory.
const TERMINATED: i32 = -15;
const ABORTED: i32 = -6;

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>, shared: &Rc<Shared>) -> Result<()> {
    let shared = Rc::clone(shared);
    functions!(ctx, native, {
        // The exit code, or the number of a signal below zero; then what was printed and what went to standard error. A negative
        // errno if it cannot be begun.
        "runScript" => move |ctx: Ctx<'js>, what: Object<'js>| {
            shared.alive(&ctx)?;
            let own = what.get::<_, Option<f64>>("timeout")?;
            let child = child(&shared, &what, own)?;
            let (depth, counted) = (child.depth, child.limits.fuel.is_some());
            let ran = if depth > DEPTH_MAX { None } else { run(child) };
            let Some(ran) = ran else {
                return NO_MORE.into_js(&ctx);
            };
            if counted {
                shared.watch.set_fuel(ran.fuel);
            }
            // What ended it may be the end of both.
            shared.watch.look();
            shared.alive(&ctx)?;
            let status = match ran.outcome {
                Outcome::Ended(code) => code & 0xff,
                Outcome::Killed(signal) => -signal,
                Outcome::Died(Death::Memory) => ABORTED,
                Outcome::Died(_) => TERMINATED,
            };
            let answer = Array::new(ctx.clone())?;
            answer.set(0, status)?;
            answer.set(1, TypedArray::new_copy(ctx.clone(), ran.output)?)?;
            answer.set(2, TypedArray::new_copy(ctx.clone(), ran.errors)?)?;
            Ok::<Value<'js>, rquickjs::Error>(answer.into_value())
        },
    });
    Ok(())
}

fn child<'js>(shared: &Shared, what: &Object<'js>, timeout: Option<f64>) -> Result<Child> {
    let text: String = what.get("text")?;
    let kind: String = what.get("kind")?;
    let world = shared.world.borrow();
    let timeout = timeout.and_then(|milliseconds| Duration::try_from_secs_f64(milliseconds / 1000.0).ok());
    let mut limits = shared.limits;
    limits.timeout = shorter(shared.watch.remaining(), timeout);
    limits.fuel = shared.watch.fuel();
    limits.memory = shared.watch.memory_left();
    Ok(Child {
        entry: match kind.as_str() {
            "file" => Entry::File(text),
            "code" => Entry::Code(text),
            "print" => Entry::Print(text),
            _ => Entry::Input,
        },
        args: what.get("args")?,
        exec_args: what.get("execArgs")?,
        env: {
            let flat: Vec<String> = what.get("env")?;
            let pairs = flat.chunks_exact(2);
            pairs.map(|pair| (pair[0].clone(), pair[1].clone())).collect()
        },
        cwd: match what.get::<_, Option<String>>("cwd")? {
            Some(cwd) => String::from_utf8_lossy(&world.absolute(cwd.as_bytes())).into_owned(),
            None => String::from_utf8_lossy(&world.cwd).into_owned(),
        },
        input: match what.get::<_, Option<Bytes<'js>>>("input")? {
            Some(bytes) => bytes.with(<[u8]>::to_vec),
            None => Vec::new(),
        },
        mounts: world.mounts(),
        who: world.who.clone(),
        limits,
        network: shared.network.clone(),
        depth: shared.depth + 1,
        ids: (what.get("pid")?, what.get("ppid")?),
        bytecode: shared.compiler.bytecode(),
    })
}
