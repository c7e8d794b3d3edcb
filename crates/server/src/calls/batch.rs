//! What a batch of calls looks like on the wire. All numbers are little-endian.
//!
//! ```text
//!   0          16           24          28
//!   ├ session  ┼ sequence   ┼ what      ┼ calls … (or the client's name, when a session is opened)
//!
//!   call:   ├ u32 operation ┼ 3 × f64 ┼ u32 length ┼ the texts and bytes of a `tarbox_calls::Request`
//!   reply:  ├ u32 how       ┼ f64     ┼ u32 length ┼ bytes
//! ```
//!
//! A reply is 0 for a result, 1 for an error (JSON), 2 for a call that was not made since the answer is full already: it is
//! sent again.

use tarbox_calls::{Effect, OPERATIONS, Request};
use tarbox_store::{Error, ErrorKind, Result};

/// Bytes of a batch.
pub(crate) const BATCH_MAX: usize = 24 << 20;
/// Bytes of an answer from which on no further call is made.
pub(crate) const OUT_MAX: usize = 16 << 20;
/// Calls of a batch.
const CALLS_MAX: usize = 4096;
const HEAD: usize = 28;

/// Waits for the device before it answers.
const DURABLE: u32 = 1;
const OPEN: u32 = 2;
const CLOSE: u32 = 4;

/// Operations on what a client has open, which is its session's.
const HELD: &[&str] = &[
    "open",
    "close",
    "read",
    "write",
    "fstat",
    "ftruncate",
    "fchmod",
    "fchown",
    "futimes",
    "openArchive",
    "unpack",
    "closeArchive",
    "stage",
    "replace",
];

/// What a batch is for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Does<'a> {
    /// Begins a session, for a client of this name.
    Open(&'a str),
    /// Ends the session.
    Close,
    /// Makes these calls.
    Calls { durable: bool, calls: &'a [u8] },
}

/// A batch, taken apart as far as its head.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Batch<'a> {
    pub(crate) session: [u8; 16],
    /// Counts the batches of a session that change something, from 1 on; 0 for others.
    pub(crate) sequence: u64,
    pub(crate) does: Does<'a>,
}

/// One call of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) operation: u32,
    pub(crate) name: &'static str,
    pub(crate) effect: Effect,
    pub(crate) request: Request<'a>,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reply {
    Done(f64),
    Failed,
    NotMade,
}

fn malformed() -> Error {
    Error::new(ErrorKind::Invalid).because("the batch is malformed")
}

impl<'a> Batch<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self> {
        let (head, rest) = bytes.split_first_chunk::<HEAD>().ok_or_else(malformed)?;
        let (session, numbers) = head.split_first_chunk::<16>().ok_or_else(malformed)?;
        let (sequence, what) = numbers.split_first_chunk::<8>().ok_or_else(malformed)?;
        let what = u32::from_le_bytes(what.try_into().map_err(|_| malformed())?);
        let does = match what {
            OPEN => Does::Open(name(rest).ok_or_else(malformed)?),
            CLOSE if rest.is_empty() => Does::Close,
            0 | DURABLE => Does::Calls {
                durable: what == DURABLE,
                calls: rest,
            },
            _ => return Err(malformed()),
        };
        Ok(Self {
            session: *session,
            sequence: u64::from_le_bytes(*sequence),
            does,
        })
    }
}

/// The name of a client: it appears in the audit.
fn name(bytes: &[u8]) -> Option<&str> {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-';
    let is_name = (1..=32).contains(&bytes.len()) && bytes.iter().all(plain);
    std::str::from_utf8(bytes).ok().filter(|_| is_name)
}

/// The calls of a batch, all of them or none.
pub(crate) fn calls(mut bytes: &[u8]) -> Result<Vec<Call<'_>>> {
    let mut calls = Vec::new();
    while !bytes.is_empty() {
        if calls.len() == CALLS_MAX {
            return Err(malformed().because("too many calls at once"));
        }
        let (head, rest) = bytes.split_first_chunk::<32>().ok_or_else(malformed)?;
        let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let number = |at: usize| f64::from_bits(u64::from(word(at)) | u64::from(word(at + 4)) << 32);
        let len = usize::try_from(word(28)).map_err(|_| malformed())?;
        let (body, rest) = rest.split_at_checked(len).ok_or_else(malformed)?;
        let operation = word(0);
        let known = usize::try_from(operation).ok().and_then(|at| OPERATIONS.get(at));
        let (name, effect) = *known.ok_or_else(|| malformed().because("there is no such operation"))?;
        calls.push(Call {
            operation,
            name,
            effect,
            request: Request::parse(body, [number(4), number(12), number(20)])?,
        });
        bytes = rest;
    }
    Ok(calls)
}

impl Call<'_> {
    /// Whether it is about something that the client has open.
    pub(crate) fn is_held(&self) -> bool {
        HELD.contains(&self.name)
    }
}

/// Adds a reply to an answer.
pub(crate) fn reply(out: &mut Vec<u8>, reply: Reply, bytes: &[u8]) {
    let (how, value) = match reply {
        Reply::Done(value) => (0_u32, value),
        Reply::Failed => (1, -1.0),
        Reply::NotMade => (2, -1.0),
    };
    out.extend_from_slice(&how.to_le_bytes());
    out.extend_from_slice(&value.to_le_bytes());
    // An operation answers with less than 4 GiB, which is more than there is room for.
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(what: u32, rest: &[u8]) -> Vec<u8> {
        let mut bytes = vec![7; 16];
        bytes.extend_from_slice(&3_u64.to_le_bytes());
        bytes.extend_from_slice(&what.to_le_bytes());
        bytes.extend_from_slice(rest);
        bytes
    }

    #[test]
    fn a_batch_is_taken_apart() {
        let bytes = batch(DURABLE, b"");
        let parsed = Batch::parse(&bytes).unwrap();
        assert_eq!((parsed.session, parsed.sequence), ([7; 16], 3));
        let open = batch(OPEN, b"1f2e");
        assert_eq!(Batch::parse(&open).unwrap().does, Does::Open("1f2e"));
        let mut call = vec![0; 4];
        call.extend([1.0_f64, 2.0, 3.0].iter().flat_map(|n| n.to_le_bytes()));
        call.extend_from_slice(&14_u32.to_le_bytes());
        call.extend_from_slice(b"\x02\0\0\0/a\0\0\0\0data");
        let two = [call.clone(), call.clone()].concat();
        let parsed = calls(&two).unwrap();
        assert_eq!(parsed.len(), 2);
        assert_eq!(parsed[1].name, "readFile");
        assert_eq!(
            (parsed[1].request.first, parsed[1].request.data),
            ("/a", &b"data"[..])
        );
        assert_eq!(parsed[1].request.numbers, [1.0, 2.0, 3.0]);
        for cut in 1..call.len() {
            assert!(calls(&call[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn what_is_no_batch_is_refused() {
        for bytes in [
            b"".to_vec(),
            vec![0; 27],
            batch(8, b""),
            batch(OPEN | DURABLE, b"a"),
            batch(OPEN, b""),
            batch(OPEN, b"a:b"),
            batch(OPEN, &[b'a'; 33]),
            batch(CLOSE, b"x"),
        ] {
            assert!(Batch::parse(&bytes).is_err());
        }
        let mut unknown = 9999_u32.to_le_bytes().to_vec();
        unknown.extend_from_slice(&[0; 28]);
        assert!(calls(&unknown).is_err());
    }
}
