//! What the module exports beside those of `tarbox-web` and `tarbox-opfs`.

use std::cell::RefCell;
use std::sync::Arc;

use tarbox_calls::Request;
use tarbox_opfs::exchange::{return_input, take_input};
use tarbox_quickjs::Files;
use tarbox_web::exports::{told, with_workspace};

use crate::Engines;

thread_local! {
    static ENGINES: RefCell<Engines> = RefCell::default();
}

/// Does the operation of that number on engines; the rest of its request is the input.
#[unsafe(no_mangle)]
extern "C" fn extension_call(operation: u32, one: f64, two: f64, three: f64) -> f64 {
    let input = take_input();
    let result = told(|out| {
        let request = Request::parse(&input, [one, two, three])?;
        let (files, who) = with_workspace(|workspace| {
            let files: Arc<dyn Files> = workspace.place().files();
            Ok((files, workspace.who().clone()))
        })?;
        ENGINES.with_borrow_mut(|engines| engines.call((files, &who), operation, &request, out))
    });
    return_input(input);
    result
}

/// QuickJS's clock: microseconds since 1970.
#[unsafe(no_mangle)]
extern "C" fn __rquickjs_host_now_us() -> f64 {
    tarbox_opfs::now_ms() * 1000.0
}

/// What C's `printf` would print goes nowhere.
#[unsafe(no_mangle)]
extern "C" fn putchar_(_character: i32) {}
