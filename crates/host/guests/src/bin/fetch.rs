//! Sends requests by `wasi:http` and prints what comes of each.
//!
//! `get URL…` reads each response to its end and follows redirects, `hold URL…` keeps all responses unread, `put BYTES URL` sends
//! a body.

#[cfg(target_env = "p2")]
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let texts: Vec<&str> = args.iter().map(String::as_str).collect();
    match texts[..] {
        ["get", ref urls @ ..] => urls.iter().for_each(|url| fetch::get(url)),
        ["hold", ref urls @ ..] => fetch::hold(urls),
        ["put", bytes, url] => fetch::put(url, bytes.parse().unwrap()),
        _ => panic!("what?"),
    }
}

/// Core modules have no `wasi:http`.
#[cfg(not(target_env = "p2"))]
fn main() {}

#[cfg(target_env = "p2")]
mod fetch {
    use wasip2::http::outgoing_handler::handle;
    use wasip2::http::types::{
        ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody,
        OutgoingRequest, Scheme,
    };
    use wasip2::io::streams::StreamError;

    const REDIRECTS_MAX: usize = 5;

    pub(crate) fn get(url: &str) {
        let mut url = url.to_owned();
        for _ in 0..REDIRECTS_MAX {
            let response = match begin(&url).and_then(end) {
                Ok(response) => response,
                Err(code) => return println!("{code:?}"),
            };
            let status = response.status();
            let to = response.headers().get("location").into_iter().next();
            match read(response) {
                Ok(len) => println!("{status}, {len} bytes"),
                Err(what) => return println!("{status}, then {what}"),
            }
            match to {
                Some(to) if (300..400).contains(&status) => url = String::from_utf8(to).unwrap(),
                _ => return,
            }
        }
    }

    pub(crate) fn hold(urls: &[&str]) {
        let held: Vec<_> = urls
            .iter()
            .map(|url| {
                let response = begin(url).and_then(end);
                match &response {
                    Ok(response) => println!("{}", response.status()),
                    Err(code) => println!("{code:?}"),
                }
                response
            })
            .collect();
        drop(held);
        get(urls[0]);
    }

    pub(crate) fn put(url: &str, bytes: usize) {
        let request = request(url);
        request.set_method(&Method::Put).unwrap();
        let body = request.body().unwrap();
        let stream = body.write().unwrap();
        let answer = match handle(request, None) {
            Ok(answer) => answer,
            Err(code) => return println!("{code:?}"),
        };
        let mut left = bytes;
        while left > 0 {
            let len = left.min(4096);
            if stream.blocking_write_and_flush(&vec![b'x'; len]).is_err() {
                break;
            }
            left -= len;
        }
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
        match end(answer) {
            Ok(response) => println!("{}", response.status()),
            Err(code) => println!("{code:?}"),
        }
    }

    fn request(url: &str) -> OutgoingRequest {
        let (scheme, rest) = url.split_once("://").unwrap();
        let at = rest.find('/').unwrap_or(rest.len());
        let scheme = match scheme {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => Scheme::Other(other.to_owned()),
        };
        let request = OutgoingRequest::new(Fields::new());
        request.set_scheme(Some(&scheme)).unwrap();
        if request.set_authority(Some(&rest[..at])).is_err() {
            println!("refused by the type: {}", &rest[..at]);
        }
        request.set_path_with_query(Some(&rest[at..])).unwrap();
        request
    }

    fn begin(url: &str) -> Result<FutureIncomingResponse, ErrorCode> {
        handle(request(url), None)
    }

    fn end(answer: FutureIncomingResponse) -> Result<IncomingResponse, ErrorCode> {
        answer.subscribe().block();
        answer.get().unwrap().unwrap()
    }

    /// Reads a response to its end. Not every host tells the code of what failed in the middle.
    fn read(response: IncomingResponse) -> Result<usize, String> {
        let body: IncomingBody = response.consume().unwrap();
        let stream = body.stream().unwrap();
        let mut len = 0;
        loop {
            match stream.blocking_read(1 << 16) {
                Ok(bytes) => len += bytes.len(),
                Err(StreamError::Closed) => return Ok(len),
                Err(StreamError::LastOperationFailed(error)) => {
                    let code = wasip2::http::types::http_error_code(&error);
                    return Err(code.map_or_else(|| error.to_debug_string(), |code| format!("{code:?}")));
                }
            }
        }
    }
}
