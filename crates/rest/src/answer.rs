//! Answers about files: their heads, and which part of a file they carry.

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use tarbox_store::{Attr, FileKind};

use crate::conditions::{Conditions, http_date, tag_header};
use crate::problem::{Answer, Problem};
use crate::range::{Wanted, wanted};

/// What a request for a file is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Nothing: the client has it.
    Known,
    /// All of it, so many bytes.
    Whole(u64),
    /// From the first of these bytes to the one before the second.
    Range(u64, u64),
}

impl Part {
    /// The part that a request asks for of what has these attributes.
    ///
    /// # Errors
    /// `PRECONDITION_FAILED`, and `RANGE` for bytes that the file does not have.
    pub fn of(headers: &HeaderMap, conditions: &Conditions, attr: &Attr) -> Answer<Self> {
        if !conditions.allow_answer(attr)? {
            return Ok(Self::Known);
        }
        let range = match if_range_fails(headers, attr) {
            true => Wanted::All,
            false => wanted(headers, attr.size),
        };
        match range {
            Wanted::All => Ok(Self::Whole(attr.size)),
            Wanted::Part(from, to) => Ok(Self::Range(from, to)),
            Wanted::Nothing => Err(Problem::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "RANGE",
                "the file does not have this range",
            )
            .with(header::CONTENT_RANGE, format!("bytes */{}", attr.size))),
        }
    }

    /// Its bytes: from the first to the one before the second.
    pub fn bytes(self) -> (u64, u64) {
        match self {
            Self::Known => (0, 0),
            Self::Whole(size) => (0, size),
            Self::Range(from, to) => (from, to),
        }
    }

    /// The head of the answer.
    pub fn head(self, attr: &Attr) -> Response<()> {
        let (from, to) = self.bytes();
        match self {
            Self::Known => not_modified(attr),
            Self::Whole(_) => head(StatusCode::OK, attr, to),
            Self::Range(..) => {
                let mut response = head(StatusCode::PARTIAL_CONTENT, attr, to - from);
                let text = format!("bytes {from}-{}/{}", to - 1, attr.size);
                if let Ok(value) = HeaderValue::try_from(text) {
                    response.headers_mut().insert(header::CONTENT_RANGE, value);
                }
                response
            }
        }
    }
}

/// A range is only meant for the file that the client knows.
fn if_range_fails(headers: &HeaderMap, attr: &Attr) -> bool {
    let Some(value) = headers.get(header::IF_RANGE) else {
        return false;
    };
    *value != tag_header(attr)
}

fn not_modified(attr: &Attr) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response.headers_mut().insert(header::ETAG, tag_header(attr));
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    response
}

/// The head of an answer about a file, with `len` bytes of it.
pub fn head(status: StatusCode, attr: &Attr, len: u64) -> Response<()> {
    const KIND: HeaderName = HeaderName::from_static("tarbox-kind");
    const MODE: HeaderName = HeaderName::from_static("tarbox-mode");
    const OWNER: HeaderName = HeaderName::from_static("tarbox-owner");
    const INODE: HeaderName = HeaderName::from_static("tarbox-inode");
    let mut response = Response::new(());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, len.into());
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    headers.insert(header::ETAG, tag_header(attr));
    headers.insert(INODE, attr.ino.0.into());
    headers.insert(KIND, HeaderValue::from_static(kind(attr.kind)));
    let texts = [
        (MODE, format!("{:04o}", attr.mode)),
        (OWNER, format!("{}:{}", attr.uid, attr.gid)),
    ];
    for (name, text) in texts {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
    if let Some(date) = http_date(attr.mtime) {
        headers.insert(header::LAST_MODIFIED, date);
    }
    response
}

/// The word for a kind.
pub fn kind(kind: FileKind) -> &'static str {
    match kind {
        FileKind::File => "file",
        FileKind::Directory => "directory",
        FileKind::Symlink => "symlink",
        FileKind::Fifo => "fifo",
        FileKind::Socket => "socket",
        FileKind::CharDevice => "chardevice",
        FileKind::BlockDevice => "blockdevice",
    }
}

/// The answer to a change of a file.
pub fn made(is_new: bool, attr: &Attr) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = match is_new {
        true => StatusCode::CREATED,
        false => StatusCode::NO_CONTENT,
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag_header(attr));
    headers.insert("tarbox-inode", attr.ino.0.into());
    response
}

/// Permission bits, as octal digits.
pub fn octal(text: &str) -> Answer<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
    let mode = digits.then(|| u32::from_str_radix(text, 8).ok()).flatten();
    mode.filter(|mode| *mode <= 0o7777)
        .ok_or_else(|| Problem::bad_request("a mode is octal digits to 7777"))
}
