//! A thread, with a stack of its own.

use std::io::{self, Cursor, Write};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Child, Ran};
use crate::options::Options;
use crate::vm::Vm;

/// What is kept of each stream, in bytes. Whoever writes more is told that nobody reads.
const OUTPUT_MAX: usize = 64 << 20;
/// The stack that calls from a script need, beside what the script may use.
const MORE_STACK: usize = 16 << 20;

/// Runs it to its end; nothing if there are no threads to be had.
pub(crate) fn run(child: Child) -> Option<Ran> {
    let stack = child.limits.stack.saturating_add(MORE_STACK);
    let thread = std::thread::Builder::new()
        .name("tarbox-js-child".into())
        .stack_size(stack);
    let started = thread.spawn(move || inside(child));
    started.ok()?.join().ok()?
}

fn inside(child: Child) -> Option<Ran> {
    let (output, errors) = (Kept::default(), Kept::default());
    let mut options = Options::new(child.mounts, child.who);
    options.cwd = child.cwd;
    options.limits = child.limits;
    options.network = child.network;
    options.args = child.args;
    options.exec_args = child.exec_args;
    options.env = child.env;
    options.depth = child.depth;
    options.ids = child.ids;
    options.bytecode = child.bytecode;
    options.output = Box::new(output.clone());
    options.errors = Box::new(errors.clone());
    options.input = Box::new(Cursor::new(child.input));
    let mut vm = Vm::new(options).ok()?;
    let outcome = vm.run(&child.entry);
    let fuel = vm.fuel_left();
    drop(vm);
    Some(Ran {
        outcome,
        output: output.take(),
        errors: errors.take(),
        fuel,
    })
}

/// What is written, for who has begun it.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len().saturating_add(bytes.len()) > OUTPUT_MAX {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        all.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
