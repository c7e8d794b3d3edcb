//! `fetch`: the host's client as scripts see it.

use std::sync::Arc;

use tarbox_host::{HttpAccess, HttpClient, HttpEvent, HttpExchange, HttpRequest};
use tarbox_quickjs::{Bell, Event, Exchange, Network, Request};

use crate::failure::{Failure, Result};

/// A client for what is allowed.
///
/// # Errors
/// If there are no threads to be had.
pub(super) fn network(access: HttpAccess) -> Result<Arc<dyn Network>> {
    let client = HttpClient::new(access).map_err(|error| Failure::host("thread", &error))?;
    Ok(Arc::new(Client(client)))
}

struct Client(HttpClient);

impl Network for Client {
    fn send(&self, request: Request, bell: Arc<Bell>) -> Box<dyn Exchange> {
        let Request {
            method,
            url,
            headers,
            body,
        } = request;
        let request = HttpRequest {
            method,
            url,
            headers,
            body,
        };
        Box::new(Under(self.0.send(request, move || bell.ring())))
    }
}

struct Under(HttpExchange);

impl Exchange for Under {
    fn next(&mut self) -> Option<Event> {
        Some(match self.0.poll()? {
            HttpEvent::Head { status, headers } => Event::Head(status, headers),
            HttpEvent::Data(bytes) => Event::Data(bytes),
            HttpEvent::End => Event::End,
            HttpEvent::Denied => Event::Denied,
            HttpEvent::Failed(code, why) => Event::Failed(code, why),
        })
    }
}
