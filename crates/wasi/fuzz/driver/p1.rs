//! Calls of preview 1.

use std::time::Duration;

use tarbox_wasi::p1::{self, Clock, Context, Failure, Memory, System};
use tarbox_wasi::preview1_functions;

use super::{CALLS_MAX, Choices, PATHS, World};

/// Bytes of the program's memory.
const MEMORY: usize = 1 << 16;
/// Where the paths stand, one in this many bytes.
const PATH_ROOM: usize = 32;
/// Where vectors stand, behind them where results go.
const VECTORS: u32 = 0x2000;
const RESULTS: u32 = 0x4000;

/// Clocks that nobody waits for.
struct Still;

impl System for Still {
    fn now(&mut self, _: Clock) -> u64 {
        1
    }

    fn resolution(&mut self, _: Clock) -> u64 {
        1
    }

    fn sleep(&mut self, _: Duration) -> p1::Result {
        Ok(())
    }

    fn random(&mut self, buffer: &mut [u8]) -> p1::Result {
        buffer.fill(7);
        Ok(())
    }
}

/// Runs the calls that the bytes make.
pub(crate) fn run(bytes: &[u8]) {
    let world = World::new();
    let built = Context::builder(Box::new(Still))
        .arg("program")
        .preopen("/", world.dir())
        .max_descriptors(64)
        .build();
    let mut context = built.unwrap();
    let mut memory = memory();
    let mut choices = Choices::new(bytes);
    for _ in 0..CALLS_MAX {
        // A fault and an exit end a program.
        if choices.is_over() || !call(&mut context, &mut memory, &mut choices) {
            break;
        }
    }
    drop(context);
    world.check();
}

fn memory() -> Vec<u8> {
    let mut memory = vec![0; MEMORY];
    for (path, room) in PATHS.iter().zip(memory.chunks_mut(PATH_ROOM)) {
        room[..path.len()].copy_from_slice(path.as_bytes());
    }
    for (index, (address, len)) in [(RESULTS, 16), (RESULTS, 0), (0x8000, 0x7000), (u32::MAX, 4)]
        .into_iter()
        .enumerate()
    {
        let at = VECTORS as usize + 8 * index;
        memory[at..at + 4].copy_from_slice(&u32::to_le_bytes(address));
        memory[at + 4..at + 8].copy_from_slice(&u32::to_le_bytes(len));
    }
    memory
}

/// An argument, by what it is called.
trait Argument {
    fn choose(name: &str, choices: &mut Choices<'_>, path: &mut usize) -> Self;
}

impl Argument for u32 {
    fn choose(name: &str, choices: &mut Choices<'_>, path: &mut usize) -> Self {
        if choices.byte() >= 240 {
            return choices.number() as u32;
        }
        match name {
            "fd" | "old_fd" | "new_fd" | "to" => choices.below(12) as u32,
            "path" | "old_path" | "new_path" => {
                *path = choices.below(PATHS.len());
                (*path * PATH_ROOM) as u32
            }
            "path_len" | "old_path_len" | "new_path_len" => PATHS[*path].len() as u32,
            "iovs" => VECTORS + 8 * choices.below(3) as u32,
            "iovs_len" => choices.below(3) as u32,
            "buffer_len" | "count" => choices.below(128) as u32,
            "open" | "lookup" | "flags" | "fd_flags" | "whence" | "advice" => choices.below(32) as u32,
            _ => RESULTS + 64 * choices.below(16) as u32,
        }
    }
}

impl Argument for u64 {
    fn choose(name: &str, choices: &mut Choices<'_>, _: &mut usize) -> Self {
        match name {
            // A program that gives up its rights does little afterwards.
            "base" | "inheriting" if choices.byte() < 200 => u64::MAX,
            _ => choices.number(),
        }
    }
}

impl Argument for i64 {
    fn choose(_: &str, choices: &mut Choices<'_>, _: &mut usize) -> Self {
        choices.number() as i64
    }
}

macro_rules! dispatch {
    ($($name:ident($($arg:ident: $ty:ty),*);)*) => {
        /// One call. Whether the program goes on.
        fn call(context: &mut Context, memory: &mut [u8], choices: &mut Choices<'_>) -> bool {
            const NAMES: &[&str] = &[$(stringify!($name)),*];
            let name = NAMES[choices.below(NAMES.len())];
            let mut path = 0;
            let result = match name {
                $(stringify!($name) => {
                    $(let $arg = <$ty as Argument>::choose(stringify!($arg), choices, &mut path);)*
                    context.$name(&mut Memory::new(memory), $($arg),*)
                })*
                _ => Ok(()),
            };
            match result {
                Ok(()) | Err(Failure::Errno(_)) => true,
                // Addresses outside are tried often: to go on finds more.
                Err(Failure::Fault(_)) => true,
                Err(Failure::Exit(_) | Failure::Interrupted) => false,
            }
        }
    };
}

preview1_functions!(dispatch);
