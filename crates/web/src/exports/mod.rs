//! What the module exports beside those of `tarbox-opfs`. A negative result is an error, with JSON about it as output.

#[cfg(feature = "sync")]
mod sync;

use std::cell::RefCell;

use tarbox_opfs::exchange::{give_output, return_input, take_input};
use tarbox_store::{Error, ErrorKind, Result};

use crate::{Redo, Request, Workspace, client, reply};

thread_local! {
    static WORKSPACE: RefCell<Option<Workspace>> = const { RefCell::new(None) };
}

/// Fills the output, also with an error.
pub fn told(act: impl FnOnce(&mut Vec<u8>) -> Result<f64>) -> f64 {
    give_output(|out| {
        act(out).unwrap_or_else(|error| {
            reply::error(out, &error);
            -1.0
        })
    })
}

/// Lends the workspace that is open.
///
/// # Errors
/// `BadHandle` if none is.
pub fn with_workspace<T>(act: impl FnOnce(&mut Workspace) -> Result<T>) -> Result<T> {
    WORKSPACE.with_borrow_mut(|workspace| match workspace {
        Some(workspace) => act(workspace),
        None => Err(Error::new(ErrorKind::BadHandle).because("the workspace is closed")),
    })
}

/// Opens the workspace in the pool of that number, with a redo log or without one.
#[unsafe(no_mangle)]
extern "C" fn workspace_open(pool: u32, first_handle: u32, has_redo: u32) -> f64 {
    let redo = if has_redo != 0 { Redo::Kept } else { Redo::None };
    told(|_| {
        let pool = tarbox_opfs::pool(pool).map_err(|e| Error::new(ErrorKind::Io).caused_by(e))?;
        let opened = crate::open(pool, first_handle, redo)?;
        WORKSPACE.set(Some(opened));
        Ok(0.0)
    })
}

/// Says by its input whose the next operations are: so many numbers of four bytes for the user, and the agent.
#[unsafe(no_mangle)]
extern "C" fn workspace_serve(numbers: usize) -> f64 {
    let input = take_input();
    let (user, agent) = input.split_at(input.len().min(numbers.saturating_mul(4)));
    let user: Vec<u32> = user
        .as_chunks()
        .0
        .iter()
        .map(|number| u32::from_le_bytes(*number))
        .collect();
    let agent = String::from_utf8_lossy(agent);
    let result = told(|_| {
        with_workspace(|workspace| {
            workspace.act_as(client(&agent, &user));
            Ok(0.0)
        })
    });
    drop(agent);
    return_input(input);
    result
}

/// Does the operation of that number; the rest of its request is the input.
#[unsafe(no_mangle)]
extern "C" fn workspace_call(operation: u32, one: f64, two: f64, three: f64) -> f64 {
    let input = take_input();
    let result = told(|out| {
        let request = Request::parse(&input, [one, two, three])?;
        with_workspace(|workspace| workspace.call(operation, &request, out))
    });
    return_input(input);
    result
}

#[unsafe(no_mangle)]
extern "C" fn workspace_sync() -> f64 {
    told(|_| with_workspace(|workspace| workspace.sync()).map(|()| 0.0))
}

/// Commits what is left and closes the workspace.
#[unsafe(no_mangle)]
extern "C" fn workspace_close() -> f64 {
    told(|_| {
        with_workspace(|workspace| workspace.sync())?;
        #[cfg(feature = "sync")]
        sync::close();
        WORKSPACE.set(None);
        Ok(0.0)
    })
}
