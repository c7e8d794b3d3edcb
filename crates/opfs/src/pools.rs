//! The pools of this module, by number, as the JavaScript side makes and looks after them.
//!
//! An export that can fail returns a negative number then, and leaves a text as output.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use tarbox_pool::sahpool::SlotId;
use tarbox_pool::{Error, ErrorKind, Operation, Pool, PoolFile, Result, SahPool};

use crate::exchange::{give_output, return_input, take_input};
use crate::{OpfsHandle, host};

thread_local! {
    static POOLS: RefCell<BTreeMap<u32, Arc<SahPool>>> = const { RefCell::new(BTreeMap::new()) };
}

/// The pool of that number.
///
/// # Errors
/// `NotFound` if there is none.
pub fn pool(id: u32) -> Result<Arc<SahPool>> {
    let found = POOLS.with_borrow(|pools| pools.get(&id).cloned());
    found.ok_or_else(|| Error::new(ErrorKind::NotFound, Operation::OpenPool, &format!("pool {id}")))
}

/// Does something with a pool, and turns an error into what exports return.
pub fn with_pool(id: u32, act: impl FnOnce(&SahPool) -> Result<i32>) -> i32 {
    told(pool(id).and_then(|pool| act(&pool)))
}

/// Leaves the text of an error as output.
pub(crate) fn told(result: Result<i32>) -> i32 {
    result.unwrap_or_else(|error| {
        let mut text = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        give_output(|output| output.extend_from_slice(text.as_bytes()));
        match error.kind() {
            ErrorKind::NotFound => -2,
            ErrorKind::NoSpace => -28,
            ErrorKind::Exists => -17,
            ErrorKind::Busy => -16,
            ErrorKind::InvalidName | ErrorKind::InvalidArgument => -22,
            _ => -5,
        }
    })
}

/// A number as results carry it.
fn count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Opens a pool. The input is the numbers of its handles, four bytes each.
#[unsafe(no_mangle)]
extern "C" fn pool_open(id: u32) -> i32 {
    host::tell_panics();
    let input = take_input();
    let slots = input.as_chunks::<4>().0.iter().map(|number| {
        let slot = SlotId::from_le_bytes(*number);
        (slot, Arc::new(OpfsHandle::new(slot)) as Arc<dyn PoolFile>)
    });
    let opened = SahPool::open(slots);
    return_input(input);
    told(opened.map(|pool| {
        POOLS.with_borrow_mut(|pools| pools.insert(id, Arc::new(pool)));
        0
    }))
}

/// Forgets a pool, unless files of it are open.
#[unsafe(no_mangle)]
extern "C" fn pool_close(id: u32) -> i32 {
    with_pool(id, |pool| {
        if pool.has_open_files() {
            return Err(Error::new(ErrorKind::Busy, Operation::OpenPool, "")
                .because("files of the pool are open: close their databases first"));
        }
        // Deletions nobody waited for, so that whoever opens the files next finds them tidy.
        pool.sync_names()?;
        POOLS.with_borrow_mut(|pools| drop(pools.remove(&id)));
        Ok(0)
    })
}

#[unsafe(no_mangle)]
extern "C" fn pool_add_slot(id: u32, slot: SlotId) -> i32 {
    with_pool(id, |pool| {
        pool.add_slot(slot, Arc::new(OpfsHandle::new(slot)))?;
        Ok(count(pool.capacity()))
    })
}

/// The number of the slot that was taken out, or −1.
#[unsafe(no_mangle)]
extern "C" fn pool_remove_slot(id: u32) -> i32 {
    with_pool(id, |pool| {
        Ok(pool
            .remove_free_slot()?
            .map_or(-1, |slot| i32::try_from(slot).unwrap_or(-1)))
    })
}

#[unsafe(no_mangle)]
extern "C" fn pool_capacity(id: u32) -> i32 {
    with_pool(id, |pool| Ok(count(pool.capacity())))
}

#[unsafe(no_mangle)]
extern "C" fn pool_free_slots(id: u32) -> i32 {
    with_pool(id, |pool| Ok(count(pool.free_slots())))
}

/// Gives the names of all files, each followed by a NUL, and returns how many there are.
#[unsafe(no_mangle)]
extern "C" fn pool_list(id: u32) -> i32 {
    with_pool(id, |pool| {
        let names = pool.list("")?;
        give_output(|output| {
            for name in &names {
                output.extend_from_slice(name.as_bytes());
                output.push(0);
            }
        });
        Ok(count(names.len()))
    })
}

/// The slot of the file whose name is the input.
#[unsafe(no_mangle)]
extern "C" fn pool_slot_of(id: u32) -> i32 {
    with_name(|name| {
        with_pool(id, |pool| {
            let missing = || Error::new(ErrorKind::NotFound, Operation::Open, name);
            let slot = pool.slot_of(name).ok_or_else(missing)?;
            Ok(i32::try_from(slot).unwrap_or(i32::MAX))
        })
    })
}

/// Creates the file whose name is the input, if it is missing, and gives its slot.
#[unsafe(no_mangle)]
extern "C" fn pool_create(id: u32) -> i32 {
    with_name(|name| {
        with_pool(id, |pool| {
            drop(pool.open(name, tarbox_pool::OpenOptions::CREATE)?);
            Ok(pool
                .slot_of(name)
                .and_then(|slot| i32::try_from(slot).ok())
                .unwrap_or(-1))
        })
    })
}

/// Deletes the file whose name is the input, durably.
#[unsafe(no_mangle)]
extern "C" fn pool_delete(id: u32) -> i32 {
    with_name(|name| {
        with_pool(id, |pool| {
            pool.delete(name)?;
            pool.sync_names()?;
            Ok(0)
        })
    })
}

/// Gives a file another name, durably. The input is both, with a NUL between them.
#[unsafe(no_mangle)]
extern "C" fn pool_rename(id: u32) -> i32 {
    with_name(|names| {
        with_pool(id, |pool| {
            let (from, to) = names.split_once('\0').unwrap_or((names, ""));
            pool.rename(from, to).map(|()| 0)
        })
    })
}

/// Gives what was set aside: for each slot its number, its contents' length, the name of its file, what is wrong and
/// the path in its header, each followed by a NUL.
#[unsafe(no_mangle)]
extern "C" fn pool_set_aside(id: u32) -> i32 {
    with_pool(id, |pool| {
        let all = pool.set_aside();
        give_output(|output| {
            for one in &all {
                let path = one.path.as_deref().unwrap_or("");
                let fields = [
                    &one.slot.to_string(),
                    &one.len.to_string(),
                    &one.device_name,
                    one.damage.text(),
                    path,
                ];
                for field in fields {
                    output.extend_from_slice(field.as_bytes());
                    output.push(0);
                }
            }
        });
        Ok(count(all.len()))
    })
}

/// Makes a file of a slot that was set aside; its name is the input.
#[unsafe(no_mangle)]
extern "C" fn pool_adopt(id: u32, slot: SlotId) -> i32 {
    with_name(|name| with_pool(id, |pool| pool.adopt(slot, name).map(|()| 0)))
}

#[unsafe(no_mangle)]
extern "C" fn pool_discard(id: u32, slot: SlotId) -> i32 {
    with_pool(id, |pool| pool.discard(slot).map(|()| 0))
}

/// Gives the input as a name.
fn with_name(act: impl FnOnce(&str) -> i32) -> i32 {
    let input = take_input();
    let result = match std::str::from_utf8(&input) {
        Ok(name) => act(name),
        Err(_) => told(Err(Error::new(ErrorKind::InvalidName, Operation::Open, ""))),
    };
    return_input(input);
    result
}
