//! Descriptors that are not open: `EBADF` from every function that takes one, whatever its other arguments are.

use tarbox_wasi::p1::{Context, Errno, Failure, Memory, Result};
use tarbox_wasi::preview1_functions;

use crate::guest::{CREAT, Guest, ROOT};

/// Calls it with the value that each argument has by its name.
type Call = fn(&mut Context, &mut Memory<'_>, &dyn Fn(&str) -> u64) -> Result;

/// One function, with the value of each argument by its name.
struct Function {
    name: &'static str,
    arguments: &'static [&'static str],
    call: Call,
}

macro_rules! table {
    ($($name:ident($($arg:ident: $ty:ty),*);)*) => {
        [$(Function {
            name: stringify!($name),
            arguments: &[$(stringify!($arg)),*],
            call: |context, memory, value| {
                let _ = value;
                context.$name(memory $(, value(stringify!($arg)) as $ty)*)
            },
        }),*]
    };
}

const FUNCTIONS: [Function; 46] = preview1_functions!(table);

/// Functions that take no descriptor, or take it in a structure: `poll_oneoff` tells of each in its event.
const WITHOUT: [&str; 11] = [
    "args_get",
    "args_sizes_get",
    "environ_get",
    "environ_sizes_get",
    "clock_res_get",
    "clock_time_get",
    "poll_oneoff",
    "proc_exit",
    "proc_raise",
    "sched_yield",
    "random_get",
];

fn is_descriptor(argument: &str) -> bool {
    argument == "fd" || argument.ends_with("_fd")
}

/// A number that was never given, one that was closed, and the largest.
fn closed(guest: &mut Guest) -> [u32; 3] {
    let fd = guest.open("f", CREAT, true).unwrap();
    guest.close(fd).unwrap();
    [99, fd, u32::MAX]
}

#[test]
fn every_function_knows_a_descriptor_that_is_not_open() {
    for function in &FUNCTIONS {
        let descriptors: Vec<_> = function.arguments.iter().filter(|a| is_descriptor(a)).collect();
        let without = WITHOUT.contains(&function.name);
        assert_eq!(descriptors.is_empty(), without, "{}", function.name);
        for wrong in &descriptors {
            let mut guest = Guest::new();
            for fd in closed(&mut guest) {
                // Other arguments that mean something, and such as mean nothing.
                for rest in [0, u64::MAX] {
                    let value = |argument: &str| match is_descriptor(argument) {
                        true if argument == **wrong => u64::from(fd),
                        true => u64::from(ROOT),
                        false => rest,
                    };
                    let answer = guest.raw(|context, memory| (function.call)(context, memory, &value));
                    assert_eq!(
                        answer,
                        Err(Failure::Errno(Errno::Badf)),
                        "{}, {wrong} is {fd}, the rest is {rest}",
                        function.name
                    );
                }
            }
        }
    }
}

#[test]
fn a_descriptor_is_moved_only_to_one_that_is_open() {
    let mut guest = Guest::new();
    for fd in closed(&mut guest) {
        assert_eq!(guest.call(|c, m| c.fd_renumber(m, ROOT, fd)), Err(Errno::Badf));
        assert_eq!(guest.call(|c, m| c.fd_renumber(m, fd, ROOT)), Err(Errno::Badf));
    }
}

#[test]
fn waiting_for_what_is_not_open_is_told_in_the_event() {
    let mut guest = Guest::new();
    for fd in closed(&mut guest) {
        for kind in [1, 2] {
            let mut subscription = [0; 48];
            subscription[8] = kind;
            subscription[16..20].copy_from_slice(&fd.to_le_bytes());
            let (subscriptions, _) = guest.put(subscription);
            let (events, _) = guest.put([0; 40]);
            guest
                .call(|c, m| c.poll_oneoff(m, subscriptions, events, 1, events + 32))
                .unwrap();
            assert_eq!(guest.u32_at(events + 32), 1);
            assert_eq!(guest.u32_at(events + 8) as u16, Errno::Badf as u16, "{fd}");
        }
    }
}
