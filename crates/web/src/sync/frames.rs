//! What is to be done for a round, as bytes for the JavaScript side: `packages/tarbox/src/replica/frames.ts` reads them.

use std::time::Duration;

use tarbox_store_http::Request;

/// Something to be done.
#[derive(Debug)]
pub enum Frame {
    /// To be sent.
    Request {
        /// Names it.
        number: u32,
        /// It.
        request: Request,
    },
    /// To be waited for.
    Pause {
        /// Names it.
        number: u32,
        /// How long.
        time: Duration,
    },
    /// Nobody waits for this any more.
    Forget {
        /// Names it.
        number: u32,
    },
}

impl Frame {
    /// What names it.
    pub fn number(&self) -> u32 {
        match self {
            Self::Request { number, .. } | Self::Pause { number, .. } | Self::Forget { number } => *number,
        }
    }
}

/// Writes frames, one after the other: a kind, a number and milliseconds of four bytes each (little endian); behind a request its
/// path, media type and body, each with its length before it.
pub fn write(out: &mut Vec<u8>, frames: &[Frame]) {
    let number = |out: &mut Vec<u8>, number: u32| out.extend_from_slice(&number.to_le_bytes());
    let millis = |time: &Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
    for frame in frames {
        let (kind, time) = match frame {
            Frame::Request { request, .. } => (1, millis(&request.timeout)),
            Frame::Pause { time, .. } => (2, millis(time)),
            Frame::Forget { .. } => (3, 0),
        };
        for value in [kind, frame.number(), time] {
            number(out, value);
        }
        if let Frame::Request { request, .. } = frame {
            for part in [
                request.path.as_bytes(),
                request.media_type.as_bytes(),
                &request.body,
            ] {
                number(out, u32::try_from(part.len()).unwrap_or(u32::MAX));
                out.extend_from_slice(part);
            }
        }
    }
}
