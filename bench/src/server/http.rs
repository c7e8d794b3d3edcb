//! As much of HTTP as it takes to ask one thing after the other over one connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use tarbox_bench_work::Result;

/// A connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    authorization: Option<String>,
}

impl Client {
    pub(super) fn open(port: u16, authorization: Option<String>) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
            authorization,
        })
    }

    pub(super) fn get(&mut self, path: &str) -> Result<Vec<u8>> {
        self.send("GET", path, "", b"")?;
        self.answer()
    }

    pub(super) fn put(&mut self, path: &str, body: &[u8]) -> Result<Vec<u8>> {
        self.send("PUT", path, "application/octet-stream", body)?;
        self.answer()
    }

    pub(super) fn post(&mut self, path: &str, json: &str) -> Result<Vec<u8>> {
        self.send("POST", path, "application/json", json.as_bytes())?;
        self.answer()
    }

    /// Sends a request whose answer is [read](Self::line) as it comes.
    pub(super) fn send(&mut self, method: &str, path: &str, media_type: &str, body: &[u8]) -> Result<()> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n");
        if let Some(authorization) = &self.authorization {
            request += &format!("Authorization: {authorization}\r\n");
        }
        if !media_type.is_empty() {
            request += &format!("Content-Type: {media_type}\r\nContent-Length: {}\r\n", body.len());
        }
        request += "\r\n";
        let mut bytes = request.into_bytes();
        bytes.extend_from_slice(body);
        self.stream.get_mut().write_all(&bytes)?;
        Ok(())
    }

    /// The next line of an answer.
    pub(super) fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line)? {
            0 => Err("the server ended the connection".into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }

    fn answer(&mut self) -> Result<Vec<u8>> {
        let status = self.line()?;
        let mut len = 0;
        loop {
            let line = self.line()?.to_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                len = value.trim().parse()?;
            }
        }
        let mut body = vec![0; len];
        self.stream.read_exact(&mut body)?;
        match status.split(' ').nth(1) {
            Some(code) if code.starts_with('2') => Ok(body),
            _ => Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into()),
        }
    }
}
