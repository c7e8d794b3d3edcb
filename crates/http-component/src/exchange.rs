//! A request and its answer, as `wasi:http` has them.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::request::Parts;
use http::{Response, StatusCode, header};
use tarbox_rest::problem::{Answer, Problem};
use tarbox_store::ErrorKind;

use crate::bindings::wasi::http::types::{
    Fields, IncomingBody, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use crate::bindings::wasi::io::streams::{InputStream, OutputStream, StreamError};

/// Bytes of a body that are read at once.
const PIECE: u64 = 64 << 10;

/// Runs what waits for nothing: the workspace is in this component.
pub(crate) fn now<T>(future: impl Future<Output = Answer<T>>) -> Answer<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => Err(ErrorKind::WouldBlock.into()),
    }
}

/// A request.
pub(crate) struct Request {
    pub(crate) head: Parts,
    // In this order they may go.
    stream: InputStream,
    _body: IncomingBody,
    _request: IncomingRequest,
    left: Vec<u8>,
}

impl Request {
    /// Reads the head of a request.
    ///
    /// # Errors
    /// `BAD_REQUEST`
    pub(crate) fn of(request: IncomingRequest) -> Answer<Self> {
        let wrong = |what: &str| Problem::bad_request(format!("the {what} is not as HTTP has it"));
        let mut head = http::Request::builder()
            .method(method(&request.method()))
            .uri(request.path_with_query().unwrap_or_else(|| "/".to_owned()));
        for (name, value) in request.headers().entries() {
            head = head.header(name, value);
        }
        let (head, ()) = head.body(()).map_err(|_| wrong("request"))?.into_parts();
        let body = request.consume().map_err(|()| wrong("body"))?;
        Ok(Self {
            head,
            stream: body.stream().map_err(|()| wrong("body"))?,
            _body: body,
            _request: request,
            left: Vec::new(),
        })
    }

    /// The next `size` bytes of the body, or fewer at its end.
    ///
    /// # Errors
    /// `BAD_REQUEST` if it breaks off.
    pub(crate) fn next(&mut self, size: usize) -> Answer<Vec<u8>> {
        let mut piece = std::mem::take(&mut self.left);
        while piece.len() < size {
            match self.stream.blocking_read(PIECE) {
                Ok(bytes) => piece.extend_from_slice(&bytes),
                Err(StreamError::Closed) => break,
                Err(StreamError::LastOperationFailed(_)) => {
                    return Err(Problem::bad_request("the body broke off"));
                }
            }
        }
        if piece.len() > size {
            self.left = piece.split_off(size);
        }
        Ok(piece)
    }
}

fn method(method: &Method) -> &str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(method) => method,
    }
}

/// The answer, until it is sent.
pub(crate) struct Outgoing(Option<ResponseOutparam>);

/// The body of an answer that was begun.
pub(crate) struct Sending {
    stream: OutputStream,
    body: OutgoingBody,
}

impl Outgoing {
    pub(crate) fn new(out: ResponseOutparam) -> Self {
        Self(Some(out))
    }

    /// Sends the head, if none was sent yet.
    fn begin(&mut self, head: &Response<()>, has_body: bool) -> Option<Sending> {
        let out = self.0.take()?;
        let headers: Vec<_> = head
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
            .collect();
        // Every header is one of ours, and no host forbids any of them.
        let response = OutgoingResponse::new(Fields::from_list(&headers).unwrap_or_else(|_| Fields::new()));
        let _ = response.set_status_code(head.status().as_u16());
        // A body that is not taken is none: the length of an answer to HEAD is that of what is not sent.
        let body = has_body.then(|| response.body().ok()).flatten();
        ResponseOutparam::set(out, Ok(response));
        let body = body?;
        Some(Sending {
            stream: body.write().ok()?,
            body,
        })
    }

    /// An answer without content.
    pub(crate) fn send_head(&mut self, head: &Response<()>) {
        self.begin(head, false);
    }

    /// An answer with content that is there.
    pub(crate) fn send(&mut self, head: &Response<()>, content: &[u8]) {
        let mut head = head.clone();
        head.headers_mut()
            .insert(header::CONTENT_LENGTH, content.len().into());
        if let Some(sending) = self.begin(&head, true)
            && sending.write(content).is_ok()
        {
            sending.end();
        }
    }

    /// Begins an answer with content that comes piece by piece.
    pub(crate) fn send_pieces(&mut self, head: &Response<()>) -> Option<Sending> {
        self.begin(head, true)
    }

    /// Says what went wrong.
    pub(crate) fn send_problem(&mut self, problem: &Problem) {
        let (head, content) = problem.to_http().into_parts();
        self.send(&Response::from_parts(head, ()), &content);
    }

    /// An answer that is an object.
    pub(crate) fn send_json(&mut self, status: StatusCode, object: &impl serde::Serialize) -> Answer<()> {
        let content = serde_json::to_vec(object).map_err(|_| ErrorKind::Io)?;
        let head = Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CACHE_CONTROL, "private, no-cache")
            .body(());
        self.send(&head.map_err(|_| ErrorKind::Io)?, &content);
        Ok(())
    }
}

impl Sending {
    /// Sends bytes, as fast as they are taken.
    ///
    /// # Errors
    /// Nobody takes them any more.
    pub(crate) fn write(&self, mut bytes: &[u8]) -> Result<(), StreamError> {
        while !bytes.is_empty() {
            let room = self.stream.check_write()? as usize;
            if room == 0 {
                self.stream.subscribe().block();
                continue;
            }
            let (piece, rest) = bytes.split_at(room.min(bytes.len()));
            self.stream.write(piece)?;
            bytes = rest;
        }
        Ok(())
    }

    /// All is sent. Whoever drops it instead tells the client that something is missing.
    pub(crate) fn end(self) {
        let flushed = self.stream.blocking_flush();
        drop(self.stream);
        if flushed.is_ok() {
            let _ = OutgoingBody::finish(self.body, None);
        }
    }
}
