//! Pools as VFSes.

use std::cell::RefCell;
use std::collections::BTreeMap;

use tarbox_opfs::exchange::{give_output, return_input, take_input};
use tarbox_opfs::pool;
use tarbox_sqlite_vfs::{Options, Registration, register};

thread_local! {
    static REGISTERED: RefCell<BTreeMap<u32, Registration>> = const { RefCell::new(BTreeMap::new()) };
}

/// Leaves the text of an error as output.
fn told(result: Result<(), String>) -> i32 {
    match result {
        Ok(()) => 0,
        Err(text) => {
            give_output(|output| output.extend_from_slice(text.as_bytes()));
            -1
        }
    }
}

/// Makes a pool known to SQLite; the VFS's name is the input.
#[unsafe(no_mangle)]
extern "C" fn vfs_register(id: u32) -> i32 {
    let input = take_input();
    let result = pool(id).map_err(|error| error.to_string()).and_then(|pool| {
        let name = String::from_utf8_lossy(&input);
        let registration = register(&name, pool, Options::default()).map_err(|error| error.to_string())?;
        REGISTERED.with_borrow_mut(|all| all.insert(id, registration));
        Ok(())
    });
    return_input(input);
    told(result)
}

/// Takes a VFS back, unless files of it are open.
#[unsafe(no_mangle)]
extern "C" fn vfs_unregister(id: u32) -> i32 {
    let Some(registration) = REGISTERED.with_borrow_mut(|all| all.remove(&id)) else {
        return 0;
    };
    told(registration.unregister().map_err(|error| {
        let text = error.to_string();
        REGISTERED.with_borrow_mut(|all| all.insert(id, error.registration));
        text
    }))
}

/// Gives the text of the last error of the device, and returns its length.
#[unsafe(no_mangle)]
extern "C" fn vfs_last_error(id: u32) -> i32 {
    let text = REGISTERED.with_borrow(|all| {
        let error = all.get(&id)?.last_error()?;
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        Some(format!("{error}{}", cause.unwrap_or_default()))
    });
    let text = text.unwrap_or_default();
    give_output(|output| output.extend_from_slice(text.as_bytes()));
    i32::try_from(text.len()).unwrap_or(0)
}
