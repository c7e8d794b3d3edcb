//! One request on a connection of its own.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request to what is below `/api/v1/`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) key: &'a str,
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    /// Lines of its head, each with its end.
    pub(crate) head: &'a str,
    pub(crate) body: &'a [u8],
}

/// An answer of which nothing is missing.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A field of the head; its name in small letters.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (field, value) = line.split_once(": ")?;
            field.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// The `code` of a problem.
    pub(crate) fn code(&self) -> String {
        let problem: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        problem["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Request<'_> {
    /// Sends it to this port; nothing if it, or its answer, broke off.
    pub(crate) fn send(&self, port: u16) -> Option<Answer> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        let head = format!(
            "{} /api/v1/{} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
             content-length: {}\r\nconnection: close\r\n{}\r\n",
            self.method,
            self.target,
            self.key,
            self.body.len(),
            self.head
        );
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(self.body).ok()?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).ok()?;
        let end = bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
        let body = bytes.split_off(end + 4);
        let head = String::from_utf8(bytes).ok()?;
        let status = head.get(9..12)?.parse().ok()?;
        let answer = Answer { status, head, body };
        let whole = match answer.field("content-length") {
            Some(len) => len.parse() == Ok(answer.body.len()),
            // Those have no body.
            None => status == 204,
        };
        whole.then_some(answer)
    }
}
