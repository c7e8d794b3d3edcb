//! A workspace behind an HTTP route, as a component of WASI 0.2: it exports `wasi:http/incoming-handler`, and keeps the workspace in a
//! directory that the runtime lends.
//!
//! The addresses and their meaning are those of `tarbox serve` (files, directories, layers); what is shared is in `tarbox-rest`. A
//! request opens the workspace and closes it again, since a runtime may have any number of instances at a time, or none: a change is
//! on the device before it is answered, and nothing is held between requests.
#![cfg(all(target_family = "wasm", target_os = "unknown"))]
#![deny(unsafe_code)]

mod access;
mod bindings;
mod exchange;
mod files;
mod routes;
mod workspace;

use bindings::exports::wasi::http::incoming_handler::Guest;
use bindings::wasi::http::types::{IncomingRequest, ResponseOutparam};
use exchange::{Outgoing, Request};
use tarbox_rest::problem::Answer;

/// What the export is implemented for.
struct Handler;

impl Guest for Handler {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let mut out = Outgoing::new(out);
        if let Err(problem) = answer(request, &mut out) {
            out.send_problem(&problem);
        }
    }
}

fn answer(request: IncomingRequest, out: &mut Outgoing) -> Answer<()> {
    let mut request = Request::of(request)?;
    access::check(&request)?;
    workspace::with(|workspace| {
        if let Err(problem) = exchange::now(routes::answer(workspace, &mut request, out)) {
            out.send_problem(&problem);
        }
    })
}
