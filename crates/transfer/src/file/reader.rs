//! Reading a dump, which may be anything.

use std::io::{ErrorKind as Host, Read};

use tarbox_store::{Error, ErrorKind};
use tarbox_store_core::transfer::{BlockHead, Wire};

use super::{FRAME_HEAD, FRAME_MAX, HEADER, Header, LZ4, PLAIN};
use crate::fault::{Fault, Result};
use crate::frame::{Chain, Frame, Kind};

/// Reads frames, each compared with the chain behind it.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    header: Header,
    chain: Chain,
    /// Bytes read so far.
    at: u64,
    /// Frames read so far.
    frames: u64,
}

impl<R: Read> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// `Corrupt` for what is no dump, `Unsupported` for one of a newer program.
    pub fn begin(mut from: R) -> tarbox_store::Result<Self> {
        let mut bytes = [0; HEADER];
        let read = read_up_to(&mut from, &mut bytes).map_err(Fault::into_error)?;
        if read < HEADER {
            return Err(Error::new(ErrorKind::Corrupt)
                .because("this is no dump of a tenant: it is too short to be one"));
        }
        Ok(Self {
            from,
            header: Header::decode(&bytes)?,
            chain: Chain::begin(&bytes),
            at: HEADER as u64,
            frames: 0,
        })
    }

    pub(crate) fn header(&self) -> Header {
        self.header
    }

    /// The chain behind the last frame.
    pub(crate) fn chain(&self) -> Chain {
        self.chain
    }

    /// The next frame. The one of kind [`End`](Kind::End) is the last.
    ///
    /// # Errors
    /// `Corrupt`, with the place, for one that is damaged or not there.
    pub fn frame(&mut self) -> tarbox_store::Result<Frame> {
        self.next().map_err(Fault::into_error)
    }

    /// The same for whoever may keep what has arrived.
    pub(crate) fn next(&mut self) -> Result<Frame> {
        let begun = self.at;
        let number = self.frames;
        let damaged = |what: &str| Fault::damaged(format!("frame {number} at byte {begun} {what}"));
        let mut head = [0; FRAME_HEAD];
        self.fill(&mut head)?;
        let word = |i: usize| u32::from_le_bytes([head[i], head[i + 1], head[i + 2], head[i + 3]]);
        let (count, length, stored) = (word(4), word(8) as usize, word(12) as usize);
        let codec = head[1];
        let Some(kind) = Kind::from_number(head[0]).filter(|_| head[2..4] == [0, 0]) else {
            return Err(damaged("is of no known kind"));
        };
        let fits = match codec {
            PLAIN => stored == length,
            LZ4 => stored < length,
            _ => return Err(damaged("is compressed in no known way")),
        };
        if length > FRAME_MAX || !fits {
            return Err(damaged("claims a length that no frame has"));
        }
        let mut bytes = vec![0; stored];
        self.fill(&mut bytes)?;
        let mut chain = [0; 32];
        self.fill(&mut chain)?;
        let content = match codec {
            PLAIN => bytes,
            _ => match lz4_flex::block::decompress(&bytes, length) {
                Ok(content) if content.len() == length => content,
                _ => return Err(damaged("cannot be decompressed: the dump is damaged")),
            },
        };
        let frame = split(kind, count, content).ok_or_else(|| damaged("does not hold what it claims"))?;
        self.chain = self.chain.with(&frame);
        self.frames += 1;
        match self.chain.0 == chain {
            true => Ok(frame),
            false => Err(damaged("does not match its hash: the dump is damaged there")),
        }
    }

    /// Nothing follows the last frame.
    pub(crate) fn end(&mut self) -> Result<()> {
        match read_up_to(&mut self.from, &mut [0])? {
            0 => Ok(()),
            _ => Err(Fault::damaged(format!(
                "something follows the end of the dump, at byte {}",
                self.at
            ))),
        }
    }

    fn fill(&mut self, into: &mut [u8]) -> Result<()> {
        let read = read_up_to(&mut self.from, into)?;
        self.at += read as u64;
        if read < into.len() {
            // What is missing may come another time.
            return Err(Fault::Failed(Error::new(ErrorKind::Corrupt).because(format!(
                "the dump ends at byte {}, in the middle of frame {}: it was cut short",
                self.at, self.frames
            ))));
        }
        Ok(())
    }
}

/// Splits what a frame holds into rows and the bytes of blocks.
fn split(kind: Kind, count: u32, mut content: Vec<u8>) -> Option<Frame> {
    let mut bodies = Vec::new();
    if kind == Kind::Block {
        let mut rest = content.as_slice();
        let mut lens = Vec::new();
        for _ in 0..count {
            // Whatever the version: these rows have never changed.
            lens.push(BlockHead::take(&mut rest, 1)?.len as usize);
        }
        let rows = content.len() - rest.len();
        for len in lens {
            let (body, behind) = rest.split_at_checked(len)?;
            bodies.push(Some(body.to_vec()));
            rest = behind;
        }
        if !rest.is_empty() {
            return None;
        }
        content.truncate(rows);
    }
    Some(Frame {
        kind,
        count,
        rows: content,
        bodies,
    })
}

fn read_up_to(from: &mut impl Read, into: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match from.read(&mut into[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == Host::Interrupted => {}
            Err(e) => {
                let error = Error::new(ErrorKind::Io)
                    .because("the dump cannot be read")
                    .caused_by(e);
                return Err(error.into());
            }
        }
    }
    Ok(filled)
}
