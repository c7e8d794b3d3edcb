//! The same requests, for programs that no Wasmtime runs: an event loop on a thread of its own.

use std::io;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::http::uri::Scheme;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use wasmtime_wasi_http::{Error, WasiBody};
use wasmtime_wasi_io::bytes::Bytes;

use super::HttpAccess;
use super::sender::Sender;

/// Parts of a response that wait for somebody to take them. While there are as many, no more is read.
const PARTS: usize = 8;
/// What a request is framed by is decided here, and by nobody else.
const FRAMING: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A request, with all of its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method, in capital letters where it is a usual one.
    pub method: String,
    /// `http:` or `https:`.
    pub url: String,
    /// Names and values. Those that say how the request is framed (`content-length`, `host` and others) are left out.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What becomes of a request, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpEvent {
    /// The beginning of the response.
    Head {
        /// The status code.
        status: u16,
        /// Names and values.
        headers: Vec<(String, Vec<u8>)>,
    },
    /// A part of the body.
    Data(Vec<u8>),
    /// The body is complete.
    End,
    /// Nobody is allowed to ask this host.
    Denied,
    /// It failed: a code as Node.js has them (`ECONNREFUSED`), and a sentence.
    Failed(&'static str, String),
}

/// Sends what an [`HttpAccess`] allows: the same hosts, bounds and code as for `wasi:http`.
#[derive(Debug)]
pub struct HttpClient {
    sender: Arc<Sender>,
    runtime: Handle,
    /// Ends the thread when it is dropped.
    _stop: oneshot::Sender<()>,
}

impl HttpClient {
    /// # Errors
    /// If there are no threads to be had.
    pub fn new(access: HttpAccess) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        std::thread::Builder::new()
            .name("tarbox-http".into())
            .spawn(move || runtime.block_on(stopped).ok())?;
        Ok(Self {
            sender: Arc::new(Sender::new(access)),
            runtime: handle,
            _stop: stop,
        })
    }

    /// Begins a request. `ring` is called, on another thread, whenever there is something new.
    pub fn send(&self, request: HttpRequest, ring: impl Fn() + Send + Sync + 'static) -> HttpExchange {
        let (parts, events) = mpsc::channel(PARTS);
        let sender = Arc::clone(&self.sender);
        let task = self.runtime.spawn(async move {
            let last = match request.into_hyper() {
                Err(wrong) => failed(&wrong),
                Ok(request) => match exchange(&sender, request, &parts, &ring).await {
                    Ok(()) => HttpEvent::End,
                    Err(error) => failed(&error),
                },
            };
            // Nobody listens any more: then there is nobody to tell.
            let _ = parts.send(last).await;
            drop(parts);
            ring();
        });
        HttpExchange {
            events,
            task: task.abort_handle(),
        }
    }
}

/// A request on its way. It is given up when this is dropped.
#[derive(Debug)]
pub struct HttpExchange {
    events: mpsc::Receiver<HttpEvent>,
    task: AbortHandle,
}

impl HttpExchange {
    /// What has come next, if it has come.
    pub fn poll(&mut self) -> Option<HttpEvent> {
        self.events.try_recv().ok()
    }
}

impl Drop for HttpExchange {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl HttpRequest {
    fn into_hyper(self) -> Result<Request<WasiBody>, Error> {
        let mut request = Request::builder().method(self.method.as_str()).uri(self.url);
        for (name, value) in &self.headers {
            if !FRAMING.contains(&name.to_ascii_lowercase().as_str()) {
                request = request.header(name, value);
            }
        }
        let body = Full::new(Bytes::from(self.body)).map_err(|never| match never {});
        let request = request
            .body(body.boxed_unsync())
            .map_err(|_| Error::HttpRequestUriInvalid)?;
        match request.uri().scheme() {
            Some(scheme) if *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS => Ok(request),
            _ => Err(Error::HttpRequestUriInvalid),
        }
    }
}

async fn exchange(
    sender: &Sender,
    request: Request<WasiBody>,
    parts: &mpsc::Sender<HttpEvent>,
    ring: &(impl Fn() + Sync),
) -> Result<(), Error> {
    let tell = async |event| {
        let told = parts.send(event).await.is_ok();
        ring();
        told
    };
    let (response, driver) = sender.send(request, None).await?;
    // It ends with this exchange, since it does nothing without its body.
    let driver = Abort(tokio::spawn(Box::into_pin(driver)).abort_handle());
    let (head, mut body) = response.into_parts();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    let event = HttpEvent::Head {
        status: head.status.as_u16(),
        headers: headers.collect(),
    };
    let mut listens = tell(event).await;
    while listens {
        let Some(frame) = body.frame().await else { break };
        if let Ok(data) = frame?.into_data()
            && !data.is_empty()
        {
            listens = tell(HttpEvent::Data(data.to_vec())).await;
        }
    }
    drop(driver);
    Ok(())
}

/// Ends a task with its owner.
struct Abort(AbortHandle);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn failed(error: &Error) -> HttpEvent {
    let (code, why) = match error {
        Error::HttpRequestDenied => return HttpEvent::Denied,
        Error::Connect(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused => ("ECONNREFUSED", error.to_string()),
            io::ErrorKind::TimedOut => ("ETIMEDOUT", error.to_string()),
            _ if error.raw_os_error().is_none() => ("ENOTFOUND", error.to_string()),
            _ => ("EHOSTUNREACH", error.to_string()),
        },
        Error::Tls(error) => ("ERR_TLS", error.to_string()),
        Error::Hyper(error) => ("ECONNRESET", error.to_string()),
        Error::ConnectionTimeout | Error::HttpResponseTimeout | Error::ConnectionReadTimeout => {
            ("ETIMEDOUT", "it took too long".to_owned())
        }
        Error::ConnectionLimitReached => ("EAGAIN", "too many requests at once".to_owned()),
        Error::HttpRequestBodySize(_) => ("EMSGSIZE", "the request's body is too long".to_owned()),
        Error::HttpResponseBodySize(_) => ("EMSGSIZE", "the response's body is too long".to_owned()),
        Error::HttpRequestUriInvalid => ("ERR_INVALID_URL", "not a request that can be sent".to_owned()),
        other => ("EPROTO", format!("{other:?}")),
    };
    HttpEvent::Failed(code, why)
}
